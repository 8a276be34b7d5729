"""JSON Lines: an object on each line, in UTF-8."""

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
        lines = path.read_text("utf-8-sig").split("\n")  # JSON's texts may hold Unicode's line ends
    except FileNotFoundError:
        raise ResourceError(f"{path}: no such file", fix="correct the path") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error})", fix="write it as UTF-8") from None
    rows = [
        (f"{path}: line {number}", _object(line, f"{path}: line {number}", what, fix))
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not rows:
        raise DataError(f"{path}: empty, expected {what} on each line", fix=fix)
    return rows


def _object(line: str, where: str, what: str, fix: str) -> dict[str, Any]:
    value = parse_json(line, where, what="the line", fix=fix)
    if not isinstance(value, dict):
        raise DataError(f"{where}: {type(value).__name__}, expected {what}", fix=fix)
    return value
