"""Where two methods change places: the training size, with an interval, on log n.

The paired differences at the study's sizes are smoothed by local straight lines (Gaussian
weights, as wide as the median step between sizes on log n), which reproduce a straight line
exactly. The crossover is the size from which on the sign that the difference has at the largest
size holds without a break. Nothing is said beyond the smallest and the largest size.

The interval comes from whole curves drawn again: a draw takes the same seeds and groups at all
sizes, since subsets are nested and the test set is one. With 10 seeds or more that is the crossed
bootstrap; with fewer, curves are drawn from a multivariate t distribution with the two-part
covariance and the smallest of the sizes' degrees of freedom. A draw that has the final sign at
every size crosses below the range, one without it at the largest size crosses above.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.comparisons import LEAST_PAIRS, Analysis
from tuning_curves.analysis.pairs import Pairs, find_pairs
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.statistics import (
    BOOTSTRAP_SEEDS,
    NO_VARIANCE,
    crossed_weights,
    generator_for,
)
from tuning_curves.study.config import StudyConfig

GRID = 400  # points on log n at which smoothed curves are read; between them, straight lines
INSIDE, NONE_INSIDE, UNDECIDED = "inside", "none inside the range", "undecided"


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
    """What `locate_crossover` says of two methods' pairs by size, two sizes at least.

    With fewer than `LEAST_PAIRS` seeds that all sizes have, the statement is "undecided".
    """
    generator = generator_for(analysis.seed, "crossover", first, second)
    sizes = np.array(sorted(pairs), dtype=float)
    everything = [pairs[int(n)].differences(runs, runs.metric.name) for n in sizes]
    values = np.array([sums.mean(axis=0).sum() for sums in everything]) / runs.group_sizes.sum()
    common = set.intersection(*(set(pair.seeds) for pair in pairs.values()))
    stacked = np.stack(
        [
            sums[[seed in common for seed in pairs[int(n)].seeds]]
            for n, sums in zip(sizes, everything, strict=True)
        ]
    )
    drawn = draw_curves(stacked, runs.group_sizes, draws=analysis.n_bootstrap, generator=generator)
    if drawn is not None:
        drawn += values - stacked.mean(axis=1).sum(axis=1) / runs.group_sizes.sum()
    found = locate_crossover(sizes, values, drawn, confidence=analysis.confidence)
    return found if len(common) >= LEAST_PAIRS else found | {"statement": UNDECIDED}


def locate_crossover(
    sizes: np.ndarray, values: np.ndarray, drawn: np.ndarray | None, *, confidence: float
) -> dict[str, Any]:
    """The crossover of a curve of differences, its interval, and what may be said of it.

    An end of the interval beyond the range is NaN; so is an estimate outside of it.

    Args:
        sizes: [K], rising; values: [K], differences; drawn: [D, K], curves drawn again, or None
            where too few seeds allow none.

    Returns:
        `n_train`, `low`, `high`, and `statement`: "inside" where the estimate and both ends are;
        "none inside the range" where a share `confidence` of the draws never changes sign and has
        the estimate's; else "undecided".
    """
    smoother, points = smoothing_matrix(tuple(np.log(sizes)))
    curve = smoother @ values
    final = np.sign(curve[-1])
    position = crossing_points(curve[None], points, final)[0]
    if drawn is None or final == 0:
        return {"n_train": _size(position), "low": np.nan, "high": np.nan, "statement": UNDECIDED}
    crossings = np.sort(crossing_points(drawn @ smoother.T, points, final))
    tail = int(len(crossings) * (1 - confidence) / 2)
    low, high = crossings[tail], crossings[-tail - 1]
    if np.isneginf(position) and np.mean(np.isneginf(crossings)) >= confidence:
        return {"n_train": np.nan, "low": np.nan, "high": np.nan, "statement": NONE_INSIDE}
    inside = np.isfinite([position, low, high]).all()
    return {
        "n_train": _size(position),
        "low": _size(low),
        "high": _size(high),
        "statement": INSIDE if inside else UNDECIDED,
    }


def _size(position: float) -> float:
    return float(np.exp(position)) if np.isfinite(position) else np.nan


@lru_cache(maxsize=16)  # a study's pairs share their sizes
def smoothing_matrix(positions: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The local-line smoother from K positions to a fine grid: matrix [G, K], and the grid [G]."""
    x = np.array(positions)
    points = np.linspace(x[0], x[-1], GRID)
    width = np.median(np.diff(x))
    rows = []
    for point in points:
        weights = np.exp(-0.5 * ((x - point) / width) ** 2)
        design = np.stack([np.ones_like(x), x - point], axis=1)
        weighted = design * weights[:, None]
        rows.append(np.linalg.solve(design.T @ weighted, weighted.T)[0])
    return np.stack(rows), points


def crossing_points(curves: np.ndarray, points: np.ndarray, final: float) -> np.ndarray:
    """Where each curve takes the sign `final` for good, [D]: -inf before, +inf beyond the range.

    Args:
        curves: [D, G], read at `points` [G]; final: -1 or 1.
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


def draw_curves(
    stacked: np.ndarray, group_sizes: np.ndarray, *, draws: int, generator: np.random.Generator
) -> np.ndarray | None:
    """Curves of differences drawn again, [D, K] as fractions; None with fewer than two seeds.

    Args:
        stacked: [K, S, G], differences summed over groups, the same seeds at all K sizes.
    """
    sizes, seeds, groups = stacked.shape
    if seeds < 2 or groups < 2:
        return None
    if seeds < BOOTSTRAP_SEEDS:
        return _draw_t(stacked, group_sizes, draws=draws, generator=generator)
    of_seeds, of_groups = crossed_weights(seeds, groups, draws=draws, generator=generator)
    totals = of_groups @ group_sizes
    return np.stack(
        [np.sum((of_seeds @ stacked[k]) * of_groups, axis=1) / totals for k in range(sizes)],
        axis=1,
    )


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
