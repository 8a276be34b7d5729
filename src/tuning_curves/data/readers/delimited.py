"""Comma- and tab-separated files, by the rules of the standard library's `csv`.

With quoting, a field in quotes may hold separators, line ends and doubled quotes; a quote that is
never closed is an error. Without it (`quoting: false`) a quote is a character. Blank lines are
passed over; every other line has as many fields as the first one.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from tuning_curves.data.formats import Delimited
from tuning_curves.data.readers.columns import (
    LONGEST_FIELD,
    Wanted,
    check_header,
    no_column,
    wanted_columns,
)
from tuning_curves.tasks.base import Field
from tuning_curves.util.errors import DataError, plural, quoted

FIX_QUOTES = (
    "quote fields that hold a separator, a quote or a line end; where quotes are plain characters, "
    "say `quoting: false`"
)


def read_delimited(
    text: str, name: str, form: Delimited, fields: Sequence[Field]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a file; see `read_rows`.

    Raises:
        DataError: a column that is not there or stands twice, a line with too many or too few
            fields, quotes that do not match.
    """
    lines = _lines(text, name, form)
    where, first = next(lines)
    header = first if form.header else None
    wanted = wanted_columns(fields, form.columns)
    places = _places(header, len(first), wanted, where)
    if header is None:
        yield where, {key: first[place] for key, place in places.items()}
    for where, found in lines:
        if len(found) != len(first):
            raise DataError(
                f"{where}: {plural(len(found), 'field')}, expected {len(first)} as in the first "
                f"line (it begins {quoted(found[0], 40)})",
                fix=FIX_QUOTES,
            )
        yield where, {key: found[place] for key, place in places.items()}


def _lines(text: str, name: str, form: Delimited) -> Iterator[tuple[str, list[str]]]:
    """The fields of each line that is not blank, with the place where they begin."""
    csv.field_size_limit(LONGEST_FIELD)
    style: dict[str, Any] = {"delimiter": "," if form.kind == "csv" else "\t", "strict": True}
    style["quoting"] = csv.QUOTE_MINIMAL if form.quoting else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), **style)
    while True:
        where = f"{name}: line {reader.line_num + 1}"
        try:
            found = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{where}: {error}", fix=FIX_QUOTES) from None
        if found:
            yield where, found


def _places(
    header: list[str] | None, width: int, wanted: Sequence[Wanted], where: str
) -> dict[str, int]:
    """The number from 0 of each field's column; optional ones that are not there have none."""
    there = header or [str(number) for number in range(1, width + 1)]
    check_header(header or (), where)
    places = {}
    for one in wanted:
        if isinstance(one.column, int) and one.column <= width:
            places[one.field.name] = one.column - 1
        elif header is not None and one.column in header:
            places[one.field.name] = header.index(str(one.column))
        elif one.must:
            raise no_column(where, one, there)
    return places
