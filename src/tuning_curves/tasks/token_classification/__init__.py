"""Token classification: a label for each word of a sentence (parts of speech, named entities)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tuning_curves.tasks.base import Field, Nouns, Part, Prediction, Rows, Sample, Scored, Task
from tuning_curves.tasks.ceiling import Limit
from tuning_curves.tasks.dataset import rows_of_json
from tuning_curves.tasks.labels import check_labels, check_parts, number_labels, unseen_labels
from tuning_curves.tasks.metrics import Metric, Ratio
from tuning_curves.tasks.token_classification import predictions as files
from tuning_curves.tasks.token_classification.data import LabelledWords, from_rows
from tuning_curves.tasks.token_classification.tags import (
    Tags,
    count_entities,
    count_words,
    entities_of,
    is_bio,
    read_tags,
    words_of,
)
from tuning_curves.tasks.token_classification.windows import (
    NOT_COUNTED,
    TaggedWindows,
    cut_sentences,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

ACCURACY = Ratio(
    name="accuracy", label="accuracy", heading="Acc.",
    numerator={"correct": 1}, denominator={"words": 1},
)  # fmt: skip
ENTITY_F1 = Ratio(
    name="entity_f1", label="entity F1", heading="F1",
    numerator={"found": 2}, denominator={"predicted": 1, "gold": 1},
)  # fmt: skip
WORDS = (Part(name="words", kind="count"), Part(name="correct", kind="count"))
ENTITIES = tuple(Part(name=name, kind="count") for name in ("found", "predicted", "gold"))


@dataclass(frozen=True, kw_only=True)
class TokenClassification(Task):
    """A linear map on the state of each word's first piece (Devlin et al. 2019, section 5.3).

    Attributes:
        labels: of words. Where they are O and B- and I- of some types (BIO, IOB2), entities are
            counted too.
        main_metric: the metric by which rates are chosen and claims are judged.
    """

    labels: tuple[str, ...]
    main_metric: str

    name: ClassVar[str] = "token-classification"
    metric_names: ClassVar[tuple[str, ...]] = ("entity_f1", "accuracy")
    nouns: ClassVar[Nouns] = Nouns(
        example="sentence", examples="sentences", group="document", groups="documents"
    )
    windows: ClassVar[type[TaggedWindows]] = TaggedWindows
    fields: ClassVar[tuple[Field, ...]] = (
        Field(name="words", what="the words of a sentence", kind="words"),
        Field(name="labels", what="a label for each of them", kind="words"),
        Field(name="group", what="what it is not independent within", required=False),
    )
    head_dropout: ClassVar[bool] = True
    files: ClassVar[str] = """\
labelled sentences are JSON Lines, {"words": ["..."], "labels": ["..."]},
with an "id" if there are ids (else the example's number is one). Predictions are one JSON object,
{"<id>": ["<label of each word>"], ...}. Scores are accuracy over words and, where labels are
BIO, entity F1 as seqeval counts it."""
    inputs: ClassVar[Mapping[str, str]] = {"words": "a sentence, its words between blanks"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", check_labels(self.labels))
        known = [metric.name for metric in self._known]
        if self.main_metric not in known:
            raise ValueError(
                f"main_metric is {self.main_metric!r}, expected {' or '.join(known)}"
                + ("" if is_bio(self.labels) else " (entity_f1 needs labels O, B-… and I-…)")
            )

    @property
    def _known(self) -> tuple[Metric, ...]:
        return (ENTITY_F1, ACCURACY) if is_bio(self.labels) else (ACCURACY,)

    @property
    def parts(self) -> tuple[Part, ...]:  # type: ignore[override] # of a class elsewhere
        """Words and, of BIO labels, entities."""
        return (*WORDS, *ENTITIES) if is_bio(self.labels) else WORDS

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The study's first."""
        return tuple(sorted(self._known, key=lambda metric: metric.name != self.main_metric))

    @property
    def outputs(self) -> int:
        """A logit for each label."""
        return len(self.labels)

    def parse(self, value: Any, source: str) -> LabelledWords:
        """Rows as `LabelledWords.to_json` gives them."""
        keys = ("group", "words", "labels")
        return self.read_rows(rows_of_json(value, keys, source), source)

    def read_rows(
        self, rows: Iterable[tuple[str, Mapping[str, Any]]], source: str
    ) -> LabelledWords:
        """See `from_rows`."""
        return from_rows(rows, number_labels(self.labels), source)

    def check_parts(self, parts: Mapping[str, Any], name: str) -> Sequence[str]:
        """See `labels.check_parts`."""
        return check_parts(parts["train"].labels, parts["test"].labels, name)

    def encode(
        self, data: Any, tokenizer: Any, *, max_length: int, stride: int | None
    ) -> TaggedWindows:
        """See `cut_sentences`."""
        assert stride is not None, "checked with the study"
        numbers = number_labels(self.labels)
        return cut_sentences(data, tokenizer, numbers, max_length=max_length, stride=stride)

    def find_limits(
        self, data: Mapping[str, Any], parts: Mapping[str, Any]
    ) -> dict[str, list[Limit]]:
        """Words of the test part with labels that no training word has."""
        labels = {split: np.asarray(windows.labels) for split, windows in parts.items()}
        words = {split: found[found != NOT_COUNTED] for split, found in labels.items()}
        seen = np.unique(words["train"])
        return {"train": [], "test": [unseen_labels(words["test"], seen, "words")]}

    def loss(self, logits: "Tensor", rows: Rows, labels: "Tensor") -> "Tensor":
        """Mean cross-entropy over the words' first pieces; logits are [T, labels]."""
        from torch.nn import functional

        return functional.cross_entropy(logits, labels, ignore_index=NOT_COUNTED)

    def count_terms(self, labels: np.ndarray) -> int:
        """The words' first pieces among the tokens."""
        return int((labels != NOT_COUNTED).sum())

    def prepare(self, sample: Sample) -> None:
        """Where the words are, and the entities among their labels."""
        words_of(sample)
        if is_bio(self.labels):
            entities_of(sample, self.labels)

    def predict(self, logits: np.ndarray, sample: Sample) -> Tags:
        """A label for each word, sentence by sentence."""
        return read_tags(logits, sample)

    def measure(self, predictions: Tags, sample: Sample) -> dict[str, np.ndarray]:
        """Counts of each sentence, int64."""
        counts = count_words(predictions, sample)
        if is_bio(self.labels):
            counts |= count_entities(predictions, sample, self.labels)
        return counts

    def read_unlabelled(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> LabelledWords:
        """Sentences without labels: see `from_rows`."""
        return from_rows(rows, None, "the sentences")

    def describe(
        self, logits: np.ndarray, sample: Sample, data: Any, top: int | None
    ) -> Sequence[Prediction]:
        """Each sentence's words with their labels."""
        words = words_of(sample)
        return files.describe(logits[words.places], words, data, self.labels, top)

    @classmethod
    def score_file(cls, data: Path, predictions: Path) -> Scored:
        """Accuracy over words and, where labels are BIO, entity F1."""
        return files.score_file(data, predictions)

    def library_model(self, config: Any, head: "nn.Linear") -> Any:
        """`AutoModelForTokenClassification`."""
        import torch
        from transformers import AutoModelForTokenClassification

        config.num_labels = len(self.labels)
        config.id2label = dict(enumerate(self.labels))
        config.label2id = number_labels(self.labels)
        whole = AutoModelForTokenClassification.from_config(config, dtype=torch.float32)
        whole.classifier.load_state_dict(head.state_dict())
        return whole


TASK = TokenClassification
