"""Where two methods change places: the training size, with an interval, on log n.

A crossing is found only between decided differences of opposite sign: the difference at one size
and that at a larger one are decided after Holm's correction over the pair's sizes, from
`LEAST_PAIRS` seeds on, and none between them is. The differences at these sizes are joined by
straight lines on log n, unsmoothed, and the crossing is where they take the sign of the larger size
for good. Where the order turns more than once, the last turn is told and all are counted.

The interval comes from curves drawn again at the sizes of the turn: a draw takes the same seeds and
groups at all of them, since subsets are nested and the test set is one. With 10 seeds or more that
is the crossed bootstrap; with fewer, curves are drawn from a multivariate t distribution with the
two-part covariance and the smallest of the sizes' degrees of freedom. A draw that turns before or
after these sizes counts as turning at them, where the differences are decided.
"""

import itertools
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.comparisons import (
    LEAST_PAIRS,
    Analysis,
    correct_holm,
    difference_of,
    significance,
)
from tuning_curves.analysis.pairs import Pairs, find_pairs
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.statistics import (
    BOOTSTRAP_SEEDS,
    NO_VARIANCE,
    PERCENT,
    Estimate,
    crossed_weights,
    generator_for,
)
from tuning_curves.study.config import StudyConfig

INSIDE, UNDECIDED = "inside", "undecided"
NONE = {1: "none: above at every size", -1: "none: below at every size"}
PLACE = ("n_train", "low", "high", "smaller", "larger")  # of a crossing


def make_crossovers(runs: Runs, chosen: pd.DataFrame, study: StudyConfig) -> pd.DataFrame:
    """One row per budget and pair of methods with pairs at two sizes or more.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    rows = []
    for first, second in study.analysis.contrasts:
        found = find_pairs(chosen, first, second)
        for budget in dict.fromkeys(budget for budget, _ in found):
            pairs = {n: pair for (name, n), pair in found.items() if name == budget}
            if len(pairs) > 1:
                crossing = crossover_of(runs, pairs, first, second, study.analysis)
                rows.append({"budget": budget, "first": first, "second": second} | crossing)
    return pd.DataFrame(rows)


def crossover_of(
    runs: Runs, pairs: dict[int, Pairs], first: str, second: str, analysis: Analysis
) -> dict[str, Any]:
    """Where the difference of two methods turns, from their pairs by size.

    Returns:
        `n_train`, `low` and `high` of the last turn, `smaller` and `larger`, the sizes whose
        decided differences enclose it (all NaN where there is none); `turns`, and of the `sizes`
        those at which the first method is decided `above` and `below` (counts); `statement`:
        "inside", one of `NONE` where every size is decided alike, else "undecided".
    """
    sizes = sorted(pairs)
    found = [difference_of(runs, pairs[n], runs.metric, analysis) for n in sizes]
    enough = np.array([len(pairs[n].seeds) >= LEAST_PAIRS for n in sizes])
    signs = np.where(enough, decided_signs(found, analysis.confidence), 0)
    turns = find_turns(signs)
    said: dict[str, Any] = {"turns": len(turns), "sizes": len(sizes)}
    said |= {"above": int(np.sum(signs > 0)), "below": int(np.sum(signs < 0))}
    if not turns:
        alike = len(set(signs)) == 1
        return dict.fromkeys(PLACE, np.nan) | said | {
            "statement": NONE.get(int(signs[0]), UNDECIDED) if alike else UNDECIDED
        }  # fmt: skip
    early, late = turns[-1]
    between = {n: pairs[n] for n in sizes[early : late + 1]}
    values = np.array([difference.value for difference in found[early : late + 1]])
    drawn = _redraw(runs, between, values, analysis, (first, second))
    where = locate_crossover(np.array([*between]), values, drawn, confidence=analysis.confidence)
    return where | said | {"statement": INSIDE}


def decided_signs(differences: list[Estimate], confidence: float) -> np.ndarray:
    """The sign of each difference of a family that is decided after Holm's correction, else 0."""
    p = correct_holm(np.array([difference.p_value() for difference in differences]))
    decided = p < significance(confidence)  # NaN is not
    return np.where(decided, np.sign([difference.value for difference in differences]), 0)


def find_turns(signs: np.ndarray) -> list[tuple[int, int]]:
    """Neighbours among the decided signs (-1, 1; 0 is undecided) that are opposite, by place."""
    decided = np.flatnonzero(signs)
    return [
        (int(early), int(late))
        for early, late in itertools.pairwise(decided)
        if signs[early] != signs[late]
    ]


def locate_crossover(
    sizes: np.ndarray, values: np.ndarray, drawn: np.ndarray | None, *, confidence: float
) -> dict[str, float]:
    """Where differences cross zero for good between the first size and the last, with its interval.

    Args:
        sizes: [K], rising; values: [K], differences, of opposite signs at the ends; drawn: [D, K],
            curves drawn again, or None where seeds allow none: then the interval is all of it.

    Returns:
        `n_train`, `low`, `high`, `smaller` and `larger`, the ends.
    """
    points, final = np.log(sizes), float(np.sign(values[-1]))
    low, high = points[0], points[-1]
    if drawn is not None:
        crossings = np.sort(np.clip(crossing_points(drawn, points, final), low, high))
        tail = int(len(crossings) * (1 - confidence) / 2)
        low, high = crossings[tail], crossings[-tail - 1]
    ends = {"smaller": float(sizes[0]), "larger": float(sizes[-1])}
    position = crossing_points(values[None], points, final)[0]
    found = {"n_train": position, "low": low, "high": high}
    return {name: float(np.exp(place)) for name, place in found.items()} | ends


def crossing_points(curves: np.ndarray, points: np.ndarray, final: float) -> np.ndarray:
    """Where each curve takes the sign `final` for good, [D]: -inf before, +inf beyond the range.

    Args:
        curves: [D, K], read at `points` [K] and straight between them; final: -1 or 1.
    """
    other = curves * final <= 0
    last = curves.shape[1] - 1 - np.argmax(other[:, ::-1], axis=1)  # the last point without it
    before = np.minimum(last, curves.shape[1] - 2)
    rows = np.arange(len(curves))
    left, right = curves[rows, before], curves[rows, before + 1]
    with np.errstate(divide="ignore", invalid="ignore"):  # such rows are replaced below
        share = left / (left - right)
    found = points[before] + share * (points[before + 1] - points[before])
    found = np.where(other[:, -1], np.inf, found)
    return np.where(other.any(axis=1), found, -np.inf)


def _redraw(
    runs: Runs,
    pairs: dict[int, Pairs],
    values: np.ndarray,
    analysis: Analysis,
    methods: tuple[str, str],
) -> np.ndarray | None:
    """Curves around these values, [D, K], from the seeds that all sizes have; None if too few."""
    common = set.intersection(*(set(pair.seeds) for pair in pairs.values()))
    if len(common) < LEAST_PAIRS:
        return None
    stacked = np.stack(
        [
            pair.differences(runs, runs.metric.name)[[seed in common for seed in pair.seeds]]
            for pair in pairs.values()
        ]
    )
    draws, seed = analysis.n_bootstrap, analysis.seed
    drawn = draw_curves(stacked, runs.group_sizes, draws=draws, seed=seed, key=methods)
    if drawn is None:
        return None
    centre = stacked.mean(axis=1).sum(axis=1) / runs.group_sizes.sum()
    return PERCENT * (drawn - centre) + values


def draw_curves(
    stacked: np.ndarray, group_sizes: np.ndarray, *, draws: int, seed: int, key: tuple[str, ...]
) -> np.ndarray | None:
    """Curves of differences drawn again, [D, K] as fractions; None with fewer than two seeds.

    Args:
        stacked: [K, S, G], differences summed over groups, the same seeds at all K sizes.
        key: beside `seed` of the generator for the t distribution; the bootstrap needs none.
    """
    sizes, seeds, groups = stacked.shape
    if seeds < 2 or groups < 2:
        return None
    if seeds < BOOTSTRAP_SEEDS:
        generator = generator_for(seed, "crossover", *key)
        return _draw_t(stacked, group_sizes, draws=draws, generator=generator)
    drawn = []
    for of_seeds, of_groups in crossed_weights(seeds, groups, draws=draws, seed=seed):
        by_seed = of_groups @ stacked.reshape(-1, groups).T  # [d, K * S]
        sums = np.einsum("dks,ds->dk", by_seed.reshape(-1, sizes, seeds), of_seeds)
        drawn.append(sums / (of_groups @ group_sizes)[:, None])
    return np.concatenate(drawn)


def _draw_t(
    stacked: np.ndarray, group_sizes: np.ndarray, *, draws: int, generator: np.random.Generator
) -> np.ndarray | None:
    _, seeds, groups = stacked.shape
    total = group_sizes.sum()
    by_seed = stacked.sum(axis=2) / total  # [K, S]
    centre = by_seed.mean(axis=1, keepdims=True)
    # Factors of the covariance: a matrix decomposition's signs would depend on the machine.
    of_seeds = (by_seed - centre) / np.sqrt(seeds * (seeds - 1))  # [K, S]
    residuals = stacked.mean(axis=1) - centre * group_sizes
    of_groups = residuals / total * np.sqrt(groups / (groups - 1))  # [K, G]
    parts = np.sum(of_seeds**2, axis=1), np.sum(of_groups**2, axis=1)
    known = parts[0] + parts[1] > NO_VARIANCE
    if not known.any():
        return None
    spread = parts[0] ** 2 / (seeds - 1) + parts[1] ** 2 / (groups - 1)
    freedom = np.min((parts[0] + parts[1])[known] ** 2 / spread[known])
    factor = np.concatenate([of_seeds, of_groups], axis=1)
    normal = generator.standard_normal((draws, factor.shape[1])) @ factor.T
    scale = np.sqrt(freedom / generator.chisquare(freedom, size=draws))
    return centre[:, 0] + normal * scale[:, None]
