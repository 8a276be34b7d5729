"""Runs that saw the same questions are one sample, however many they are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.comparisons import make_curves
from tuning_curves.analysis.runs import BIASES, Runs
from tuning_curves.analysis.selection import unite_subsets

ANALYSIS = {"n_bootstrap": 200, "seed": 0, "confidence": 0.95}
SIZES = np.array([5, 5])


def runs_of(run_row: Callable[..., dict[str, Any]], scores: dict[tuple[int, int], Any]) -> Runs:
    """Runs of one method by (subset, init), from sums of exact matches over two articles."""
    rows: list[dict[str, Any]] = []
    sums: dict[str, dict[str, np.ndarray]] = {"em": {}, "f1": {}}
    for (subset, init), found in scores.items():
        row = run_row("full", 100, 1e-3, subset)
        row |= {"subset_seed": subset, "init_seed": init, "id": f"{subset}-{init}"}
        row |= {"em": 100 * sum(found) / 10, "f1": 100 * sum(found) / 10}
        row |= {"validation_em": 10.0, "validation_f1": 10.0}
        rows.append(row)
        for known in sums.values():
            known[row["id"]] = np.array(found, dtype=float)
    biases = pd.DataFrame(
        [
            {"id": row["id"], "term": "q", "layer": 1, "change": place, "first_gradient": 0.5}
            for place, row in enumerate(rows)
        ]
    )[BIASES]
    return Runs(frame=pd.DataFrame(rows), article_sizes=SIZES, sums=sums, biases=biases)


def test_runs_of_one_subset_are_averaged(run_row: Callable[..., dict[str, Any]]) -> None:
    runs = runs_of(run_row, {(0, 0): [1, 2], (0, 1): [3, 2], (1, 0): [4, 4]})
    united, chosen = unite_subsets(runs, runs.frame)
    assert list(chosen["id"]) == ["0-0+0-1", "1-0"]
    assert list(chosen["em"]) == [40.0, 80.0]
    assert united.sums["em"]["0-0+0-1"].tolist() == [2, 2]
    assert set(chosen["init_seed"]) == {-1}
    assert united.biases.set_index("id")["change"].to_dict() == {
        "0-0": 0, "0-1": 1, "1-0": 2, "0-0+0-1": 0.5,
    }  # fmt: skip
    assert make_curves(united, chosen, ANALYSIS)["seeds"].tolist() == [2]


def test_ten_runs_of_two_subsets_claim_no_more_than_two(
    run_row: Callable[..., dict[str, Any]],
) -> None:
    base = {0: [1, 1], 1: [4, 4]}
    many = {(s, i): base[s] for s in base for i in range(5)}
    wide = [
        make_curves(*unite_subsets(runs := runs_of(run_row, scores), runs.frame), ANALYSIS)
        for scores in ({(s, 0): base[s] for s in base}, many)
    ]
    assert wide[0][["em", "em_low", "em_high"]].equals(wide[1][["em", "em_low", "em_high"]])


def test_one_run_a_subset_stays_as_it_is(run_row: Callable[..., dict[str, Any]]) -> None:
    runs = runs_of(run_row, {(0, 0): [1, 2], (1, 1): [3, 2]})
    united, chosen = unite_subsets(runs, runs.frame)
    assert united is runs
    assert chosen is runs.frame
