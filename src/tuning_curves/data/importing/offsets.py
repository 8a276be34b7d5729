"""Answers that are not at their offsets: what was counted, and in which form they were written.

Offsets count characters (code points). Tools count UTF-16 units (JavaScript), bytes, or a line end
of two characters as one. Within a passage everything was counted alike: a counting is believed
where it puts every answer that any counting can put.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tuning_curves.data.leakage import plain
from tuning_curves.tasks.question_answering.metric import UNSPACED

COUNTINGS: dict[str, Callable[[str, int], int]] = {  # how much a text's character counts
    "UTF-16 units": lambda text, place: 2 if ord(text[place]) > 0xFFFF else 1,
    "bytes": lambda text, place: len(text[place].encode("utf-8")),
    "line ends of two characters as one": lambda text, place: text[place : place + 2] != "\r\n",
    "line ends as two characters": lambda text, place: 1 + (text[place] == "\n"),
}


@dataclass(frozen=True)
class Placed:
    """What the context reads where the answer stands; text == context[start : start + ...]."""

    text: str
    start: int
    counting: str = ""  # what the offset counts; empty for characters


def place_all(context: str, answers: Sequence[tuple[str, int]]) -> list[Placed | None]:
    """Where the answers of a passage stand; None for one that stands at its offset in no way.

    Args:
        answers: texts that are not blank, with their offsets.
    """
    given = _by_characters(context, answers)
    if None not in given:
        return given
    ways = [_by(context, answers, name) for name in COUNTINGS]
    can = [any(one) for one in zip(given, *ways, strict=True)]
    whole = [way for way in (given, *ways) if [one is not None for one in way] == can]
    places = {tuple(one and one.start for one in way) for way in whole}
    return whole[0] if given in whole or len(places) == 1 else given


def only_place(context: str, text: str) -> Placed | None:
    """Where a text stands, but for white space around it, if as whole words it stands but once."""
    text = text.strip()
    places = [place.start() for place in re.finditer(f"(?={re.escape(text)})", context)]
    whole = [place for place in places if not _cut(context, place, place + len(text))]
    return Placed(text, whole[0]) if len(whole) == 1 else None


def _cut(context: str, start: int, end: int) -> bool:
    """Whether a stretch begins or ends inside of a word, or of a letter and its marks."""
    return any(
        unicodedata.combining(context[place])
        or all(one.isalnum() and not UNSPACED.match(one) for one in context[place - 1 : place + 1])
        for place in (start, end)
        if 0 < place < len(context)
    )


def _by_characters(context: str, answers: Sequence[tuple[str, int]]) -> list[Placed | None]:
    return [_at(context, text, start) for text, start in answers]


def _by(context: str, answers: Sequence[tuple[str, int]], counting: str) -> list[Placed | None]:
    count, places, counted = COUNTINGS[counting], dict[int, int](), 0
    for place in range(len(context)):
        if step := count(context, place):
            places[counted] = place
        counted += step
    return [_at(context, text, places.get(start, -1), counting) for text, start in answers]


def _at(context: str, text: str, start: int, counting: str = "") -> Placed | None:
    """The answer at this place, to the letter or but for white space and Unicode form.

    Where characters are counted, it may begin behind the white space that is at this place.
    """
    if not 0 <= start < len(context):
        return None
    if context.startswith(text, start):
        return Placed(text, start, counting)
    wanted = plain(text)
    while start < len(context) and context[start].isspace() and not counting:
        start += 1
    for end in range(start + 1, min(len(context), start + 3 * len(text) + 8) + 1):
        whole = end == len(context) or not unicodedata.combining(context[end])
        if whole and plain(context[start:end]) == wanted:
            return Placed(context[start:end], start, counting)
    return None
