"""From start and end logits to answer spans: BERT's n-best rule (Devlin et al., 2019), in bulk.

A window offers the pairs of its `n_best` highest starts and `n_best` highest ends, counted over
all its tokens, the question's included; of those that lie in the context, in order and within
`max_answer_tokens`, the highest sum wins, and then the best window of the question. As in the
Hugging Face example, a question without a valid pair gets an empty answer. Not done here: the
"max context" rule, by which the authors' code gives a token to one of its windows.

Flat arrays hold the tokens of all windows one after another, without padding.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tuning_curves.util.errors import DataError, UsageError

CHUNK_WINDOWS = 512  # bounds memory: a chunk of windows of 384 tokens stays within 10 MB


@dataclass(frozen=True, kw_only=True)
class SpanChoice:
    """The chosen span of each question; every array is [questions].

    window: the window's number, int64, -1 where no pair was valid.
    start, end: first and last token of the answer, int64 numbers into the flat token arrays
        (subtract `window_starts[window]` for positions in the window), -1 where there is none.
    score: start logit plus end logit, float32, -inf where there is none.
    """

    window: np.ndarray
    start: np.ndarray
    end: np.ndarray
    score: np.ndarray


def decode_spans(
    start_logits: np.ndarray,
    end_logits: np.ndarray,
    window_starts: np.ndarray,
    context_start: np.ndarray,
    question_of_window: np.ndarray,
    *,
    questions: int,
    n_best: int | None = 20,
    max_answer_tokens: int = 30,
) -> SpanChoice:
    """Choose each question's best span.

    Args:
        start_logits, end_logits: float [tokens], all windows after one another.
        window_starts: int [windows + 1]; window f holds tokens starts[f] to starts[f + 1].
        context_start: int [windows]; position in the window of its first context token. Its
            last token is the closing separator, never an answer.
        question_of_window: int [windows], numbers below `questions`.
        n_best: None drops the n-best rule: the best of all valid pairs.
        max_answer_tokens: the longest answer.

    Ties go to the lowest start, then the lowest end; between windows, to the first.

    Raises:
        DataError: logits that are not finite, or arrays that do not fit together.
    """
    bounds = np.asarray(window_starts, np.int64)
    _check(start_logits, end_logits, bounds, context_start, question_of_window, questions)
    _check_limits(n_best, max_answer_tokens)
    count = len(bounds) - 1
    start, end = np.full(count, -1), np.full(count, -1)
    score = np.full(count, -np.inf, np.float32)
    for chunk, width in _chunks(np.diff(bounds)):
        tokens = bounds[chunk, None] + np.arange(width)
        inside = tokens < bounds[chunk + 1, None]
        starts = _padded(start_logits, tokens, inside)
        ends = _padded(end_logits, tokens, inside)
        last = np.diff(bounds)[chunk] - 2
        window = _Windows(starts, ends, np.asarray(context_start)[chunk], last, max_answer_tokens)
        best = window.optimum() if n_best is None else window.best_of(n_best)
        start[chunk], end[chunk], score[chunk] = best
    return _best_window(start, end, score, bounds, np.asarray(question_of_window), questions)


def answer_texts(
    choice: SpanChoice,
    contexts: Sequence[str],
    paragraph_of_question: Sequence[int] | np.ndarray,
    char_start: np.ndarray,
    char_end: np.ndarray,
) -> list[str]:
    """The chosen spans as text, cut from the contexts: one a question, "" where there is none.

    Args:
        contexts: texts of the paragraphs.
        paragraph_of_question: number of each question's paragraph, [questions].
        char_start, char_end: character offsets in the context of every token, int [tokens];
            the end is exclusive.
    """
    texts = [""] * len(choice.window)
    found = np.flatnonzero(choice.window >= 0)
    first, last = char_start[choice.start[found]], char_end[choice.end[found]]
    places = zip(found.tolist(), first.tolist(), last.tolist(), strict=True)
    for question, begin, end in places:
        texts[question] = contexts[paragraph_of_question[question]][begin:end]
    return texts


@dataclass(frozen=True)
class _Windows:
    """A chunk of windows, padded with -inf to a common width: [windows, width] and [windows]."""

    starts: np.ndarray
    ends: np.ndarray
    first: np.ndarray  # positions of the first and the last token of the context
    last: np.ndarray
    max_answer_tokens: int

    def best_of(self, n_best: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Start, end and score of the best valid pair among the n_best of each side."""
        start, end = _highest(self.starts, n_best), _highest(self.ends, n_best)
        high_start = np.take_along_axis(self.starts, start, 1)
        high_end = np.take_along_axis(self.ends, end, 1)
        sums = high_start[:, :, None] + high_end[:, None, :]  # [windows, n_best, n_best]
        length = end[:, None, :] - start[:, :, None] + 1
        in_context = (
            ((start >= self.first[:, None])[:, :, None]) & ((end <= self.last[:, None])[:, None, :])
        )
        valid = in_context & (length >= 1) & (length <= self.max_answer_tokens)
        flat = np.where(valid, sums, -np.inf).reshape(len(sums), -1)
        # positions ascend on both axes: the first maximum has the lowest start, then end
        best = flat.argmax(1)
        row = np.arange(len(best))
        side = start.shape[1]
        return start[row, best // side], end[row, best % side], flat[row, best]

    def optimum(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Start, end and score of the best of all valid pairs, by a sliding maximum of ends."""
        width = self.starts.shape[1]
        position = np.arange(width)
        context = (position >= self.first[:, None]) & (position <= self.last[:, None])
        ends = np.where(context, self.ends, -np.inf)
        reach = _sliding_maximum(ends, self.max_answer_tokens)
        sums = np.where(context, self.starts, -np.inf) + reach
        row = np.arange(len(sums))
        start = sums.argmax(1)
        score = sums[row, start]
        # sums are compared, not ends: rounding can make two different ends tie
        tied = self.starts[row, start, None] + ends == score[:, None]
        return start, (tied & (position >= start[:, None])).argmax(1), score


def _highest(logits: np.ndarray, count: int) -> np.ndarray:
    """Positions of the `count` highest of each row, ascending; ties go to the lowest position."""
    width = logits.shape[1]
    count = min(count, width)
    threshold = np.partition(logits, width - count, axis=1)[:, width - count, None]
    above, level = logits > threshold, logits == threshold
    wanted = count - above.sum(1, keepdims=True)
    chosen = above | (level & (np.cumsum(level, 1) <= wanted))
    return np.nonzero(chosen)[1].reshape(len(logits), count)


def _sliding_maximum(values: np.ndarray, width: int) -> np.ndarray:
    """At each position the maximum of it and the next width - 1: doubling, log2(width) passes."""
    reach, covered = values.copy(), 1
    while covered < width:
        step = min(covered, width - covered)
        ahead = reach[:, step:].copy()
        np.maximum(reach[:, : ahead.shape[1]], ahead, out=reach[:, : ahead.shape[1]])
        covered += step
    return reach


def _chunks(lengths: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Window numbers in chunks of like lengths, each with its longest length."""
    order = np.argsort(lengths, kind="stable")
    for first in range(0, len(order), CHUNK_WINDOWS):
        chunk = order[first : first + CHUNK_WINDOWS]
        yield chunk, int(lengths[chunk[-1]])


def _padded(logits: np.ndarray, tokens: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Rows of float32 logits by flat token number, -inf outside the window."""
    picked = np.asarray(logits, np.float32)[np.where(inside, tokens, 0)]
    return np.where(inside, picked, np.float32(-np.inf))


def _best_window(
    start: np.ndarray,
    end: np.ndarray,
    score: np.ndarray,
    bounds: np.ndarray,
    question_of_window: np.ndarray,
    questions: int,
) -> SpanChoice:
    """The highest-scoring window of each question, the first on a tie; positions become flat."""
    valid = np.flatnonzero(score > -np.inf)
    order = valid[np.lexsort((valid, -score[valid], question_of_window[valid]))]
    answered, at = np.unique(question_of_window[order], return_index=True)
    winner = order[at]
    window, first, last = (np.full(questions, -1, np.int64) for _ in range(3))
    best = np.full(questions, -np.inf, np.float32)
    window[answered], best[answered] = winner, score[winner]
    first[answered] = bounds[winner] + start[winner]
    last[answered] = bounds[winner] + end[winner]
    return SpanChoice(window=window, start=first, end=last, score=best)


def _check(
    start_logits: np.ndarray,
    end_logits: np.ndarray,
    bounds: np.ndarray,
    context_start: np.ndarray,
    question_of_window: np.ndarray,
    questions: int,
) -> None:
    """Refuse arrays that do not fit together and logits that are not finite."""
    count = len(bounds) - 1
    if not len(start_logits) == len(end_logits) == bounds[-1] or bounds[0] != 0:
        raise DataError(
            f"{len(start_logits)} start and {len(end_logits)} end logits for windows that cover"
            f" tokens {bounds[0]} to {bounds[-1]}"
        )
    if (np.diff(bounds) < 1).any():
        raise DataError("window_starts must increase: a window without tokens has no answer")
    if not len(context_start) == len(question_of_window) == count:
        raise DataError(
            f"{len(context_start)} context starts and {len(question_of_window)} questions for"
            f" {count} windows"
        )
    numbers = np.asarray(question_of_window)
    if count and not 0 <= numbers.min() <= numbers.max() < questions:
        raise DataError(f"question numbers {numbers.min()} to {numbers.max()}, of {questions}")
    if not (np.isfinite(start_logits).all() and np.isfinite(end_logits).all()):
        raise DataError("logits are not finite", fix="the training diverged: record it as such")


def _check_limits(n_best: int | None, max_answer_tokens: int) -> None:
    if n_best is not None and n_best < 1:
        raise UsageError(f"n_best is {n_best}, expected 1 or more, or none for all pairs")
    if max_answer_tokens < 1:
        raise UsageError(f"max_answer_tokens is {max_answer_tokens}, expected 1 or more")
