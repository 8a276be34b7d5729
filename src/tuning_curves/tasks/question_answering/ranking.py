"""The best few answers to each question, as BERT's n-best lists have them (Devlin et al., 2019).

The first of each list is the answer that `decode` chooses, by the same rule; it is looked for one
window at a time, for people's questions. A span that two windows hold stands once, with the higher
score. A probability is the softmax of the scores of a list of `n_best` answers, as in the authors'
code: a share among these, not of all that might be answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuning_curves.tasks.base import Prediction, Sample
from tuning_curves.tasks.files import probability, row_of, softmax
from tuning_curves.tasks.question_answering.answers import characters_of
from tuning_curves.tasks.question_answering.data import SquadData

NO_SPAN = "questions have no valid span in their context"
NONE = {"answer": "", "start": None, "score": None, "probability": None}


@dataclass(frozen=True)
class Span:
    """A stretch of a context, in characters, and its score: start plus end logit."""

    score: float
    window: int  # its place in the sample
    start: int
    end: int


def rank(
    logits: np.ndarray, sample: Sample, *, n_best: int, max_answer_tokens: int
) -> list[list[Span]]:
    """The `n_best` best spans of each of a sample's questions, the best first.

    Args:
        logits: float32 [T, 2], start and end of each token of the sample's windows.
        n_best, max_answer_tokens: see `decode.decode_spans`.
    """
    places = characters_of(sample)
    found: list[list[Span]] = [[] for _ in sample.examples]
    for window, question in enumerate(sample.owner):
        first, last = sample.bounds[window : window + 2]
        context = places.context_start[window]
        pairs = _pairs(logits[first:last], context, n_best, max_answer_tokens)
        found[question] += [
            Span(score, window, int(places.start[first + start]), int(places.end[first + end]))
            for score, start, end in pairs
        ]
    return [_best(spans, n_best) for spans in found]


def _pairs(
    logits: np.ndarray, context: int, n_best: int, longest: int
) -> list[tuple[float, int, int]]:
    """Score, start and end of a window's `n_best` best valid pairs, ties by start, then end.

    Args:
        logits: float32 [tokens, 2]. context: the position of the first context token.
    """
    starts, ends = np.sort(np.argsort(-logits, axis=0, kind="stable")[:n_best], axis=0).T
    sums = logits[starts, 0][:, None] + logits[ends, 1]
    lengths = ends - starts[:, None] + 1
    inside = (starts >= context)[:, None] & (ends <= len(logits) - 2)
    row, column = np.nonzero(inside & (lengths >= 1) & (lengths <= longest))
    order = np.argsort(-sums[row, column], kind="stable")[:n_best]
    return [
        (float(sums[row[place], column[place]]), int(starts[row[place]]), int(ends[column[place]]))
        for place in order
    ]


def _best(spans: Sequence[Span], n_best: int) -> list[Span]:
    """The best of all windows, each stretch once; on a tie the first window goes ahead."""
    once: dict[tuple[int, int], Span] = {}
    for span in sorted(spans, key=lambda span: (-span.score, span.window)):
        once.setdefault((span.start, span.end), span)
    return list(once.values())[:n_best]


def describe(
    ranked: Sequence[Sequence[Span]], sample: Sample, data: SquadData, top: int | None
) -> list[Prediction]:
    """A row for each question of a data set whose questions were all asked."""
    windows = np.bincount(sample.owner, minlength=len(sample.examples)).tolist()
    return [
        _prediction(question.question, data.contexts[question.paragraph], spans, count, top)
        for question, spans, count in zip(data.questions, ranked, windows, strict=True)
    ]


def _prediction(
    question: str, context: str, spans: Sequence[Span], windows: int, top: int | None
) -> Prediction:
    shares = softmax(np.array([span.score for span in spans])) if spans else ()
    best: list[dict[str, Any]] = [
        {
            "answer": context[span.start : span.end],
            "start": span.start,
            "score": span.score,
            "probability": probability(share),
        }
        for span, share in zip(spans, shares, strict=True)
    ]
    row = row_of({"question": question}, best or [NONE], top)
    text = row["answer"]
    warning = None if spans else NO_SPAN
    return Prediction(text=text, value=text, row={**row, "windows": windows}, warning=warning)
