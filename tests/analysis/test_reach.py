"""Time to a given score, by a curve of three points."""

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.costs import (
    APART,
    DECIDED,
    NOT_REACHED,
    best_score,
    reach_time,
    summarise_reach,
)

POINTS = pd.DataFrame(
    {
        "budget": ["epochs", "epochs", "floor"], "method": "full", "n_train": [100, 1000, 100],
        "score": [20.0, 60.0, 42.0], "low": [15.0, 55.0, 38.0], "high": [41.0, 65.0, 46.0],
        "train_seconds": [1.0, 10.0, 4.0], "device": "a processor",
    }
)  # fmt: skip


LADDER = pd.DataFrame(  # longer and longer trainings on 1,000 examples
    {
        "budget": ["a", "b", "c", "d"], "method": "full", "n_train": 1000,
        "score": [20.0, 35.0, 44.0, 60.0], "low": [15.0, 28.0, 41.0, 55.0],
        "high": [25.0, 39.0, 47.0, 65.0], "train_seconds": [1.0, 3.0, 10.0, 30.0],
        "device": "a processor",
    }
)  # fmt: skip


def test_the_time_lies_between_the_last_that_missed_it_and_the_first_that_has_it() -> None:
    found = reach_time(LADDER, "full", 40.0)
    assert (found["low"], found["high"], found["statement"]) == (3.0, 10.0, DECIDED)
    assert (found["train_seconds"], found["budget"], found["n_train"]) == (10.0, "c", 1000)
    shuffled = reach_time(LADDER.iloc[[2, 0, 3, 1]], "full", 40.0)
    assert shuffled == found


def test_what_lies_open_widens_the_interval_and_may_leave_it_undecided() -> None:
    """At 43 the third training may have it (41 to 47): the time lies between 3 and 30."""
    found = reach_time(LADDER, "full", 43.0)
    assert (found["low"], found["high"], found["train_seconds"]) == (3.0, 30.0, 10.0)
    assert found["statement"] == "undecided: between trainings 10.0 times apart"
    at_the_bound = LADDER.assign(train_seconds=[1.0, 3.0, 10.0, 3.0 * APART])
    assert reach_time(at_the_bound, "full", 43.0)["statement"] == DECIDED


def test_the_first_training_of_all_has_no_lower_end() -> None:
    found = reach_time(LADDER, "full", 14.0)
    assert (found["train_seconds"], found["high"]) == (1.0, 1.0)
    assert np.isnan(found["low"])
    assert found["statement"].startswith("undecided: no shorter one")


def test_a_training_with_fewer_examples_does_not_show_that_time_was_wanting() -> None:
    fewer = LADDER.assign(n_train=[1000, 500, 1000, 1000])
    found = reach_time(fewer, "full", 40.0)
    assert (found["low"], found["high"]) == (1.0, 10.0)
    more = reach_time(LADDER.assign(n_train=[1000, 4000, 1000, 1000]), "full", 40.0)
    assert more["low"] == 3.0


def test_every_device_of_the_interval_is_named() -> None:
    mixed = LADDER.assign(device=["x", "two", "one", "x"])
    assert reach_time(mixed, "full", 40.0)["device"] == "one + two"


@pytest.mark.slow
def test_the_interval_seldom_leaves_out_the_first_training_that_has_the_score() -> None:
    """True scores of 30, 36, 40.5 and 46 by steps; the first that has 40 takes 4 of 1, 2, 4, 8."""
    rng = np.random.default_rng(0)
    truth, times, studies, wrong = np.array([30, 36, 40.5, 46]), [1.0, 2.0, 4.0, 8.0], 400, 0
    for _ in range(studies):
        seeds = truth[:, None] + 1.5 * rng.standard_normal((4, 5))
        mean = seeds.mean(axis=1)
        reach = 2.776 * seeds.std(axis=1, ddof=1) / np.sqrt(5)  # Student's t, four degrees
        points = LADDER.assign(score=mean, low=mean - reach, high=mean + reach, train_seconds=times)
        found = reach_time(points, "full", 40.0)
        low, high = np.nan_to_num(found["low"], nan=0), np.nan_to_num(found["high"], nan=np.inf)
        wrong += found["statement"] != NOT_REACHED and not low < 4.0 <= high
    assert wrong / studies <= 0.05


def test_a_target_out_of_reach_has_no_time() -> None:
    found = reach_time(POINTS, "full", 70.0)
    assert np.isnan([found["train_seconds"], found["low"], found["high"]]).all()
    assert (found["budget"], found["device"], found["statement"]) == ("", "", NOT_REACHED)


def test_a_point_without_seconds_has_no_part_in_it() -> None:
    untimed = POINTS.assign(train_seconds=[np.nan, 10.0, np.nan])
    found = reach_time(untimed, "full", 40.0)
    assert (found["train_seconds"], found["n_train"]) == (10.0, 1000)
    none = reach_time(POINTS.assign(train_seconds=np.nan), "full", 40.0)
    assert np.isnan([none["train_seconds"], none["low"], none["high"]]).all()
    assert (none["budget"], none["device"]) == ("", "")
    assert none["statement"] == "undecided: no training that has it was timed"


def test_a_point_without_an_interval_is_never_sure() -> None:
    bare = POINTS.assign(low=np.nan, high=np.nan)
    found = reach_time(bare, "full", 40.0)
    assert found["train_seconds"] == 4.0
    assert np.isnan([found["low"], found["high"]]).all()
    assert found["statement"] == "undecided: no training surely has it"


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
