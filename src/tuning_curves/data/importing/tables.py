"""Tables: separated values, and parquet as the hub keeps its data sets."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.importing.rows import Row, class_names, with_names
from tuning_curves.data.readers.columns import LONGEST_FIELD, check_header
from tuning_curves.util.errors import DataError

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
PARQUET = b"PAR1"
LOOKED_AT = 50  # lines that decide on the separator
FIX = "quote fields that hold a separator, a quote or a line end, and close every quote"


def read_table(text: str, name: str, header: bool, findings: Findings) -> tuple[str, list[Row]]:
    """What parts the columns, and the rows by the first line's names, or by numbers from 1.

    Raises:
        DataError: no columns, quotes that are not closed, or a name that stands twice.
    """
    csv.field_size_limit(LONGEST_FIELD)
    separator, lines = _best(text, name)
    if not lines or len(lines[0][1]) < 2:
        raise DataError(
            f"{name}: neither JSON nor columns parted by {', '.join(SEPARATORS.values())}",
            fix="export it as JSON, JSON Lines or CSV",
        )
    first = lines[0][1]
    names = [n.strip() for n in first] if header else [str(n + 1) for n in range(len(first))]
    check_header(names, name, ", or say `--no-header`")
    rows: list[Row] = []
    for where, found in lines[header:]:
        if len(found) == len(names):
            rows.append((where, dict(zip(names, found, strict=True))))
        else:
            findings.fault("fields", where, f"{len(found)}, expected {len(names)}")
    return f"columns parted by {SEPARATORS[separator]}", rows


def _best(text: str, name: str) -> tuple[str, list[tuple[str, list[str]]]]:
    """The separator that gives most lines as many fields as the first, and these lines.

    Tabs are tried without quotes too: there a quotation mark mostly is a character.
    """

    def even(separator: str) -> tuple[int, int]:
        try:
            lines = _lines(text, separator, True, LOOKED_AT)
        except csv.Error:
            lines = _lines(text, separator, False, LOOKED_AT)
        width = len(lines[0][1]) if lines else 0
        return (sum(len(found) == width for _, found in lines) if width > 1 else 0, width)

    best = max(SEPARATORS, key=even)
    try:
        lines = _lines(text, best, True)
    except csv.Error as error:
        if best != "\t":
            raise DataError(f"{name}: {error}", fix=FIX) from None
        return best, _lines(text, best, False)
    plain = _lines(text, best, False) if best == "\t" else lines
    return best, plain if _uneven(plain) < _uneven(lines) else lines


def _uneven(lines: Sequence[tuple[str, list[str]]]) -> int:
    return sum(len(found) != len(lines[0][1]) for _, found in lines)


def _lines(
    text: str, separator: str, quotes: bool, most: int | None = None
) -> list[tuple[str, list[str]]]:
    style: dict[str, Any] = {"quoting": csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE}
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=separator, strict=True, **style)
    lines: list[tuple[str, list[str]]] = []
    where = 1
    for found in reader:
        if found:
            lines.append((f"line {where}", found))
        where = reader.line_num + 1
        if most is not None and len(lines) == most:
            break
    return lines


def read_parquet(content: bytes, name: str) -> list[Row]:
    """The rows of a parquet file; classes by the names that the hub keeps in it.

    Raises:
        DataError: torn.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(content))
    except (pyarrow.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise DataError(
            f"{name}: not a whole parquet file ({first})", fix="fetch it again"
        ) from None
    told = (table.schema.metadata or {}).get(b"huggingface")
    info: Mapping[str, Any] = json.loads(told).get("info", {}) if told else {}
    rows = [(f"row {number}", row) for number, row in enumerate(table.to_pylist(), 1)]
    return with_names(rows, class_names(info.get("features")))
