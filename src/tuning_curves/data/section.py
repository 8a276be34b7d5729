"""A study's section `data`: where the examples come from, and what fixes their content."""

from typing import Annotated, Any, Literal

from pydantic import Field

from tuning_curves.util.validation import Section, known_to_any

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Content(Section):
    """The hashes of both parts' content."""

    train: Sha256
    test: Sha256


class _Data(Section):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    held_out_examples: Annotated[int, Field(ge=1)]
    content_sha256: Content | None = None

    @property
    def pin(self) -> Any:
        """What fixes the content: its hashes."""
        assert self.content_sha256 is not None, "computed when the study is read"
        return self.content_sha256.model_dump()

    @property
    def likely_test_examples(self) -> int:
        """How many test examples there are, where the section tells; else 0."""
        return 0


class GeneratedData(_Data):
    """Passages that the project generates."""

    source: Literal["generated"]
    seed: Annotated[int, Field(ge=0)]
    train_articles: Annotated[int, Field(ge=1)]
    test_articles: Annotated[int, Field(ge=1)]
    questions_per_article: Annotated[int, Field(ge=1)]
    content_sha256: Content

    @property
    def likely_test_examples(self) -> int:
        """As many as are generated."""
        return self.test_articles * self.questions_per_article


class PathData(_Data):
    """Files on this machine; `test_from_train` stands for a test file: so much of the other."""

    source: Literal["path"]
    train: str
    test: str | None = None
    test_from_train: Annotated[int, Field(ge=1)] | None = None

    @property
    def likely_test_examples(self) -> int:
        """As many as are set aside of one file."""
        return self.test_from_train or 0


class HubData(_Data):
    """A repository of the hub at a revision."""

    source: Literal["hub"]
    repository: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")
    ]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]

    @property
    def pin(self) -> Any:
        """The content's hashes where they are given, else the repository and its revision."""
        if self.content_sha256 is not None:
            return self.content_sha256.model_dump()
        return f"{self.repository}@{self.revision}"


DataSection = GeneratedData | PathData | HubData
AnyData = Annotated[
    DataSection,
    Field(discriminator="source"),
    known_to_any(GeneratedData, PathData, HubData),
]
