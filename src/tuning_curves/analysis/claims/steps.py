"""Rules about the number of steps: budgets compared at equal n, the fewest steps with the most.

At each size the budgets are told apart by the steps that they come to, whatever their names; of all
under which a study trains the rule's methods, the one with the fewest and the one with the most are
compared. Each is a kind of rule as in `rules`, judged over all budgets at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuning_curves.analysis.claims import evidence as ev
from tuning_curves.analysis.claims.decide import (
    Condition,
    Judgement,
    judge_everywhere,
    judge_somewhere,
)
from tuning_curves.analysis.claims.evidence import Evidence, Sizes
from tuning_curves.analysis.claims.rules import POINTS, AboveZero, MethodName, MetricName, Rule
from tuning_curves.analysis.comparisons import difference_of
from tuning_curves.analysis.pairs import find_pairs, match_runs
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.statistics import PERCENT, Estimate, estimate
from tuning_curves.study.grid import steps_of


@dataclass(frozen=True, kw_only=True)
class Ends:
    """At one size, the budgets with the fewest and the most steps, and these steps."""

    budgets: tuple[str, str]
    steps: tuple[int, int]

    def place(self, n: int) -> str:
        """`n = 500 (94 and 1,500 steps)`."""
        return f"{ev.size_name(n)} ({self.steps[0]:,} and {self.steps[1]:,} steps)"


class StepsRule(Rule):
    """Budgets compared at equal n.

    Attributes:
        times: the budget with the most steps has at least so many times the fewest.
    """

    unit = POINTS
    about_scores = True
    metric: MetricName
    sizes: Sizes
    times: AboveZero

    def ends(self, evidence: Evidence) -> tuple[dict[int, Ends], str]:
        """The two budgets of each size that the rule names, and what is missing."""
        study = evidence.study
        steps: dict[int, dict[int, str]] = {}  # by size, a budget for each number of steps
        for budget in study.budgets:
            for n in evidence.sizes(self.methods, budget.name):
                count = steps_of(n, budget, study.training.batch_size)
                steps.setdefault(n, {}).setdefault(count, budget.name)
        found = {}
        for n, budgets in sorted(steps.items()):
            few, many = min(budgets), max(budgets)
            if few < many and many >= self.times * few:
                found[n] = Ends(budgets=(budgets[few], budgets[many]), steps=(few, many))
        sizes, missing = ev.within(list(found), self.sizes)
        if missing:
            missing += f" at which two budgets differ {self.times:g} times in steps"
        return {n: found[n] for n in sizes}, missing


class Flip(StepsRule):
    """At some size the first is below the second with the fewest steps, above with the most."""

    kind: Literal["flip"]
    first: MethodName
    second: MethodName

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        ends, missing = self.ends(evidence)
        pairs = find_pairs(evidence.chosen, self.first, self.second)
        metric, conditions = evidence.of_metric(self.metric), []
        for n, end in ends.items():
            found = [pairs.get((name, n)) for name in end.budgets]
            least = min(len(pair.seeds) if pair else 0 for pair in found)
            if least < evidence.least_pairs:
                missing = missing or ev.too_few(least, evidence.least_pairs, end.place(n))
                continue
            few, many = (
                difference_of(evidence.runs, pair, metric, evidence.analysis)
                for pair in found
                if pair is not None
            )
            conditions.append(flip_condition(few, many, end.place(n), evidence.confidence))
        return judge_somewhere(conditions, evidence.alpha, missing)


def flip_condition(few: Estimate, many: Estimate, place: str, confidence: float) -> Condition:
    """Differences with the fewest and the most steps: below zero, then above it.

    Both have to be shown, so the larger p-value counts; either's contrary suffices against it, so
    the smaller one is doubled. The number is the difference with the most steps, the other one
    stands with the place.
    """
    at_most, at_least = many.tails(0.0)  # p-values of "at most zero" and "at least zero"
    few_at_most, few_at_least = few.tails(0.0)
    low, high = many.interval(confidence)
    return Condition(
        place=f"{place}: {few.value:+.1f}, then {many.value:+.1f} points",
        estimate=many.value,
        low=low,
        high=high,
        p_for=float(np.maximum(few_at_least, at_most)),
        p_against=float(np.minimum(1.0, 2 * np.minimum(few_at_most, at_least))),
    )


class PairedStepsRule(StepsRule):
    """One number at every size, from its methods' runs with the fewest and with the most steps.

    Runs are paired by seed. The rule holds where the number is above zero.
    """

    def number(self, evidence: Evidence, ids: Sequence[list[str]]) -> Estimate:
        """The number; `ids` are of the pairs' runs, each method's with the fewest steps first."""
        raise NotImplementedError

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        ends, missing = self.ends(evidence)
        conditions = []
        for n, end in ends.items():
            points = [(method, name) for method in self.methods for name in end.budgets]
            pairs = match_runs([ev.of_point(evidence, method, name, n) for method, name in points])
            if len(pairs) < evidence.least_pairs:
                missing = missing or ev.too_few(len(pairs), evidence.least_pairs, end.place(n))
                continue
            found = self.number(evidence, [list(pairs[f"id_{k}"]) for k in range(len(points))])
            conditions.append(
                ev.score_condition(found, found.tails(0.0), end.place(n), evidence.confidence)
            )
        return judge_everywhere(conditions, evidence.alpha, missing)


class GainsMore(PairedStepsRule):
    """More steps bring the first more than the second, at every size."""

    kind: Literal["gains-more"]
    first: MethodName
    second: MethodName

    def number(self, evidence: Evidence, ids: Sequence[list[str]]) -> Estimate:
        """The first's gain minus the second's."""
        metric, analysis = evidence.of_metric(self.metric), evidence.analysis
        few, many, other_few, other_many = (evidence.runs.stack(own, metric.name) for own in ids)
        return estimate(
            (many - few) - (other_many - other_few),
            evidence.runs.group_sizes,
            draws=analysis.n_bootstrap,
            seed=analysis.seed,
        )


class MoreStable(PairedStepsRule):
    """A method's scores vary less over seeds with the most steps than with the fewest."""

    kind: Literal["more-stable"]
    method: MethodName

    def number(self, evidence: Evidence, ids: Sequence[list[str]]) -> Estimate:
        """How much less: see `compare_spread`."""
        metric = evidence.of_metric(self.metric).name
        few, many = (scores_of(evidence.runs, own, metric) for own in ids)
        return compare_spread(few, many)


def scores_of(runs: Runs, ids: list[str], metric: str) -> np.ndarray:
    """Each run's score in percent, [S]."""
    total: np.ndarray = PERCENT * runs.stack(ids, metric).sum(axis=1) / runs.group_sizes.sum()
    return total


def compare_spread(few: np.ndarray, many: np.ndarray) -> Estimate:
    """How much farther from their median the scores `few` lie than `many`, on average.

    A paired t-test of absolute deviations from the median (Levene 1960; Brown and Forsythe 1974),
    seed by seed: a test of variances would take a single failed run for a difference.

    Args:
        few, many: [S], scores of the same seeds.
    """
    deviations = [np.abs(scores - np.median(scores)) for scores in (few, many)]
    ahead = deviations[0] - deviations[1]
    error = float(np.std(ahead, ddof=1) / np.sqrt(len(ahead)))
    return Estimate(
        value=float(ahead.mean()), error=error if error > 0 else np.nan, freedom=len(ahead) - 1
    )
