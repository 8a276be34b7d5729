"""Rows that the `datasets` library has read: a field under its column, classes by their names."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tuning_curves.data.readers.columns import wanted_columns
from tuning_curves.data.readers.json_rows import fields_of
from tuning_curves.tasks.base import Field
from tuning_curves.util.errors import DataError

Named = Callable[[Any, str], Any]  # a value and its place, to the value with names in it


def hub_rows(
    rows: Iterable[Mapping[str, Any]],
    features: Mapping[str, Any],
    columns: Mapping[str, str] | None,
    fields: Sequence[Field],
    name: str,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows by the task's names; see `read_rows`.

    Args:
        features: the library's types of the columns.

    Raises:
        DataError: a column that is not there, or a class without a name (-1: no label).
    """
    wanted = wanted_columns(fields, columns)
    named = {key: make for key, kind in features.items() if (make := _naming(kind, key))}
    for number, row in enumerate(rows, 1):
        where = f"{name}: row {number}"
        classes = {key: make(row[key], where) for key, make in named.items()}
        yield where, fields_of({**row, **classes}, wanted, where)


def _naming(kind: Any, column: str) -> Named | None:
    """What gives the classes of a column, or of its lists, their names; None for others."""
    inner = getattr(kind, "feature", None)
    names = getattr(kind if inner is None else inner, "names", None)
    if names is None:
        return None

    def name_of(value: Any, where: str) -> Any:
        if value is None or 0 <= value < len(names):
            return None if value is None else names[value]
        shown = ", ".join(names[:9])
        raise DataError(
            f"{where}: {column} is {value}, expected 0 to {len(names) - 1} ({shown})",
            fix="name another split: this one holds back its labels",
        )

    if inner is None:
        return name_of
    return lambda values, where: values and [name_of(value, where) for value in values]
