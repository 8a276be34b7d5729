"""Labels of the test part, the baseline, and curves of a metric that may lie below zero."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.comparisons import make_curves
from tuning_curves.analysis.costs import summarise_reach
from tuning_curves.analysis.labels import (
    archive_limits,
    count_labels,
    limits_of,
    list_baseline,
    list_limits,
    read_limits,
)
from tuning_curves.analysis.runs import BIASES, Runs
from tuning_curves.study.config import Analysis
from tuning_curves.study.paths import StudyPaths
from tuning_curves.tasks import make_task
from tuning_curves.tasks.ceiling import Limit, limits_to_json
from tuning_curves.util.files import write_json

TASK = make_task(
    {
        "name": "text-classification",
        "labels": ["bad", "fair", "good"],
        "pooling": "first",
        "main_metric": "matthews",
    }
)
ACTUAL = np.array([2, 0, 2, 2, 0])


@pytest.fixture
def runs(run_row: Callable[..., dict[str, Any]]) -> Runs:
    """Three runs, each worse than chance."""
    rows = [run_row("full", 100, 1e-3, seed, test_score=-95.0) for seed in range(3)]
    sums = {row["id"]: np.array([-1.9, -2.7]) - 0.1 * seed for seed, row in enumerate(rows)}
    parts = {"actual": ACTUAL}
    return Runs(
        frame=pd.DataFrame(rows),
        biases=pd.DataFrame(columns=BIASES),
        group_sizes=np.array([2, 3]),
        sums={metric.name: sums for metric in TASK.metrics},
        metrics=TASK.metrics,
        labels=TASK.count_labels(parts),
        baseline=TASK.baseline(parts) or {},
    )


def test_labels_are_counted_in_the_tasks_order(runs: Runs) -> None:
    found = count_labels(runs)
    assert found["label"].tolist() == ["bad", "fair", "good"]
    assert found["examples"].tolist() == [2, 0, 3]
    assert found["share"].tolist() == [0.4, 0.0, 0.6]


def test_the_baseline_is_that_of_the_most_frequent_label(runs: Runs) -> None:
    """Three of five are good: its F1 is 3/4, and 0 that of the other label that occurs."""
    scores = list_baseline(runs).set_index("metric")["score"].to_dict()
    assert scores == {"matthews": 0.0, "accuracy": 60.0, "macro_f1": pytest.approx(37.5)}


def test_intervals_are_cut_where_the_metric_ends(runs: Runs) -> None:
    analysis = Analysis(contrasts=(), n_bootstrap=100, seed=0, confidence=0.95)
    curves = make_curves(runs, runs.frame, analysis).set_index("metric")
    assert curves["score"].tolist() == pytest.approx([-96.0] * 3)
    assert curves["low"].to_dict() == {"matthews": -100.0, "accuracy": 0.0, "macro_f1": 0.0}
    matthews = curves.reset_index().query("metric == 'matthews'")
    assert summarise_reach(matthews, runs.frame).empty  # no share of it is less


LIMITS = {
    "train": [Limit(name="unknown tokens", count=1, total=8)],
    "test": [Limit(name="questions out of reach", count=1, total=4, metric="exact_match")],
}


def test_limits_have_a_row_each_and_come_back_from_the_table() -> None:
    table = list_limits(LIMITS)
    assert table["share"].tolist() == [0.125, 0.25]
    assert table["ceiling"].fillna(-1).tolist() == [-1, 75.0]
    assert {part: limits_of(table, part) for part in LIMITS} == LIMITS


def test_archived_limits_answer_for_the_windows_that_they_are_of(
    make_study: Any, tmp_path: Path
) -> None:
    paths = StudyPaths(make_study(), tmp_path)
    assert read_limits(paths) == {}
    archive_limits(paths)
    assert not paths.results.limits.exists()
    manifest = paths.windows / "manifest.json"
    write_json(manifest, {"limits": limits_to_json(LIMITS)})
    archive_limits(paths)
    manifest.unlink()
    assert read_limits(paths) == LIMITS
    other = StudyPaths(make_study({"windows": {"stride": 16}}), tmp_path)
    assert other.results.limits == paths.results.limits
    assert read_limits(other) == {}
