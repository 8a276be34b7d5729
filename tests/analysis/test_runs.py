"""Runs made of records: sorted rows, and sums over groups."""

from collections.abc import Callable
from typing import Any

import pytest

from tuning_curves.analysis.runs import Runs, finished

Row = Callable[..., dict[str, Any]]
GROUPS = [1, 3]


@pytest.fixture
def runs(run_row: Row, collect_runs: Callable[..., Runs]) -> Runs:
    rows = [
        run_row("full", 200, 1e-4, 0, id="b"),
        run_row("full", 100, 1e-4, 0, id="a"),
        run_row("full", 100, 1e-4, 1, id="c", status="diverged"),
    ]
    return collect_runs(rows, {"a": [1, 0, 0, 0], "b": [0, 1, 1, 0]}, GROUPS)


def test_rows_are_sorted_and_outcomes_summed_by_group(runs: Runs) -> None:
    assert runs.frame["id"].tolist() == ["a", "c", "b"]
    assert finished(runs.frame)["id"].tolist() == ["a", "b"]
    assert runs.group_sizes.tolist() == GROUPS
    assert runs.metric.name == "exact_match"
    assert runs.stack(["a", "b"], "exact_match").tolist() == [[1, 0], [0, 2]]
    assert runs.stack(["b"], "f1")[0] == pytest.approx([0.5, 2.5])
