"""What more training examples change: paired differences of one method between two sizes.

Subsets are nested for each seed, so runs are paired seed by seed: from each size to the next, and
from the smallest to the largest. Under one budget (`compare_sizes`) the larger size may train for
more steps, as where the budget is a number of epochs; both are shown beside the difference. At
equal steps (`compare_at_equal_steps`), under whichever budgets, only the examples differ; there the
change of a contrast stands beside that of a method, a difference of differences.
"""

import itertools
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pandas as pd

from tuning_curves.analysis.comparisons import ALONE, Analysis, columns_of, correct_families
from tuning_curves.analysis.pairs import match_runs, of_method
from tuning_curves.analysis.runs import GROUP, SEED, Runs, finished
from tuning_curves.analysis.statistics import Estimate, estimate
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks.base import Metric


def compare_sizes(runs: Runs, chosen: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """One row per budget, method, pair of sizes and metric; Holm within budget, method and metric.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    rows = list(_rows(runs, chosen, analysis))
    return correct_families(pd.DataFrame(rows), ["budget", "method", "metric"])


def _rows(runs: Runs, chosen: pd.DataFrame, analysis: Analysis) -> Iterator[dict[str, Any]]:
    for key, own in chosen.groupby(["budget", "method"], sort=False):
        budget, method = cast(tuple[str, str], key)
        for smaller, larger in _pairs(sorted(own["n_train"].unique().tolist())):
            sides = [own.loc[own["n_train"] == n] for n in (smaller, larger)]
            pairs = match_runs(sides, carry=["steps"])
            if pairs.empty:
                continue
            row = {"budget": budget, "method": method, "smaller": smaller, "larger": larger}
            row |= {"smaller_steps": int(pairs["steps_0"].iloc[0])}
            row |= {"larger_steps": int(pairs["steps_1"].iloc[0]), "pairs": len(pairs)}
            for metric in runs.metrics:
                found = _estimate(runs, _rise(runs, pairs, metric, 0), analysis)
                yield row | columns_of(found, metric, analysis.confidence)


def _pairs(sizes: list[int]) -> list[tuple[int, int]]:
    """Each size with the next, and the smallest with the largest."""
    steps = list(itertools.pairwise(sizes))
    return [*steps, (sizes[0], sizes[-1])] if len(steps) > 1 else steps


def _rise(runs: Runs, pairs: pd.DataFrame, metric: Metric, side: int) -> np.ndarray:
    """The runs of side + 1 minus those of `side`: sums over groups, [pairs, G]."""
    smaller, larger = (list(pairs[f"id_{number}"]) for number in (side, side + 1))
    return runs.stack(larger, metric.name) - runs.stack(smaller, metric.name)


def _estimate(runs: Runs, sums: np.ndarray, analysis: Analysis) -> Estimate:
    return estimate(sums, runs.group_sizes, draws=analysis.n_bootstrap, seed=analysis.seed)


def compare_at_equal_steps(runs: Runs, chosen: pd.DataFrame, study: StudyConfig) -> pd.DataFrame:
    """One row per number of steps, subject, pair of sizes and metric; methods before contrasts.

    Holm within steps, subject and metric. A contrast's sizes are those that both methods have. Of
    two budgets of equal steps at a size the one with the higher validation score counts.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    subjects = [(name, ALONE) for name in study.method_names]
    subjects += list(study.analysis.contrasts)
    scores = chosen.groupby(GROUP)["validation_score"].transform("mean")
    ranked = chosen.assign(score=scores).sort_values("score", ascending=False, kind="stable")
    once = finished(ranked).drop_duplicates(["method", "n_train", "steps", *SEED])
    rows = [
        row
        for first, second in subjects
        for steps, sides in _at_equal_steps(once, [first, second] if second != ALONE else [first])
        for row in _rows_at(runs, sides, first, second, steps, study.analysis)
    ]
    found = correct_families(pd.DataFrame(rows), ["steps", "first", "second", "metric"])
    return found if found.empty else found.sort_values("steps", kind="stable", ignore_index=True)


def _at_equal_steps(
    once: pd.DataFrame, methods: list[str]
) -> Iterator[tuple[int, list[pd.DataFrame]]]:
    """Each number of steps that all these methods trained for, and their runs of it."""
    grouped = [dict(list(of_method(once, method).groupby("steps"))) for method in methods]
    for steps in sorted(set.intersection(*(set(groups) for groups in grouped))):
        yield int(steps), [groups[steps] for groups in grouped]


def _rows_at(
    runs: Runs, sides: list[pd.DataFrame], first: str, second: str, steps: int, analysis: Analysis
) -> Iterator[dict[str, Any]]:
    sizes = set.intersection(*(set(side["n_train"].tolist()) for side in sides))
    for smaller, larger in _pairs(sorted(sizes)):
        both = [side.loc[side["n_train"] == n] for side in sides for n in (smaller, larger)]
        pairs = match_runs(both)
        if pairs.empty:
            continue
        row = {"steps": steps, "first": first, "second": second}
        row |= {"smaller": smaller, "larger": larger, "pairs": len(pairs)}
        for metric in runs.metrics:
            sums = _rise(runs, pairs, metric, 0)
            if second != ALONE:
                sums = sums - _rise(runs, pairs, metric, 2)
            found = _estimate(runs, sums, analysis)
            yield row | columns_of(found, metric, analysis.confidence)
