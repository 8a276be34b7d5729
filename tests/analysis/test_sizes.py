"""What more examples change: runs of one seed at two sizes, paired."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.comparisons import correct_holm
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.sizes import compare_sizes

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
