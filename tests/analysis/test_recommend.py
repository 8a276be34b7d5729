"""Advice from simulated studies with a known truth.

Measured with 120 studies a case (two methods of one of the shapes below, four or five sizes, three
or five seeds): intervals of level 0.95 of what twice as many labels bring held the truth, and were
in the median so many points wide:

    sizes, seeds        four, 3     four, 5     five, 3     five, 5
    straight           1.00  25    1.00  17    1.00  24    1.00  18
    power law          1.00  40    1.00  35    1.00  33    1.00  28
    logistic           0.98  33    0.925 27    0.99  29    0.98  28
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning_curves.analysis import labels, recommend
from tuning_curves.analysis.recommend import Curves, choose_method, gain_of_doubling, make_advice
from tuning_curves.analysis.runs import Runs
from tuning_curves.cli import main
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks.ceiling import Limit
from tuning_curves.util.errors import DataError

from .simulated import simulate, study_of

SIZES = [50, 100, 200, 400]
Shape = Callable[[int], float]


def straight(rng: np.random.Generator) -> Shape:
    """So many points a doubling."""
    first, gain = rng.uniform(5, 40), rng.uniform(1, 10)
    return lambda n: first + gain * np.log2(n / 50)


def power_law(rng: np.random.Generator) -> Shape:
    """Every doubling brings less."""
    top, power = rng.uniform(50, 85), rng.uniform(0.3, 1.0)
    first = rng.uniform(5, top - 20)
    return lambda n: top - (top - first) * (n / 50) ** -power


def logistic(rng: np.random.Generator) -> Shape:
    """Doublings bring more and more, then less and less; the turn may be beyond the sizes."""
    middle, width, top = 5.6 + rng.uniform(0, 5), rng.uniform(0.6, 1.5), rng.uniform(40, 80)
    return lambda n: 3 + top / (1 + np.exp(-(np.log2(n) - middle) / width))


def curves_of(
    rng: np.random.Generator, truth: dict[str, Shape], seeds: int, sizes: list[int] = SIZES
) -> Curves:
    study = study_of(list(truth), sizes, seeds=list(range(seeds)))
    runs = simulate(rng, study, lambda m, n: float(np.clip(truth[m](n), 0.5, 99.5)))
    return Curves(runs, runs.frame, "epochs", study)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [straight, power_law, logistic])
def test_intervals_of_more_labels_hold_the_truth(shape: Callable[..., Shape]) -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(40):
        truth = {"a": shape(rng), "b": shape(rng)}
        gain = gain_of_doubling(curves_of(rng, truth, 3), "a", 400)
        held += gain.low <= truth["a"](800) - truth["a"](400) <= gain.high
    assert held >= 36


@pytest.mark.slow
def test_the_best_method_is_rarely_thrown_out_where_none_is_better() -> None:
    """Four methods of one law: to throw out any given one is an error."""
    rng = np.random.default_rng(4)
    lost = 0
    for _ in range(60):
        choice = choose_method(curves_of(rng, dict.fromkeys("abcd", lambda n: 40.0), 5, [50]), 50)
        assert choice is not None
        lost += "a" not in choice.left
    assert lost <= 6  # 95 of 100 binomials of 60 at 0.05 have so few


def test_a_method_far_ahead_is_taken_alone() -> None:
    truth: dict[str, Shape] = {"a": lambda n: 30.0, "b": lambda n: 60.0, "c": lambda n: 20.0}
    curves = curves_of(np.random.default_rng(5), truth, 5, [50])
    choice = choose_method(curves, 50)
    assert choice is not None
    assert (choice.leader, choice.left) == ("b", ["b"])
    assert choice.level == pytest.approx(0.975)
    assert [pair.second for pair in choice.ahead] == ["a", "c"]
    assert all(pair.low < pair.value < pair.high for pair in choice.ahead)


def test_two_seeds_decide_nothing() -> None:
    truth: dict[str, Shape] = {"a": lambda n: 30.0, "b": lambda n: 60.0}
    choice = choose_method(curves_of(np.random.default_rng(6), truth, 2, [50]), 50)
    assert choice is not None
    assert choice.left == ["b", "a"]


def exact(means: dict[int, float]) -> Curves:
    """Three runs a size of `a` and `b`: at this score, and as far below it as above."""
    rng = np.random.default_rng(0)
    study = study_of(["a", "b"], list(means), seeds=[0, 1, 2])
    runs = simulate(rng, study, lambda m, n: 50.0)
    for row in runs.frame.itertuples():
        score = means[row.n_train] + (row.subset_seed - 1) * row.n_train / 200
        runs.sums["exact_match"][row.id] = runs.group_sizes * score / 100
    return Curves(runs, runs.frame, "epochs", study)


def test_a_measured_doubling_is_its_paired_difference() -> None:
    gain = gain_of_doubling(exact({50: 10.0, 100: 14.0, 400: 20.0}), "a", 50)
    assert (gain.how, gain.value) == ("measured", pytest.approx(4.0))


def test_between_sizes_it_is_read_off_a_straight_line() -> None:
    gain = gain_of_doubling(exact({100: 10.0, 400: 20.0}), "a", 100)
    assert (gain.how, gain.value) == ("between", pytest.approx(5.0))  # half of two doublings' 10
    gain = gain_of_doubling(exact({100: 10.0, 150: 13.0, 400: 20.0}), "a", 100)
    share = np.log2(200 / 150) / np.log2(400 / 150)
    assert gain.value == pytest.approx(3 + 7 * share)


def test_beyond_the_sizes_the_last_gain_comes_again() -> None:
    gain = gain_of_doubling(exact({50: 10.0, 100: 18.0, 200: 24.0, 800: 32.0}), "a", 800)
    assert (gain.how, gain.value) == ("extrapolated", pytest.approx(4.0))  # 8 in two doublings
    assert gain.trials == 2
    assert gain.trial_error == pytest.approx(2.0)  # 8, 6 and 4 points a doubling
    assert gain.low < gain.value < gain.high


@pytest.mark.parametrize(
    ("sizes", "words"),
    [([50], "one size shows no gain"), ([50, 100], "2 sizes try the rule 0 times, expected 2")],
)
def test_too_few_sizes_say_so(sizes: list[int], words: str) -> None:
    curves = curves_of(np.random.default_rng(7), {"a": lambda n: 40.0}, 3, sizes)
    gain = gain_of_doubling(curves, "a", sizes[-1])
    assert words in gain.why
    assert np.isnan(gain.low)


def test_an_interval_ends_at_all_right() -> None:
    rng = np.random.default_rng(8)
    truth: dict[str, Shape] = {"a": lambda n: 60 + 12 * np.log2(n / 50)}
    gain = gain_of_doubling(curves_of(rng, truth, 3), "a", 400)
    assert gain.high < 6


def advice_of(seeds: int, n: int | None = None) -> list[dict[str, Any]]:
    rng = np.random.default_rng(9)
    study = study_of(["full", "bitfit", "head"], SIZES, seeds=list(range(seeds)))
    level = {"full": 30.0, "bitfit": 29.5, "head": 5.0}
    runs = simulate(rng, study, lambda m, size: level[m] + 5 * np.log2(size / 50))
    return make_advice(runs, runs.frame, study, n)


def test_advice_in_words() -> None:
    (advice,) = advice_of(3)
    assert sorted(advice["left"]) == ["bitfit", "full"]
    method, least, *gains = advice["sentences"]
    assert "but it is undecided between" in method
    assert "ahead of head by" in method
    assert least == "Of these full trains the least: 0.11 % of the encoder."  # shares are equal
    assert [said.partition(":")[0] for said in gains] == [
        f"Labelling twice as many (800) for {name}" for name in advice["left"]
    ]
    assert all("if the last doubling's gain comes again" in said for said in gains)


def test_advice_with_one_seed_claims_nothing() -> None:
    (advice,) = advice_of(1)
    assert len(advice["left"]) == 3
    assert "without an interval (1 pair)" in advice["sentences"][0]
    assert "fewer than 3 seeds nothing counts as decided" in advice["sentences"][1]
    assert advice["twice_as_many"][0]["low"] is None


@pytest.mark.parametrize(
    ("n", "sizes", "opening"),
    [
        (100, [100], "With 100 questions"),
        (77, [50, 100], "No run has 77 questions; the next size below it is 50."),
        (1, [50], "No run has 1 questions; the next size above it is 50."),
        (5000, [400], "No run has 5,000 questions; the next size below it is 400."),
    ],
)
def test_between_sizes_there_is_advice_for_both_neighbours(
    n: int, sizes: list[int], opening: str
) -> None:
    advice = advice_of(3, n)
    assert [one["n_train"] for one in advice] == sizes
    assert advice[0]["sentences"][0].startswith(opening)
    if n != sizes[0]:
        assert advice[0]["sentences"][1:] == advice_of(3, sizes[0])[0]["sentences"]


def test_runs_that_all_diverged_advise_nothing() -> None:
    runs, study = on_seeds({"full": {0: 30.0}, "bitfit": {0: 35.0}})
    runs.frame["status"] = "diverged"
    with pytest.raises(DataError, match="no learning rate has enough runs that finished"):
        make_advice(runs, runs.frame, study, None)


def on_seeds(scores: dict[str, dict[int, float]]) -> tuple[Runs, StudyConfig]:
    """Runs at 100 questions with these scores by method and seed, and their study."""
    seeds = sorted({seed for column in scores.values() for seed in column})
    study = study_of(list(scores), [100], seeds=seeds)
    runs = simulate(np.random.default_rng(0), study, lambda m, n: 50.0)
    has = [row.subset_seed in scores[row.method] for row in runs.frame.itertuples()]
    runs = replace(runs, frame=runs.frame[has])
    for row in runs.frame.itertuples():
        score = scores[row.method][row.subset_seed]
        runs.sums["exact_match"][row.id] = runs.group_sizes * score / 100
    return runs, study


def test_a_leader_of_seeds_of_its_own_that_is_behind_is_not_taken() -> None:
    """`full` has the higher mean by its seeds 3 and 4 alone; where both have runs, it is behind."""
    full = {0: 30.0, 1: 30.2, 2: 29.8, 3: 60.0, 4: 60.0}
    runs, study = on_seeds({"full": full, "bitfit": {0: 35.0, 1: 35.0, 2: 35.0}})
    (advice,) = make_advice(runs, runs.frame, study, None)
    assert list(advice["scores"]) == ["full", "bitfit"]
    assert advice["left"] == ["bitfit"]
    assert [(pair["first"], pair["second"]) for pair in advice["ahead"]] == [("bitfit", "full")]
    assert advice["ahead"][0]["value"] == pytest.approx(5.0)
    said = advice["sentences"][0]
    assert said.startswith("With 100 questions bitfit has 35.0 % exact match: take bitfit. It is")
    assert "ahead of full by 5.0 [" in said


def test_a_leader_by_its_mean_can_be_behind_within_the_interval() -> None:
    full = {0: 30.0, 1: 36.0, 2: 33.0, 3: 60.0, 4: 60.0}
    runs, study = on_seeds({"full": full, "bitfit": {0: 34.0, 1: 34.0, 2: 34.0}})
    (advice,) = make_advice(runs, runs.frame, study, None)
    assert advice["left"] == ["full", "bitfit"]
    assert advice["ahead"][0]["value"] == pytest.approx(-1.0)
    assert (
        "undecided between full and bitfit: full is behind bitfit by 1.0 [-"
        in (advice["sentences"][0])
    )


CIRCLE = {
    "full": {0: 30.0, 1: 30.2, 2: 29.8, 6: 35.0, 7: 35.2, 8: 34.8},
    "bitfit": {0: 35.0, 1: 35.0, 2: 35.0, 3: 30.0, 4: 30.0, 5: 30.0},
    "head": {3: 35.0, 4: 35.2, 5: 34.8, 6: 30.0, 7: 30.0, 8: 30.0},
}


def test_methods_that_are_all_behind_on_different_seeds_are_said_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, _ = on_seeds(CIRCLE)
    monkeypatch.setattr(recommend, "read_chosen_runs", lambda study: (runs, runs.frame))
    limit = Limit(name="questions out of reach", count=1, total=8, metric="exact_match")
    monkeypatch.setattr(labels, "read_limits", lambda paths: {"test": [limit]})
    config = Path(__file__).resolve().parents[2] / "benchmarks" / "study.yaml"
    assert main(["advise", str(config)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "No method can reach more than 87.50\u00a0% exact match: 1 of 8 questions"
    )
    assert "each method is behind another one, on seeds that are not the same" in out
    assert "Run all methods with the same seeds." in out
    assert "To keep" not in out


def test_one_test_article_is_the_reason_for_no_interval() -> None:
    """Seeds may vary as much as they like: nothing tells how much articles do."""
    scores = {"full": {0: 30.0, 1: 50.0, 2: 40.0}, "bitfit": {0: 20.0, 1: 60.0, 2: 25.0}}
    runs, study = on_seeds(scores)
    one = {
        metric: {run: sums.sum(keepdims=True) for run, sums in of_runs.items()}
        for metric, of_runs in runs.sums.items()
    }
    runs = replace(runs, sums=one, group_sizes=runs.group_sizes.sum(keepdims=True))
    (advice,) = make_advice(runs, runs.frame, study, None)
    assert "without an interval (one test article)" in advice["sentences"][0]
    assert advice["ahead"][0]["why"] == "one test article"


def timed(minutes: dict[str, float]) -> tuple[Runs, StudyConfig]:
    """Three runs of methods that lie 30 points apart, each trained for so long at every size."""
    study = study_of(list(minutes), [50, 100], seeds=[0, 1, 2])
    runs = simulate(np.random.default_rng(9), study, lambda m, n: 75.0 - 30 * "abc".index(m))
    runs.frame["train_seconds"] = runs.frame["method"].map(minutes) * 60
    return runs, study


def test_minutes_leave_out_what_takes_longer_before_anything_is_compared() -> None:
    runs, study = timed({"a": 20.0, "b": 2.0, "c": 1.0})
    (whole,) = make_advice(runs, runs.frame, study, 50)
    (short,) = make_advice(runs, runs.frame, study, 50, minutes=2)
    assert list(whole["scores"]) == ["a", "b", "c"]
    assert list(short["scores"]) == ["b", "c"]
    assert short["left"] == ["b"]
    assert (whole["interval_level"], short["interval_level"]) == (0.975, 0.95)
    assert "Left out, since they take longer: a (20 min)." in short["sentences"]
    assert not any("Left out" in said for said in whole["sentences"])


def test_minutes_that_no_method_keeps_to_name_the_quickest() -> None:
    runs, study = timed({"a": 20.0, "b": 2.0, "c": 1.0})
    (advice,) = make_advice(runs, runs.frame, study, 50, minutes=0.5)
    assert (advice["scores"], advice["left"]) == ({}, [])
    assert advice["sentences"] == ["No method trained so quickly: c (1 min), at the least."]


def test_methods_that_nobody_timed_are_left_out_unless_none_was() -> None:
    runs, study = timed({"a": np.nan, "b": 2.0, "c": 1.0})
    (advice,) = make_advice(runs, runs.frame, study, 50, minutes=5)
    assert "Left out, since no run of theirs was timed: a." in advice["sentences"]
    runs, study = timed({"a": np.nan, "b": np.nan, "c": np.nan})
    (advice,) = make_advice(runs, runs.frame, study, 50, minutes=5)
    assert list(advice["scores"]) == ["a", "b", "c"]
    assert advice["sentences"][1].endswith("minutes leave no method out.")


def test_tabulated_advice_is_what_advise_says_at_twenty_settings() -> None:
    runs, study = timed({"a": 20.0, "b": 2.0, "c": 1.0})
    table = recommend.tabulate_advice(runs, runs.frame, study)
    settings = [(n, m) for n in (1, 50, 73, 100, 5000) for m in (0.5, 1.0, 7.0, None)]
    assert len(settings) == 20
    for n, minutes in settings:
        assert looked_up(table, n, minutes) == make_advice(runs, runs.frame, study, n, minutes)


def looked_up(table: dict[str, Any], n: int, minutes: float | None) -> list[dict[str, Any]]:
    """What a reader of the table finds for `n` examples and `minutes`."""
    found = []
    for place in table["places"]:
        if not place["from"] <= n <= (place["to"] or n):
            continue
        rows = [
            row
            for row in table["advice"]
            if (row["budget"], row["n_train"]) == (place["budget"], place["size"])
            and (minutes is None or (row["minutes"] is not None and row["minutes"] <= minutes))
        ]
        item = {key: value for key, value in rows[-1].items() if key != "minutes"}
        opening = [place["says"].replace("{n}", f"{n:,}")] if place["says"] else []
        found.append(item | {"sentences": opening + item["sentences"]})
    return found
