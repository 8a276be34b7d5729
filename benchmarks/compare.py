"""Ratios of two contestants, and whether a ratio fell since the last committed result."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.clock import Sample

COVERAGE = 0.93  # what the interval of a median covers at least, where five rounds or more allow it


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Peer's time over ours: the median of the rounds' ratios, its interval, and their range."""

    median: float
    interval: tuple[float, float]
    range: tuple[float, float]
    rounds: int


def ratio_of(ours: Sequence[Sample], peer: Sequence[Sample]) -> Ratio:
    """Compare two contestants of the same rounds, by CPU time a unit."""
    ratios = sorted(p.per_unit / o.per_unit for o, p in zip(ours, peer, strict=True))
    return Ratio(
        median=statistics.median(ratios),
        interval=median_interval(ratios),
        range=(ratios[0], ratios[-1]),
        rounds=len(ratios),
    )


def median_interval(ordered: Sequence[float]) -> tuple[float, float]:
    """The narrowest pair of order statistics that covers the median at `COVERAGE` or more.

    Distribution-free: [x_(k), x_(n+1-k)] misses it with probability 2 P(Binomial(n, 1/2) < k). With
    fewer than five values even their range covers less; it is returned all the same.
    """
    n, cut = len(ordered), 0
    missed = 0.0
    for below in range(n // 2):
        missed += 2 * math.comb(n, below) / 2**n
        if missed > 1 - COVERAGE:
            break
        cut = below
    return ordered[cut], ordered[n - 1 - cut]


def seconds_of(samples: Sequence[Sample]) -> dict[str, float]:
    """Median CPU and wall seconds a unit."""
    return {
        "cpu": statistics.median(sample.per_unit for sample in samples),
        "wall": statistics.median(sample.wall / sample.work.units for sample in samples),
    }


def rate_of(samples: Sequence[Sample]) -> float:
    """Median of the turns' rates, in 1e9 operations a CPU second; 0 where none were counted."""
    return statistics.median(sample.work.gflop / sample.cpu for sample in samples)


def verdict(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    """How a row stands to its committed one: `fell`, `rose`, `same`, or why none can be said.

    A ratio fell when the whole interval of its median lies below the committed one's.
    """
    if now["ratio"] is None:
        return "no ratio"
    if before is None or before["ratio"] is None:
        return "new"
    if before["machine"] != now["machine"]:
        return "another machine"
    if now["ratio_interval"][1] < before["ratio_interval"][0]:
        return "fell"
    return "rose" if now["ratio_interval"][0] > before["ratio_interval"][1] else "same"
