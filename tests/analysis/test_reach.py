"""Time to a given score, by a curve of three points."""

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.costs import best_score, reach_time, summarise_reach

POINTS = pd.DataFrame(
    {
        "budget": ["epochs", "epochs", "floor"], "method": "full", "n_train": [100, 1000, 100],
        "score": [20.0, 60.0, 42.0], "low": [15.0, 55.0, 38.0], "high": [41.0, 65.0, 46.0],
        "train_seconds": [1.0, 10.0, 4.0], "device": "a processor",
    }
)  # fmt: skip


def test_the_least_time_over_sizes_and_budgets_with_its_range() -> None:
    found = reach_time(POINTS, "full", 40.0)
    assert (found["train_seconds"], found["budget"], found["n_train"]) == (4.0, "floor", 100)
    assert (found["low"], found["high"]) == (1.0, 10.0)  # may reach it; surely does


def test_a_target_out_of_reach_has_no_time() -> None:
    found = reach_time(POINTS, "full", 70.0)
    assert np.isnan([found["train_seconds"], found["low"], found["high"]]).all()
    assert (found["budget"], found["device"]) == ("", "")


def test_a_point_without_seconds_has_no_part_in_it() -> None:
    untimed = POINTS.assign(train_seconds=[np.nan, 10.0, np.nan])
    found = reach_time(untimed, "full", 40.0)
    assert (found["train_seconds"], found["n_train"]) == (10.0, 1000)
    none = reach_time(POINTS.assign(train_seconds=np.nan), "full", 40.0)
    assert np.isnan([none["train_seconds"], none["low"], none["high"]]).all()
    assert (none["budget"], none["device"]) == ("", "")


def test_a_point_without_an_interval_is_never_sure() -> None:
    bare = POINTS.assign(low=np.nan, high=np.nan)
    found = reach_time(bare, "full", 40.0)
    assert (found["train_seconds"], found["low"]) == (4.0, 4.0)
    assert np.isnan(found["high"])


def test_targets_are_shares_of_the_best_score_of_full() -> None:
    runs = POINTS.assign(status="finished")
    curves = pd.concat(
        [POINTS, POINTS.assign(method="head", score=[1.0, 30.0, 2.0])], ignore_index=True
    ).drop(columns=["train_seconds", "device"])
    chosen = pd.concat([runs, runs.assign(method="head")], ignore_index=True)
    table = summarise_reach(curves, chosen)
    assert table[["share", "target", "method"]].values.tolist() == [
        [0.5, 30.0, "full"], [0.5, 30.0, "head"], [0.9, 54.0, "full"], [0.9, 54.0, "head"],
    ]  # fmt: skip
    assert table["train_seconds"].tolist()[:3] == pytest.approx([4.0, 10.0, 10.0])
    assert np.isnan(table["train_seconds"].iloc[3])
    without = curves[curves["method"] == "head"]
    assert np.isnan(best_score(without))
    assert summarise_reach(without, chosen).empty
