"""Contrasts: paired differences of two methods at one size, each at its own chosen rate.

Runs of one seed saw the same training questions, and all runs answer the same dev questions, so
differences are taken seed by seed and article by article. A seed whose run failed or is missing
for either method makes no pair. p-values are corrected after Holm over the sizes of one budget
and pair of methods.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from tuning_curves.analysis.curves import METRICS
from tuning_curves.analysis.statistics import Estimate, estimate, generator_for
from tuning_curves.analysis.runs import SEED, Runs, finished

LEAST_PAIRS = 3  # of seeds, before a difference counts: intervals of two are too narrow


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Two methods' runs of the same seeds at one size."""

    seeds: list[tuple[int, int]]  # (subset_seed, init_seed)
    first: list[str]  # ids
    second: list[str]

    def differences(self, runs: Runs, metric: str) -> np.ndarray:
        """First minus second: sums over articles, [pairs, A]."""
        return runs.stack(self.first, metric) - runs.stack(self.second, metric)


def find_pairs(cells: pd.DataFrame, first: str, second: str) -> dict[tuple[str, int], Pairs]:
    """The pairs of two methods, by budget and size; where there is none, no entry."""
    done = finished(cells)
    columns = ["budget", "n_train", *SEED, "id"]
    sides = [done.loc[done["method"] == method, columns] for method in (first, second)]
    joined = sides[0].merge(
        sides[1], on=columns[:-1], suffixes=("_first", "_second"), validate="one_to_one"
    )
    joined = joined.sort_values(columns[:-1])
    found: dict[tuple[str, int], Pairs] = {}
    for key, group in joined.groupby(["budget", "n_train"]):
        budget, n = cast(tuple[str, int], key)
        found[budget, n] = Pairs(
            seeds=list(zip(group["subset_seed"], group["init_seed"], strict=True)),
            first=list(group["id_first"]),
            second=list(group["id_second"]),
        )
    return found


def make_contrasts(runs: Runs, chosen: pd.DataFrame, analysis: dict[str, Any]) -> pd.DataFrame:
    """A row a budget, pair of methods and size.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
        analysis: the study's section: `contrasts`, `draws`, `seed`, `level`.
    """
    rows = []
    for first, second in analysis["contrasts"]:
        for (budget, n), pairs in find_pairs(chosen, first, second).items():
            row: dict[str, Any] = {"budget": budget, "first": first, "second": second}
            row["n_train"] = n
            row["pairs"] = len(pairs.seeds)
            rows.append(row | _differences(runs, pairs, row, analysis))
    if not rows:
        return pd.DataFrame(rows)
    contrasts = pd.DataFrame(rows)
    family = contrasts.groupby(["budget", "first", "second"])["p"]
    contrasts["p_holm"] = family.transform(lambda p: correct_holm(p.to_numpy()))
    return contrasts


def _differences(
    runs: Runs, pairs: Pairs, row: dict[str, Any], analysis: dict[str, Any]
) -> dict[str, float]:
    return columns_of(
        {metric: difference_of(runs, pairs, metric, row, analysis) for metric in METRICS},
        analysis["level"],
    )


def columns_of(differences: Mapping[str, Estimate], level: float) -> dict[str, float]:
    """A row's columns: each metric's difference with its interval, and exact match's p-value."""
    found = {"p": differences["em"].p_value()}
    for metric, difference in differences.items():
        low, high = difference.interval(level)
        found |= {f"{metric}_difference": difference.value}
        found |= {f"{metric}_low": low, f"{metric}_high": high}
    return found


def difference_of(
    runs: Runs, pairs: Pairs, metric: str, row: dict[str, Any], analysis: dict[str, Any]
) -> Estimate:
    """The difference of one metric, first minus second, in percent points.

    Args:
        row: `first`, `second` and `n_train`, from which the draws' generator is made.
    """
    key = (row["first"], row["second"], row["n_train"])
    generator = generator_for(analysis["seed"], "contrast", metric, *key)
    sums = pairs.differences(runs, metric)
    return estimate(sums, runs.article_sizes, draws=analysis["draws"], generator=generator)


def correct_holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction of a family of p-values; NaN stands outside of the family."""
    corrected = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p[order]
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected
