"""Number formats that a processor has no units for are told from those it is made for."""

from pathlib import Path

import pytest

from benchmarks import machine, rows
from benchmarks.clock import Patience
from benchmarks.rows import common
from benchmarks.rows.common import NO_UNITS


@pytest.mark.parametrize(
    ("slowness", "expected"),
    [
        (0.5, ("bfloat16", "float32")),
        (1.2, ("float32", "bfloat16")),
        (10.0, ("float32",)),
    ],
)
def test_the_quicker_number_format_comes_first(
    monkeypatch: pytest.MonkeyPatch, slowness: float, expected: tuple[str, ...]
) -> None:
    monkeypatch.setattr(machine, "slowness_of_bfloat16", lambda: slowness)
    assert machine.formats.__wrapped__() == expected


def test_rows_in_a_slow_number_format_say_why_they_are_empty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(common, "formats", lambda: ("float32",))
    bench = rows.Bench(tmp_path, tmp_path, Patience(rounds=1, seconds=0.0))
    found = list(rows.measure(bench, ["full-bf16", "evaluation-bf16"]))
    assert [(row["name"], row["ratio"], row["target"], row["skipped"]) for row in found] == [
        ("full-bf16", None, 7, NO_UNITS),
        ("evaluation-bf16", None, 4.9, NO_UNITS),
    ]
