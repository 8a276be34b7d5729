"""What a study has to say about a claim: conditions made from scores, costs and biases.

Scores are compared run by run of the same seeds, clustered by article (`comparisons`). Costs are
compared run by run on one device, as logarithms of ratios with Student's t over seeds; a count of
bytes that is the same in all runs is exact. Conditions stand where the study asks for runs, so a
size whose runs are missing keeps a claim open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.bias_terms import by_run
from tuning_curves.analysis.claims.decide import (
    Condition,
)
from tuning_curves.analysis.comparisons import difference_of, find_pairs, make_curves
from tuning_curves.analysis.runs import SEED, Runs, finished
from tuning_curves.analysis.statistics import (
    Estimate,
    equivalence_p,
    estimate,
    generator_for,
    not_worse_p,
)
from tuning_curves.study.config import StudyConfig

CONSTANT = 1e-12  # of a logarithm: what is the same in all runs but for rounding
PARTS = ["optimizer_bytes", "gradient_bytes"]
TOGETHER = {
    "training_bytes": [*PARTS, "activation_bytes"],
    "training_bytes_one": [*PARTS, "activation_bytes_one"],
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A study's runs at their chosen rates, with what is needed to compare them."""

    runs: Runs
    chosen: pd.DataFrame
    selection: pd.DataFrame
    study: StudyConfig
    level: float
    least_pairs: int

    @property
    def analysis(self) -> dict[str, Any]:
        """Draws and seed of the study, the level of the claims."""
        return {**self.study["analysis"], "confidence": self.level}

    @cached_property
    def curves(self) -> pd.DataFrame:
        """All curves at the claims' level."""
        return make_curves(self.runs, self.chosen, self.analysis)

    def sizes(self, methods: list[str], budget: str) -> list[int]:
        """The sizes at which the study asks for all these methods under this budget."""
        entries = {entry["name"]: entry for entry in self.study["methods"]}
        whole = next(entry for entry in self.study["budgets"] if entry["name"] == budget)
        asked = [
            set(self.study.sizes_of(entries[name], whole))
            for name in methods
            if budget in entries[name].get("budgets", [budget])
        ]
        return sorted(set.intersection(*asked)) if len(asked) == len(methods) else []


def size_name(n: int) -> str:
    """`n = 1,000`."""
    return f"n = {n:,}"


def within(sizes: list[int], rule: Mapping[str, Any]) -> tuple[list[int], str]:
    """The sizes that a rule names, and what is wrong with them ("" if nothing)."""
    low, high, least = (rule["sizes"][key] for key in ("from", "to", "least"))
    found = [n for n in sizes if low <= n <= high]
    if len(found) >= least:
        return found, ""
    return found, f"the study has {len(found)} of at least {least} sizes from {low:,} to {high:,}"


def compare_scores(
    evidence: Evidence, rule: Mapping[str, Any], budget: str
) -> tuple[list[Condition], str]:
    """A condition a size, and what is lacking."""
    first, second = rule["first"], rule["second"]
    sizes, lacking = within(evidence.sizes([first, second], budget), rule)
    pairs = find_pairs(evidence.chosen, first, second)
    conditions = []
    for n in sizes:
        found = pairs.get((budget, n))
        count = len(found.seeds) if found else 0
        if found is None or count < evidence.least_pairs:
            lacking = lacking or too_few(count, evidence.least_pairs, size_name(n))
            continue
        row = {"first": first, "second": second, "n_train": n}
        difference = difference_of(evidence.runs, found, rule["metric"], row, evidence.analysis)
        conditions.append(score_condition(difference, rule, size_name(n), evidence.level))
    return conditions, lacking


def too_few(count: int, least: int, place: str) -> str:
    """What is said of a place with too few pairs of seeds."""
    return f"at {place} the study has {count} of at least {least} pairs of finished runs"


def score_condition(
    difference: Estimate, rule: Mapping[str, Any], place: str, level: float
) -> Condition:
    """A difference as evidence for `above`, `crossover`, `not-worse` or `equivalent`."""
    low, high = difference.interval(level)
    margin = rule.get("margin", 0.0)
    if rule["kind"] == "equivalent":
        p_for = equivalence_p(difference, margin)
        beyond = difference.tails(margin)[0], difference.tails(-margin)[1]
        p_against = float(np.minimum(1.0, 2 * min(beyond)))
    elif rule["kind"] == "not-worse":
        p_for, p_against = not_worse_p(difference, margin), difference.tails(-margin)[1]
    else:
        p_for, p_against = difference.tails(0.0)
    return Condition(
        place=place, estimate=difference.value, low=low, high=high, p_for=p_for,
        p_against=p_against,
    )  # fmt: skip


def compare_costs(evidence: Evidence, rule: Mapping[str, Any]) -> tuple[list[Condition], str]:
    """A condition a size: the ratio of two methods' costs, over budgets and seeds together."""
    ratios = cost_ratios(evidence.chosen, rule["method"], rule["against"], rule["quantity"])
    if ratios.empty:
        return [], f"no records of both have {rule['quantity']}, measured on one device"
    conditions, lacking = [], ""
    budgets = [budget["name"] for budget in evidence.study["budgets"]]
    methods = [rule["method"], rule["against"]]
    for n in sorted({n for budget in budgets for n in evidence.sizes(methods, budget)}):
        own = ratios[ratios["n_train"] == n]
        by_seed = own.groupby(SEED)["log_ratio"].mean().to_numpy()
        if len(by_seed) < evidence.least_pairs:
            lacking = lacking or too_few(len(by_seed), evidence.least_pairs, size_name(n))
            continue
        conditions.append(
            ratio_condition(
                by_seed, rule["ratio"], size_name(n), evidence.level,
                below=rule["claimed"] == "below",
            )
        )  # fmt: skip
    return conditions, lacking


def cost_ratios(chosen: pd.DataFrame, method: str, against: str, quantity: str) -> pd.DataFrame:
    """One row per pair of runs alike in size, budget, seed and device, with its `log_ratio`."""
    done = finished(chosen)
    value = done[TOGETHER.get(quantity, [quantity])].sum(axis=1, skipna=False)
    keys = ["budget", "n_train", *SEED, "device"]
    known = done.assign(value=value).loc[value > 0, [*keys, "method", "id", "value"]]
    sides = [known.loc[known["method"] == name] for name in (method, against)]
    joined = sides[0].merge(sides[1], on=keys, suffixes=("", "_against"))
    joined = joined.drop_duplicates(["id", "id_against"])  # two budgets may share their runs
    return joined.assign(log_ratio=np.log(joined["value"] / joined["value_against"]))


def ratio_condition(
    logs: np.ndarray, ratio: float, place: str, level: float, *, below: bool
) -> Condition:
    """Ratios (as logarithms, one a seed) against a bound: whether they lie below, or do not."""
    centre, bound = float(np.mean(logs)), float(np.log(ratio))
    if np.ptp(logs) < CONSTANT:  # a count of bytes: no sample of anything
        low = high = centre
        holds = centre < bound - CONSTANT if below else centre >= bound - CONSTANT
        p_for, p_against = float(not holds), float(holds)
    else:
        error = float(np.std(logs, ddof=1) / np.sqrt(len(logs)))
        found = Estimate(value=centre, error=error, freedom=len(logs) - 1)
        low, high = found.interval(level)
        at_most, at_least = found.tails(bound)
        p_for, p_against = (at_least, at_most) if below else (at_most, at_least)
    return Condition(
        place=place, estimate=float(np.exp(centre)), low=float(np.exp(low)),
        high=float(np.exp(high)), p_for=p_for, p_against=p_against,
    )  # fmt: skip


def compare_changes(
    evidence: Evidence, rule: Mapping[str, Any], budget: str
) -> tuple[list[Condition], str]:
    """A condition a size: the least change of the named terms over the largest of the others."""
    sizes, lacking = within(evidence.sizes([rule["method"]], budget), rule)
    changes = by_run(evidence.runs, evidence.chosen, rule["method"], "change")
    if changes.empty or not {*rule["terms"]} < {*changes.columns}:
        return [], "the records do not say how far the biases moved"
    own = changes[changes.index.get_level_values("budget") == budget]
    least = own[rule["terms"]].min(axis=1, skipna=False)
    others = own.drop(columns=rule["terms"]).max(axis=1, skipna=False)
    logs = np.log((least / others).where((least > 0) & (others > 0))).dropna()
    conditions = []
    for n in sizes:
        at = logs[logs.index.get_level_values("n_train") == n].to_numpy()
        if len(at) < evidence.least_pairs:
            lacking = lacking or too_few(len(at), evidence.least_pairs, size_name(n))
            continue
        conditions.append(ratio_condition(at, 1.0, size_name(n), evidence.level, below=False))
    return conditions, lacking


def gradient_ratios(evidence: Evidence, rule: Mapping[str, Any]) -> np.ndarray:
    """Each start's mean gradient of a bias term over the mean of the other terms'.

    A start is a size with its seeds: its first step is the same under every budget and rate.
    """
    gradients = by_run(evidence.runs, evidence.chosen, rule["method"], "first_gradient")
    if gradients.empty or rule["term"] not in gradients:
        return np.array([])
    starts = gradients.index.droplevel(["budget", "id"])
    once = gradients[~starts.duplicated()]
    others = once.drop(columns=rule["term"]).mean(axis=1)
    return (once[rule["term"]] / others.where(others > 0)).dropna().to_numpy()


def compare_to_full_data(
    evidence: Evidence, rule: Mapping[str, Any], budget: str
) -> tuple[dict[int, Condition], str]:
    """By size: exact match minus `share` times that with all the data, paired by seed."""
    method = rule["method"]
    sizes = evidence.sizes([method], budget)
    largest = [n for n in sizes if n >= rule["full_data_from"]]
    if not largest:
        return {}, f"the study has no size of {rule['full_data_from']:,} or more"
    done = finished(evidence.chosen)
    own = done[(done["method"] == method) & (done["budget"] == budget)]
    at_full = own[own["n_train"] == largest[-1]].set_index(SEED)["id"]
    found, lacking = {}, ""
    for n in (n for n in sizes if n < largest[0]):
        here = own[own["n_train"] == n].set_index(SEED)["id"]
        seeds = sorted(set(here.index) & set(at_full.index))
        if len(seeds) < evidence.least_pairs:
            lacking = lacking or too_few(len(seeds), evidence.least_pairs, size_name(n))
            continue
        ids = [[side[seed] for seed in seeds] for side in (here, at_full)]
        found[n] = _below_share(evidence, ids, rule, n)
    return found, lacking


def _below_share(
    evidence: Evidence, ids: list[list[str]], rule: Mapping[str, Any], n: int
) -> Condition:
    """`p_for` is of "at most the share", `p_against` of "at least the share"."""
    sums = [evidence.runs.stack(side, "em") for side in ids]
    key = (rule["method"], n, f"{rule['share']}")
    difference = estimate(
        sums[0] - rule["share"] * sums[1],
        evidence.runs.article_sizes,
        draws=evidence.analysis["n_bootstrap"],
        generator=generator_for(evidence.analysis["seed"], "share", *key),
    )
    return score_condition(difference, {"kind": "above"}, size_name(n), evidence.level)
