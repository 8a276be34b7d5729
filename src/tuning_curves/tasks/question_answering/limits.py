"""Which questions no reader can answer: gold answers that no span of a window's tokens gives.

An answer is judged by the tokens that it touches: whether one window holds them all, how many they
are, and whether their text is the answer again by the rules of exact match.
"""

from collections.abc import Iterator

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
    for question, answers in enumerate(_answers(data, windows, max_answer_tokens)):
        faults[:3, question] = ~answers.any(axis=0)
        faults[3, question] = not answers.all(axis=1).any()
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


def _answers(data: SquadData, windows: WindowSet, limit: int) -> Iterator[np.ndarray]:
    """Of each question's answers: in one window, short enough, of whole tokens; bool [answers, 3].

    Args:
        limit: tokens of an answer at most.
    """
    begins, ends = whole_characters(windows, data.contexts)
    bounds, of_question = windows.context_bounds, windows.window_bounds
    for number, question in enumerate(data.questions):
        own = slice(bounds[question.paragraph], bounds[question.paragraph + 1])
        pairs = np.stack((windows.char_start[own], windows.char_end[own]), axis=1)
        placed = slice(of_question[number], of_question[number + 1])
        firsts = windows.window_first[placed]
        lasts = firsts + windows.window_tokens[placed] - 1
        rows = []
        for answer in question.answers:
            first, last = token_span(pairs, answer.start, answer.start + len(answer.text))
            last = min(last, len(pairs) - 1)
            inside = ((firsts <= first) & (last <= lasts)).any() if len(pairs) else False
            text = ""
            if first <= last:
                text = data.contexts[question.paragraph][begins[own][first] : ends[own][last]]
            rows.append((inside, last - first < limit, normalise(text) == normalise(answer.text)))
        yield np.array(rows, bool).reshape(-1, 3)
