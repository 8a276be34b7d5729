"""Rules about the order of methods beyond a pair at one size: worst, a share, worth in labels.

Each is a kind of rule as in `rules`; places are weighed in `decide`.
"""

from collections.abc import Collection
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict

from tuning_curves.analysis.claims import evidence as ev
from tuning_curves.analysis.claims.decide import Condition, Judgement, judge_everywhere
from tuning_curves.analysis.claims.evidence import Evidence, Sizes
from tuning_curves.analysis.claims.rules import (
    POINTS,
    MethodName,
    MetricName,
    Proportion,
    Rule,
    ScoreRule,
)
from tuning_curves.analysis.comparisons import difference_of
from tuning_curves.analysis.pairs import find_pairs, match_runs
from tuning_curves.util.validation import ONCE

NEAR = 1.3  # a size stands for k * n if it is within this factor of it


class Worst(Rule):
    """A method is below each of the others at every size.

    Of others that the study does not train nothing is said: they keep it from being replicated,
    while one that is trained may contradict it.
    """

    unit = POINTS
    by_budget = True
    about_scores = True
    kind: Literal["worst"]
    method: MethodName
    others: Annotated[tuple[MethodName, ...], Strict(False), Field(min_length=2), ONCE]
    metric: MetricName
    sizes: Sizes

    @property
    def methods(self) -> list[str]:
        return [self.method, *self.others]

    @property
    def needed(self) -> list[str]:
        return [self.method]

    def judged_with(self, trained: Collection[str]) -> list[str]:
        return [name for name in self.methods if name in trained]

    def judge(self, evidence: Evidence, budget: str) -> Judgement:
        """The number is that of the other method minus this one."""
        trained = self.judged_with(evidence.study.method_names)[1:]
        lacking = [name for name in self.others if name not in trained]
        missing = f"the study does not train {' and '.join(lacking)}" if lacking else ""
        conditions: list[Condition] = []
        for other in trained:
            found, gap = self._against(evidence, budget, other)
            conditions += found
            missing = missing or gap
        return judge_everywhere(conditions, evidence.alpha, missing)

    def _against(self, evidence: Evidence, budget: str, other: str) -> tuple[list[Condition], str]:
        sizes, missing = ev.within(evidence.sizes([other, self.method], budget), self.sizes)
        pairs, metric = find_pairs(evidence.chosen, other, self.method), self.metric
        conditions = []
        for n in sizes:
            found = pairs.get((budget, n))
            count = len(found.seeds) if found else 0
            place = f"{ev.size_name(n)} against {other}"
            if found is None or count < evidence.least_pairs:
                missing = missing or ev.too_few(count, evidence.least_pairs, place)
                continue
            of = evidence.of_metric(metric)
            difference = difference_of(evidence.runs, found, of, evidence.analysis)
            conditions.append(
                ev.score_condition(difference, difference.tails(0.0), place, evidence.confidence)
            )
        return conditions, missing


class AtLeastShare(ScoreRule):
    """The first method brings at least a share of what the second brings, at every size.

    Both are counted from the score of the most frequent label, where the task has such a baseline.
    """

    kind: Literal["at-least-share"]
    share: Proportion

    def conditions(self, evidence: Evidence, budget: str) -> tuple[list[Condition], str]:
        """Of the first's gain minus the share of the second's."""
        sizes, missing = ev.within(evidence.sizes(self.methods, budget), self.sizes)
        conditions = []
        for n in sizes:
            sides = [ev.of_point(evidence, name, budget, n) for name in self.methods]
            pairs = match_runs(sides)
            if len(pairs) < evidence.least_pairs:
                place = ev.size_name(n)
                missing = missing or ev.too_few(len(pairs), evidence.least_pairs, place)
                continue
            metric = evidence.of_metric(self.metric)
            floor = evidence.runs.baseline.get(metric.name, 0.0)
            conditions.append(
                ev.compare_runs(evidence, pairs, self.share, metric, ev.size_name(n), floor)
            )
        return conditions, missing


class Worth(ScoreRule):
    """The second method, given `times` as many examples, is still below the first, at every size.

    The study's size nearest to `times` * n stands for it, if it is within a factor `NEAR`.
    """

    kind: Literal["worth"]
    times: Annotated[float, Field(gt=1, allow_inf_nan=False)]

    def conditions(self, evidence: Evidence, budget: str) -> tuple[list[Condition], str]:
        own, others = (evidence.sizes([name], budget) for name in self.methods)
        fitting = [n for n in own if self._larger(n, others)]
        sizes, missing = ev.within(fitting, self.sizes)
        if missing:
            missing += f" of which {self.times:g} times as many are there as well"
        conditions = []
        for n in sizes:
            larger = self._larger(n, others)
            sides = [
                ev.of_point(evidence, name, budget, size)
                for name, size in ((self.first, n), (self.second, larger))
            ]
            pairs, place = match_runs(sides), f"{ev.size_name(n)} against {larger:,}"
            if len(pairs) < evidence.least_pairs:
                missing = missing or ev.too_few(len(pairs), evidence.least_pairs, place)
                continue
            metric = evidence.of_metric(self.metric)
            conditions.append(ev.compare_runs(evidence, pairs, 1.0, metric, place))
        return conditions, missing

    def _larger(self, n: int, sizes: list[int]) -> int:
        """The size that stands for `times` * n; 0 where none is near."""
        distance = {size: abs(np.log(size / (self.times * n))) for size in sizes}
        near = [size for size in sizes if distance[size] <= np.log(NEAR)]
        return min(near, key=lambda size: distance[size], default=0)
