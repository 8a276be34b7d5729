"""Labelled words: sentences, each word with a label (a part of speech, a piece of an entity)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tuning_curves.tasks.dataset import (
    GroupedRows,
    check_all_or_none,
    group_of,
    side_by_side,
)
from tuning_curves.tasks.labels import check_known
from tuning_curves.util.errors import DataError, plural

FIX_WORDS = "leave the sentence out, or give it its words, none of them empty"


class LabelledWords(GroupedRows):
    """Rows of a group's name (or None), a sentence's words, and their labels (or None)."""

    def text(self, row: Sequence[Any]) -> str:
        """The sentence with blanks between its words."""
        return " ".join(row[1])

    @property
    def labels(self) -> list[str]:
        """The labels of all words."""
        return [label for row in self.rows for label in row[2]]


def from_rows(
    rows: Iterable[tuple[str, Mapping[str, Any]]], numbers: Mapping[str, int] | None, source: str
) -> LabelledWords:
    """Check rows with `words`, `labels` and, if there is one, `group`.

    Args:
        rows: each with its place, which opens messages.
        numbers: the study's labels; None where words need no label.

    Raises:
        DataError: no rows, a sentence without words, an empty word, another number of labels than
            of words, an unknown label, or a group in some rows only.
    """
    checked = [_row(where, row, numbers) for where, row in rows]
    if not checked:
        raise DataError(f"{source}: no sentences", fix="give at least one")
    check_all_or_none(checked, 0, "group", "sentences", source)
    return LabelledWords(side_by_side(checked))


def _row(where: str, row: Mapping[str, Any], numbers: Mapping[str, int] | None) -> list[Any]:
    words = [_word(word, place, where) for place, word in enumerate(_list(row, "words", where), 1)]
    if numbers is None:
        return [group_of(row, where), words, None]
    labels = _list(row, "labels", where)
    if len(labels) != len(words):
        raise DataError(
            f"{where}: {plural(len(words), 'word')} and {plural(len(labels), 'label')}, expected "
            "as many of either",
            fix="give every word its label",
        )
    places = ((f"{where}, word {place}", label) for place, label in enumerate(labels, 1))
    return [group_of(row, where), words, [check_known(one, numbers, here) for here, one in places]]


def _list(row: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = row.get(name)
    if not isinstance(value, list | tuple) or not value:
        raise DataError(f"{where}: {name} is {value!r}, expected a list of texts", fix=FIX_WORDS)
    return list(value)


def _word(value: Any, place: int, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: word {place} is {value!r}, expected some text", fix=FIX_WORDS)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(
            f"{where}: word {place} holds half a surrogate pair",
            fix="write the file anew, as UTF-8",
        ) from None
    return value
