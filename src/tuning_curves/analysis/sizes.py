"""What more training examples change: paired differences of one method between two sizes.

Subsets are nested for each seed, so runs are paired seed by seed, under one budget: from each size
to the next, and from the smallest to the largest. Where the budget is a number of epochs, the
larger size also trains for more steps; both are shown beside the difference.
"""

import itertools
from collections.abc import Iterator
from typing import Any, cast

import pandas as pd

from tuning_curves.analysis.comparisons import Analysis, columns_of, correct_families
from tuning_curves.analysis.pairs import match_runs
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.statistics import estimate, generator_for
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
                found = _gain(runs, pairs, metric, row, analysis)
                yield row | columns_of(found, metric, analysis.confidence)


def _pairs(sizes: list[int]) -> list[tuple[int, int]]:
    """Each size with the next, and the smallest with the largest."""
    steps = list(itertools.pairwise(sizes))
    return [*steps, (sizes[0], sizes[-1])] if len(steps) > 1 else steps


def _gain(
    runs: Runs, pairs: pd.DataFrame, metric: Metric, row: dict[str, Any], analysis: Analysis
) -> Any:
    """Larger minus smaller, in percent points."""
    smaller, larger = (runs.stack(list(pairs[f"id_{side}"]), metric.name) for side in (0, 1))
    key = [row[name] for name in ("method", "smaller", "larger", "smaller_steps", "larger_steps")]
    generator = generator_for(analysis.seed, "sizes", metric.stream or metric.name, *key)
    draws = analysis.n_bootstrap
    return estimate(larger - smaller, runs.group_sizes, draws=draws, generator=generator)
