"""Which arm is the best at a size, and which ones may be as good.

The arm with the highest mean on the test part leads, among those with enough seeds for a difference
to count (among all, where none has), over the seeds that these share, as in the table of ranks.
Every other arm is set against it by the paired difference, seed by seed and group by group, and is
out where the leader is ahead beyond the interval. What is left holds the best arm with the study's
level of confidence: only the best one's own comparisons with the k - 1 others can throw it out, so
each interval has level 1 - (1 - level) / (k - 1) (Bonferroni; after Hsu 1981, Annals of Statistics
9(5)). It does not matter that scores were looked at before one was named.

Where all share too few seeds, each has the mean of its own. Then an arm can have the higher mean
and yet be behind on the seeds that both have, and the next arm leads; where each is behind another
one, none does.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from tuning_curves.analysis.advice.arms import Arm, Curves
from tuning_curves.analysis.comparisons import LEAST_PAIRS, runs_to_rank


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """How far the leader is ahead of another arm, in percent points, with its interval.

    pairs: of seeds. why: there is no interval.
    """

    arm: Arm
    value: float
    low: float
    high: float
    pairs: int
    why: str = ""

    @property
    def decided(self) -> int:
        """1 where the leader is ahead, -1 where it is behind, 0 where that is open."""
        if self.pairs < LEAST_PAIRS:
            return 0
        return int(self.low > 0) - int(self.high < 0)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which arms may be the best at a size.

    scores: means in percent, each over all its seeds, the best one on the shared seeds first; left:
    the leader, and then those that it is not ahead of; ahead: the leader against each other arm.
    `left` is empty where each arm is behind another one, on seeds that are not the same.
    """

    scores: dict[Arm, float]
    left: list[Arm]
    ahead: list[Ahead]
    level: float  # of each interval

    @property
    def leader(self) -> Arm:
        """The best of those left; the highest mean where none is."""
        return next(iter(self.left or self.scores))


def choose_arm(curves: Curves, n: int, among: Collection[Arm] | None = None) -> Choice | None:
    """Which arms may be the best at a size; None where there is none.

    Args:
        among: compare these alone.
    """
    known = [arm for arm in curves.arms_at(n) if among is None or arm in among]
    if not known:
        return None
    ids = runs_to_rank({arm: curves.at(arm, n) for arm in known})
    order = sorted(ids, key=lambda arm: -curves.mean_of(ids[arm]).value)
    others = sorted((arm for arm in known if arm not in ids), key=lambda a: -curves.score(a, n))
    scores = {arm: curves.score(arm, n) for arm in (*order, *others)}
    level = 1 - (1 - curves.confidence) / max(1, len(scores) - 1)
    behind: set[Arm] = set()
    for leader in order:
        ahead = [compare(curves, leader, arm, n, level) for arm in scores if arm != leader]
        if not any(pair.decided < 0 for pair in ahead):
            behind |= {pair.arm for pair in ahead if pair.decided > 0}
            left = [leader, *(pair.arm for pair in ahead if pair.arm not in behind)]
            return Choice(scores=scores, left=left, ahead=ahead, level=level)
        behind.add(leader)
    first = next(iter(scores))
    ahead = [compare(curves, first, arm, n, level) for arm in scores if arm != first]
    return Choice(scores=scores, left=[], ahead=ahead, level=level)


def compare(curves: Curves, first: Arm, second: Arm, n: int, level: float) -> Ahead:
    """Two arms' paired difference at a size; NaN bounds where it has none."""
    none = Ahead(arm=second, value=np.nan, low=np.nan, high=np.nan, pairs=0)
    found = curves.difference(first, second, n)
    if found is None:
        return none
    difference, pairs = found
    low, high = difference.interval(level)
    why = curves.in_words(difference.why)
    return replace(none, value=difference.value, low=low, high=high, pairs=pairs, why=why)
