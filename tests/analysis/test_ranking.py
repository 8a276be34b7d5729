"""The best method of a place, and which ones are tied with it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tuning_curves.analysis.comparisons import correct_holm, make_contrasts
from tuning_curves.analysis.ranking import rank_methods
from tuning_curves.analysis.runs import Runs

from .simulated import study_of

ANALYSIS = {"contrasts": [["bitfit", "full"]], "n_bootstrap": 199, "seed": 0, "confidence": 0.95}
STUDY = study_of(["full", "bitfit", "head"], [50, 100], analysis=ANALYSIS)
GROUPS = [10, 10, 10, 10]
RIGHT = {  # of forty answers, by seed
    ("full", 50): [30, 31, 32],
    ("bitfit", 50): [29, 32, 30],
    ("head", 50): [10, 11, 9],
    ("full", 100): [20, 21, 22],
    ("bitfit", 100): [24, 25, 26],
}


@pytest.fixture
def runs(run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs]) -> Runs:
    rows, exact = [], {}
    for (method, n), by_seed in RIGHT.items():
        for seed, count in enumerate(by_seed):
            rows.append(run_row(method, n, 1e-3, seed))
            spread = np.arange(40) * count // 40
            exact[rows[-1]["id"]] = np.diff(np.append(spread, count)).tolist()
    return collect_runs(rows, exact, GROUPS)


def test_the_best_mean_is_what_all_others_are_set_against(runs: Runs) -> None:
    table = rank_methods(runs, runs.frame, STUDY)
    assert table[["n_train", "method", "best"]].to_numpy().tolist() == [
        [50, "full", "full"],
        [50, "bitfit", "full"],
        [50, "head", "full"],
        [100, "full", "bitfit"],
        [100, "bitfit", "bitfit"],
    ]
    differences = table["difference"].tolist()
    assert np.isnan(differences[0]) and np.isnan(differences[4])
    assert differences[1:4] == pytest.approx([100 * -2 / 120, 100 * -63 / 120, -10.0])
    assert table["pairs"].tolist() == [0, 3, 3, 3, 0]
    assert set(table["metric"]) == {"exact_match"}


def test_holm_is_over_all_pairs_of_a_place_and_numbers_are_those_of_contrasts(
    runs: Runs,
) -> None:
    table = rank_methods(runs, runs.frame, STUDY)
    at_50 = table[(table["n_train"] == 50) & table["p"].notna()]
    assert at_50["p_holm"].tolist() == correct_holm(at_50["p"].to_numpy(), 3).tolist()
    head = at_50[at_50["method"] == "head"].iloc[0]
    bitfit = at_50[at_50["method"] == "bitfit"].iloc[0]
    assert head["p_holm"] < 0.05 < bitfit["p_holm"]
    contrasts = make_contrasts(runs, runs.frame, STUDY)
    same = contrasts.query("first == 'bitfit' and n_train == 50 and metric == 'exact_match'").iloc[
        0
    ]
    assert (same["low"], same["high"]) == (bitfit["low"], bitfit["high"])


def test_a_method_without_a_common_seed_has_no_difference(runs: Runs) -> None:
    frame = runs.frame.copy()
    frame.loc[frame["method"] == "head", "subset_seed"] += 10
    head = rank_methods(runs, frame, STUDY).query("method == 'head'").iloc[0]
    assert head["pairs"] == 0 and np.isnan(head["difference"])
    alone = rank_methods(runs, frame, STUDY).query("method == 'bitfit' and n_train == 50").iloc[0]
    assert alone["p_holm"] == alone["p"]  # one pair is left


def test_a_mean_of_two_seeds_is_not_the_best_beside_one_of_three(runs: Runs) -> None:
    frame = runs.frame
    lost = (frame["method"] == "bitfit") & (frame["n_train"] == 100) & (frame["subset_seed"] == 0)
    few = rank_methods(runs, frame[~lost], STUDY).query("n_train == 100")
    assert set(few["best"]) == {"full"}
    two = frame[frame["subset_seed"] < 2]
    assert set(rank_methods(runs, two, STUDY).query("n_train == 100")["best"]) == {"bitfit"}


def test_no_finished_run_has_no_rank(runs: Runs) -> None:
    assert rank_methods(runs, runs.frame.assign(status="diverged"), STUDY).empty


def test_the_best_mean_is_taken_on_the_seeds_that_all_share(
    run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs]
) -> None:
    """Two more seeds, on which nobody else was trained, do not make a method the best."""
    right = {"full": [20, 21, 22, 39, 40], "bitfit": [24, 25, 26]}
    rows, exact = [], {}
    for method, by_seed in right.items():
        for seed, count in enumerate(by_seed):
            rows.append(run_row(method, 50, 1e-3, seed, test_score=100 * count / 40))
            exact[rows[-1]["id"]] = [1] * count + [0] * (40 - count)
    runs = collect_runs(rows, exact, GROUPS)
    table = rank_methods(runs, runs.frame, STUDY)
    assert set(table["best"]) == {"bitfit"}
    alone = runs.frame[(runs.frame["method"] == "full") | (runs.frame["subset_seed"] < 2)]
    assert set(rank_methods(runs, alone, STUDY)["best"]) == {"full"}  # two seeds decide nothing
