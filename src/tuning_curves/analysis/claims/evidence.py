"""What a study has to say about a claim: conditions made from scores, costs and biases.

Scores are compared run by run of the same seeds, clustered by group (`comparisons`). Costs are
compared run by run on one device, as logarithms of ratios with Student's t over seeds; a count of
bytes that is the same in all runs is exact. Conditions stand where the study asks for runs, so a
size whose runs are missing keeps a claim open.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import Field

from tuning_curves.analysis.bias_terms import by_run
from tuning_curves.analysis.claims.decide import Condition
from tuning_curves.analysis.comparisons import difference_of, make_curves
from tuning_curves.analysis.pairs import find_pairs, match_runs, of_method
from tuning_curves.analysis.runs import SECONDS, SEED, UNTIMED, Runs
from tuning_curves.analysis.statistics import Estimate, estimate
from tuning_curves.study.config import Analysis, StudyConfig
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Nouns
from tuning_curves.tasks.metrics import Metric
from tuning_curves.util.validation import Section

if TYPE_CHECKING:
    from tuning_curves.analysis.claims.rules import (
        Cost,
        DataNeeded,
        LargestChanges,
        Rule,
        ScoreRule,
    )

MAIN = "main"  # as a rule's metric: the study's own
CONSTANT = 1e-12  # of a logarithm: what is the same in all runs but for rounding
PARTS = ["optimizer_bytes", "gradient_bytes"]
OF_DEVICE = {*SECONDS, "peak_memory_bytes"}
TOGETHER = {
    "training_bytes": [*PARTS, "activation_bytes"],
    "training_bytes_one": [*PARTS, "activation_bytes_one"],
}


class Sizes(Section):
    """The sizes that a rule speaks of, and how many of them a study has to have."""

    least_size: int = Field(alias="from", ge=1)
    to: int = Field(ge=1)
    least: int = Field(ge=1)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A study's runs at their chosen rates, with what is needed to compare them."""

    runs: Runs
    chosen: pd.DataFrame
    selection: pd.DataFrame
    study: StudyConfig
    confidence: float
    least_pairs: int

    @property
    def alpha(self) -> float:
        """The error of one one-sided test."""
        return round((1 - self.confidence) / 2, 12)

    @property
    def analysis(self) -> Analysis:
        """Draws and seed of the study, the confidence of the claims."""
        return self.study.analysis.model_copy(update={"confidence": self.confidence})

    @property
    def metric(self) -> Metric:
        """The study's metric."""
        return self.runs.metric

    @property
    def nouns(self) -> Nouns:
        """What the study's examples and groups are called."""
        return make_task(self.study.task).nouns

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The curves of the study's metric at the claims' confidence."""
        curves = make_curves(self.runs, self.chosen, self.analysis)
        return curves[curves["metric"] == self.metric.name].reset_index(drop=True)

    def sizes(self, methods: list[str], budget: str) -> list[int]:
        """The sizes at which the study asks for all these methods under this budget."""
        entries = [self.study.method(name) for name in methods]
        asked = [
            set(self.study.sizes_of(entry, self.study.budget(budget)))
            for entry in entries
            if budget in self.study.budgets_of(entry)
        ]
        return sorted(set.intersection(*asked)) if len(asked) == len(methods) else []

    def budgets(self, rule: "Rule") -> list[str]:
        """Under which budgets a rule is judged: of those that draw a curve, where its methods are.

        A budget of one size is a rung of a ladder, for rules that compare budgets alone, unless all
        have one size. Where no budget trains all the methods that it needs, all are named.
        """
        methods = rule.judged_with(self.study.method_names)
        asked = {budget: self.sizes(methods, budget) for budget in self.study.budget_names}
        sizes = {budget.name: budget.sizes or self.study.all_sizes for budget in self.study.budgets}
        curves = [name for name in asked if len(sizes[name]) > 1] or list(asked)
        return [name for name in curves if asked[name]] or curves

    def of_metric(self, name: str) -> Metric:
        """The task's metric of this name; `main` is the study's."""
        if name == MAIN:
            return self.metric
        return next(metric for metric in self.runs.metrics if metric.name == name)


def size_name(n: int) -> str:
    """`n = 1,000`."""
    return f"n = {n:,}"


def within(sizes: list[int], wanted: Sizes) -> tuple[list[int], str]:
    """The sizes that a rule names, and what is wrong with them ("" if nothing)."""
    low, high, least = wanted.least_size, wanted.to, wanted.least
    found = [n for n in sizes if low <= n <= high]
    if len(found) >= least:
        return found, ""
    return found, f"the study has {len(found)} of at least {least} sizes from {low:,} to {high:,}"


def too_few(count: int, least: int, place: str) -> str:
    """What is said of a place with too few pairs of seeds."""
    return f"at {place} the study has {count} of at least {least} pairs of finished runs"


def compare_scores(
    evidence: Evidence, rule: "ScoreRule", budget: str
) -> tuple[list[Condition], str]:
    """A condition per size, and what is missing."""
    first, second = rule.first, rule.second
    sizes, missing = within(evidence.sizes([first, second], budget), rule.sizes)
    pairs = find_pairs(evidence.chosen, first, second)
    metric = evidence.of_metric(rule.metric)
    conditions = []
    for n in sizes:
        found = pairs.get((budget, n))
        count = len(found.seeds) if found else 0
        if found is None or count < evidence.least_pairs:
            missing = missing or too_few(count, evidence.least_pairs, size_name(n))
            continue
        difference = difference_of(evidence.runs, found, metric, evidence.analysis)
        place, p_values = size_name(n), rule.p_values(difference)
        conditions.append(score_condition(difference, p_values, place, evidence.confidence))
    return conditions, missing


def score_condition(
    difference: Estimate, p_values: tuple[float, float], place: str, confidence: float
) -> Condition:
    """A difference as evidence: `p_values` are of "false here" and of "true here"."""
    low, high = difference.interval(confidence)
    return Condition(
        place=place, estimate=difference.value, low=low, high=high, p_for=p_values[0],
        p_against=p_values[1],
    )  # fmt: skip


def compare_costs(evidence: Evidence, rule: "Cost") -> tuple[list[Condition], str]:
    """A condition per size: the ratio of two methods' costs, over budgets and seeds together."""
    ratios = cost_ratios(evidence.chosen, rule.method, rule.against, rule.quantity)
    if rule.quantity in SECONDS and evidence.chosen[rule.quantity].isna().all():
        return [], UNTIMED
    if ratios.empty:
        where = ", measured on one device" if rule.quantity in OF_DEVICE else ""
        return [], f"no records of both have {rule.quantity}{where}"
    conditions, missing = [], ""
    budgets, methods = evidence.study.budget_names, [rule.method, rule.against]
    for n in sorted({n for budget in budgets for n in evidence.sizes(methods, budget)}):
        own = ratios[ratios["n_train"] == n]
        by_seed = own.groupby(SEED)["log_ratio"].mean().to_numpy()
        if len(by_seed) < evidence.least_pairs:
            missing = missing or too_few(len(by_seed), evidence.least_pairs, size_name(n))
            continue
        conditions.append(
            ratio_condition(
                by_seed, rule.ratio, size_name(n), evidence.confidence,
                below=rule.claimed == "below",
            )
        )  # fmt: skip
    return conditions, missing


def cost_ratios(chosen: pd.DataFrame, method: str, against: str, quantity: str) -> pd.DataFrame:
    """One row per pair of runs alike in size, budget and seed, with its `log_ratio`.

    Seconds and peak memory are those of one device; other bytes, and operations, are the same on
    all of them.
    """
    value = chosen[TOGETHER.get(quantity, [quantity])].sum(axis=1, skipna=False)
    known = chosen.assign(value=value).loc[value > 0]
    sides = [of_method(known, name) for name in (method, against)]
    device = ["device"] if quantity in OF_DEVICE else []
    joined = match_runs(sides, ["budget", "n_train", *device], ["value"])
    joined = joined.drop_duplicates(["id_0", "id_1"])  # two budgets may share their runs
    return joined.assign(log_ratio=np.log(joined["value_0"] / joined["value_1"]))


def exact(holds: bool) -> tuple[float, float]:
    """The p-values of what is the same in every pair of runs, which is no sample of anything."""
    return float(not holds), float(holds)


def ratio_condition(
    logs: np.ndarray, ratio: float, place: str, confidence: float, *, below: bool
) -> Condition:
    """Ratios (as logarithms, one per seed) against a bound: whether they lie below, or do not."""
    centre, bound = float(np.mean(logs)), float(np.log(ratio))
    if np.ptp(logs) < CONSTANT:  # a count of bytes: no sample of anything
        low = high = centre
        holds = centre < bound - CONSTANT if below else centre >= bound - CONSTANT
        p_for, p_against = exact(holds)
    else:
        error = float(np.std(logs, ddof=1) / np.sqrt(len(logs)))
        found = Estimate(value=centre, error=error, freedom=len(logs) - 1)
        low, high = found.interval(confidence)
        at_most, at_least = found.tails(bound)
        p_for, p_against = (at_least, at_most) if below else (at_most, at_least)
    return Condition(
        place=place, estimate=float(np.exp(centre)), low=float(np.exp(low)),
        high=float(np.exp(high)), p_for=p_for, p_against=p_against,
    )  # fmt: skip


def compare_changes(
    evidence: Evidence, rule: "LargestChanges", budget: str
) -> tuple[list[Condition], str]:
    """A condition per size: the least change of the named terms over the largest of the others."""
    sizes, missing = within(evidence.sizes([rule.method], budget), rule.sizes)
    changes, terms = by_run(evidence.runs, evidence.chosen, rule.method, "change"), list(rule.terms)
    if changes.empty or not {*terms} < {*changes.columns}:
        return [], "the records do not say how far the biases moved"
    own = changes[changes.index.get_level_values("budget") == budget]
    least = own[terms].min(axis=1, skipna=False)
    others = own.drop(columns=terms).max(axis=1, skipna=False)
    logs = np.log((least / others).where((least > 0) & (others > 0))).dropna()
    conditions = []
    for n in sizes:
        at = logs[logs.index.get_level_values("n_train") == n].to_numpy()
        if len(at) < evidence.least_pairs:
            missing = missing or too_few(len(at), evidence.least_pairs, size_name(n))
            continue
        conditions.append(ratio_condition(at, 1.0, size_name(n), evidence.confidence, below=False))
    return conditions, missing


def compare_to_full_data(
    evidence: Evidence, rule: "DataNeeded", budget: str
) -> tuple[dict[int, Condition], str]:
    """By size: the score minus `share` times that with all the data, paired by seed."""
    sizes = evidence.sizes([rule.method], budget)
    largest = [n for n in sizes if n >= rule.full_data_from]
    if not largest:
        return {}, f"the study has no size of {rule.full_data_from:,} or more"
    own = of_method(evidence.chosen, rule.method)
    own = own[own["budget"] == budget]
    found, missing = {}, ""
    for n in (n for n in sizes if n < largest[0]):
        pairs = match_runs([own[own["n_train"] == size] for size in (n, largest[-1])])
        if len(pairs) < evidence.least_pairs:
            missing = missing or too_few(len(pairs), evidence.least_pairs, size_name(n))
            continue
        found[n] = _below_share(evidence, pairs, rule, n)
    return found, missing


def _below_share(evidence: Evidence, pairs: pd.DataFrame, rule: "DataNeeded", n: int) -> Condition:
    """`p_for` is of "at most the share", `p_against` of "at least the share"."""
    return compare_runs(evidence, pairs, rule.share, evidence.metric, size_name(n))


def compare_runs(
    evidence: Evidence,
    pairs: pd.DataFrame,
    share: float,
    metric: Metric,
    place: str,
    floor: float = 0.0,
) -> Condition:
    """The score of the runs `id_0` minus `share` times that of `id_1`: whether it is above zero.

    Args:
        pairs: from `match_runs`.
        floor: what both scores are counted from, as a fraction.
    """
    here, other = (evidence.runs.stack(list(pairs[name]), metric.name) for name in ("id_0", "id_1"))
    analysis = evidence.analysis
    difference = estimate(
        here - share * other - (1 - share) * floor * evidence.runs.group_sizes,
        evidence.runs.group_sizes,
        draws=analysis.n_bootstrap,
        seed=analysis.seed,
    )
    return score_condition(difference, difference.tails(0.0), place, evidence.confidence)


def of_point(evidence: Evidence, method: str, budget: str, n: int) -> pd.DataFrame:
    """A method's runs under a budget at a size."""
    own = of_method(evidence.chosen, method)
    return own[(own["budget"] == budget) & (own["n_train"] == n)]
