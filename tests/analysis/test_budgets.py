"""What the budget changes: pairs of runs that two budgets train for unequal steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.comparisons import compare_budgets, find_gains
from tuning_curves.analysis.runs import Runs
from tuning_curves.study.config import StudyConfig

from .simulated import study_of

Row = Callable[..., dict[str, Any]]
GROUPS = [2, 4, 4]


def study_with(*budgets: str) -> StudyConfig:
    return study_of(
        ["full", "bitfit"],
        [100, 1000],
        budgets=[{"name": name, "epochs": 3, "min_steps": 0} for name in budgets],
        analysis={
            "contrasts": [["bitfit", "full"]], "n_bootstrap": 200, "seed": 0, "confidence": 0.95,
        },
    )  # fmt: skip


STUDY = study_with("floor", "epochs")  # the longer one first


def rows_of(runs: Runs, frame: pd.DataFrame, study: StudyConfig = STUDY) -> pd.DataFrame:
    """The rows of the first metric."""
    rows = compare_budgets(runs, frame, study)
    return rows if rows.empty else rows[rows["metric"] == "exact_match"].reset_index(drop=True)


def right(count: int) -> list[int]:
    """Ten examples of which the first `count` are right."""
    return [1] * count + [0] * (10 - count)


@pytest.fixture
def make_runs(run_row: Row, collect_runs: Callable[..., Runs]) -> Callable[..., Runs]:
    """Runs from right answers by (method, n, budget), a number a seed; None has not finished."""

    def make(counts: dict[tuple[str, int, str], list[int | None]]) -> Runs:
        rows, exact = [], {}
        for (method, n, budget), by_seed in counts.items():
            steps = max(3 * n // 8, 125 if budget == "floor" else 0)
            for seed, count in enumerate(by_seed):
                status = "diverged" if count is None else "finished"
                row = run_row(method, n, 1e-3, seed, budget=budget, status=status, steps=steps)
                if count is not None:
                    exact[row["id"]] = right(count)
                rows.append(row)
        return collect_runs(rows, exact, GROUPS)

    return make


COUNTS: dict[tuple[str, int, str], list[int | None]] = {
    ("full", 100, "epochs"): [2, 3, 4],
    ("full", 100, "floor"): [5, 7, 9],
    ("bitfit", 100, "epochs"): [1, 1, 2],
    ("bitfit", 100, "floor"): [2, 2, None],
    ("full", 1000, "epochs"): [8, 8, 8],  # 375 steps under both: one set of runs
    ("full", 1000, "floor"): [8, 8, 8],
}


def test_gains_by_hand(make_runs: Callable[..., Runs]) -> None:
    runs = make_runs(COUNTS)
    full, bitfit, lead = rows_of(runs, runs.frame).to_dict("records")
    of_f1 = compare_budgets(runs, runs.frame, STUDY).query("metric == 'f1'")
    place = ["shorter", "longer", "n_train", "shorter_steps", "longer_steps"]
    for row in (full, bitfit, lead):
        assert [row[name] for name in place] == ["epochs", "floor", 100, 37, 125]
    assert (full["first"], full["second"], full["pairs"]) == ("full", "", 3)
    assert full["difference"] == pytest.approx(40.0)  # 3, 4 and 5 of ten
    assert of_f1["difference"].iloc[0] == pytest.approx(20.0)
    assert full["low"] < 40.0 < full["high"]
    assert (bitfit["first"], bitfit["second"], bitfit["pairs"]) == ("bitfit", "", 2)
    assert bitfit["difference"] == pytest.approx(10.0)
    assert (lead["first"], lead["second"], lead["pairs"]) == ("bitfit", "full", 2)
    assert lead["difference"] == pytest.approx(-25.0)  # 1 - 3 and 1 - 4 of ten
    assert lead["p_holm"] == lead["p"]  # a family of its own, of one size


def test_the_shorter_budget_is_found_size_by_size(make_runs: Callable[..., Runs]) -> None:
    runs = make_runs(
        {
            ("full", 100, "epochs"): [2],
            ("full", 100, "floor"): [5],
            ("full", 400, "epochs"): [6],
            ("full", 400, "floor"): [4],
        }
    )
    frame = runs.frame.copy()
    frame.loc[(frame["n_train"] == 400) & (frame["budget"] == "floor"), "steps"] = 60
    rows = rows_of(runs, frame).set_index("n_train")
    assert rows.loc[100, ["shorter", "longer"]].tolist() == ["epochs", "floor"]
    assert rows.loc[400, ["shorter", "longer"]].tolist() == ["floor", "epochs"]
    assert rows.loc[400, ["shorter_steps", "longer_steps"]].tolist() == [60, 150]
    assert rows["difference"].to_dict() == pytest.approx({100: 30.0, 400: 20.0})
    assert np.isnan(rows[["low", "high", "p", "p_holm"]].astype(float)).all(axis=None)


def test_pairs_are_of_one_seed(make_runs: Callable[..., Runs]) -> None:
    runs = make_runs(COUNTS)
    gains = find_gains(runs.frame, "bitfit", "floor", "epochs")
    assert gains["subset_seed"].tolist() == [0, 1]
    assert gains["longer_id"].tolist() == [f"floor-bitfit-100-0.001-{seed}" for seed in (0, 1)]
    assert gains["shorter_id"].tolist() == [f"epochs-bitfit-100-0.001-{seed}" for seed in (0, 1)]


@pytest.mark.parametrize("names", [["epochs"], ["epochs", "floor"]])
def test_without_unequal_steps_there_is_no_row(
    names: list[str], make_runs: Callable[..., Runs]
) -> None:
    counts = {("full", 1000, name): [8, 9] for name in names}
    runs = make_runs(counts)
    assert compare_budgets(runs, runs.frame, study_with(*names)).empty


def test_runs_that_two_budgets_share_are_compared_with_a_third_once(
    make_runs: Callable[..., Runs],
) -> None:
    runs = make_runs({("full", 1000, "epochs"): [3, 4, 5]})
    shorter = runs.frame
    longer = make_runs({("full", 1000, "epochs"): [3, 4, 5], ("full", 1000, "long"): [6, 6, 9]})
    frame = longer.frame.copy()
    frame.loc[frame["budget"] == "long", "steps"] = 1500
    shared = shorter.assign(budget="floor")  # the same runs by their ids
    study = study_with("epochs", "floor", "long")
    rows = rows_of(longer, pd.concat([frame, shared], ignore_index=True), study)
    assert rows[["shorter", "longer", "first"]].to_numpy().tolist() == [["epochs", "long", "full"]]
    assert rows.loc[0, "difference"] == pytest.approx(30.0)


def test_a_contrast_keeps_its_row_where_one_method_was_compared_before(
    make_runs: Callable[..., Runs],
) -> None:
    counts: dict[tuple[str, int, str], list[int | None]] = {
        ("full", 1000, "epochs"): [3, 4, 5], ("full", 1000, "long"): [6, 6, 9],
        ("bitfit", 1000, "floor"): [1, 2, 3], ("bitfit", 1000, "long"): [7, 7, 9],
    }  # fmt: skip
    runs = make_runs(counts)
    frame = runs.frame.copy()
    frame.loc[frame["budget"] == "long", "steps"] = 1500
    full = frame[(frame["method"] == "full") & (frame["budget"] == "epochs")]
    frame = pd.concat([frame, full.assign(budget="floor")], ignore_index=True)
    study = study_with("epochs", "floor", "long")
    rows = rows_of(runs, frame, study)
    assert rows[["shorter", "first", "second"]].to_numpy().tolist() == [
        ["epochs", "full", ""], ["floor", "bitfit", ""], ["floor", "bitfit", "full"],
    ]  # fmt: skip
    assert rows["difference"].tolist() == pytest.approx([30.0, 170 / 3, 80 / 3])
