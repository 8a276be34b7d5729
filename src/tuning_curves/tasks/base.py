"""What a task is: what is read, how it is cut into windows, the head, the loss and the metrics.

Every head is a linear map on the packed token states, or on one state of each window, and every
metric a function of sums over examples, so that training, records, tables, claims and figures need
to know no more of a task than what stands here. A task is a module of this package whose `TASK` is
a class below `Task`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np

from tuning_curves.tasks.ceiling import Limit
from tuning_curves.tasks.dataset import Dataset
from tuning_curves.tasks.metrics import Metric, Parts
from tuning_curves.tasks.windows import Windows
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import read_json

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Part:
    """A whole number or a share of each example that metrics are made of.

    Attributes:
        name: as records name it.
        kind: `bit` (0 or 1), `count` (a whole number of 0 or more) or `class` (0 to K - 1, of which
            there is no sum), each kept exactly; or `share` (0 to 1), kept to 1/255, of which only
            a `Mean` is taken.
    """

    name: str
    kind: Literal["bit", "share", "count", "class"]


@dataclass(frozen=True)
class Field:
    """A part of an example, as files of rows have it in a column or under a key.

    Attributes:
        name: by which rows and a study's `columns` call it.
        what: a word on it, for messages.
        required: whether every example has one.
        kind: `text`; `words`, a list of texts; `any`, a JSON value that the task itself checks.
    """

    name: str
    what: str
    required: bool = True
    kind: Literal["text", "words", "any"] = "text"


@dataclass(frozen=True, kw_only=True)
class Nouns:
    """What examples and groups are called in sentences and on axes."""

    example: str
    examples: str
    group: str
    groups: str


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Examples to be predicted and their windows, in the order in which these are read.

    Attributes:
        source: the windows of the whole part.
        examples: int64 [E], sorted numbers of the examples in their part.
        windows: int64 [W], numbers of their windows.
        owner: int64 [W], which of `examples` (0 to E - 1) each window belongs to.
        bounds: int64 [W + 1], where each window's tokens stand among those of all.
        cached: what a task makes of these once, however often the sample is predicted.
    """

    source: Windows
    examples: np.ndarray
    windows: np.ndarray
    owner: np.ndarray
    bounds: np.ndarray
    cached: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` returns, made at the first call with this name."""
        if name not in self.cached:
            self.cached[name] = make()
        return self.cached[name]


class Rows(Protocol):
    """Where the windows of a batch lie in its row of tokens (`encoders.packing.Packing`)."""

    @property
    def bounds(self) -> tuple[int, ...]: ...  # windows + 1 places

    @property
    def device_bounds(self) -> "Tensor": ...  # the same, int32 on the model's device

    @property
    def longest(self) -> int: ...  # tokens of the longest window


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a model says of one example.

    Attributes:
        text: on one line, for people.
        value: as a predictions file has it beside the example's id.
        row: all of it as JSON. Where the best few were asked for they stand under `top`, a list of
            objects with the same keys.
        warning: what is wrong with it, to be counted.
    """

    text: str
    value: Any
    row: Mapping[str, Any]
    warning: str | None = None


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What `tuning-curves score` says of a predictions file.

    Attributes:
        scores: metrics in percent, and `total`.
        rows: a JSON object for each example.
        warnings: what was wrong with the file and still let it be scored.
    """

    scores: Mapping[str, float]
    rows: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """What an encoder is trained to do; its fields are the keys of a study's `task`."""

    name: ClassVar[str]
    parts: ClassVar[tuple[Part, ...]]
    metric_names: ClassVar[tuple[str, ...]]  # of all that it may have, whatever its fields are
    nouns: ClassVar[Nouns]
    windows: ClassVar[type[Windows]] = Windows
    published_encoders: ClassVar[tuple[str, ...]] = ()  # of the paper that is replicated
    published_data: ClassVar[tuple[str, ...]] = ()  # names of data that are the paper's
    pooling: ClassVar[str] = "tokens"  # the states that the head reads (`encoders.model`)
    head_dropout: ClassVar[bool] = False  # whether these are dropped as hidden states are
    likely_test_examples: ClassVar[int] = 1_000  # a guess where the data have not been seen
    fields: ClassVar[tuple[Field, ...]] = ()  # of an example, where it is read from rows
    layout: ClassVar[str] = ""  # name of a file layout of the task's own: what `read_file` reads
    files: ClassVar[str]  # what its files look like, for help texts
    inputs: ClassVar[Mapping[str, str]] = {}  # the texts of an example, with a word on each
    overlaps: ClassVar[bool] = True  # whether a long text has several windows

    @property
    @abstractmethod
    def metrics(self) -> tuple[Metric, ...]:
        """The study's first. No other than a `Mean` has a part's name: records keep both."""

    @property
    def metric(self) -> Metric:
        """The study's: by it rates are chosen and claims are judged."""
        return self.metrics[0]

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Width of the head: logits of a token, or of a window where states are pooled."""

    # What is read. Each raises DataError, which names the place, the value and the mending step.

    @abstractmethod
    def parse(self, value: Any, source: str) -> Dataset:
        """Check a JSON value: its own layout, `Dataset.to_json`; `source` opens each message."""

    def read_file(self, path: Path) -> Dataset:
        """Read a file of labelled examples in the layout of `parse`."""
        return self.parse(read_json(path, what="the data"), str(path))

    def read_rows(self, rows: Iterable[tuple[str, Mapping[str, Any]]], source: str) -> Dataset:
        """Check rows: each a place, which opens messages, and an example's `fields` by name."""
        raise UsageError(f"{source}: {self.name} reads no rows", fix="give files of its own layout")

    def leave_out(self, data: Dataset, places: Sequence[Mapping[str, int]], source: str) -> Dataset:
        """The examples but those at these places, which are counted from 1, as messages do."""
        raise UsageError(
            f"{source}: {self.name} finds no example by {', '.join(places[0])}",
            fix="leave the key data.exclude out",
        )

    def check_parts(self, parts: Mapping[str, Dataset], name: str) -> Sequence[str]:
        """Look at both parts of the data called `name` together.

        Returns:
            what people should know, as sentences.

        Raises:
            DataError: data from which nothing can be learnt.
        """
        return ()

    @abstractmethod
    def encode(
        self, data: Dataset, tokenizer: Any, *, max_length: int, stride: int | None
    ) -> Windows:
        """Cut examples into windows of at most `max_length` tokens.

        Args:
            tokenizer: a `tokenizers.Tokenizer` that neither cuts nor pads.
            stride: tokens that neighbouring windows of one text share; None where the task cuts
                a text into one window (`overlaps`).
        """

    def find_limits(
        self, data: Mapping[str, Dataset], parts: Mapping[str, Windows]
    ) -> dict[str, list[Limit]]:
        """What of either part cannot be learnt or got right, whatever is trained.

        Args:
            parts: the windows of `data`, by part.
        """
        return {split: [] for split in parts}

    # What is trained and measured

    @abstractmethod
    def loss(self, logits: "Tensor", rows: Rows, labels: "Tensor") -> "Tensor":
        """The mean loss over a batch's windows: a scalar in nats, with its graph.

        Args:
            logits: float32 [T, outputs], or [windows, outputs] where states are pooled.
            labels: int64, `Windows.labels_of` the batch's windows.
        """

    def count_terms(self, labels: np.ndarray) -> int:
        """Over how many terms `loss` takes its mean: one a label, unless the task says else.

        Args:
            labels: int64, as `loss` is given them.
        """
        return len(labels)

    def prepare(self, sample: Sample) -> None:  # noqa: B027 - there may be nothing to make
        """Make what `predict` and `measure` need once (`Sample.once`), before anything is timed."""

    @abstractmethod
    def predict(self, logits: np.ndarray, sample: Sample) -> Any:
        """What finite logits say of the sample's examples, in their order.

        Args:
            logits: float32 [T, outputs], with `T` the last of `sample.bounds`, or [windows,
                outputs] where states are pooled.
        """

    @abstractmethod
    def measure(self, predictions: Any, sample: Sample) -> dict[str, np.ndarray]:
        """What each example counts towards each of `parts`: by name, [E]."""

    # What the test part is like, from what any run's `measure` gave of it.

    def count_labels(self, parts: Parts) -> Mapping[str, int]:
        """How many examples have each label, by name; empty where an example has not one label."""
        return {}

    def baseline(self, parts: Parts) -> Mapping[str, float] | None:
        """Each metric, a fraction, of predicting nothing but the most frequent label.

        None where that is nothing to compare with.
        """
        return None

    # What is done with a trained model or a file of predictions; a task may do without.

    @classmethod
    def asked_fields(cls) -> tuple[Field, ...]:
        """The fields that are read of an example whose label is asked for."""
        return tuple(one for one in cls.fields if one.name.replace("_", "-") in cls.inputs)

    def read_unlabelled(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Dataset:
        """Check rows of `asked_fields`, each with its place, which opens messages."""
        raise self._cannot("predicts no texts of one's own")

    def describe(
        self, logits: np.ndarray, sample: Sample, data: Dataset, top: int | None
    ) -> Sequence[Prediction]:
        """What finite logits say of all examples of some data, in their order, for people.

        Args:
            logits: as in `predict`, whose predictions are given.
            top: how many of the best are listed; None for no list.
        """
        raise self._cannot("predicts no texts of one's own")

    @classmethod
    def score_file(cls, data: Path, predictions: Path) -> Scored:
        """Score a file of predictions."""
        raise cls._cannot("scores no predictions file")

    def library_model(self, config: Any, head: "nn.Linear") -> Any:
        """The model library's own class for this task, whose head holds a copy of `head`."""
        raise self._cannot("has no class in the model library")

    @classmethod
    def _cannot(cls, what: str) -> UsageError:
        return UsageError(f"the task {cls.name} {what}", fix="use a task that does")
