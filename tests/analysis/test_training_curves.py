"""The table of trainings: means over the seeds at each step."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from tuning_curves.analysis.runs import TRAINING, Runs
from tuning_curves.analysis.training_curves import summarise_training


@pytest.fixture
def runs(run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs]) -> Runs:
    rows = [run_row("full", 50, 1e-3, seed) for seed in (0, 1)]
    rows.append(run_row("full", 50, 1e-3, 2, status="diverged"))
    measured = [
        (rows[0]["id"], 10, 4.0, None),
        (rows[0]["id"], 20, 2.0, 30.0),
        (rows[1]["id"], 10, 3.0, None),
        (rows[1]["id"], 20, 1.0, 50.0),
        (rows[2]["id"], 10, 9.0, None),
        ("another study's", 10, 9.0, 9.0),
    ]
    exact = {row["id"]: [1, 0] for row in rows[:2]}
    frame = pd.DataFrame(measured, columns=TRAINING)
    return replace(collect_runs(rows, exact, [1, 1]), training=frame)


def test_means_are_over_the_seeds_that_finished(runs: Runs) -> None:
    table = summarise_training(runs, runs.frame)
    expected = {
        "budget": ["epochs"] * 2, "method": ["full"] * 2, "n_train": [50] * 2, "step": [10, 20],
        "loss": [3.5, 1.5], "validation_score": [float("nan"), 40.0], "seeds": [2, 2],
    }  # fmt: skip
    pd.testing.assert_frame_equal(table, pd.DataFrame(expected), check_dtype=False)


def test_runs_without_losses_have_no_rows(runs: Runs) -> None:
    bare = replace(runs, training=runs.training.iloc[:0])
    assert summarise_training(bare, runs.frame).empty
