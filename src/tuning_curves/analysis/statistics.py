"""Estimates with intervals from runs crossed with groups of examples.

A study's test examples come in groups (articles, documents), and examples of one group are not
independent; runs differ by their seeds. Both are samples, crossed: every seed predicts every
group. A mean over both has the standard error

    error^2 = variance over seeds / S  +  group-clustered variance of the seeds' mean

where the second term linearises the ratio (sum of scores) / (number of examples), since
groups differ in size. What seeds and groups share in noise counts in both terms, so the sum
errs on the wide side; it is never too small by construction.

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
"""

import zlib
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from tuning_curves.util.errors import UsageError

BOOTSTRAP_SEEDS = 10
PERCENT = 100.0
NO_VARIANCE = 1e-20  # of a fraction: rounding alone; one example in a million makes more


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
    why: str = ""  # there is no interval: "one seed", "one group", "no variation"

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


def estimate(
    sums: np.ndarray, sizes: np.ndarray, *, draws: int, generator: np.random.Generator
) -> Estimate:
    """The mean over seeds and examples, in percent.

    Args:
        sums: [S, G], each seed's sum of scores (0 to 1 an example) over each group; or of two
            methods' differences, seed by seed.
        sizes: [G], examples of each group.
        draws: bootstrap draws; used from `BOOTSTRAP_SEEDS` seeds on.
    """
    seeds, groups = sums.shape
    value = float(sums.mean(axis=0).sum() / sizes.sum())
    if seeds < 2 or groups < 2:
        why = "one seed" if seeds < 2 else "one group"
        return Estimate(value=PERCENT * value, error=np.nan, why=why)
    over_seeds, over_groups = variance_parts(sums, sizes)
    variance = over_seeds + over_groups
    if variance < NO_VARIANCE:
        return Estimate(value=PERCENT * value, error=np.nan, why="no variation")
    error = PERCENT * float(np.sqrt(variance))
    if seeds >= BOOTSTRAP_SEEDS:
        pivots = studentised_draws(sums, sizes, draws=draws, generator=generator)
        return Estimate(value=PERCENT * value, error=error, draws=pivots)
    freedom = variance**2 / (over_seeds**2 / (seeds - 1) + over_groups**2 / (groups - 1))
    return Estimate(value=PERCENT * value, error=error, freedom=float(freedom))


def variance_parts(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """The squared error of the mean (as a fraction) from seeds, and that from groups."""
    seeds, groups = sums.shape
    total = sizes.sum()
    by_seed = sums.sum(axis=1) / total
    residual = sums.mean(axis=0) - by_seed.mean() * sizes
    over_groups = groups / (groups - 1) * np.sum(residual**2) / total**2
    return float(by_seed.var(ddof=1) / seeds), float(over_groups)


def crossed_weights(
    seeds: int, groups: int, *, draws: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """How often each draw takes each seed, as shares [D, S], and each group, as counts [D, G]."""
    of_seeds = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws) / seeds
    of_groups = generator.multinomial(groups, np.full(groups, 1 / groups), size=draws)
    return of_seeds, of_groups.astype(np.float64)


def studentised_draws(
    sums: np.ndarray, sizes: np.ndarray, *, draws: int, generator: np.random.Generator
) -> np.ndarray:
    """Sorted (draw - estimate) / (the draw's own error) of the crossed bootstrap, [D].

    A draw without any variation has no error and is left out.
    """
    seeds, groups = sums.shape
    of_seeds, of_groups = crossed_weights(seeds, groups, draws=draws, generator=generator)
    totals = of_groups @ sizes  # [D]
    by_group = of_seeds @ sums  # [D, G]
    by_seed = of_groups @ sums.T / totals[:, None]  # [D, S]
    means = np.sum(of_seeds * by_seed, axis=1)
    over_seeds = np.sum(of_seeds * (by_seed - means[:, None]) ** 2, axis=1) / (seeds - 1)
    residuals = by_group - means[:, None] * sizes
    over_groups = np.sum(of_groups * residuals**2, axis=1) / totals**2
    variance = over_seeds + groups / (groups - 1) * over_groups
    varied = variance > NO_VARIANCE
    centre = sums.mean(axis=0).sum() / sizes.sum()
    return np.sort((means[varied] - centre) / np.sqrt(variance[varied]))


def generator_for(seed: int, *key: str | int) -> np.random.Generator:
    """A generator for one number of a table: of the study's seed and the number's own key.

    A number then keeps its bytes when methods or sizes are added around it.
    """
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
