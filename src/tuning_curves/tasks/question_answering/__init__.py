"""Extractive question answering: the answer is a span of the context (SQuAD v1.1's layout)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tuning_curves.tasks.base import Field, Nouns, Part, Prediction, Rows, Sample, Scored, Task
from tuning_curves.tasks.ceiling import Limit
from tuning_curves.tasks.metrics import Mean, Metric
from tuning_curves.tasks.question_answering import answers, ranking
from tuning_curves.tasks.question_answering import predictions as files
from tuning_curves.tasks.question_answering.answers import Answers
from tuning_curves.tasks.question_answering.data import (
    SquadData,
    from_rows,
    parse_squad,
    read_squad,
    unanswered,
)
from tuning_curves.tasks.question_answering.exclude import without_questions
from tuning_curves.tasks.question_answering.limits import find_limits
from tuning_curves.tasks.question_answering.loss import span_loss
from tuning_curves.tasks.question_answering.windows import WindowSet, cut_windows

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class QuestionAnswering(Task):
    """A start and an end logit for each token (Devlin et al. 2019, section 4.2).

    Attributes:
        n_best: how many starts and ends of a window are paired.
        max_answer_tokens: the longest answer.
    """

    n_best: int
    max_answer_tokens: int

    name: ClassVar[str] = "question-answering"
    parts: ClassVar[tuple[Part, ...]] = (
        Part(name="exact", kind="bit"),
        Part(name="f1", kind="share"),
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Mean(name="exact_match", label="exact match", heading="EM", part="exact"),
        Mean(name="f1", label="F1", heading="F1", part="f1"),
    )
    metric_names: ClassVar[tuple[str, ...]] = tuple(metric.name for metric in metrics)
    nouns: ClassVar[Nouns] = Nouns(
        example="question", examples="questions", group="article", groups="articles"
    )
    windows: ClassVar[type[WindowSet]] = WindowSet
    published_encoders: ClassVar[tuple[str, ...]] = ("bert-base-cased", "bert-base-uncased")
    published_data: ClassVar[tuple[str, ...]] = ("squad", "squad-hub")
    likely_test_examples: ClassVar[int] = 10_570  # SQuAD's
    fields: ClassVar[tuple[Field, ...]] = (
        Field("id", "the question's id"),
        Field("title", "the article's name"),
        Field("context", "the passage"),
        Field("question", "the question"),
        Field("answers", '{"text": [...], "answer_start": [...]}', kind="any"),
    )
    layout: ClassVar[str] = "squad"
    files: ClassVar[str] = """\
the data is in SQuAD v1.1's layout (.json), or JSON Lines as `import` writes them (.jsonl). An
answer is always a piece of the context: whether the context answers the question at all is not
judged. Predictions are one JSON object, {"<question id>": "<answer text>", ...}: what the official
script reads and the Hugging Face example writes. Scores are exact match and F1, each the best over
a question's gold answers, as the official script counts them."""
    inputs: ClassVar[Mapping[str, str]] = {
        "question": "the question",
        "context": "the passage to answer from",
    }

    def __post_init__(self) -> None:
        for key in ("n_best", "max_answer_tokens"):
            value = getattr(self, key)
            if type(value) is not int or value < 1:
                raise ValueError(f"{key} is {value!r}, expected a whole number, 1 or more")

    @property
    def outputs(self) -> int:
        """A start and an end."""
        return 2

    @classmethod
    def parse(cls, value: Any, source: str) -> SquadData:
        """SQuAD's layout: see `parse_squad`."""
        return parse_squad(value, source)

    @classmethod
    def read_file(cls, path: Path) -> SquadData:
        """See `read_squad`."""
        return read_squad(path)

    @classmethod
    def read_rows(cls, rows: Iterable[tuple[str, Mapping[str, Any]]], source: str) -> SquadData:
        """See `from_rows`."""
        return from_rows(rows, source)

    @classmethod
    def leave_out(cls, data: Any, places: Sequence[Mapping[str, int]], source: str) -> SquadData:
        """See `without_questions`."""
        return without_questions(data, places, source)

    def encode(
        self, data: Any, tokenizer: Any, *, max_length: int, stride: int | None
    ) -> WindowSet:
        """See `cut_windows`."""
        assert stride is not None, "checked with the study"
        return cut_windows(data, tokenizer, max_length, stride)

    def find_limits(
        self, data: Mapping[str, Any], parts: Mapping[str, Any]
    ) -> dict[str, list[Limit]]:
        """See `limits.find_limits`."""
        limit = self.max_answer_tokens
        return {
            split: find_limits(data[split], windows, limit, trained=split == "train")
            for split, windows in parts.items()
        }

    def loss(self, logits: "Tensor", rows: Rows, labels: "Tensor") -> "Tensor":
        """See `span_loss`; labels are [windows, 2], a start and an end."""
        return span_loss(logits, rows, labels[:, 0], labels[:, 1])

    def prepare(self, sample: Sample) -> None:
        """Where tokens stand in their contexts, and the gold answers, normalised."""
        answers.prepare(sample)

    def predict(self, logits: np.ndarray, sample: Sample) -> Answers:
        """The best spans and their texts."""
        limits = {"n_best": self.n_best, "max_answer_tokens": self.max_answer_tokens}
        return answers.choose(logits, sample, **limits)

    def measure(self, predictions: Answers, sample: Sample) -> dict[str, np.ndarray]:
        """Exact match, bool, and F1, float64 in 0 to 1."""
        exact, f1 = answers.gold_answers(sample).score(predictions.texts)
        return {"exact": exact, "f1": f1}

    def read_unlabelled(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> SquadData:
        """Questions without answers: see `unanswered`."""
        return unanswered(rows)

    def describe(
        self, logits: np.ndarray, sample: Sample, data: Any, top: int | None
    ) -> Sequence[Prediction]:
        """The answer to each question: where it begins, its score, its probability."""
        limits = {"n_best": self.n_best, "max_answer_tokens": self.max_answer_tokens}
        return ranking.describe(ranking.rank(logits, sample, **limits), sample, data, top)

    @classmethod
    def score_file(cls, data: Path, predictions: Path) -> Scored:
        """By the rules of SQuAD v1.1's official script."""
        return files.score_file(data, predictions)

    def library_model(self, config: Any, head: "nn.Linear") -> Any:
        """`AutoModelForQuestionAnswering`."""
        import torch
        from transformers import AutoModelForQuestionAnswering

        config.num_labels = self.outputs
        whole = AutoModelForQuestionAnswering.from_config(config, dtype=torch.float32)
        whole.qa_outputs.load_state_dict(head.state_dict())
        return whole


TASK = QuestionAnswering
