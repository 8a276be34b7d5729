"""The crossover: only between decided differences of opposite sign, and nothing beyond them."""

from typing import Any

import numpy as np
import pytest

from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.analysis.crossover import (
    INSIDE,
    NONE,
    UNDECIDED,
    crossing_points,
    crossover_of,
    decided_signs,
    draw_curves,
    find_turns,
    locate_crossover,
    make_crossovers,
)
from tuning_curves.analysis.pairs import find_pairs
from tuning_curves.analysis.statistics import Estimate

from .simulated import simulate, study_of

SIZES = [250, 500, 1000, 2000, 4000]
PAIR = {"contrasts": [["bitfit", "full"]], "n_bootstrap": 199, "seed": 0, "confidence": 0.95}


def crossing(
    ahead: dict[int, float], *, seeds: int = 5, rng: int = 0, of_seeds: float = 0.03
) -> dict[str, Any]:
    """What is said of a study in which BitFit is so many points ahead of full, which has 40 %."""
    study = study_of(["full", "bitfit"], list(ahead), seeds=list(range(seeds)), analysis=PAIR)
    runs = simulate(
        np.random.default_rng(rng), study,
        lambda method, n: 40 + (ahead[n] if method == "bitfit" else 0),
        of_seeds=of_seeds, of_groups=0.1,
    )  # fmt: skip
    rows = make_crossovers(runs, runs.frame, study)
    (row,) = rows.to_dict("records")
    pairs = {n: pair for (_, n), pair in find_pairs(runs.frame, "bitfit", "full").items()}
    again = crossover_of(runs, pairs, "bitfit", "full", study.analysis)
    assert {name: row[name] for name in again} == pytest.approx(again, nan_ok=True)
    return again


def test_a_crossing_lies_between_the_decided_sizes_on_either_side() -> None:
    found = crossing(dict(zip(SIZES, (30, 20, 0.5, -20, -30), strict=True)))
    assert (found["statement"], found["smaller"], found["larger"]) == (INSIDE, 500, 2000)
    assert 500 < found["low"] < found["n_train"] < found["high"] < 2000
    assert (found["above"], found["below"], found["sizes"], found["turns"]) == (2, 2, 5, 1)


@pytest.mark.parametrize(("ahead", "sign"), [(25, 1), (-25, -1)])
def test_one_sign_decided_at_every_size_says_that_there_is_no_crossing(
    ahead: float, sign: int
) -> None:
    found = crossing(dict.fromkeys(SIZES, ahead))
    assert (found["statement"], found["turns"]) == (NONE[sign], 0)
    assert np.isnan([found[name] for name in ("n_train", "low", "high", "smaller")]).all()


def test_an_undecided_difference_of_the_other_sign_is_no_crossing() -> None:
    """An estimate that changes its sign crosses nothing where one side leaves it open."""
    found = crossing({250: 1, 500: 0, 1000: -25, 2000: -25})
    assert (found["statement"], found["above"], found["below"]) == (UNDECIDED, 0, 2)
    assert np.isnan(found["n_train"])


def test_with_too_few_seeds_nothing_is_decided() -> None:
    found = crossing({250: 30, 4000: -30}, seeds=LEAST_PAIRS - 1, of_seeds=0.001)
    assert (found["statement"], found["above"], found["below"]) == (UNDECIDED, 0, 0)


def test_the_last_of_several_turns_is_told_and_all_are_counted() -> None:
    found = crossing(dict(zip(SIZES, (-25, 25, 25, -25, -25), strict=True)))
    assert (found["turns"], found["smaller"], found["larger"]) == (2, 1000, 2000)


def test_signs_are_decided_after_holms_correction() -> None:
    """t of 2.5 with many degrees of freedom has p = 0.012: decided alone, not among five."""
    one = Estimate(value=2.5, error=1.0, freedom=1000)
    assert decided_signs([one], 0.95).tolist() == [1]
    assert (
        decided_signs([one, *[Estimate(value=0.0, error=1.0, freedom=1000)] * 4], 0.95).sum() == 0
    )
    assert decided_signs([Estimate(value=-2.5, error=np.nan)], 0.95).tolist() == [0]


def test_turns_are_found_over_undecided_sizes() -> None:
    assert find_turns(np.array([1, 0, 0, -1, -1])) == [(0, 3)]
    assert find_turns(np.array([0, 1, -1, 0, 1])) == [(1, 2), (2, 4)]
    assert find_turns(np.array([0, 1, 0, 1])) == find_turns(np.zeros(3)) == []


def test_the_place_is_read_off_straight_lines_on_log_n_without_smoothing() -> None:
    """From 3 at 100 to -1 at 1,600: three quarters of the way, 100 * 16^0.75 = 800."""
    found = locate_crossover(np.array([100, 1600]), np.array([3.0, -1.0]), None, confidence=0.95)
    assert found["n_train"] == pytest.approx(800)
    assert (found["low"], found["high"]) == pytest.approx((100, 1600))  # no draws: all of it
    kinked = np.array([3.0, 0.2, -1.0])  # 400 * 4^(1/6)
    found = locate_crossover(np.array([100, 400, 1600]), kinked, None, confidence=0.95)
    assert found["n_train"] == pytest.approx(400 * 4 ** (1 / 6))


def test_the_interval_holds_the_middle_draws_and_ends_at_the_decided_sizes() -> None:
    sizes, line = np.array([100, 1600]), np.array([2.0, -2.0])  # crosses at 400
    drawn = line + np.linspace(-1, 1, 101)[:, None]  # each unit moves it a quarter of log 16
    found = locate_crossover(sizes, line, drawn, confidence=0.95)
    reach = 0.96 * np.log(16) / 4  # the 3rd of 101 from either end
    assert np.log([found["low"] / 400, found["high"] / 400]) == pytest.approx([-reach, reach])
    beyond = line + np.linspace(-9, 9, 101)[:, None]
    found = locate_crossover(sizes, line, beyond, confidence=0.95)
    assert (found["low"], found["high"]) == pytest.approx((100, 1600))


def test_the_last_change_of_sign_counts() -> None:
    points = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    curves = np.array(
        [
            [1.0, -1.0, 1.0, 1.0, -3.0],  # for good at 3.25
            [-1.0, -1.0, -1.0, -1.0, -1.0],  # already before the range
            [-1.0, -1.0, -1.0, -1.0, 2.0],  # not within it
        ]
    )
    assert crossing_points(curves, points, -1.0).tolist() == [3.25, -np.inf, np.inf]


@pytest.mark.parametrize("seeds", [3, 12])
def test_curves_drawn_again_vary_as_the_estimate_does(seeds: int) -> None:
    """Differences of 2, 0 and -2 points, article noise alone: centre and spread by formula."""
    rng = np.random.default_rng(1)
    articles = np.full(50, 20)
    noise = rng.standard_normal((3, 1, 50))
    noise = noise - noise.mean(axis=2, keepdims=True)
    stacked = np.array([0.4, 0.0, -0.4])[:, None, None] + noise * np.ones((1, seeds, 1))
    drawn = draw_curves(stacked, articles, draws=20_000, seed=1, key=())
    assert drawn is not None
    assert drawn.mean(axis=0) == pytest.approx([0.02, 0.0, -0.02], abs=5e-4)
    expected = np.cov(noise[:, 0]) / 50 / 20**2
    assert np.cov(drawn.T) == pytest.approx(expected, rel=0.15, abs=1e-6)


def test_one_seed_allows_no_draws() -> None:
    assert draw_curves(np.ones((2, 1, 4)), np.full(4, 5), draws=10, seed=0, key=()) is None
