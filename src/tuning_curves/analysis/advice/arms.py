"""The runs that advice is about, by arm: a method under a budget, at its chosen learning rate.

Two budgets that come to the same number of steps at a size share their runs there. Such an arm
counts once, under the first of them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from tuning_curves.analysis.pairs import Pairs, match_runs
from tuning_curves.analysis.runs import RUN, Runs, finished
from tuning_curves.analysis.statistics import PERCENT, Estimate, estimate
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Nouns
from tuning_curves.tasks.ceiling import Limit, ceiling_of
from tuning_curves.tasks.metrics import Metric

if TYPE_CHECKING:
    from tuning_curves.analysis.advice.doubling import Gain


class Arm(NamedTuple):
    """What can be taken at a size."""

    method: str
    budget: str


class Curves:
    """The runs of a study at their chosen rates: scores by arm, size and seed.

    Args:
        chosen: the runs at their chosen rates, one sample a subset (`selection.unite_subsets`).
        limits: of the test part, where they are known.
    """

    def __init__(
        self, runs: Runs, chosen: pd.DataFrame, study: StudyConfig, limits: Sequence[Limit] = ()
    ):
        self.source, self.study, self.limits = runs, study, limits
        # The most that any method can reach of the metric, in percent:
        self.ceiling = PERCENT * ceiling_of(limits, runs.metric.name)
        kept = [*RUN, "id", "status", "steps", "train_seconds", "delta_bytes"]
        self.frame = finished(chosen)[kept]
        grouped = self.frame.groupby(["method", "budget", "n_train"])
        self.runs = {(Arm(*key[:2]), int(key[2])): own for key, own in grouped}
        present = {arm for arm, _ in self.runs}
        self.arms = [
            arm
            for method in study.method_names
            for budget in study.budget_names
            if (arm := Arm(method, budget)) in present
        ]
        self.nouns: Nouns = make_task(study.task).nouns
        # What was asked for so far:
        self._means: dict[tuple[Arm, int], Estimate] = {}
        self._differences: dict[tuple[Arm, Arm, int], tuple[Estimate, int]] = {}
        self.gains: dict[tuple[Arm, int], Gain] = {}

    @property
    def metric(self) -> Metric:
        """The metric that advice is about."""
        return self.source.metric

    @property
    def confidence(self) -> float:
        """The study's level of intervals."""
        return self.study.analysis.confidence

    @property
    def baseline(self) -> float | None:
        """What always answering the most frequent label scores, in percent, where that is known."""
        share = self.source.baseline.get(self.metric.name)
        return None if share is None else PERCENT * share

    @property
    def sizes(self) -> list[int]:
        """The sizes at which some arm has runs, ascending."""
        return sorted({n for _, n in self.runs})

    def at(self, arm: Arm, n: int) -> pd.DataFrame:
        """An arm's runs at a size."""
        return self.runs.get((arm, n), self.frame.iloc[:0])

    def sizes_of(self, arm: Arm) -> list[int]:
        """The sizes of an arm, ascending."""
        return sorted(n for other, n in self.runs if other == arm)

    def arms_at(self, n: int) -> dict[Arm, list[str]]:
        """The arms at a size, each with the later budgets that share its runs there."""
        found: dict[Arm, list[str]] = {}
        known: dict[tuple[str, frozenset[str]], Arm] = {}
        for arm in self.arms:
            own = self.at(arm, n)
            if own.empty:
                continue
            first = known.setdefault((arm.method, frozenset(own["id"])), arm)
            found.setdefault(first, []).extend([arm.budget] if first != arm else [])
        return found

    def seeds(self, arm: Arm, n: int) -> int:
        """How many seeds an arm has at a size."""
        return len(self.at(arm, n))

    def mean(self, arm: Arm, n: int) -> Estimate:
        """The mean score over seeds."""
        if (arm, n) not in self._means:
            self._means[arm, n] = self.mean_of(list(match_runs([self.at(arm, n)])["id_0"]))
        return self._means[arm, n]

    def mean_of(self, ids: list[str]) -> Estimate:
        """The mean score of these runs."""
        return self.estimate(self.source.stack(ids, self.metric.name))

    def score(self, arm: Arm, n: int) -> float:
        """The mean score, in percent."""
        return self.mean(arm, n).value

    def interval(self, arm: Arm, n: int) -> tuple[float, float]:
        """The mean's interval, in percent, within what the metric can be; NaN where none is."""
        ends = self.mean(arm, n).interval(self.confidence)
        low, high = np.clip(ends, PERCENT * self.metric.least, PERCENT)
        return float(low), float(high)

    def rate(self, arm: Arm, n: int) -> float:
        """The chosen learning rate."""
        return float(self.at(arm, n)["learning_rate"].iloc[0])

    def minutes(self, arm: Arm, n: int) -> float:
        """How long a run took to train, the median over seeds; NaN where none was timed."""
        return float(self.at(arm, n)["train_seconds"].median()) / 60

    def stored_bytes(self, arm: Arm, n: int) -> float:
        """What is kept of a run: what it trained, head included; NaN where that is not known."""
        return float(self.at(arm, n)["delta_bytes"].median())

    def difference(self, first: Arm, second: Arm, n: int) -> tuple[Estimate, int] | None:
        """First minus second at a size, and over how many seeds; None where no seed has both."""
        if (first, second, n) not in self._differences:
            found = Pairs.of(match_runs([self.at(first, n), self.at(second, n)]))
            if not found.seeds:
                return None
            made = self.estimate(found.differences(self.source, self.metric.name))
            self._differences[first, second, n] = made, len(found.seeds)
        return self._differences[first, second, n]

    def combine(self, arm: Arm, weights: Mapping[int, float]) -> Estimate | None:
        """A weighted sum of scores at several sizes, over the seeds that all of them have."""
        sums = self.stack(arm, list(weights))
        if sums is None:
            return None
        return self.estimate(np.tensordot(list(weights.values()), sums, axes=1))

    def stack(self, arm: Arm, sizes: list[int]) -> np.ndarray | None:
        """Sums over groups at several sizes, [K, S, G], of the seeds that all of them have."""
        together = match_runs([self.at(arm, n) for n in sizes])
        if together.empty:
            return None
        columns = [list(together[f"id_{place}"]) for place in range(len(sizes))]
        return np.stack([self.source.stack(ids, self.metric.name) for ids in columns])

    def estimate(self, sums: np.ndarray) -> Estimate:
        """Of sums over groups, [S, G], as the tables take it."""
        analysis = self.study.analysis
        sizes = self.source.group_sizes
        return estimate(sums, sizes, draws=analysis.n_bootstrap, seed=analysis.seed)

    def in_words(self, why: str) -> str:
        """Why an estimate has no interval, in the task's words."""
        return why.replace("group", f"test {self.nouns.group}")

    def no_interval(self, found: Estimate) -> str:
        """The same as a clause; "" where it has one."""
        return f"{self.in_words(found.why)} gives no interval" if found.why else ""


def plain(value: Any) -> Any:
    """Values for JSON: no NaN or infinity, which it does not have, and Python's own numbers."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return round(float(value), 4) if np.isfinite(value) else None
    return value
