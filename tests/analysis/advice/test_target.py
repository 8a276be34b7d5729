"""How many labels a score needs, from simulated studies with a known truth.

`label_coverage.py` measures how often its intervals hold it; docs/advice.md has the numbers.
"""

import re
from collections.abc import Callable

import numpy as np
import pytest

from tuning_curves.analysis.advice import target
from tuning_curves.analysis.advice.advise import curves_of_runs, labels_needed
from tuning_curves.analysis.advice.arms import Curves
from tuning_curves.analysis.advice.curve_models import MODELS
from tuning_curves.analysis.advice.target import Forecasts, bends, join, model_errors
from tuning_curves.tasks.ceiling import Limit

from ..simulated import simulate, study_of
from . import label_coverage
from .shapes import A, Shape, curves_of, logistic, power_law, straight

FIVE = [50, 100, 200, 400, 800]
QUIET = {"of_seeds": 0.005, "of_groups": 0.01, "groups": 1500}


def rising(n: float) -> float:
    """To 65.4 % at 800, 69.7 % at 1,600 and 72.7 % at 3,200."""
    return 80 - 60 * (n / 50) ** -0.511


def curves_like(
    law: Callable[[str, int], float], sizes: list[int] = FIVE, seeds: int = 5
) -> Curves:
    """Curves of `a` and `b` with next to no noise."""
    study = study_of(["a", "b"], sizes, seeds=list(range(seeds)))
    runs = simulate(np.random.default_rng(2), study, law, **QUIET)
    return curves_of_runs(runs, runs.frame, study)


@pytest.fixture(scope="module")
def quiet() -> Curves:
    return curves_like(lambda m, n: rising(n))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [straight, power_law, logistic])
def test_intervals_hold_the_truth(shape: Callable[..., Shape]) -> None:
    tallies = label_coverage.measure(shape, FIVE, 5, 40)
    for where, tally in tallies.items():
        assert tally.coverage >= 0.88, (where, tally)
    assert tallies["among the sizes"].answered >= 36
    assert tallies["ahead"].answered >= 20


def test_ahead_of_the_sizes_an_interval_holds_the_truth(quiet: Curves) -> None:
    found = Forecasts(quiet).needed(A, rising(1600))
    assert found.declined == ""
    assert 800 < found.low < 1600 < found.high
    assert found.low < found.n < found.high
    assert not found.low_open
    assert sum(found.weights.values()) == pytest.approx(1)
    assert found.weights["last doubling"] < 0.05  # the truth is a power law
    assert list(found.enough) == [800, 1600, 3200]
    assert found.enough[800] < 0.05 < found.enough[1600] < 0.9 < found.enough[3200]


def test_among_the_sizes_it_is_read_off_between_them(quiet: Curves) -> None:
    found = Forecasts(quiet).needed(A, rising(280))
    assert 200 < found.low < 280 < found.high < 400


def test_below_the_smallest_size_the_interval_is_open(quiet: Curves) -> None:
    found = Forecasts(quiet).needed(A, 10.0)
    assert (found.low, found.low_open) == (50, True)


@pytest.mark.parametrize(
    ("asked", "words"),
    [(79.5, "beyond 4 times the data (3,200 questions)"), (99.0, "beyond 4 times the data")],
)
def test_too_far_it_declines_and_says_the_least(quiet: Curves, asked: float, words: str) -> None:
    found = Forecasts(quiet).needed(A, asked)
    assert words in found.declined
    assert np.isnan(found.n)
    assert found.low > 1600


def test_above_the_ceiling_it_declines(quiet: Curves) -> None:
    limit = Limit(name="out of reach", count=30, total=100, metric=quiet.metric.name)
    low = Curves(quiet.source, quiet.frame, quiet.study, [limit])
    assert Forecasts(low).needed(A, 71.0).declined == "no method can reach more than 70.00 %"


def test_a_falling_curve_declines_with_the_sizes_between_which_it_falls() -> None:
    law = {50: 40.0, 100: 50.0, 200: 60.0, 400: 45.0, 800: 65.0}
    found = Forecasts(curves_like(lambda m, n: law[n])).needed(A, 70.0)
    assert found.declined.startswith("the curve is not monotone: 400 questions score 1")
    assert found.declined.endswith("less than 200")


@pytest.mark.parametrize(
    ("sizes", "seeds", "words"),
    [
        ([50, 100, 200], 5, "3 of 4 sizes that it takes were run (50, 100, 200)"),
        (FIVE, 2, "2 of 3 seeds that it takes have runs at all sizes"),
    ],
)
def test_too_few_sizes_or_seeds_decline(sizes: list[int], seeds: int, words: str) -> None:
    curves = curves_like(lambda m, n: rising(n), sizes, seeds)
    assert Forecasts(curves).needed(A, 70.0).declined == words


def test_one_test_group_declines(quiet: Curves) -> None:
    rng = np.random.default_rng(0)
    curves = curves_of(rng, {"a": rising}, 3, FIVE, groups=1)
    assert Forecasts(curves).needed(A, 70.0).declined.startswith("one test article or no variation")


def test_the_truth_beyond_is_foretold_by_trials_on_smaller_sizes() -> None:
    sizes = np.array([50.0, 100, 200, 400])
    last = MODELS[0]
    errors = model_errors(last, np.array([[10.0, 20.0, 28.0, 34.0]]), sizes, 100.0)
    # from 50 and 100: 30 and 40 at 200 and 400; from 100 and 200: 36 at 400
    np.testing.assert_allclose(errors[:, 0], [-2.0, -3.0, -2.0])


def test_bends_are_half_second_derivatives_whatever_the_gaps() -> None:
    sizes = np.array([50.0, 100, 400, 3200])
    curve = 7 + 3 * np.log2(sizes / 50) - 0.5 * np.log2(sizes / 50) ** 2
    np.testing.assert_allclose(bends(curve[None], sizes)[:, 0], [0.5, 0.5])


def test_joined_curves_go_through_their_sizes_and_stay_between_them() -> None:
    sizes = np.array([50.0, 100, 800])
    drawn = np.array([[10.0, 20.0, 50.0], [30.0, 20.0, 20.0]])
    points, joined = join(drawn, sizes, 5.0, np.random.default_rng(0))
    at = [int(np.flatnonzero(np.isclose(points, n))[0]) for n in sizes]
    np.testing.assert_allclose(joined[:, at], drawn)
    assert np.all(np.diff(points) > 0)
    assert np.all(np.diff(joined[0][: at[1] + 1]) > -8)
    assert joined[0].max() == 50
    straight_line = join(drawn, sizes, 0.0, np.random.default_rng(0))[1]
    middle = int(np.argmin(np.abs(points - np.sqrt(100 * 800))))
    assert straight_line[0, middle] == pytest.approx(35, abs=1)
    assert joined[0, middle] != pytest.approx(straight_line[0, middle])


def test_equal_runs_give_equal_answers_and_methods_do_not_change_each_others_draws() -> None:
    one, again = (curves_like(lambda m, n: rising(n)) for _ in range(2))
    assert Forecasts(one).needed(A, 70.0) == Forecasts(again).needed(A, 70.0)


def test_forecasts_are_rows_up_to_four_times_the_data(quiet: Curves) -> None:
    rows = [row for row in target.tabulate_forecasts(quiet) if row["method"] == "a"]
    assert [round(row["n_train"]) for row in rows] == [800, 1131, 1600, 2263, 3200]
    assert all(row["low"] < row["score"] < row["high"] for row in rows)
    assert rows[2]["low"] < rising(1600) < rows[2]["high"]
    assert rows[-1]["high"] - rows[-1]["low"] > rows[0]["high"] - rows[0]["low"]


def test_in_words_an_answer_has_two_digits_and_an_interval(quiet: Curves) -> None:
    found = labels_needed(quiet, rising(1600))
    assert [one["method"] for one in found["curves"]] == ["a", "b"]
    (said, *_) = found["sentences"]
    assert said.startswith("69.8 % exact match with ")
    assert re.search(r": about 1,[567]00 questions", said)
    assert " questions [1," in said
    assert re.search(r"3,200 in (9\d|100) %\.$", said)


def test_in_words_a_refusal_says_why_and_the_least(quiet: Curves) -> None:
    said = labels_needed(quiet, 79.5)["sentences"][0]
    assert "no number is given, since it lies beyond 4 times the data" in said
    assert "More than " in said
