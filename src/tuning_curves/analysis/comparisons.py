"""Contrasts: paired differences of two methods at one size, each at its own chosen rate.

Runs of one seed saw the same training questions, and all runs answer the same test questions, so
differences are taken seed by seed and article by article. A seed whose run failed or is missing
for either method makes no pair. p-values are corrected after Holm over the sizes of one budget
and pair of methods.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from tuning_curves.analysis.runs import GROUP, SEED, Runs, finished
from tuning_curves.analysis.selection import RATE
from tuning_curves.analysis.statistics import PERCENT, Estimate, estimate, generator_for
from tuning_curves.study.config import StudyConfig

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


def find_pairs(runs: pd.DataFrame, first: str, second: str) -> dict[tuple[str, int], Pairs]:
    """The pairs of two methods, by budget and size; where there is none, no entry."""
    done = finished(runs)
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
    """One row per budget, pair of methods and size.

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
        analysis["confidence"],
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
    return estimate(sums, runs.article_sizes, draws=analysis["n_bootstrap"], generator=generator)


def correct_holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction of a family of p-values; NaN stands outside of the family."""
    corrected = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p[order]
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected


METRICS = ("em", "f1")


def make_curves(runs: Runs, chosen: pd.DataFrame, analysis: dict[str, Any]) -> pd.DataFrame:
    """One row per budget, method and size: means over seeds with intervals.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
        analysis: the study's section: `draws`, `seed`, `level`.
    """
    rows = []
    for key, own in chosen.groupby(RATE):
        done = finished(own)
        row = dict(zip(RATE, key, strict=True))
        row |= {"seeds": len(done), "failed": len(own) - len(done)}
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
    found = estimate(sums, runs.article_sizes, draws=analysis["n_bootstrap"], generator=generator)
    low, high = np.clip(found.interval(analysis["confidence"]), 0, PERCENT)
    by_seed = PERCENT * sums.sum(axis=1) / runs.article_sizes.sum()
    spread = float(by_seed.std(ddof=1)) if len(ids) > 1 else np.nan
    names = metric, f"{metric}_low", f"{metric}_high", f"{metric}_sd"
    return dict(zip(names, (found.value, float(low), float(high), spread), strict=True))


ALONE = ""  # stands for the second method where a row is about one
SIDES = ("shorter", "longer")
STEPS = ["shorter_steps", "longer_steps"]


def compare_budgets(runs: Runs, chosen: pd.DataFrame, study: StudyConfig) -> pd.DataFrame:
    """One row per pair of budgets, method or contrast, and size; methods come before contrasts.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
        study: `budgets`, `methods` and `analysis` are used.
    """
    names = [budget["name"] for budget in study["budgets"]]
    analysis = study["analysis"]
    methods = [method["name"] for method in study["methods"]]
    subjects = [(name, ALONE) for name in methods]
    subjects += [(first, second) for first, second in analysis["contrasts"]]
    frames = []
    for one, other in itertools.combinations(names, 2):
        gains = {name: find_gains(chosen, name, one, other) for name in methods}
        for first, second in subjects:
            family = pd.DataFrame(_rows(runs, gains, first, second, analysis))
            if not family.empty:
                frames.append(family.assign(p_holm=correct_holm(family["p"].to_numpy())))
    if not frames:
        return pd.DataFrame()
    rows = pd.concat(frames).drop_duplicates(["first", "second", "runs"], ignore_index=True)
    return rows.drop(columns="runs")


def find_gains(runs: pd.DataFrame, method: str, one: str, other: str) -> pd.DataFrame:
    """A method's pairs of runs of one seed and size that two budgets train for unequal steps.

    Returns:
        `n_train`, the seeds, and of either side (`shorter`, `longer`) its budget, steps and id.
    """
    done = finished(runs)
    own = done.loc[
        (done["method"] == method) & done["budget"].isin((one, other)),
        ["budget", "n_train", *SEED, "steps", "id"],
    ]
    pairs = own.merge(own, on=["n_train", *SEED], suffixes=("_shorter", "_longer"))
    pairs = pairs[pairs["steps_shorter"] < pairs["steps_longer"]]
    names = {f"budget_{side}": side for side in SIDES}
    names |= {f"{part}_{side}": f"{side}_{part}" for side in SIDES for part in ("steps", "id")}
    return pairs.rename(columns=names).sort_values(["n_train", *SEED], ignore_index=True)


def _rows(
    runs: Runs,
    gains: Mapping[str, pd.DataFrame],
    first: str,
    second: str,
    analysis: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """One row per size of one method's gain, or of the difference of two methods'."""
    keys = ["n_train", *SEED, *SIDES, *STEPS]
    pairs = gains[first]
    if second != ALONE:
        pairs = pairs.merge(gains[second], on=keys, suffixes=("", "_second"))
    for place, own in pairs.groupby(["shorter", "longer", "n_train"], sort=False):
        shorter, longer, n = cast(tuple[str, str, int], place)
        row: dict[str, Any] = {"shorter": shorter, "longer": longer}
        row |= {"first": first, "second": second, "n_train": n, "pairs": len(own)}
        row |= {name: int(own[name].iloc[0]) for name in STEPS}
        row["runs"] = tuple(own.filter(like="_id").to_numpy().ravel())
        differences = {}
        for metric in METRICS:
            sums = _gain(runs, own, metric)
            if second != ALONE:
                sums = sums - _gain(runs, own, metric, "_second")
            key = (first, second, n, row["shorter_steps"], row["longer_steps"])
            generator = generator_for(analysis["seed"], "budgets", metric, *key)
            differences[metric] = estimate(
                sums, runs.article_sizes, draws=analysis["n_bootstrap"], generator=generator
            )
        row |= columns_of(differences, analysis["confidence"])
        yield row


def _gain(runs: Runs, pairs: pd.DataFrame, metric: str, suffix: str = "") -> np.ndarray:
    """Longer minus shorter: sums over articles, [pairs, A]."""
    longer, shorter = (list(pairs[f"{side}_id{suffix}"]) for side in reversed(SIDES))
    return runs.stack(longer, metric) - runs.stack(shorter, metric)
