"""What twice as many labels bring, from simulated studies with a known truth.

Measured with 120 studies a case (two methods of one of the shapes of `shapes.py`, four or five
sizes, three or five seeds): intervals of level 0.95 held the truth, and were in the median so many
points wide:

    sizes, seeds        four, 3     four, 5     five, 3     five, 5
    straight           1.00  25    1.00  17    1.00  24    1.00  18
    power law          1.00  40    1.00  35    1.00  33    1.00  28
    logistic           0.98  33    0.925 27    0.99  29    0.98  28
"""

from collections.abc import Callable

import numpy as np
import pytest

from tuning_curves.analysis.advice.advise import curves_of_runs
from tuning_curves.analysis.advice.arms import Curves
from tuning_curves.analysis.advice.doubling import gain_of_doubling
from tuning_curves.tasks.ceiling import Limit

from ..simulated import simulate, study_of
from .shapes import A, Shape, curves_of, logistic, power_law, straight


@pytest.mark.slow
@pytest.mark.parametrize("shape", [straight, power_law, logistic])
def test_intervals_of_more_labels_hold_the_truth(shape: Callable[..., Shape]) -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(40):
        truth = {"a": shape(rng), "b": shape(rng)}
        gain = gain_of_doubling(curves_of(rng, truth, 3), A, 400)
        held += gain.low <= truth["a"](800) - truth["a"](400) <= gain.high
    assert held >= 36


def exact(means: dict[int, float]) -> Curves:
    """Three runs a size of `a` and `b`: at this score, and as far below it as above."""
    rng = np.random.default_rng(0)
    study = study_of(["a", "b"], list(means), seeds=[0, 1, 2])
    runs = simulate(rng, study, lambda m, n: 50.0)
    for row in runs.frame.itertuples():
        score = means[row.n_train] + (row.subset_seed - 1) * row.n_train / 200
        runs.sums["exact_match"][row.id] = runs.group_sizes * score / 100
    return curves_of_runs(runs, runs.frame, study)


def test_a_measured_doubling_is_its_paired_difference() -> None:
    gain = gain_of_doubling(exact({50: 10.0, 100: 14.0, 400: 20.0}), A, 50)
    assert (gain.how, gain.value) == ("measured", pytest.approx(4.0))


def test_between_sizes_it_is_read_off_a_straight_line() -> None:
    gain = gain_of_doubling(exact({100: 10.0, 400: 20.0}), A, 100)
    assert (gain.how, gain.value) == ("between", pytest.approx(5.0))  # half of two doublings' 10
    gain = gain_of_doubling(exact({100: 10.0, 150: 13.0, 400: 20.0}), A, 100)
    share = np.log2(200 / 150) / np.log2(400 / 150)
    assert gain.value == pytest.approx(3 + 7 * share)


def test_beyond_the_sizes_the_last_gain_comes_again() -> None:
    gain = gain_of_doubling(exact({50: 10.0, 100: 18.0, 200: 24.0, 800: 32.0}), A, 800)
    assert (gain.how, gain.value) == ("extrapolated", pytest.approx(4.0))  # 8 in two doublings
    assert gain.trials == 2
    assert gain.trial_error == pytest.approx(2.0)  # 8, 6 and 4 points a doubling
    assert gain.low < gain.value < gain.high


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([50], "one size shows no gain"),
        ([50, 100], "2 sizes: this rule could be tried 0 times, expected 2 or more"),
        ([50, 100, 200], "3 sizes: this rule could be tried 1 time, expected 2 or more"),
    ],
)
def test_too_few_sizes_say_so(sizes: list[int], words: str) -> None:
    curves = curves_of(np.random.default_rng(7), {"a": lambda n: 40.0}, 3, sizes)
    gain = gain_of_doubling(curves, A, sizes[-1])
    assert words in gain.why
    assert np.isnan(gain.low)


def test_an_interval_ends_at_all_right() -> None:
    truth: dict[str, Shape] = {"a": lambda n: 60 + 12 * np.log2(n / 50)}
    curves = curves_of(np.random.default_rng(8), truth, 3)
    assert gain_of_doubling(curves, A, 400).high < 6


def test_an_interval_ends_at_the_ceiling() -> None:
    curves = exact({50: 10.0, 100: 18.0, 200: 26.0, 400: 34.0})
    limit = Limit(name="out of reach", count=60, total=100, metric=curves.metric.name)
    low = Curves(curves.source, curves.frame, curves.study, [limit])
    assert gain_of_doubling(curves, A, 400).high > 6.1
    assert gain_of_doubling(low, A, 400).high == pytest.approx(6.0)
