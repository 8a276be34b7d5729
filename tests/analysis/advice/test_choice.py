"""Which arm leads and what is tied with it, from simulated studies and from scores that are set."""

from dataclasses import replace

import numpy as np
import pytest

from tuning_curves.analysis.advice.advise import curves_of_runs
from tuning_curves.analysis.advice.arms import Arm, Curves
from tuning_curves.analysis.advice.choice import choose_arm
from tuning_curves.analysis.runs import Runs
from tuning_curves.study.config import StudyConfig

from ..simulated import simulate, study_of
from .shapes import A, B, Shape, curves_of

FULL, BITFIT = Arm("full", "epochs"), Arm("bitfit", "epochs")
TWO = [
    {"name": name, "epochs": 3, "min_steps": steps} for name, steps in (("short", 0), ("long", 9))
]
CIRCLE = {
    "full": {0: 30.0, 1: 30.2, 2: 29.8, 6: 35.0, 7: 35.2, 8: 34.8},
    "bitfit": {0: 35.0, 1: 35.0, 2: 35.0, 3: 30.0, 4: 30.0, 5: 30.0},
    "head": {3: 35.0, 4: 35.2, 5: 34.8, 6: 30.0, 7: 30.0, 8: 30.0},
}


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


def as_curves(scores: dict[str, dict[int, float]]) -> Curves:
    runs, study = on_seeds(scores)
    return curves_of_runs(runs, runs.frame, study)


@pytest.mark.slow
def test_the_best_arm_is_rarely_thrown_out_where_none_is_better() -> None:
    """Four methods of one law: to throw out any given one is an error."""
    rng = np.random.default_rng(4)
    lost = 0
    for _ in range(60):
        choice = choose_arm(curves_of(rng, dict.fromkeys("abcd", lambda n: 40.0), 5, [50]), 50)
        assert choice is not None
        lost += A not in choice.left
    assert lost <= 6  # 95 of 100 binomials of 60 at 0.05 have so few


def test_an_arm_far_ahead_is_taken_alone() -> None:
    truth: dict[str, Shape] = {"a": lambda n: 30.0, "b": lambda n: 60.0, "c": lambda n: 20.0}
    choice = choose_arm(curves_of(np.random.default_rng(5), truth, 5, [50]), 50)
    assert choice is not None
    assert (choice.leader, choice.left) == (B, [B])
    assert choice.level == pytest.approx(0.975)
    assert [pair.arm.method for pair in choice.ahead] == ["a", "c"]
    assert all(pair.low < pair.value < pair.high for pair in choice.ahead)


def test_two_seeds_decide_nothing() -> None:
    truth: dict[str, Shape] = {"a": lambda n: 30.0, "b": lambda n: 60.0}
    choice = choose_arm(curves_of(np.random.default_rng(6), truth, 2, [50]), 50)
    assert choice is not None
    assert choice.left == [B, A]


def test_an_arm_of_two_seeds_does_not_lead_those_of_three() -> None:
    curves = as_curves({"full": {0: 60.0, 1: 60.0}, "bitfit": {0: 30.0, 1: 31.0, 2: 32.0}})
    choice = choose_arm(curves, 100)
    assert choice is not None
    assert choice.left == [BITFIT, FULL]


def test_a_leader_of_seeds_of_its_own_that_is_behind_is_not_taken() -> None:
    """`full` has the higher mean by its seeds 3 and 4 alone; on the seeds of both it is behind."""
    full = {0: 30.0, 1: 30.2, 2: 29.8, 3: 60.0, 4: 60.0}
    choice = choose_arm(as_curves({"full": full, "bitfit": {0: 35.0, 1: 35.0, 2: 35.0}}), 100)
    assert choice is not None
    assert choice.scores == {BITFIT: pytest.approx(35.0), FULL: pytest.approx(42.0)}
    assert list(choice.scores) == [BITFIT, FULL]
    assert choice.left == [BITFIT]
    assert [(pair.arm, pair.value) for pair in choice.ahead] == [(FULL, pytest.approx(5.0))]


def test_the_leader_has_the_best_mean_on_the_seeds_that_all_share() -> None:
    full = {0: 30.0, 1: 36.0, 2: 33.0, 3: 60.0, 4: 60.0}
    choice = choose_arm(as_curves({"full": full, "bitfit": {0: 34.0, 1: 34.0, 2: 34.0}}), 100)
    assert choice is not None
    assert choice.left == [BITFIT, FULL]
    assert choice.ahead[0].value == pytest.approx(1.0)


def test_where_each_is_behind_another_one_none_is_left() -> None:
    choice = choose_arm(as_curves(CIRCLE), 100)
    assert choice is not None
    assert choice.left == []


def test_budgets_are_compared_with_each_other_and_shared_runs_count_once() -> None:
    study = study_of(["a", "b"], [50, 100], seeds=[0, 1, 2], budgets=TWO)
    runs = simulate(np.random.default_rng(1), study, lambda m, n: 30.0)
    for row in runs.frame.itertuples():
        score = {("a", "short"): 40.0, ("a", "long"): 70.0}.get((row.method, row.budget), 20.0)
        runs.sums["exact_match"][row.id] = (
            runs.group_sizes * (score + row.subset_seed * score / 50) / 100
        )
    shared = (runs.frame["method"] == "b") & (runs.frame["n_train"] == 100)
    ids = runs.frame["id"].where(~shared, "short-b-100-" + runs.frame["subset_seed"].astype(str))
    frame = runs.frame.assign(id=ids)
    curves = curves_of_runs(replace(runs, frame=frame), frame, study)
    assert curves.arms_at(100) == {
        Arm("a", "short"): [],
        Arm("a", "long"): [],
        Arm("b", "short"): ["long"],
    }
    choice = choose_arm(curves, 100)
    assert choice is not None
    assert choice.left == [Arm("a", "long")]
    assert choice.level == pytest.approx(0.975)  # two comparisons
    assert len(curves.arms_at(50)) == 4
