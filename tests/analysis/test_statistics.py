"""Estimates with intervals, by numbers that can be checked by hand."""

import numpy as np
import pytest
from scipy import stats

from tuning_curves.analysis.statistics import (
    BLOCK,
    Estimate,
    estimate,
    redraw,
    studentised_draws,
    variance_parts,
)

# Two seeds, three articles of 2, 4 and 4 questions: 5 and 7 of 10 are right.
SUMS = np.array([[1.0, 2.0, 2.0], [1.0, 3.0, 3.0]])
SIZES = np.array([2, 4, 4])


def fresh() -> np.random.Generator:
    return np.random.default_rng(5)


def many_seeds(rng: np.random.Generator, seeds: int = 12) -> tuple[np.ndarray, np.ndarray]:
    sizes = rng.integers(5, 30, size=40)
    chance = 0.5 + 0.1 * rng.standard_normal(40) + 0.05 * rng.standard_normal((seeds, 1))
    return rng.binomial(sizes, chance.clip(0, 1)).astype(float), sizes


def test_parts_of_the_variance_by_hand() -> None:
    over_seeds, over_articles = variance_parts(SUMS, SIZES)
    # seeds: 0.5 and 0.7, variance 0.02, halved for the mean of two
    assert over_seeds == pytest.approx(0.01)
    # articles: means 1, 2.5, 2.5 less 0.6 of the sizes: -0.2, 0.1, 0.1; 3/2 * 0.06 / 100
    assert over_articles == pytest.approx(0.0009)


def test_t_interval_by_hand() -> None:
    found = estimate(SUMS, SIZES, draws=100, seed=5)
    assert found.value == pytest.approx(60.0)
    assert found.error == pytest.approx(100 * np.sqrt(0.0109))
    # Satterthwaite: 0.0109^2 / (0.01^2 / 1 + 0.0009^2 / 2)
    assert found.freedom == pytest.approx(0.0109**2 / (0.0001 + 0.000000405))
    half = stats.t.ppf(0.975, found.freedom) * found.error
    assert found.interval(0.95) == pytest.approx((60 - half, 60 + half))


def test_with_articles_alike_the_interval_is_the_textbook_t_interval_over_seeds() -> None:
    sizes = np.full(4, 10)
    sums = np.array([[5.0] * 4, [6.0] * 4, [7.0] * 4])  # 50, 60, 70 percent: sd 10
    low, high = estimate(sums, sizes, draws=100, seed=5).interval(0.95)
    assert (low, high) == pytest.approx((60 - 24.8414, 60 + 24.8414), abs=1e-3)  # 4.30265 * 10/√3


def test_one_seed_gives_a_value_and_nothing_else() -> None:
    found = estimate(SUMS[:1], SIZES, draws=100, seed=5)
    assert found.value == 50.0
    assert np.isnan([found.error, *found.interval(0.95), *found.tails(0.0), found.p_value()]).all()


def test_no_variation_at_all_gives_no_interval() -> None:
    found = estimate(np.zeros((3, 3)), SIZES, draws=100, seed=5)
    assert found.value == 0.0
    assert np.isnan([*found.interval(0.95), found.p_value()]).all()


def test_ten_seeds_use_the_bootstrap_and_nine_the_t_distribution() -> None:
    sums, sizes = many_seeds(fresh())
    assert estimate(sums[:9], sizes, draws=200, seed=5).draws is None
    found = estimate(sums[:10], sizes, draws=200, seed=5)
    assert found.draws is not None
    assert len(found.draws) == 200


def test_bootstrap_is_near_the_t_interval_where_both_apply() -> None:
    sums, sizes = many_seeds(fresh(), seeds=40)
    found = estimate(sums, sizes, draws=5000, seed=5)
    low, high = found.interval(0.95)
    assert high - low == pytest.approx(2 * 1.96 * found.error, rel=0.1)
    assert low < found.value < high


def test_the_seed_matters_and_suffices() -> None:
    sums, sizes = many_seeds(fresh())
    first, again, other = (
        studentised_draws(sums, sizes, draws=50, seed=seed) for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_each_draw_takes_as_many_as_there_are_each_as_likely() -> None:
    counts = redraw("groups", 30, draws=3000, seed=7)
    assert counts.shape == (3000, 30)
    assert (counts.sum(axis=1) == 30).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(30), abs=0.08)  # error 0.018 each
    assert counts.var() == pytest.approx(29 / 30, rel=0.02)  # of a binomial of 30 and 1/30
    assert np.corrcoef(counts[:, 0], counts[:, 1])[0, 1] == pytest.approx(-1 / 29, abs=0.06)
    assert not np.array_equal(counts, redraw("seeds", 30, draws=3000, seed=7))


def test_draws_by_the_formula_one_by_one() -> None:
    """Whatever blocks they are reckoned in: each draw is an estimate of the runs that it takes."""
    sums, sizes = many_seeds(fresh(), seeds=10)
    draws = BLOCK + 3
    of_seeds, of_groups = (
        redraw(what, count, draws=draws, seed=5) for what, count in (("seeds", 10), ("groups", 40))
    )
    pivots = []
    for taken, groups in zip(of_seeds, of_groups, strict=True):
        drawn = np.repeat(sums, taken, axis=0).repeat(groups, axis=1)
        of_drawn = sizes.repeat(groups)
        over_seeds, over_groups = variance_parts(drawn, of_drawn)
        value = drawn.mean(axis=0).sum() / of_drawn.sum()
        centre = sums.mean(axis=0).sum() / sizes.sum()
        pivots.append((value - centre) / np.sqrt(over_seeds + over_groups))
    found = studentised_draws(sums, sizes, draws=draws, seed=5)
    assert found == pytest.approx(np.sort(pivots))


@pytest.mark.parametrize("seeds", [3, 12])
def test_p_value_is_below_alpha_just_where_the_interval_leaves_out_the_null(seeds: int) -> None:
    sums, sizes = many_seeds(fresh(), seeds=seeds)
    found = estimate(sums, sizes, draws=999, seed=5)
    low, high = found.interval(0.95)
    for null in (low - 0.01, high + 0.01):
        assert found.p_value(null) <= 0.05
    for null in (low + 0.01, found.value, high - 0.01):
        assert found.p_value(null) > 0.05 - 1e-9


def test_bootstrap_tails_by_hand() -> None:
    # 19 draws, 1 to 19: (14 - 5.5) / 0.5 = 17, which 17, 18 and 19 reach
    found = Estimate(value=14.0, error=0.5, draws=np.arange(1.0, 20.0))
    assert found.tails(5.5) == pytest.approx(((1 + 3) / 20, (1 + 17) / 20))
    # level 0.9: the 1st and the 19th draw, by which the value may be off
    assert found.interval(0.9) == pytest.approx((14 - 19 * 0.5, 14 - 1 * 0.5))


def test_pairing_is_tighter_than_two_samples() -> None:
    rng = fresh()
    sizes = rng.integers(5, 30, size=40)
    hard = 0.15 * rng.standard_normal(40) + 0.05 * rng.standard_normal((5, 1))  # shared
    first, second = (
        rng.binomial(sizes, (base + hard).clip(0, 1)).astype(float) for base in (0.55, 0.5)
    )
    single = [estimate(sums, sizes, draws=10, seed=5).error for sums in (first, second)]
    paired = estimate(first - second, sizes, draws=10, seed=5).error
    assert paired < 0.5 * np.hypot(*single)
