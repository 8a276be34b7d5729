"""Labelled texts: what is classified is one text, or a pair of texts (premise and hypothesis)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tuning_curves.tasks.dataset import (
    GroupedRows,
    check_all_or_none,
    group_of,
    side_by_side,
)
from tuning_curves.tasks.labels import check_known
from tuning_curves.util.errors import DataError

FIX_TEXT = "leave the example out, or give it its text"


class LabelledTexts(GroupedRows):
    """Rows of a group's name (or None), a text, its pair (or None) and a label (or None)."""

    def text(self, row: Sequence[Any]) -> str:
        """Both texts of a pair: one alone may stand beside many."""
        return row[1] if row[2] is None else f"{row[1]}\n{row[2]}"

    @property
    def labels(self) -> list[str]:
        """The label of each example."""
        return [row[3] for row in self.rows]


def from_rows(
    rows: Iterable[tuple[str, Mapping[str, Any]]], numbers: Mapping[str, int] | None, source: str
) -> LabelledTexts:
    """Check rows with `text` and, if there are any, `text_pair`, `label` and `group`.

    Args:
        rows: each with its place, which opens messages.
        numbers: the study's labels; None where texts need no label.

    Raises:
        DataError: no rows, an empty text, a pair in some rows only, or an unknown label.
    """
    checked = [_row(where, row, numbers) for where, row in rows]
    if not checked:
        raise DataError(f"{source}: no examples", fix="give at least one")
    for place, name in ((2, "text_pair"), (0, "group")):
        check_all_or_none(checked, place, name, "examples", source)
    return LabelledTexts(side_by_side(checked))


def _row(where: str, row: Mapping[str, Any], numbers: Mapping[str, int] | None) -> list[Any]:
    pair = row.get("text_pair")
    text = _text(row.get("text"), "text", where)
    second = None if pair is None else _text(pair, "text_pair", where)
    label = None if numbers is None else check_known(row.get("label"), numbers, where)
    return [group_of(row, where), text, second, label]


def _text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: {name} is {value!r}, expected some text", fix=FIX_TEXT)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            f"{where}: {name} holds half a surrogate pair at offset {error.start}",
            fix="write the file anew, as UTF-8",
        ) from None
    return value
