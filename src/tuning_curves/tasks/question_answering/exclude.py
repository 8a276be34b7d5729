"""Leave questions of a data set out, by their place in it (a study's `data.exclude`).

Places are counted from 1, as the reader's messages count them. What is left has the same content
hash as a file that never held these questions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tuning_curves.tasks.question_answering.data import SquadData, keep_questions
from tuning_curves.util.errors import DataError

KEYS = ("article", "paragraph", "question")


def without_questions(
    data: SquadData, places: Sequence[Mapping[str, int]], source: str
) -> SquadData:
    """The data but these questions; a paragraph or an article that has no other goes with it.

    Args:
        places: `article`, `paragraph` and `question`, each counted from 1 within what holds it.

    Raises:
        DataError: a place at which there is no question, or one that stands twice.
    """
    left = Counter(_place(place, source) for place in places)
    there = list(_places(data))
    known = {*there}
    for place, times in left.items():
        if times > 1 or place not in known:
            shown = ", ".join(f"{key} {n}" for key, n in zip(KEYS, place, strict=True))
            twice = "is listed twice" if times > 1 else "is not there"
            message = f"{source}: {shown} {twice}: the entry leaves nothing out"
            raise DataError(message, fix="remove the entry, or correct its numbers (from 1)")
    return keep_questions(data, [n for n, place in enumerate(there) if place not in left])


def _place(place: Mapping[str, int], source: str) -> tuple[int, ...]:
    if set(place) != set(KEYS):
        message = f"{source}: an entry has {', '.join(place)}, expected {', '.join(KEYS)}"
        raise DataError(message, fix="write `- {article: 3, paragraph: 1, question: 2}`")
    return tuple(place[key] for key in KEYS)


def _places(data: SquadData) -> Iterator[tuple[int, ...]]:
    """The place of each question, in order; paragraphs count within their article."""
    first = {article: n for n, article in reversed([*enumerate(data.paragraph_article)])}
    asked: Counter[int] = Counter()  # questions so far, by paragraph
    for question in data.questions:
        asked[question.paragraph] += 1
        article, paragraph = question.article, question.paragraph
        yield article + 1, paragraph - first[article] + 1, asked[paragraph]
