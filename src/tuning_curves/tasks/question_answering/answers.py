"""From start and end logits to answers: spans, their texts, and what they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tuning_curves.tasks.base import Sample
from tuning_curves.tasks.question_answering.decode import answer_texts, decode_spans
from tuning_curves.tasks.question_answering.graphemes import widen
from tuning_curves.tasks.question_answering.metric import GoldAnswers
from tuning_curves.tasks.question_answering.windows import WindowSet


@dataclass(frozen=True, kw_only=True)
class Answers:
    """An answer to each question of a sample.

    Attributes:
        texts: "" where no span was valid.
    """

    texts: list[str]


@dataclass(frozen=True, kw_only=True)
class Characters:
    """Where each token of each of a sample's windows stands in its context.

    Attributes:
        start, end: int64 [T], 0 outside of the context.
        context_start: int64 [windows], position of the first context token in its window.
    """

    start: np.ndarray
    end: np.ndarray
    context_start: np.ndarray


def prepare(sample: Sample) -> None:
    """Make what answers are made of and compared with, once for a sample."""
    characters_of(sample)
    contexts_of(sample)
    gold_answers(sample)


def choose(logits: np.ndarray, sample: Sample, *, n_best: int, max_answer_tokens: int) -> Answers:
    """The best span of each question.

    Args:
        logits: float32 [T, 2], start and end of each token of the sample's windows.
        n_best, max_answer_tokens: see `decode_spans`.
    """
    places = characters_of(sample)
    choice = decode_spans(
        logits[:, 0],
        logits[:, 1],
        sample.bounds,
        places.context_start,
        sample.owner,
        questions=len(sample.examples),
        n_best=n_best,
        max_answer_tokens=max_answer_tokens,
    )
    paragraphs = _source(sample).paragraph_of_question[sample.examples]
    return Answers(
        texts=answer_texts(choice, contexts_of(sample), paragraphs, places.start, places.end)
    )


def contexts_of(sample: Sample) -> list[str]:
    """The texts of all the part's paragraphs."""
    return sample.once("contexts", lambda: _source(sample).texts["contexts"])


def characters_of(sample: Sample) -> Characters:
    """Where each token of each window begins and ends in its context."""
    return sample.once("characters", lambda: _lay_out_characters(_source(sample), sample))


def _lay_out_characters(source: WindowSet, sample: Sample) -> Characters:
    start, end = np.zeros((2, sample.bounds[-1]), np.int64)
    begins, ends = whole_characters(source, contexts_of(sample))
    context_start = np.empty(len(sample.windows), np.int64)
    tail = len(source.template.after)
    for row, window in enumerate(sample.windows):
        size = int(source.window_tokens[window])
        last = int(sample.bounds[row + 1]) - tail
        first = source.context_token(window)
        context_start[row] = last - size - sample.bounds[row]
        start[last - size : last] = begins[first : first + size]
        end[last - size : last] = ends[first : first + size]
    return Characters(start=start, end=end, context_start=context_start)


def whole_characters(source: WindowSet, contexts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """`char_start` and `char_end` of a part, widened so that no answer is cut inside a letter."""
    begins, ends = np.array(source.char_start), np.array(source.char_end)
    for context, (first, last) in zip(contexts, pairwise(source.context_bounds), strict=True):
        begins[first:last], ends[first:last] = widen(context, begins[first:last], ends[first:last])
    return begins, ends


def gold_answers(sample: Sample) -> GoldAnswers:
    """The gold answers of a sample's questions, normalised once.

    Raises:
        DataError: a question without an answer.
    """

    def make() -> GoldAnswers:
        answers = _source(sample).texts["answers"]
        return GoldAnswers([answers[question] for question in sample.examples])

    return sample.once("gold", make)


def _source(sample: Sample) -> WindowSet:
    assert isinstance(sample.source, WindowSet)
    return sample.source
