"""What more examples change: runs of one seed at two sizes, paired."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.comparisons import correct_holm
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.sizes import compare_at_equal_steps, compare_sizes

from .simulated import study_of

STUDY = study_of(["full", "bitfit"], [50, 100, 200])
GROUPS = [2, 4, 4]
COUNTS = {  # right answers of ten, a number a seed; None has not finished
    ("full", 50): [2, 3, 4],
    ("full", 100): [4, 6, 8],
    ("full", 200): [8, 9, 9],
    ("bitfit", 50): [1, 1, None],
    ("bitfit", 200): [3, 2, 8],
}


@pytest.fixture
def runs(run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs]) -> Runs:
    rows, exact = [], {}
    for (method, n), by_seed in COUNTS.items():
        for seed, count in enumerate(by_seed):
            status = "diverged" if count is None else "finished"
            rows.append(run_row(method, n, 1e-3, seed, status=status, steps=n // 5))
            if count is not None:
                exact[rows[-1]["id"]] = [1] * count + [0] * (10 - count)
    return collect_runs(rows, exact, GROUPS)


def test_each_size_is_set_against_the_next_and_the_smallest_against_the_largest(
    runs: Runs,
) -> None:
    rows = compare_sizes(runs, runs.frame, STUDY.analysis)
    rows = rows[rows["metric"] == "exact_match"]
    columns = ["method", "smaller", "larger", "smaller_steps", "larger_steps", "pairs"]
    assert rows[columns].to_numpy().tolist() == [
        ["bitfit", 50, 200, 10, 40, 2],
        ["full", 50, 100, 10, 20, 3],
        ["full", 100, 200, 20, 40, 3],
        ["full", 50, 200, 10, 40, 3],
    ]
    assert rows["difference"].tolist() == pytest.approx([15.0, 30.0, 80 / 3, 170 / 3])
    assert (rows["low"] < rows["difference"]).all() and (rows["difference"] < rows["high"]).all()


def test_holm_is_within_a_method_and_a_size_alone_has_no_row(runs: Runs) -> None:
    rows = compare_sizes(runs, runs.frame, STUDY.analysis)
    full = rows[(rows["metric"] == "exact_match") & (rows["method"] == "full")]
    assert full["p_holm"].tolist() == correct_holm(full["p"].to_numpy()).tolist()
    assert full["p_holm"].min() == pytest.approx(min(1.0, 3 * full["p"].min()))
    one = runs.frame[runs.frame["n_train"] == 50]
    assert compare_sizes(runs, one, STUDY.analysis).empty
    order = np.random.default_rng(0).permutation(len(runs.frame))
    again = compare_sizes(runs, runs.frame.iloc[order], STUDY.analysis)
    key = ["method", "smaller", "larger", "metric"]
    pd.testing.assert_frame_equal(
        again.sort_values(key, ignore_index=True), rows.sort_values(key, ignore_index=True)
    )


EQUAL = study_of(
    ["full", "bitfit"], [50, 200],
    budgets=[{"name": name, "epochs": 3, "min_steps": 0} for name in ("epochs", "long", "twin")],
    analysis={
        "contrasts": [["bitfit", "full"]], "n_bootstrap": 200, "seed": 0, "confidence": 0.95,
    },
)  # fmt: skip
PLACES = {  # budget, method, n: steps and right answers of ten by seed
    ("epochs", "full", 50): (10, [2, 3, 4]),
    ("epochs", "full", 200): (40, [6, 7, 9]),
    ("long", "full", 50): (40, [3, 3, 5]),  # as many steps as three epochs of 200
    ("epochs", "bitfit", 200): (40, [2, 3, 5]),
    ("long", "bitfit", 50): (40, [1, 2, 3]),
}


def at_equal_steps(
    run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs],
    places: dict[tuple[str, str, int], tuple[int, list[int]]],
) -> pd.DataFrame:  # fmt: skip
    rows, exact = [], {}
    for (budget, method, n), (steps, by_seed) in places.items():
        for seed, count in enumerate(by_seed):
            score = 50.0 if budget == "twin" else 20.0
            rows.append(
                run_row(method, n, 1e-3, seed, budget=budget, steps=steps, validation_score=score)
            )
            exact[rows[-1]["id"]] = [1] * count + [0] * (10 - count)
    runs = collect_runs(rows, exact, GROUPS)
    found = compare_at_equal_steps(runs, runs.frame, EQUAL)
    return found if found.empty else found[found["metric"] == "exact_match"]


def test_at_equal_steps_sizes_are_compared_across_budgets(
    run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs]
) -> None:
    found = at_equal_steps(run_row, collect_runs, PLACES)
    columns = ["steps", "first", "second", "smaller", "larger", "pairs"]
    assert found[columns].to_numpy().tolist() == [
        [40, "full", "", 50, 200, 3],
        [40, "bitfit", "", 50, 200, 3],
        [40, "bitfit", "full", 50, 200, 3],
    ]
    # 3, 4 and 4 of ten; 1, 1 and 2; seed by seed 2, 3 and 2 fewer
    assert found["difference"].tolist() == pytest.approx([110 / 3, 40 / 3, -70 / 3])
    assert (found["p_holm"] == found["p"]).all()


def test_of_two_budgets_with_equal_steps_the_better_on_validation_counts(
    run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs]
) -> None:
    found = at_equal_steps(
        run_row, collect_runs, PLACES | {("twin", "full", 50): (40, [0, 1, 2])}
    ).set_index("first")
    assert found.loc["full", "difference"].tolist() == pytest.approx(190 / 3)  # 6, 6 and 7 of ten


def test_unequal_steps_have_no_row(
    run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs]
) -> None:
    epochs = {place: value for place, value in PLACES.items() if place[0] == "epochs"}
    assert at_equal_steps(run_row, collect_runs, epochs).empty
