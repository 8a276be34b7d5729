"""Extractive question answering: the answer is a span of the context (SQuAD v1.1's layout)."""

from dataclasses import dataclass
from typing import ClassVar

from tuning_curves.tasks.base import Metric, Nouns, Part, Task


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
    outputs: ClassVar[int] = 2
    parts: ClassVar[tuple[Part, ...]] = (
        Part(name="exact", kind="bit"),
        Part(name="f1", kind="share"),
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric(name="exact_match", label="exact match", heading="EM", part="exact"),
        Metric(name="f1", label="F1", heading="F1", part="f1"),
    )
    nouns: ClassVar[Nouns] = Nouns(
        example="question", examples="questions", group="article", groups="articles"
    )
    published_encoders: ClassVar[tuple[str, ...]] = ("bert-base-cased", "bert-base-uncased")
    published_data: ClassVar[tuple[str, ...]] = ("squad", "squad-hub")

    def __post_init__(self) -> None:
        for key in ("n_best", "max_answer_tokens"):
            value = getattr(self, key)
            if type(value) is not int or value < 1:
                raise ValueError(f"{key} is {value!r}, expected a whole number, 1 or more")


TASK = QuestionAnswering
