"""Which column a field of the task is read from."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuning_curves.tasks.base import Field
from tuning_curves.util.errors import DataError, quoted

SHOWN = 30  # columns named in a message
LONGEST_FIELD = 1 << 29  # `csv` stops at 131,072 characters, fewer than a long document has


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A field, its column, and whether the file must have that."""

    field: Field
    column: str | int
    must: bool


def wanted_columns(
    fields: Sequence[Field], columns: Mapping[str, str | int] | None
) -> list[Wanted]:
    """The study's columns; without any, each field's own name, optional ones where they are."""
    if columns is None:
        return [Wanted(field=one, column=one.name, must=one.required) for one in fields]
    return [
        Wanted(field=one, column=columns[one.name], must=True)
        for one in fields
        if one.name in columns
    ]


def check_header(names: Sequence[str], where: str, otherwise: str = "") -> None:
    """Refuse a header with one name for two columns.

    Args:
        otherwise: another way out, for the next step.

    Raises:
        DataError: names the column.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{where}: the column {quoted(twice[0])} stands twice in the header",
            fix=f"give every column its own name{otherwise}",
        )


def no_column(where: str, wanted: Wanted, there: Sequence[str]) -> DataError:
    """The error of a column that is not there; lists those that are."""
    listed = ", ".join(map(quoted, there[:SHOWN])) or "none"
    more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
    shown = quoted(wanted.column) if isinstance(wanted.column, str) else str(wanted.column)
    return DataError(
        f"{where}: no column {shown} for {wanted.field.name} (there are: {listed}{more})",
        fix=f"give it {shown} as every other row and file of the study has it, or name the right "
        f"one: `columns: {{{wanted.field.name}: …}}` in data.format",
    )


def as_text(value: Any, where: str, name: str) -> str:
    """A text as it stands; a number or a boolean as JSON writes it.

    Raises:
        DataError: anything else.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    raise DataError(
        f"{where}: {name} is {_short(value)}, expected a text, a number or a boolean",
        fix="correct it, or leave the row out",
    )


def as_field(value: Any, field: Field, where: str) -> Any:
    """A value of JSON as the task wants it: a text, a list of texts, or as it is."""
    if field.kind == "any":
        return value
    if field.kind == "text":
        return as_text(value, where, field.name)
    if not isinstance(value, list | tuple):
        raise DataError(
            f"{where}: {field.name} is {_short(value)}, expected a list of texts",
            fix="write it as a list",
        )
    return [as_text(one, where, f"{field.name}[{n}]") for n, one in enumerate(value, 1)]


def _short(value: Any) -> str:
    shown = "null" if value is None else repr(value)
    return shown if len(shown) < 80 else f"{shown[:77]}..."
