"""Text classification: one label for a text, or for a pair of texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tuning_curves.tasks.base import Field, Nouns, Part, Prediction, Rows, Sample, Scored, Task
from tuning_curves.tasks.ceiling import Limit
from tuning_curves.tasks.dataset import rows_of_json
from tuning_curves.tasks.labels import check_labels, check_parts, number_labels, unseen_labels
from tuning_curves.tasks.metrics import MacroF1, Matthews, Mean, Metric, Parts
from tuning_curves.tasks.text_classification import predictions as files
from tuning_curves.tasks.text_classification.data import LabelledTexts, from_rows
from tuning_curves.tasks.windows import Note, Windows, bounds_of
from tuning_curves.util.errors import DataError, UsageError

if TYPE_CHECKING:
    from torch import Tensor, nn

POOLINGS = ("first", "mean", "pooler")
METRICS = ("accuracy", "matthews", "macro_f1")


@dataclass(frozen=True, kw_only=True)
class TextClassification(Task):
    """A linear map on one state for each text (Devlin et al. 2019, section 4.1).

    Attributes:
        labels: the classes.
        pooling: which state: of the `first` token, the `mean` of all tokens (the special ones
            included), or what the checkpoint's own `pooler` makes of the first one.
        main_metric: the metric by which rates are chosen and claims are judged.
    """

    labels: tuple[str, ...]
    pooling: str  # type: ignore[misc] # of a class elsewhere, of the study here
    main_metric: str

    name: ClassVar[str] = "text-classification"
    parts: ClassVar[tuple[Part, ...]] = (
        Part(name="correct", kind="bit"),
        Part(name="predicted", kind="class"),
        Part(name="actual", kind="class"),
    )
    metric_names: ClassVar[tuple[str, ...]] = METRICS
    nouns: ClassVar[Nouns] = Nouns(example="text", examples="texts", group="group", groups="groups")
    fields: ClassVar[tuple[Field, ...]] = (
        Field(name="text", what="the text"),
        Field(name="text_pair", what="a second text", required=False),
        Field(name="label", what="its label"),
        Field(name="group", what="what it is not independent within", required=False),
    )
    head_dropout: ClassVar[bool] = True
    published_encoders: ClassVar[tuple[str, ...]] = ("bert-base-cased",)
    published_data: ClassVar[tuple[str, ...]] = ("cola", "sst2", "mrpc", "rte")
    overlaps: ClassVar[bool] = False
    files: ClassVar[str] = """\
labelled texts are JSON Lines, {"text": "...", "label": "..."}, with a
"text_pair" if texts come in pairs, and an "id" if there are ids (else the example's number is one).
Predictions are one JSON object, {"<id>": "<label>", ...}. Scores are accuracy, Matthews'
correlation and macro-F1, as scikit-learn counts them."""
    inputs: ClassVar[Mapping[str, str]] = {
        "text": "the text to classify",
        "text-pair": "a second text, where texts come in pairs",
    }

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", check_labels(self.labels))
        for key, allowed in (("pooling", POOLINGS), ("main_metric", METRICS)):
            value = getattr(self, key)
            if value not in allowed:
                raise ValueError(f"{key} is {value!r}, expected one of {', '.join(allowed)}")

    @property
    def outputs(self) -> int:
        """A logit for each class."""
        return len(self.labels)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All three, the study's first."""
        counts: dict[str, Any] = {
            "predicted": "predicted",
            "actual": "actual",
            "classes": len(self.labels),
        }
        known: dict[str, Metric] = {
            "accuracy": Mean(name="accuracy", label="accuracy", heading="Acc.", part="correct"),
            "matthews": Matthews(
                name="matthews", label="Matthews' correlation", heading="MCC", **counts
            ),
            "macro_f1": MacroF1(name="macro_f1", label="macro-F1", heading="Macro-F1", **counts),
        }
        return tuple(sorted(known.values(), key=lambda metric: metric.name != self.main_metric))

    def parse(self, value: Any, source: str) -> LabelledTexts:
        """Rows as `LabelledTexts.to_json` gives them."""
        keys = ("group", "text", "text_pair", "label")
        return self.read_rows(rows_of_json(value, keys, source), source)

    def read_rows(
        self, rows: Iterable[tuple[str, Mapping[str, Any]]], source: str
    ) -> LabelledTexts:
        """See `from_rows`."""
        return from_rows(rows, number_labels(self.labels), source)

    def check_parts(self, parts: Mapping[str, Any], name: str) -> Sequence[str]:
        """Both parts are of single texts or both of pairs; else see `labels.check_parts`.

        Raises:
            DataError: pairs in one part alone, or training examples of one label.
        """
        paired = [split for split, part in parts.items() if part.rows[0][2] is not None]
        if len(paired) == 1:
            raise DataError(
                f"{name}: only the {paired[0]} part has a text_pair, expected both parts or none",
                fix="give the other part the column too, or leave it out: `columns: …`",
            )
        return check_parts(parts["train"].labels, parts["test"].labels, name)

    def encode(self, data: Any, tokenizer: Any, *, max_length: int, stride: int | None) -> Windows:
        """A window for each text or pair; the longer of a pair is cut first, as in the library.

        Raises:
            UsageError: windows that hold no token of a text.
        """
        _check_room(tokenizer, max_length, paired=data.rows[0][2] is not None)
        cut = _cutting(tokenizer, max_length)
        texts = [row[1] if row[2] is None else (row[1], row[2]) for row in data.rows]
        read = cut.encode_batch(texts)
        numbers = number_labels(self.labels)
        kind = np.uint16 if tokenizer.get_vocab_size() <= 2**16 else np.uint32
        arrays = {
            "tokens": np.concatenate([np.array(one.ids, kind) for one in read]),
            "token_bounds": bounds_of([len(one.ids) for one in read]),
            "types": np.concatenate([np.array(one.type_ids, np.uint8) for one in read]),
            "labels": np.array([numbers.get(row[3], -1) for row in data.rows], np.int32),
            "window_bounds": np.arange(len(read) + 1),
            "group_sizes": data.group_sizes,
        }
        return Windows(arrays, notes=[_note(read, max_length)])

    def find_limits(
        self, data: Mapping[str, Any], parts: Mapping[str, Windows]
    ) -> dict[str, list[Limit]]:
        """Test texts of labels that no training text has."""
        seen, asked = np.unique(parts["train"].labels), parts["test"].labels
        return {"train": [], "test": [unseen_labels(asked, seen, self.nouns.examples)]}

    def loss(self, logits: "Tensor", rows: Rows, labels: "Tensor") -> "Tensor":
        """Mean cross-entropy; logits are [windows, classes]."""
        from torch.nn import functional

        return functional.cross_entropy(logits, labels)

    def predict(self, logits: np.ndarray, sample: Sample) -> np.ndarray:
        """The logits of each text, float32 [E, classes]."""
        found = np.empty((len(sample.examples), len(self.labels)), np.float32)
        found[sample.owner] = logits
        return found

    def measure(self, predictions: np.ndarray, sample: Sample) -> dict[str, np.ndarray]:
        """Predicted and actual class, int64, and whether they agree, bool."""
        predicted = predictions.argmax(1)
        actual = np.asarray(sample.source.labels[sample.examples], np.int64)
        return {"correct": predicted == actual, "predicted": predicted, "actual": actual}

    def count_labels(self, parts: Parts) -> dict[str, int]:
        """Texts of each class."""
        counts = np.bincount(parts["actual"], minlength=len(self.labels))
        return dict(zip(self.labels, counts.tolist(), strict=True))

    def baseline(self, parts: Parts) -> dict[str, float]:
        """Of the class that most texts are of."""
        actual = parts["actual"]
        always = np.full_like(actual, np.bincount(actual).argmax())
        found = {"correct": always == actual, "predicted": always, "actual": actual}
        return {
            metric.name: float(metric.value(metric.sums(found).sum(axis=0)))
            for metric in self.metrics
        }

    def read_unlabelled(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> LabelledTexts:
        """Texts without labels: see `from_rows`."""
        return from_rows(rows, None, "the texts")

    def describe(
        self, logits: np.ndarray, sample: Sample, data: Any, top: int | None
    ) -> Sequence[Prediction]:
        """The likeliest label of each text, with its probability."""
        return files.describe(self.predict(logits, sample), data, self.labels, top)

    @classmethod
    def score_file(cls, data: Path, predictions: Path) -> Scored:
        """Accuracy, Matthews' correlation and macro-F1 over the labels that occur."""
        return files.score_file(data, predictions)

    def library_model(self, config: Any, head: "nn.Linear") -> Any:
        """The library's class where its head is the pooler and a linear map; else our own."""
        named: Any = {
            "id2label": dict(enumerate(self.labels)),
            "label2id": number_labels(self.labels),
        }
        if self.pooling == "pooler" and config.model_type == "bert":
            import torch
            from transformers import AutoModelForSequenceClassification

            config.update(named)
            whole = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
        else:
            from tuning_curves.tasks.text_classification.pooled_classifier import (
                PooledClassifierConfig,
                PooledForSequenceClassification,
            )

            stated = config.to_diff_dict()
            stated.pop("_name_or_path", None)
            own = PooledClassifierConfig(stated, self.pooling, **named)
            whole = PooledForSequenceClassification(own)
        whole.classifier.load_state_dict(head.state_dict())
        return whole


def _check_room(tokenizer: Any, max_length: int, *, paired: bool) -> None:
    """A tokenizer that has no room beside the special tokens gives none of a text, or all of it."""
    special = tokenizer.num_special_tokens_to_add(paired)
    least = special + 1 + paired
    if max_length < least:
        what = "a pair of texts" if paired else "a text"
        raise UsageError(
            f"windows.max_length is {max_length}, expected {least} or more: {what} stands beside "
            f"{special} special tokens",
            fix="raise windows.max_length",
        )


def _cutting(tokenizer: Any, max_length: int) -> Any:
    """A copy of the tokenizer that cuts; the original neither cuts nor pads."""
    cut = type(tokenizer).from_str(tokenizer.to_str())
    cut.enable_truncation(max_length, strategy="longest_first")
    return cut


def _note(read: Sequence[Any], max_length: int) -> Note:
    cut = sum(bool(one.overflowing) for one in read)
    says = f"texts are longer than {max_length} tokens and were cut"
    return Note(says=says, count=cut, total=len(read))


TASK = TextClassification
