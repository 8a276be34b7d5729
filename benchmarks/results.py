"""results.json: a list of rows, in the order of the table; rows measured anew replace old ones."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.compare import verdict
from tuning_curves.util.files import read_json, write_json

RESULTS = Path("benchmarks/results.json")
Row = dict[str, Any]


def read_results(path: Path) -> list[Row]:
    """The rows of a results file; none where there is no file.

    Raises:
        DataError: torn.
    """
    return read_json(path, what="the benchmarks' results") if path.exists() else []


def committed_results(root: Path) -> list[Row]:
    """The rows of the last commit; none where there is no commit or no file in it."""
    shown = subprocess.run(
        ["git", "-C", str(root), "show", f"HEAD:{RESULTS.as_posix()}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return json.loads(shown.stdout) if shown.returncode == 0 else []


def merge(old: Iterable[Row], new: Iterable[Row], order: Sequence[str]) -> list[Row]:
    """Old rows with the new ones in place of those of the same name."""
    rows = {row["name"]: row for row in (*old, *new)}
    return [rows[name] for name in order if name in rows]


def save(path: Path, rows: list[Row]) -> None:
    """Write the file, whole or not at all."""
    write_json(path, rows)


def changes(before: Iterable[Row], now: Iterable[Row]) -> dict[str, str]:
    """The verdict on each measured row, by name."""
    old: Mapping[str, Row] = {row["name"]: row for row in before}
    return {row["name"]: verdict(old.get(row["name"]), row) for row in now}
