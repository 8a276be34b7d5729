"""Estimates with intervals from runs crossed with groups of examples.

A study's test examples come in groups (articles, documents), and examples of one group are not
independent; runs differ by their seeds. Both are samples, crossed: every seed predicts every
group. A mean over both has the standard error

    error^2 = variance over seeds / S  +  group-clustered variance of the seeds' mean

where the second term linearises the ratio (sum of scores) / (number of examples), since
groups differ in size. What seeds and groups share in noise counts in both terms, so the error
is on the wide side. An interval may all the same be narrower than that of a t over the seeds
alone, since it has more degrees of freedom.

The reference distribution of (estimate - truth) / error is

    fewer than 10 seeds   Student's t, degrees of freedom after Satterthwaite
    10 seeds or more      the crossed bootstrap: seeds and groups are drawn again, with
                          replacement and independently, and the ratio is formed in each draw

The bootstrap is studentised: where seeds vary most, 10 seeds and the plain percentiles cover
89 % instead of 95, the studentised ones 94. Fewer seeds are too few for either. With one seed
there is no error and no interval. Paired differences use the same functions on differences.
Measured under a known truth, intervals of level 0.95 hold it in 92 % or more from three seeds
on, and in 88 to 96 % with two (tests/analysis/test_coverage.py). Of a metric that is no mean the
sums are pseudo-sums of influence values (`group_sums`); docs/coverage.md measures those.

All numbers of a study take the same draws of its groups, and of as many seeds (common random
numbers): equal scores give equal numbers whatever table they stand in, a number keeps its bytes
when methods or sizes are added around it, and the error that so many draws leave is shared.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtr, stdtrit

from tuning_curves.util.errors import UsageError

BOOTSTRAP_SEEDS = 10
BLOCK = 64  # draws that are reckoned at a time, so that they stay in the processor's cache
PERCENT = 100.0
NO_VARIANCE = 1e-20  # of a fraction: rounding alone; one example in a million makes more
NO_VARIATION = "no variation"  # why there is no interval: all pairs of runs differ by the same


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean in percent points, its standard error, and what (mean - truth) / error follows.

    `error` is NaN where one seed, one group, or no variation at all leaves it unknown, which `why`
    says; then so are interval and p-values. Of `freedom` (Student's t) and `draws` (sorted,
    studentised) one is set.
    """

    value: float
    error: float
    freedom: float = np.nan
    draws: np.ndarray | None = None  # float [D]
    why: str = ""  # there is no interval: "one seed", "one group", `NO_VARIATION`

    def interval(self, confidence: float) -> tuple[float, float]:
        """The two-sided, equal-tailed interval; NaN where there is none."""
        if np.isnan(self.error):
            return np.nan, np.nan
        tail = (1 - confidence) / 2
        if self.draws is None:
            high = float(stdtrit(self.freedom, 1 - tail))
            low = -high
        else:  # the order statistics that agree with `tails`
            rank = max(1, int((len(self.draws) + 1) * tail + 1e-9))
            low, high = float(self.draws[rank - 1]), float(self.draws[-rank])
        return self.value - high * self.error, self.value - low * self.error

    def tails(self, null: float) -> tuple[float, float]:
        """One-sided p-values, NaN where unknown: of "at most `null`", and of "at least `null`"."""
        if np.isnan(self.error):
            return np.nan, np.nan
        pivot = (self.value - null) / self.error
        if self.draws is None:
            return float(stdtr(self.freedom, -pivot)), float(stdtr(self.freedom, pivot))
        above = int(np.sum(self.draws >= pivot))
        below = int(np.sum(self.draws <= pivot))
        return (1 + above) / (len(self.draws) + 1), (1 + below) / (len(self.draws) + 1)

    def p_value(self, null: float = 0.0) -> float:
        """The two-sided p-value: below 1 - confidence just where the interval leaves out `null`."""
        return float(np.minimum(1.0, 2 * min(self.tails(null))))  # which keeps NaN


def estimate(sums: np.ndarray, sizes: np.ndarray, *, draws: int, seed: int) -> Estimate:
    """The mean over seeds and examples, in percent.

    Args:
        sums: [S, G], each seed's sum of scores (0 to 1 an example) over each group; or of two
            methods' differences, seed by seed.
        sizes: [G], examples of each group.
        draws, seed: of the bootstrap, which is used from `BOOTSTRAP_SEEDS` seeds on.
    """
    seeds, groups = sums.shape
    value = float(sums.mean(axis=0).sum() / sizes.sum())
    if seeds < 2 or groups < 2:
        why = "one seed" if seeds < 2 else "one group"
        return Estimate(value=PERCENT * value, error=np.nan, why=why)
    over_seeds, over_groups = variance_parts(sums, sizes)
    variance = over_seeds + over_groups
    if variance < NO_VARIANCE:
        return Estimate(value=PERCENT * value, error=np.nan, why=NO_VARIATION)
    error = PERCENT * float(np.sqrt(variance))
    if seeds >= BOOTSTRAP_SEEDS:
        pivots = studentised_draws(sums, sizes, draws=draws, seed=seed)
        return Estimate(value=PERCENT * value, error=error, draws=pivots)
    freedom = _freedom(over_seeds, over_groups, seeds, groups)
    return Estimate(value=PERCENT * value, error=error, freedom=freedom)


def _freedom(over_seeds: float, over_groups: float, seeds: int, groups: int) -> float:
    """The degrees of freedom of a sum of two variances, after Satterthwaite."""
    parts = over_seeds**2 / (seeds - 1) + over_groups**2 / (groups - 1)
    return float((over_seeds + over_groups) ** 2 / parts)


def variance_parts(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """The squared error of the mean (as a fraction) from seeds, and that from groups."""
    seeds, groups = sums.shape
    total = sizes.sum()
    by_seed = sums.sum(axis=1) / total
    residual = sums.mean(axis=0) - by_seed.mean() * sizes
    over_groups = groups / (groups - 1) * np.sum(residual**2) / total**2
    return float(by_seed.var(ddof=1) / seeds), float(over_groups)


def half_width_with(seeds: int, sums: np.ndarray, sizes: np.ndarray, level: float) -> float:
    """Half the width, in percent points, that the interval is expected to have with so many seeds.

    What seeds add to the variance shrinks with their number; what the groups alone add stays. The
    quantile is Student's throughout: from `BOOTSTRAP_SEEDS` seeds on it stands for the bootstrap's.
    With the seeds at hand, and fewer than those, it is half of the interval that `estimate` gives.

    Args:
        seeds: 2 or more, where there are as many at hand; sums, sizes: as `estimate` takes them.

    Returns:
        NaN where one seed, one group, or no variation leaves the spread unknown.
    """
    own, groups = sums.shape
    if own < 2 or groups < 2:
        return np.nan
    over_seeds, over_groups = variance_parts(sums, sizes)
    if over_seeds + over_groups < NO_VARIANCE:
        return np.nan
    residuals = sums - np.outer(sums.sum(axis=1) / sizes.sum(), sizes)
    shared = groups / (groups - 1) * residuals.var(axis=0, ddof=1).sum() / sizes.sum() ** 2 / own
    shared = min(float(shared), over_groups)  # of the groups' part, what more seeds average out
    over_seeds, shrunk = over_seeds * own / seeds, shared * own / seeds
    over_groups = over_groups - shared + shrunk
    freedom = _freedom(over_seeds, over_groups, seeds, groups)
    quantile = float(stdtrit(freedom, (1 + level) / 2))
    return PERCENT * quantile * float(np.sqrt(over_seeds + over_groups))


def crossed_weights(
    seeds: int, groups: int, *, draws: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """How often each draw takes each seed, as shares [d, S], and each group, as counts [d, G].

    In blocks of d = `BLOCK` draws or fewer, `draws` in all.
    """
    of_seeds = redraw("seeds", seeds, draws=draws, seed=seed)
    of_groups = redraw("groups", groups, draws=draws, seed=seed)
    for start in range(0, draws, BLOCK):
        block = slice(start, start + BLOCK)
        yield of_seeds[block] / seeds, of_groups[block].astype(np.float64)


@lru_cache(maxsize=8)
def redraw(what: str, count: int, *, draws: int, seed: int) -> np.ndarray:
    """How often each of `count` things is taken in draws of `count` with replacement, [D, count].

    Small whole numbers, kept and not to be written to: a study's numbers share them.
    """
    generator = generator_for(seed, "bootstrap", what, count)
    blocks = []
    for start in range(0, draws, BLOCK):
        rows = min(BLOCK, draws - start)
        taken = generator.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        counts = np.bincount(taken.ravel(), minlength=rows * count)
        blocks.append(counts.reshape(rows, count).astype(np.min_scalar_type(counts.max())))
    found = np.concatenate(blocks)
    found.setflags(write=False)
    return found


def studentised_draws(sums: np.ndarray, sizes: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """Sorted (draw - estimate) / (the draw's own error) of the crossed bootstrap, [D].

    A draw without any variation has no error and is left out.
    """
    weights = crossed_weights(*sums.shape, draws=draws, seed=seed)
    rows = np.concatenate([sums, sizes[None]])  # [S + 1, G]
    parts = [_draw_block(rows, *block) for block in weights]
    means, variance = (np.concatenate(part) for part in zip(*parts, strict=True))
    varied = variance > NO_VARIANCE
    centre = sums.mean(axis=0).sum() / sizes.sum()
    return np.sort((means[varied] - centre) / np.sqrt(variance[varied]))


def _draw_block(
    rows: np.ndarray, of_seeds: np.ndarray, of_groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The means of some draws, as fractions, and their squared errors, [d] each.

    Args:
        rows: [S + 1, G], the seeds' sums and the groups' sizes; weights as `crossed_weights` has.
    """
    seeds, groups = len(rows) - 1, rows.shape[1]
    drawn = of_groups @ np.ascontiguousarray(rows.T)  # [d, S + 1]
    totals = drawn[:, -1]
    by_seed = drawn[:, :-1] / totals[:, None]
    means = np.sum(of_seeds * by_seed, axis=1)
    over_seeds = np.sum(of_seeds * (by_seed - means[:, None]) ** 2, axis=1) / (seeds - 1)
    residuals = np.column_stack([of_seeds, -means]) @ rows  # [d, G]
    np.square(residuals, out=residuals)
    over_groups = np.einsum("dg,dg->d", of_groups, residuals) / totals**2
    return means, over_seeds + groups / (groups - 1) * over_groups


def generator_for(seed: int, *key: str | int) -> np.random.Generator:
    """A generator of the study's seed and of what is drawn."""
    text = "\0".join(str(part) for part in key)
    return np.random.default_rng([seed, zlib.crc32(text.encode("utf-8"))])


def equivalence_p(difference: Estimate, margin: float) -> float:
    """The p-value of "the difference is at least `margin` percent points, one way or the other".

    NaN where the difference has no standard error.

    Raises:
        UsageError: a margin that is not above 0.
    """
    _check_margin(margin)
    at_most, _ = difference.tails(-margin)
    _, at_least = difference.tails(margin)
    return max(at_most, at_least)


def not_worse_p(difference: Estimate, margin: float) -> float:
    """The p-value of "the first method is worse than the second by at least `margin` points"."""
    _check_margin(margin)
    return difference.tails(-margin)[0]


def _check_margin(margin: float) -> None:
    if not margin > 0:
        raise UsageError(
            f"the margin of equivalence is {margin!r}, expected more than 0 percent points",
            fix="state the largest difference that does not matter, such as 1.0",
        )
