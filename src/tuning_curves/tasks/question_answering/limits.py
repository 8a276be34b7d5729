"""Which questions no reader can answer: gold answers that no span of a window's tokens gives.

An answer is judged by the tokens that it touches: whether one window holds them all, how many they
are, and whether their text is the answer again by the rules of exact match. Out of reach is a
question only if no other span is its answer by these rules: without the tokens at either end that
they drop, or where the same text stands in the context once more.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tuning_curves.tasks.ceiling import Limit
from tuning_curves.tasks.question_answering.answers import whole_characters
from tuning_curves.tasks.question_answering.data import SquadData
from tuning_curves.tasks.question_answering.metric import normalise
from tuning_curves.tasks.question_answering.windows import WindowSet, token_span

IN_NO_WINDOW = "questions with no answer that lies in one window"
FIRST_IN_NO_WINDOW = "questions whose first answer, which is trained, lies in no window"
TOO_LONG = "questions with no answer of {} tokens or fewer"
NOT_WHOLE = "questions with no answer that whole tokens give"
OUT_OF_REACH = "questions out of reach for one of these reasons or several"


def find_limits(
    data: SquadData, windows: WindowSet, max_answer_tokens: int, *, trained: bool
) -> list[Limit]:
    """How many questions of a part have which fault; those out of reach cost their exact match.

    Args:
        trained: whether it is the part from which first answers are learnt.
    """
    faults = np.zeros((4, len(data)), bool)  # rows in the order of `names`
    first = np.zeros(len(data), bool)
    for question, place in enumerate(_places(data, windows, max_answer_tokens)):
        golds = data.questions[question].answers
        answers = np.array([place.judge(gold.start, gold.text) for gold in golds], bool)
        answers = answers.reshape(-1, 3)
        faults[:3, question] = ~answers.any(axis=0)
        reached = answers.all(axis=1).any() or any(place.gives(gold.text) for gold in golds)
        faults[3, question] = not reached
        first[question] = not answers[0, 0]
    names = (IN_NO_WINDOW, TOO_LONG.format(max_answer_tokens), NOT_WHOLE, OUT_OF_REACH)
    counts = dict(zip(names, faults.sum(axis=1).tolist(), strict=True))
    if trained:
        counts[FIRST_IN_NO_WINDOW] = int(first.sum())
    costs = {OUT_OF_REACH: "exact_match"}
    return [
        Limit(name=name, count=count, total=len(data), metric=costs.get(name, ""))
        for name, count in counts.items()
    ]


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A question's context and windows.

    Attributes:
        pairs: the tokens' characters, first and end (exclusive), int [tokens, 2]; begins, ends: the
            same, widened to whole characters.
        firsts, lasts: the context's tokens of each window, int [windows].
        limit: tokens of an answer at most.
    """

    context: str
    pairs: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    firsts: np.ndarray
    lasts: np.ndarray
    limit: int

    def judge(self, start: int, text: str) -> tuple[bool, bool, bool]:
        """Of the answer that starts there: in one window, short enough, of whole tokens."""
        first, last = self._touched(start, text)
        whole = self._normal(first, last) == normalise(text)
        return self._inside(first, last), last - first < self.limit, whole

    def gives(self, text: str) -> bool:
        """Whether some span is this answer by the rules of exact match."""
        wanted, start = normalise(text), self.context.find(text)
        while start >= 0:
            first, last = self._touched(start, text)
            if first <= last and self._normal(first, last) == wanted:
                while first < last and self._normal(first + 1, last) == wanted:
                    first += 1
                while first < last and self._normal(first, last - 1) == wanted:
                    last -= 1
                if self._inside(first, last) and last - first < self.limit:
                    return True
            start = self.context.find(text, start + 1)
        return False

    def _touched(self, start: int, text: str) -> tuple[int, int]:
        first, last = token_span(self.pairs, start, start + len(text))
        return first, min(last, len(self.pairs) - 1)

    def _normal(self, first: int, last: int) -> str:
        if first > last:
            return ""
        return normalise(self.context[self.begins[first] : self.ends[last]])

    def _inside(self, first: int, last: int) -> bool:
        inside = (self.firsts <= first) & (last <= self.lasts)
        return bool(len(self.pairs) and inside.any())


def _places(data: SquadData, windows: WindowSet, limit: int) -> Iterator[_Place]:
    """The place of each question."""
    begins, ends = whole_characters(windows, data.contexts)
    bounds, of_question = windows.context_bounds, windows.window_bounds
    for number, question in enumerate(data.questions):
        own = slice(bounds[question.paragraph], bounds[question.paragraph + 1])
        placed = slice(of_question[number], of_question[number + 1])
        firsts = windows.window_first[placed]
        yield _Place(
            context=data.contexts[question.paragraph],
            pairs=np.stack((windows.char_start[own], windows.char_end[own]), axis=1),
            begins=begins[own],
            ends=ends[own],
            firsts=firsts,
            lasts=firsts + windows.window_tokens[placed] - 1,
            limit=limit,
        )
