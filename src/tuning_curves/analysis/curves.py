"""Curves: exact match and F1 of each method against training size, at its chosen rate.

Values and intervals come from the runs' sums over articles; an interval ends at 0 and at 100, which
no score passes. `em_sd` and `f1_sd` are standard deviations over seeds alone.
"""

from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.statistics import PERCENT, estimate, generator_for
from tuning_curves.analysis.runs import GROUP, Runs, finished
from tuning_curves.analysis.selection import RATE

METRICS = ("em", "f1")


def make_curves(runs: Runs, chosen: pd.DataFrame, analysis: dict[str, Any]) -> pd.DataFrame:
    """A row a budget, method and size: means over seeds with intervals.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
        analysis: the study's section: `draws`, `seed`, `level`.
    """
    rows = []
    for key, cells in chosen.groupby(RATE):
        done = finished(cells)
        row = dict(zip(RATE, key, strict=True))
        row |= {"seeds": len(done), "failed": len(cells) - len(done)}
        for metric in METRICS:
            row |= _score(runs, list(done["id"]), metric, row, analysis)
        rows.append(row)
    return pd.DataFrame(rows)


def _score(
    runs: Runs, ids: list[str], metric: str, row: dict[str, Any], analysis: dict[str, Any]
) -> dict[str, float]:
    """One metric's mean, interval and standard deviation over seeds, in percent."""
    sums = runs.stack(ids, metric)
    # The budget is no part of the key: two budgets that share their runs share their numbers.
    generator = generator_for(analysis["seed"], "curve", metric, *[row[k] for k in GROUP[1:]])
    found = estimate(sums, runs.article_sizes, draws=analysis["draws"], generator=generator)
    low, high = np.clip(found.interval(analysis["level"]), 0, PERCENT)
    by_seed = PERCENT * sums.sum(axis=1) / runs.article_sizes.sum()
    spread = float(by_seed.std(ddof=1)) if len(ids) > 1 else np.nan
    names = metric, f"{metric}_low", f"{metric}_high", f"{metric}_sd"
    return dict(zip(names, (found.value, float(low), float(high), spread), strict=True))
