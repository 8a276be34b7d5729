"""Curves, contrasts and what budgets change: means and paired differences, metric by metric.

*Curves* are means over seeds at the chosen rate. *Contrasts* are paired differences of two methods
at one size, each at its own rate; runs are paired seed by seed and group by group (`pairs`).
Beside them stand the contrasts of two methods each under its own best budget
(`selection.choose_budgets`). *Budgets* are compared at one size, where they train a run for unequal
steps. p-values are corrected after Holm over the sizes of one metric and one subject.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import pandas as pd

from tuning_curves.analysis.pairs import Pairs, find_pairs, match_runs, of_method
from tuning_curves.analysis.runs import GROUP, SEED, Runs, finished
from tuning_curves.analysis.selection import RATE
from tuning_curves.analysis.statistics import PERCENT, Estimate, estimate
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks.metrics import Metric

T = TypeVar("T")
BEST = "best of each"  # stands for a budget where each method has its own best; no name of one
LEAST_PAIRS = 3  # of seeds, before a difference counts: intervals of two are too narrow


def significance(confidence: float) -> float:
    """What a corrected p-value has to lie below."""
    return round(1 - confidence, 12)


def is_decided(pairs: Any, p_holm: Any, confidence: float) -> Any:
    """Whether a difference counts: enough pairs, and significant after Holm's correction.

    Args:
        pairs, p_holm: numbers, or columns of a table; a missing p-value decides nothing.
    """
    return (pairs >= LEAST_PAIRS) & (p_holm < significance(confidence))


def runs_to_rank(of: Mapping[T, pd.DataFrame]) -> dict[T, list[str]]:
    """The ids of the runs by whose mean the best of several is found.

    Of those with `LEAST_PAIRS` seeds (of all, where none has them), at the seeds that these share,
    where they are as many; else at each one's own. A mean over five seeds and one over three
    differ by the seeds as well.

    Args:
        of: finished runs of one place, by what is ranked.
    """
    able = {key: own for key, own in of.items() if len(own) >= LEAST_PAIRS} or of
    shared = match_runs(list(able.values()))
    if len(shared) < LEAST_PAIRS:
        return {key: list(match_runs([own])["id_0"]) for key, own in able.items()}
    return {key: list(shared[f"id_{number}"]) for number, key in enumerate(able)}


class Analysis(Protocol):
    """How intervals are taken: a study's section `analysis`, or that of the claims."""

    @property
    def n_bootstrap(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def confidence(self) -> float: ...


def make_curves(runs: Runs, chosen: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """One row per budget, method, size and metric: means over seeds with intervals.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    rows = []
    for key, own in chosen.groupby(RATE):
        done = finished(own)
        row = dict(zip(RATE, key, strict=True))
        row |= {"seeds": len(done), "failed": len(own) - len(done)}
        rows += [row | _score(runs, list(done["id"]), metric, analysis) for metric in runs.metrics]
    return pd.DataFrame(rows)


def _score(runs: Runs, ids: list[str], metric: Metric, analysis: Analysis) -> dict[str, Any]:
    """One metric's mean, interval and standard deviation over seeds, in percent."""
    sums = runs.stack(ids, metric.name)
    found = estimate(sums, runs.group_sizes, draws=analysis.n_bootstrap, seed=analysis.seed)
    low, high = np.clip(found.interval(analysis.confidence), PERCENT * metric.least, PERCENT)
    by_seed = PERCENT * sums.sum(axis=1) / runs.group_sizes.sum()
    return {
        "metric": metric.name,
        "score": found.value,
        "low": float(low),
        "high": float(high),
        "sd": float(by_seed.std(ddof=1)) if len(ids) > 1 else np.nan,
    }


def make_contrasts(runs: Runs, chosen: pd.DataFrame, study: StudyConfig) -> pd.DataFrame:
    """One row per budget, pair of methods, size and metric.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    rows = []
    for first, second in study.analysis.contrasts:
        for (budget, n), pairs in find_pairs(chosen, first, second).items():
            row = {"budget": budget, "first": first, "second": second, "n_train": n}
            row["pairs"] = len(pairs.seeds)
            for metric in runs.metrics:
                difference = difference_of(runs, pairs, metric, study.analysis)
                rows.append(row | columns_of(difference, metric, study.analysis.confidence))
    return correct_families(pd.DataFrame(rows), ["budget", "first", "second", "metric"])


def contrast_best(
    runs: Runs, chosen: pd.DataFrame, best: pd.DataFrame, study: StudyConfig
) -> pd.DataFrame:
    """One row per pair of methods, size and metric, each method under its own best budget.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`; best: from `choose_budgets`.
    """
    rows = make_contrasts(runs, keep_best(chosen, best), study)
    for side in ("first", "second") if not rows.empty else ():
        names = {"method": side, "budget": f"{side}_budget", "steps": f"{side}_steps"}
        own = best[[*names, "n_train"]].rename(columns=names)
        rows = rows.merge(own, on=[side, "n_train"], how="left")
    return rows


def keep_best(chosen: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """The runs of each method and size under its best budget, as those of one budget, `BEST`."""
    return chosen.merge(best[GROUP], on=GROUP).assign(budget=BEST)


def difference_of(runs: Runs, pairs: Pairs, metric: Metric, analysis: Analysis) -> Estimate:
    """The difference of one metric, first minus second, in percent points."""
    sums = pairs.differences(runs, metric.name)
    return estimate(sums, runs.group_sizes, draws=analysis.n_bootstrap, seed=analysis.seed)


def columns_of(difference: Estimate, metric: Metric, confidence: float) -> dict[str, Any]:
    """A row's columns: a metric's difference with its interval and p-value."""
    low, high = difference.interval(confidence)
    found = {"metric": metric.name, "difference": difference.value, "low": low, "high": high}
    return found | {"p": difference.p_value()}


def correct_families(rows: pd.DataFrame, family: list[str]) -> pd.DataFrame:
    """The rows with `p_holm`: Holm's correction within each family."""
    if rows.empty:
        return rows
    p = rows.groupby(family, sort=False)["p"]
    return rows.assign(p_holm=p.transform(lambda own: correct_holm(own.to_numpy())))


def correct_holm(p: np.ndarray, family: int = 0) -> np.ndarray:
    """Holm's step-down correction of a family of p-values; NaN stands outside of the family.

    Args:
        family: how many tests there are, where more than these were possible: the others count as
            if none of them were decided, which is never too lenient.
    """
    corrected = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = (max(family, len(order)) - np.arange(len(order))) * p[order]
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected


def bound_of_holm(others: np.ndarray, bound: float) -> float:
    """What a p-value has to be below to be decided, as the others of its family stand.

    Args:
        others: their p-values, uncorrected; NaN stands outside of the family.
        bound: of corrected p-values, such as 0.05.
    """
    known = np.sort(others[~np.isnan(others)])
    left = len(known) + 1
    for p in known:
        if not left * p < bound:
            break
        left -= 1
    return bound / left


ALONE = ""  # stands for the second method where a row is about one
SIDES = ("shorter", "longer")
STEPS = ["shorter_steps", "longer_steps"]


def compare_budgets(runs: Runs, chosen: pd.DataFrame, study: StudyConfig) -> pd.DataFrame:
    """One row per pair of budgets, subject, size and metric; methods come before contrasts.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    subjects = [(name, ALONE) for name in study.method_names]
    subjects += list(study.analysis.contrasts)
    frames = []
    for one, other in itertools.combinations(study.budget_names, 2):
        gains = {name: find_gains(chosen, name, one, other) for name in study.method_names}
        for first, second in subjects:
            family = pd.DataFrame(_rows(runs, gains, first, second, study.analysis))
            frames.append(correct_families(family, ["metric"]))
    known = [frame for frame in frames if not frame.empty]
    if not known:
        return pd.DataFrame()
    once = ["first", "second", "runs", "metric"]
    rows = pd.concat(known).drop_duplicates(once, ignore_index=True)
    return rows.drop(columns="runs")


def find_gains(runs: pd.DataFrame, method: str, one: str, other: str) -> pd.DataFrame:
    """A method's pairs of runs of one seed and size that two budgets train for unequal steps.

    Returns:
        `n_train`, the seeds, and of either side (`shorter`, `longer`) its budget, steps and id.
    """
    own = of_method(runs, method)
    sides = [own.loc[own["budget"] == budget] for budget in (one, other)]
    pairs = match_runs(sides, ["n_train"], ["budget", "steps"])
    pairs = pairs[pairs["steps_0"] != pairs["steps_1"]].reset_index(drop=True)
    turned = (pairs["steps_0"] > pairs["steps_1"]).to_numpy()
    found = pairs[["n_train", *SEED]].copy()
    for side, of_one in zip(SIDES, (~turned, turned), strict=True):
        for name, column in (("budget", side), ("steps", f"{side}_steps"), ("id", f"{side}_id")):
            found[column] = pairs[f"{name}_0"].where(of_one, pairs[f"{name}_1"])
    return found


def _rows(
    runs: Runs, gains: Mapping[str, pd.DataFrame], first: str, second: str, analysis: Analysis
) -> Iterator[dict[str, Any]]:
    """One row per size and metric of one method's gain, or of the difference of two methods'."""
    keys = ["n_train", *SEED, *SIDES, *STEPS]
    pairs = gains[first]
    if second != ALONE:
        pairs = pairs.merge(gains[second], on=keys, suffixes=("", "_second"))
    for place, own in pairs.groupby([*SIDES, "n_train"], sort=False):
        shorter, longer, n = cast(tuple[str, str, int], place)
        row: dict[str, Any] = {"shorter": shorter, "longer": longer}
        row |= {"first": first, "second": second, "n_train": n, "pairs": len(own)}
        row |= {name: int(own[name].iloc[0]) for name in STEPS}
        row["runs"] = tuple(own.filter(like="_id").to_numpy().ravel())
        for metric in runs.metrics:
            sums = _gain(runs, own, metric.name)
            if second != ALONE:
                sums = sums - _gain(runs, own, metric.name, "_second")
            difference = estimate(
                sums, runs.group_sizes, draws=analysis.n_bootstrap, seed=analysis.seed
            )
            yield row | columns_of(difference, metric, analysis.confidence)


def _gain(runs: Runs, pairs: pd.DataFrame, metric: str, suffix: str = "") -> np.ndarray:
    """Longer minus shorter: sums over groups, [pairs, G]."""
    longer, shorter = (list(pairs[f"{side}_id{suffix}"]) for side in reversed(SIDES))
    return runs.stack(longer, metric) - runs.stack(shorter, metric)
