"""The kinds of rule by which claims are judged, one class each; more in `orders` and `steps`.

A class is a kind's whole: its parameters (checked as they are read), its unit, whether it is
judged under each budget or over all of them, whether it is about scores, and how it judges. Nothing
here knows a claim or a study by name; docs/verdicts.md explains the rules. Numbers are compared in
`evidence`, places are weighed in `decide`.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field, Strict

from tuning_curves.analysis import costs
from tuning_curves.analysis.claims import evidence as ev
from tuning_curves.analysis.claims.decide import (
    NOT_REPLICATED,
    REPLICATED,
    UNDECIDED,
    Condition,
    Judgement,
    judge_everywhere,
    judge_turn,
    undecided,
)
from tuning_curves.analysis.claims.evidence import Evidence, Sizes
from tuning_curves.analysis.comparisons import correct_holm
from tuning_curves.analysis.crossover import crossover_of
from tuning_curves.analysis.pairs import find_pairs
from tuning_curves.analysis.runs import UNTIMED
from tuning_curves.analysis.statistics import (
    NO_VARIATION,
    Estimate,
    equivalence_p,
    not_worse_p,
)
from tuning_curves.methods.registry import parse_name
from tuning_curves.tasks import task_class, task_names
from tuning_curves.util.errors import UsageError
from tuning_curves.util.validation import ONCE, Section, expected

POINTS = "points"


def _known_metric(name: str) -> str:
    known = [metric for task in task_names() for metric in task_class(task).metric_names]
    known.insert(0, ev.MAIN)
    if name not in known:
        raise expected(f"one of {', '.join(dict.fromkeys(known))}")
    return name


def _known_method(name: str) -> str:
    try:
        parse_name(name)
    except UsageError as error:
        raise expected(f"a method's name: {error.fix}") from None
    return name


def _rising(span: tuple[int, int]) -> tuple[int, int]:
    if span[0] >= span[1]:
        raise expected("two sizes, the smaller one first")
    return span


MethodName = Annotated[str, AfterValidator(_known_method)]
MetricName = Annotated[str, AfterValidator(_known_metric)]
Term = Literal["q", "k", "v", "m1", "LN1", "m2", "m3", "LN2"]
Terms = Annotated[tuple[Term, ...], Strict(False), Field(min_length=1), ONCE]
Count = Annotated[int, Field(ge=1)]
AboveZero = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Proportion = Annotated[float, Field(gt=0, lt=1)]


class Rule(Section):
    """A kind of rule: what all have in common."""

    unit: ClassVar[str]  # of its number; `examples` is called as the task calls them
    by_budget: ClassVar[bool] = False  # judged under each budget that draws a curve
    about_scores: ClassVar[bool] = False  # waits for the anchor, and is weakened by rates at edges
    kind: str

    @property
    def methods(self) -> list[str]:
        """The methods that it names."""
        names = ("first", "second", "method", "against")
        return [getattr(self, name) for name in names if name in type(self).model_fields]

    @property
    def needed(self) -> list[str]:
        """Those of its methods without which a study says nothing of it."""
        return self.methods

    def judged_with(self, trained: Collection[str]) -> list[str]:
        """The methods that a budget has to train for the rule to be judged under it.

        Args:
            trained: all that the study trains.
        """
        return self.needed

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        """The verdict; `budget` is "" where the rule is judged over all of them."""
        raise NotImplementedError


class ScoreRule(Rule):
    """Two methods' paired difference in a metric, at every size of a range."""

    unit = POINTS
    by_budget = True
    about_scores = True
    first: MethodName
    second: MethodName
    metric: MetricName
    sizes: Sizes

    def p_values(self, difference: Estimate) -> tuple[float, float]:
        """One-sided p-values: of "the claim is false here", and of "it is true here"."""
        return difference.tails(0.0)

    def conditions(self, evidence: Evidence, budget: str) -> tuple[list[Condition], str]:
        """A condition per size, and what is missing."""
        return ev.compare_scores(evidence, self, budget)

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        conditions, missing = self.conditions(evidence, budget)
        return judge_everywhere(conditions, evidence.alpha, missing)


class Above(ScoreRule):
    """The first method is above the second at every size."""

    kind: Literal["above"]


class Equivalent(ScoreRule):
    """The two lie within a margin of each other, shown by two one-sided tests."""

    kind: Literal["equivalent"]
    margin: AboveZero

    def p_values(self, difference: Estimate) -> tuple[float, float]:
        if difference.why == NO_VARIATION:
            return ev.exact(abs(difference.value) < self.margin)
        beyond = difference.tails(self.margin)[0], difference.tails(-self.margin)[1]
        return equivalence_p(difference, self.margin), float(np.minimum(1.0, 2 * min(beyond)))


class NotWorse(ScoreRule):
    """The first is at most a margin below the second."""

    kind: Literal["not-worse"]
    margin: AboveZero

    def p_values(self, difference: Estimate) -> tuple[float, float]:
        if difference.why == NO_VARIATION:
            return ev.exact(difference.value > -self.margin)
        return not_worse_p(difference, self.margin), difference.tails(-self.margin)[1]


class Crossover(ScoreRule):
    """The first is above the second at one size and below it at a later one.

    Attributes:
        span: the sizes that a study has to reach before "it never turns" can be said.
    """

    unit = "examples"
    kind: Literal["crossover"]
    span: Annotated[tuple[Count, Count], Strict(False), AfterValidator(_rising)]

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        conditions, missing = self.conditions(evidence, budget)
        sizes = evidence.sizes(self.methods, budget)
        covers = bool(sizes) and sizes[0] <= self.span[0] and sizes[-1] >= self.span[1]
        judged = judge_turn(conditions, evidence.alpha, missing, covers)
        if judged.verdict != REPLICATED:
            return judged
        pairs = find_pairs(evidence.chosen, self.first, self.second)
        wanted, _ = ev.within(sizes, self.sizes)
        own = {n: pair for (name, n), pair in pairs.items() if name == budget and n in wanted}
        where = crossover_of(evidence.runs, own, self.first, self.second, evidence.analysis)
        return Judgement(
            verdict=judged.verdict, reason=judged.reason, estimate=where["n_train"],
            low=where["low"], high=where["high"],
        )  # fmt: skip


class LargestChanges(Rule):
    """Some bias terms move more than all others."""

    unit = "ratio"
    by_budget = True
    kind: Literal["largest-changes"]
    method: MethodName
    terms: Terms
    sizes: Sizes

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        conditions, missing = ev.compare_changes(evidence, self, budget)
        return judge_everywhere(conditions, evidence.alpha, missing)


class Cost(Rule):
    """The ratio of two methods' costs lies below a bound, or does not, at every size."""

    unit = "ratio"
    kind: Literal["cost"]
    method: MethodName
    against: MethodName
    quantity: Literal["seconds_per_step", "peak_memory_bytes"]
    claimed: Literal["below", "not-below"]
    ratio: AboveZero

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        conditions, missing = ev.compare_costs(evidence, self)
        return judge_everywhere(conditions, evidence.alpha, missing)


class TimeToScore(Rule):
    """One method needs as much training time as another to a share of the best score of full."""

    unit = "ratio"
    about_scores = True
    kind: Literal["time-to-score"]
    method: MethodName
    against: MethodName
    share: Proportion
    ratio: AboveZero

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        """Ratio of two times, its range that of the two ranges at their farthest apart."""
        points = costs.with_seconds(evidence.curves, evidence.chosen)
        few = points["seeds"] < evidence.least_pairs  # such a point neither has nor missed it
        points = points.assign(low=points["low"].mask(few), high=points["high"].mask(few))
        target = self.share * costs.best_score(evidence.curves)
        if np.isnan(target):
            return undecided("full has no score in this study, or none above 0")
        if points["train_seconds"].isna().all():
            return undecided(UNTIMED)
        said = f"{target:.1f} {evidence.metric.label}"
        own, other = (costs.reach_time(points, name, target) for name in self.methods)
        for name, times in zip(self.methods, (own, other), strict=True):
            if times["statement"] == costs.NOT_REACHED:
                return undecided(f"{name} has nowhere {said} in this study")
            if times["statement"] != costs.DECIDED:
                return undecided(f"the time of {name} to {said} is {times['statement']}")
        named = costs.BESIDE.join((own["device"], other["device"]))
        devices = sorted(set(named.split(costs.BESIDE)))
        if len(devices) > 1:
            return undecided(f"the times are of different devices: {', '.join(devices)}")
        low, high = own["low"] / other["high"], own["high"] / other["low"]
        reason = f"time to {said}, {_where(own, self.method)}, {_where(other, self.against)}"
        return Judgement(
            verdict=REPLICATED if low >= self.ratio
            else NOT_REPLICATED if high < self.ratio
            else UNDECIDED,
            reason=reason, estimate=own["train_seconds"] / other["train_seconds"], low=low,
            high=high,
        )  # fmt: skip


def _where(times: Mapping[str, Any], method: str) -> str:
    """Between which two trainings a method reaches the target."""
    return f"{method}: {times['low']:.4g} to {times['high']:.4g} s"


class DataNeeded(Rule):
    """A method needs more than so many examples for a share of its score with all the data.

    Attributes:
        full_data_from: from how many examples on a size counts as all the data.
    """

    unit = "examples"
    by_budget = True
    about_scores = True
    kind: Literal["data-needed"]
    method: MethodName
    share: Proportion
    full_data_from: Count
    more_than: Count

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        """More than so many: a size of so many is surely below; a smaller one surely not."""
        found, missing = ev.compare_to_full_data(evidence, self, budget)
        if not found:
            return undecided(missing or "the study has no size below that of all its data")
        bound = self.more_than
        short = _settled(found, "p_against", evidence.alpha, lambda n: n >= bound)
        enough = _settled(found, "p_for", evidence.alpha, lambda n: n <= bound)
        share = f"{100 * self.share:g} % of the {evidence.metric.label} with all the data"
        verdict, reason = (
            UNDECIDED,
            missing
            or (f"no size settles whether {bound:,} {evidence.nouns.examples} give {share}"),
        )
        if short and not enough:
            verdict, reason = REPLICATED, f"still below {share} at {ev.size_name(max(short))}"
        elif enough and not short:
            verdict, reason = NOT_REPLICATED, f"has {share} at {ev.size_name(min(enough))}"
        return Judgement(
            verdict=verdict, reason=reason,
            estimate=_least(found, lambda c: c.estimate >= 0),
            low=_least(found, lambda c: not c.high < 0),
            high=_least(found, lambda c: c.low > 0),
        )  # fmt: skip


def _settled(
    found: Mapping[int, Condition], key: str, alpha: float, wanted: Callable[[int], bool]
) -> list[int]:
    """Of the wanted sizes, those whose p-value stays below alpha after Holm's correction."""
    sizes = [n for n in found if wanted(n)]
    corrected = correct_holm(np.array([getattr(found[n], key) for n in sizes]))
    return [n for n, p in zip(sizes, corrected, strict=True) if p <= alpha]


def _least(found: Mapping[int, Condition], holds: Callable[[Condition], bool]) -> float:
    return float(min((n for n, condition in found.items() if holds(condition)), default=np.nan))
