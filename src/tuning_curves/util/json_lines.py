"""JSON Lines: an object on each line, in UTF-8."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import parse_json


def read_json_lines(path: Path, what: str, fix: str) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a file, each with its place for error messages; blank lines are passed over.

    Args:
        what: of a line, for messages: `{"text": "...", "label": "..."}`.

    Raises:
        ResourceError: no such file.
        DataError: not UTF-8, a line that is no JSON object or has a key twice, or no line at all.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise ResourceError(f"{path}: no such file", fix="correct the path") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error})", fix="write it as UTF-8") from None
    rows = []
    for where, value in values_of_lines(text, str(path), fix):
        if not isinstance(value, dict):
            raise DataError(f"{where}: {type(value).__name__}, expected {what}", fix=fix)
        rows.append((where, value))
    if not rows:
        raise DataError(f"{path}: empty, expected {what} on each line", fix=fix)
    return rows


def values_of_lines(text: str, name: str, fix: str) -> Iterator[tuple[str, Any]]:
    """The JSON value of each line that is not blank, with its place.

    Raises:
        DataError: a line that is no JSON or has a key twice.
    """
    for number, line in enumerate(text.split("\n"), 1):  # JSON's texts may hold other line ends
        if line.strip():
            where = f"{name}: line {number}"
            yield where, parse_json(line, where, what="the line", fix=fix)
