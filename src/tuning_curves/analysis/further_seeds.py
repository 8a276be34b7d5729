"""What further seeds would decide: undecided contrasts, were their differences to stay.

The half width of a difference's interval with more seeds follows from the paired variance of the
seeds at hand (`statistics.half_width_with`), at the level that Holm's correction asks for while all
other sizes of the family stay as they are. A contrast would be decided as soon as that is less than
its present difference. The assumption is strong: a difference that is seen moves, mostly towards 0,
and a spread over three seeds may be off by a factor of six. This plans hours; it decides nothing.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.comparisons import (
    LEAST_PAIRS,
    bound_of_holm,
    is_decided,
    significance,
)
from tuning_curves.analysis.pairs import find_pairs
from tuning_curves.analysis.runs import GROUP, Runs, finished
from tuning_curves.analysis.statistics import PERCENT, half_width_with
from tuning_curves.study.config import StudyConfig

AHEAD = (5, 10, 20)  # seeds for which the half width is told
MOST = 100  # seeds; what takes more is taken to need other test examples


def tabulate_further_seeds(
    runs: Runs,
    chosen: pd.DataFrame,
    selection: pd.DataFrame,
    contrasts: pd.DataFrame,
    study: StudyConfig,
) -> pd.DataFrame:
    """One row per undecided contrast of the study's metric.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`; selection: from `select_rates`;
            contrasts: from `make_contrasts`.

    Returns:
        with the half widths in percent points; `needed` seeds in all, NaN where `MOST` are too few;
        and what one further seed of both methods costs, every learning rate of their grids tried.
    """
    if contrasts.empty:
        return pd.DataFrame()
    of_metric = contrasts[contrasts["metric"] == runs.metric.name]
    costs = _costs(chosen, selection)
    return pd.DataFrame([
        row | _cost(costs, row)
        for first, second in study.analysis.contrasts
        for row in _of_pair(runs, chosen, of_metric, (first, second), study)
    ])  # fmt: skip


def _of_pair(
    runs: Runs, chosen: pd.DataFrame, contrasts: pd.DataFrame, pair: tuple[str, str],
    study: StudyConfig,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The rows of one pair of methods, without their cost."""
    own = contrasts[(contrasts["first"] == pair[0]) & (contrasts["second"] == pair[1])]
    found = find_pairs(chosen, *pair)
    confidence = study.analysis.confidence
    for row in own.itertuples():
        if is_decided(row.pairs, row.p_holm, confidence):
            continue
        others = own[(own["budget"] == row.budget) & (own["n_train"] != row.n_train)]
        level = 1 - bound_of_holm(others["p"].to_numpy(float), significance(confidence))
        sums = found[row.budget, row.n_train].differences(runs, runs.metric.name)
        told = {
            name: getattr(row, name)
            for name in ("budget", "first", "second", "n_train", "pairs", "metric", "difference")
        }
        yield told | predict(sums, runs.group_sizes, level)


def predict(sums: np.ndarray, sizes: np.ndarray, level: float) -> dict[str, float]:
    """Half widths now and with more seeds, and how many seeds a difference needs that stays.

    Args:
        sums: differences over groups, [S, G]; sizes: examples of each group, [G].
    """
    pairs = len(sums)
    difference = PERCENT * abs(sums.mean(axis=0).sum()) / sizes.sum()
    half = {n: half_width_with(n, sums, sizes, level) for n in {pairs, *range(2, MOST + 1)}}
    enough = [n for n in half if max(pairs + 1, LEAST_PAIRS) <= n <= MOST and half[n] < difference]
    return {
        "half": half[pairs],
        **{f"half_{seeds}": half[seeds] for seeds in AHEAD},
        "needed": min(enough, default=np.nan),
    }


def _costs(chosen: pd.DataFrame, selection: pd.DataFrame) -> pd.DataFrame:
    """What one seed of a method costs, by budget, method and size: core seconds, steps."""
    runs = finished(chosen)
    cores = pd.to_numeric(runs["threads"]) * runs["train_seconds"]
    medians = runs.assign(seed_seconds=cores, seed_steps=runs["steps"]).groupby(GROUP)
    costs = medians[["seed_seconds", "seed_steps"]].median()
    return costs.mul(selection.set_index(GROUP)["grid_size"], axis=0)


def _cost(costs: pd.DataFrame, row: dict[str, Any]) -> dict[str, float]:
    """Of both methods; NaN where one of them was not timed."""
    keys = [(row["budget"], row[side], row["n_train"]) for side in ("first", "second")]
    return {name: sum(float(costs[name].get(key, np.nan)) for key in keys) for name in costs}
