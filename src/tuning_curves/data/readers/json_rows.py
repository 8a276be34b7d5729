"""JSON Lines, and a JSON list of objects: a field under its key.

Numbers and booleans become text where the task wants text (a label 1 is "1"). A key that stands
twice in an object is an error, since readers would take one or the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tuning_curves.data.formats import JsonRows
from tuning_curves.data.readers.columns import Wanted, as_field, no_column, wanted_columns
from tuning_curves.tasks.base import Field
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import parse_json
from tuning_curves.util.json_lines import values_of_lines

FIX = "write an object for each example"


def read_json_rows(
    text: str, name: str, form: JsonRows, fields: Sequence[Field]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file; see `read_rows`.

    Raises:
        DataError: no JSON, something else than an object, or a key that is not there.
    """
    wanted = wanted_columns(fields, form.columns)
    values = values_of_lines(text, name, FIX) if form.kind == "jsonl" else _items(text, name)
    for where, value in values:
        if not isinstance(value, Mapping):
            kind = type(value).__name__
            raise DataError(f"{where}: {kind}, expected an object", fix=FIX)
        yield where, fields_of(value, wanted, where)


def fields_of(row: Mapping[str, Any], wanted: Sequence[Wanted], where: str) -> dict[str, Any]:
    """A row by the task's names; an optional field that is null or not there is left out."""
    found = {}
    for one in wanted:
        if one.column not in row:
            if one.must:
                raise no_column(where, one, list(row))
        elif row[str(one.column)] is not None or one.field.required:
            found[one.field.name] = as_field(row[str(one.column)], one.field, where)
    return found


def _items(text: str, name: str) -> Iterator[tuple[str, Any]]:
    value = parse_json(text, name, what="the file", fix=FIX)
    if not isinstance(value, list):
        kind = type(value).__name__
        raise DataError(f"{name}: {kind} at the top, expected a list of objects", fix=FIX)
    yield from ((f"{name}: item {number}", item) for number, item in enumerate(value, 1))
