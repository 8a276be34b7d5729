"""What further seeds would decide: by hand, against Holm's correction, and against a simulation."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tuning_curves.analysis.comparisons import bound_of_holm, correct_holm, make_contrasts
from tuning_curves.analysis.further_seeds import MOST, predict, tabulate_further_seeds
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.selection import keep_chosen, select_rates, summarise_rates
from tuning_curves.analysis.statistics import estimate, half_width_with, variance_parts

from .simulated import study_of

SIZES = np.full(30, 20)


def draw(
    rng: np.random.Generator, seeds: int, *, of_seeds: float = 0.04, of_groups: float = 0.06
) -> np.ndarray:
    """Differences summed over groups: an effect of 0.05, and noise of three kinds."""
    effect = 0.05 + of_seeds * rng.standard_normal((seeds, 1)) + of_groups * rng.standard_normal(30)
    return np.asarray(SIZES * (effect + 0.1 * rng.standard_normal((seeds, 30))))


@pytest.mark.parametrize("seeds", [2, 3, 9])
def test_with_the_seeds_at_hand_it_is_half_of_the_interval(seeds: int) -> None:
    sums = draw(np.random.default_rng(seeds), seeds)
    low, high = estimate(sums, SIZES, draws=99, seed=0).interval(0.98)
    assert half_width_with(seeds, sums, SIZES, 0.98) == pytest.approx((high - low) / 2)


def test_only_the_seeds_share_shrinks() -> None:
    """Seeds that differ by a constant: four times the seeds halve what they add, and no more."""
    sums = SIZES * (np.array([[0.0], [0.1], [0.2]]) + np.linspace(-0.1, 0.1, 30))
    over_seeds, over_groups = variance_parts(sums, SIZES)
    many = half_width_with(100_000, sums, SIZES, 0.95)
    assert many == pytest.approx(100 * np.sqrt(over_groups) * 2.0452, rel=1e-3)  # t of 29 degrees
    alone = SIZES * np.array([[0.0], [0.1], [0.2]]) * np.ones(30)
    widths = [half_width_with(seeds, alone, SIZES, 0.95) for seeds in (3, 12)]
    assert widths == pytest.approx([4.3027 * 10 / np.sqrt(3), 2.2010 * 10 / np.sqrt(12)], rel=1e-4)
    assert over_seeds == pytest.approx(0.01 / 3)


def test_what_has_no_spread_has_no_width() -> None:
    for sums in (draw(np.random.default_rng(0), 1), np.ones((3, 30)), np.ones((3, 1))):
        assert np.isnan(half_width_with(5, sums, SIZES[: sums.shape[1]], 0.95))


@pytest.mark.parametrize(("at_hand", "later"), [(3, 9), (5, 9), (5, 20)])
def test_it_foretells_the_width_that_further_seeds_have_on_average(
    at_hand: int, later: int
) -> None:
    """Of 300 simulated contrasts each: root mean squares, since a variance is what is foretold."""
    rng = np.random.default_rng(7)
    foretold, found = [], []
    for _ in range(300):
        sums = draw(rng, later)
        foretold.append(half_width_with(later, sums[:at_hand], SIZES, 0.95))
        low, high = estimate(sums, SIZES, draws=199, seed=0).interval(0.95)
        found.append((high - low) / 2)
    ratio = np.sqrt(np.mean(np.square(foretold)) / np.mean(np.square(found)))
    assert ratio == pytest.approx(1.0, abs=0.1)


def test_the_seeds_needed_are_the_fewest_that_decide() -> None:
    sums = draw(np.random.default_rng(3), 4)
    level = 0.98
    found = predict(sums, SIZES, level)
    difference = 100 * abs(sums.mean(axis=0).sum()) / SIZES.sum()
    needed = int(found["needed"])
    assert 4 < needed <= MOST
    assert half_width_with(needed, sums, SIZES, level) < difference
    assert needed == 5 or half_width_with(needed - 1, sums, SIZES, level) >= difference
    assert found["half"] > found["half_5"] > found["half_10"] > found["half_20"]
    centred = sums - sums.mean(axis=0).sum() / SIZES.sum() * SIZES
    assert np.isnan(predict(centred, SIZES, level)["needed"])  # a difference of 0: none suffice


def test_the_bound_is_that_of_holms_correction() -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        others = rng.choice([0.001, 0.008, 0.012, 0.02, 0.03, 0.2, np.nan], size=rng.integers(0, 6))
        p = rng.uniform(0, 0.06)
        decided = correct_holm(np.array([p, *others]))[0] < 0.05
        assert decided == (p < bound_of_holm(others, 0.05))


def test_undecided_contrasts_are_told_with_the_cost_of_a_seed(
    run_row: Callable[..., dict[str, Any]], collect_runs: Callable[..., Runs]
) -> None:
    """Full tries two rates on two threads, so that a seed of it costs four times its seconds."""
    counts = {100: ([5, 7, 6], [5, 5, 6]), 1000: ([9, 9, 8], [2, 1, 2])}
    rows, exact = [], {}
    for n, (bitfit, full) in counts.items():
        for method, rates, right in (("bitfit", (1e-2,), bitfit), ("full", (1e-4, 2e-4), full)):
            for rate in rates:
                for seed, count in enumerate(right):
                    row = run_row(
                        method, n, rate, seed, threads=len(rates), train_seconds=10.0 * len(rates)
                    )
                    exact[row["id"]] = [1] * count + [0] * (10 - count)
                    rows.append(row)
    runs = collect_runs(rows, exact, [2, 2, 2, 2, 2])
    analysis = {
        "contrasts": [["bitfit", "full"]],
        "n_bootstrap": 199,
        "seed": 0,
        "confidence": 0.95,
    }
    study = study_of(["bitfit", "full"], [100, 1000], analysis=analysis)
    selection = select_rates(summarise_rates(runs.frame))
    chosen = keep_chosen(runs.frame, selection)
    contrasts = make_contrasts(runs, chosen, study)
    (row,) = tabulate_further_seeds(runs, chosen, selection, contrasts, study).to_dict("records")
    assert (row["n_train"], row["pairs"], row["metric"]) == (100, 3, "exact_match")
    assert row["difference"] == pytest.approx(100 * 2 / 30)
    assert row["seed_seconds"] == 10 + 2 * 2 * 20
    assert row["seed_steps"] == 39 + 2 * 39
    untimed = chosen.assign(train_seconds=np.nan)
    found = tabulate_further_seeds(runs, untimed, selection, contrasts, study)
    assert np.isnan(found["seed_seconds"].iloc[0]) and found["seed_steps"].iloc[0] == 117
