"""Runs that saw the same examples are one sample, however many they are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.comparisons import make_curves
from tuning_curves.analysis.runs import BIASES, Runs
from tuning_curves.analysis.selection import unite_subsets
from tuning_curves.study.config import Analysis
from tuning_curves.tasks.question_answering import QuestionAnswering

ANALYSIS = Analysis(contrasts=(), n_bootstrap=200, seed=0, confidence=0.95)
METRICS = QuestionAnswering.metrics
SIZES = np.array([5, 5])


def runs_of(run_row: Callable[..., dict[str, Any]], scores: dict[tuple[int, int], Any]) -> Runs:
    """Runs of one method by (subset, init), from sums of scores over two groups."""
    rows: list[dict[str, Any]] = []
    sums: dict[str, dict[str, np.ndarray]] = {metric.name: {} for metric in METRICS}
    for (subset, init), found in scores.items():
        row = run_row("full", 100, 1e-3, subset)
        row |= {"subset_seed": subset, "init_seed": init, "id": f"{subset}-{init}"}
        row |= {"test_score": 100 * sum(found) / 10, "validation_score": 10.0}
        rows.append(row)
        for known in sums.values():
            known[row["id"]] = np.array(found, dtype=float)
    biases = pd.DataFrame(
        [
            {"id": row["id"], "term": "q", "layer": 1, "change": place, "first_gradient": 0.5}
            for place, row in enumerate(rows)
        ]
    )[BIASES]
    frame = pd.DataFrame(rows)
    return Runs(frame=frame, group_sizes=SIZES, sums=sums, biases=biases, metrics=METRICS)


def test_runs_of_one_subset_are_averaged(run_row: Callable[..., dict[str, Any]]) -> None:
    runs = runs_of(run_row, {(0, 0): [1, 2], (0, 1): [3, 2], (1, 0): [4, 4]})
    united, chosen = unite_subsets(runs, runs.frame)
    assert list(chosen["id"]) == ["0-0+0-1", "1-0"]
    assert list(chosen["test_score"]) == [40.0, 80.0]
    assert united.sums["exact_match"]["0-0+0-1"].tolist() == [2, 2]
    assert set(chosen["init_seed"]) == {-1}
    assert united.biases.set_index("id")["change"].to_dict() == {
        "0-0": 0, "0-1": 1, "1-0": 2, "0-0+0-1": 0.5,
    }  # fmt: skip
    assert make_curves(united, chosen, ANALYSIS)["seeds"].tolist() == [2, 2]  # one row per metric


def test_ten_runs_of_two_subsets_claim_no_more_than_two(
    run_row: Callable[..., dict[str, Any]],
) -> None:
    base = {0: [1, 1], 1: [4, 4]}
    many = {(s, i): base[s] for s in base for i in range(5)}
    numbers = ["score", "low", "high"]
    wide = [
        make_curves(*unite_subsets(runs := runs_of(run_row, scores), runs.frame), ANALYSIS)
        for scores in ({(s, 0): base[s] for s in base}, many)
    ]
    assert wide[0][["metric", *numbers]].equals(wide[1][["metric", *numbers]])


def test_one_run_a_subset_stays_as_it_is(run_row: Callable[..., dict[str, Any]]) -> None:
    runs = runs_of(run_row, {(0, 0): [1, 2], (1, 1): [3, 2]})
    united, chosen = unite_subsets(runs, runs.frame)
    assert united is runs
    assert chosen is runs.frame
