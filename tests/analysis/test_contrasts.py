"""Paired contrasts and Holm's correction."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.comparisons import (
    contrast_best,
    correct_holm,
    make_contrasts,
    make_curves,
)
from tuning_curves.analysis.pairs import find_pairs
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.selection import keep_chosen, select_rates, summarise_rates

from .simulated import study_of

Row = Callable[..., dict[str, Any]]
ANALYSIS = {"contrasts": [["bitfit", "full"]], "n_bootstrap": 200, "seed": 0, "confidence": 0.95}
STUDY = study_of(["bitfit", "full"], [100], analysis=ANALYSIS)
GROUPS = [2, 4, 4]


def test_holm_by_the_textbook() -> None:
    """Holm (1979), four hypotheses: 0.005 * 4, 0.01 * 3, 0.03 * 2, then 0.04 held up to 0.06."""
    corrected = correct_holm(np.array([0.01, 0.04, 0.03, 0.005]))
    assert corrected == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_stops_at_one_and_leaves_out_what_is_missing() -> None:
    corrected = correct_holm(np.array([0.6, np.nan, 0.7]))
    assert corrected == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)
    assert correct_holm(np.array([np.nan, 0.04])) == pytest.approx([np.nan, 0.04], nan_ok=True)


def test_holm_over_a_larger_family_counts_the_others_as_undecided() -> None:
    corrected = correct_holm(np.array([0.01, 0.04, np.nan, 0.005]), family=6)
    assert corrected == pytest.approx([0.05, 0.16, np.nan, 0.03], nan_ok=True)  # times 5, 4, 6


def right(count: int) -> list[int]:
    """Ten examples of which the first `count` are right."""
    return [1] * count + [0] * (10 - count)


@pytest.fixture
def runs(run_row: Row, collect_runs: Callable[..., Runs]) -> Runs:
    """bitfit and full at 100: seeds 0, 1, 2; bitfit's chosen rate is 0.01; full's seed 2 failed."""
    rows, exact = [], {}
    counts = {
        ("bitfit", 0.005): [9, 9, 9],  # better on test, worse on selection: not chosen
        ("bitfit", 0.01): [6, 8, 7],
        ("full", 0.0001): [4, 5, None],
    }
    for (method, rate), by_seed in counts.items():
        for seed, count in enumerate(by_seed):
            status = "diverged" if count is None else "finished"
            row = run_row(method, 100, rate, seed, status=status)
            if count is not None:
                row["validation_score"] = 10.0 if rate == 0.005 else 20.0
                exact[row["id"]] = right(count)
            rows.append(row)
    return collect_runs(rows, exact, GROUPS)


def test_curves_and_contrasts_by_hand(runs: Runs) -> None:
    chosen = keep_chosen(runs.frame, select_rates(summarise_rates(runs.frame)))
    curves = make_curves(runs, chosen, STUDY.analysis).set_index("method")
    f1 = curves[curves["metric"] == "f1"]
    curves = curves[curves["metric"] == "exact_match"]
    assert curves.loc["bitfit", ["learning_rate", "seeds", "failed"]].tolist() == [0.01, 3, 0]
    assert curves.loc["full", ["learning_rate", "seeds", "failed"]].tolist() == [0.0001, 2, 1]
    assert curves.loc["bitfit", "score"] == pytest.approx(70.0)
    assert curves.loc["bitfit", "sd"] == pytest.approx(10.0)
    assert f1.loc["bitfit", "score"] == pytest.approx(85.0)
    assert curves.loc["full", "score"] == pytest.approx(45.0)

    assert curves.loc["full", ["low", "high"]].tolist() == [0.0, 100.0]  # two seeds: wider

    contrast, of_f1 = make_contrasts(runs, chosen, STUDY).to_dict("records")
    assert contrast["pairs"] == of_f1["pairs"] == 2  # seed 2 has no pair: 6 - 4 and 8 - 5 of ten
    assert contrast["difference"] == pytest.approx(25.0)
    assert of_f1["difference"] == pytest.approx(12.5)
    assert contrast["low"] < 25.0 < contrast["high"]
    assert contrast["p_holm"] == contrast["p"]


def test_pairs_are_of_one_seed(runs: Runs) -> None:
    chosen = keep_chosen(runs.frame, select_rates(summarise_rates(runs.frame)))
    pairs = find_pairs(chosen, "bitfit", "full")["epochs", 100]
    assert pairs.seeds == [(0, 0), (1, 1)]
    assert pairs.first == ["epochs-bitfit-100-0.01-0", "epochs-bitfit-100-0.01-1"]
    assert pairs.second == ["epochs-full-100-0.0001-0", "epochs-full-100-0.0001-1"]
    # groups of 2, 4 and 4: 6 right are 2, 4, 0; 4 right are 2, 2, 0
    assert pairs.differences(runs, "exact_match")[0].tolist() == [0.0, 2.0, 0.0]


def test_a_contrast_without_pairs_has_no_row(run_row: Row, collect_runs: Any) -> None:
    rows = [run_row("bitfit", 100, 0.01, 0), run_row("full", 200, 0.01, 0)]
    exact = {row["id"]: right(5) for row in rows}
    runs = collect_runs(rows, exact, GROUPS)
    assert make_contrasts(runs, runs.frame, STUDY).empty


def test_one_pair_has_a_difference_without_interval(run_row: Row, collect_runs: Any) -> None:
    rows = [run_row("bitfit", 100, 0.01, 0), run_row("full", 100, 0.01, 0)]
    exact = {row["id"]: right(7 if row["method"] == "bitfit" else 5) for row in rows}
    runs = collect_runs(rows, exact, GROUPS)
    contrast, _ = make_contrasts(runs, runs.frame, STUDY).to_dict("records")
    assert contrast["difference"] == pytest.approx(20.0)
    missing = [contrast[key] for key in ("low", "high", "p", "p_holm")]
    assert np.isnan(missing).all()


def test_methods_are_contrasted_each_under_its_own_best_budget(
    run_row: Row, collect_runs: Callable[..., Runs]
) -> None:
    counts = {
        ("short", "bitfit"): [1, 2, 3], ("long", "bitfit"): [5, 6, 8],
        ("short", "full"): [7, 7, 8], ("long", "full"): [2, 9, 9],
    }  # fmt: skip
    rows, exact = [], {}
    for (budget, method), by_seed in counts.items():
        for seed, count in enumerate(by_seed):
            rows.append(run_row(method, 100, 1e-3, seed, budget=budget))
            exact[rows[-1]["id"]] = right(count)
    runs = collect_runs(rows, exact, GROUPS)
    best = pd.DataFrame(
        {"method": ["bitfit", "full"], "n_train": 100, "budget": ["long", "short"],
         "steps": [1500, 375]}
    )  # fmt: skip
    found = contrast_best(runs, runs.frame, best, STUDY)
    (row,) = found[found["metric"] == "exact_match"].to_dict("records")
    assert row["difference"] == pytest.approx(-10.0)  # 2, 1 and 0 of ten behind
    assert (row["first_budget"], row["second_budget"]) == ("long", "short")
    assert (row["first_steps"], row["second_steps"], row["pairs"]) == (1500, 375, 3)
    alike = contrast_best(runs, runs.frame, best.assign(budget="long"), STUDY)
    under = make_contrasts(runs, runs.frame[runs.frame["budget"] == "long"], STUDY)
    numbers = ["difference", "low", "high", "p", "p_holm"]
    assert alike[numbers].to_numpy() == pytest.approx(under[numbers].to_numpy())
