"""Rules of judgement, by p-values that a reader can check."""

import numpy as np
import pytest

from tuning_curves.analysis.claims.decide import (
    Condition,
    judge_everywhere,
    judge_somewhere,
    judge_turn,
)
from tuning_curves.analysis.claims.evidence import ratio_condition

ALPHA = 0.025


def at(place: int, p_for: float, p_against: float | None = None) -> Condition:
    against = 1 - p_for if p_against is None else p_against
    return Condition(
        place=f"n = {place}", estimate=place, low=-1, high=1, p_for=p_for, p_against=against
    )


@pytest.mark.parametrize(
    ("p_values", "missing", "verdict", "reason"),
    [
        ((0.01, 0.02), "", "replicated", "holds at n = 0, n = 1"),
        ((0.01, 0.03), "", "undecided", "the data leave it open at n = 1"),
        ((0.01, 0.02), "too few", "undecided", "too few"),
        ((0.01, np.nan), "", "undecided", "the data leave it open at n = 1"),
        ((0.01, 0.99), "too few", "not replicated", "contradicted at n = 1"),  # 0.01 x 2
        ((0.01, 0.985), "", "undecided", "the data leave it open at n = 1"),  # 0.015 x 2 > 0.025
        ((0.99,), "", "not replicated", "contradicted at n = 0"),
        ((), "nothing there", "undecided", "nothing there"),
        ((0.001,) * 6, "", "replicated", "holds at 6 places from n = 0 to n = 5"),
    ],
)
def test_every_place_has_to_hold_and_one_may_break(
    p_values: tuple[float, ...], missing: str, verdict: str, reason: str
) -> None:
    conditions = [at(place, p) for place, p in enumerate(p_values)]
    judged = judge_everywhere(conditions, ALPHA, missing)
    assert (judged.verdict, judged.reason) == (verdict, reason)


def test_the_number_shown_is_the_one_the_verdict_hangs_on() -> None:
    assert judge_everywhere([at(0, 0.001), at(1, 0.02)], ALPHA).estimate == 1
    assert judge_everywhere([at(0, 0.999), at(1, 0.02)], ALPHA).estimate == 0
    assert judge_everywhere([at(0, 0.001), at(1, np.nan)], ALPHA).estimate == 1


@pytest.mark.parametrize(
    ("p_values", "missing", "verdict", "reason"),
    [
        (((0.001, 1), (0.9, 0.5)), "", "replicated", "so at n = 0"),
        (((0.001, 1), (0.9, 0.5)), "too few", "replicated", "so at n = 0"),
        (((0.02, 1), (0.9, 0.5)), "", "undecided", "the data leave it open at n = 0, n = 1"),
        (((0.9, 0.02), (0.9, 0.02)), "", "not replicated", "not so at n = 0, n = 1"),
        (((0.9, 0.02), (0.9, 0.02)), "too few", "undecided", "too few"),  # it may be so there
        (((0.9, 0.02), (0.9, 0.03)), "", "undecided", "the data leave it open at n = 0, n = 1"),
        ((), "nothing there", "undecided", "nothing there"),
    ],
)
def test_one_place_suffices_and_all_have_to_break(
    p_values: tuple[tuple[float, float], ...], missing: str, verdict: str, reason: str
) -> None:
    conditions = [at(place, *both) for place, both in enumerate(p_values)]
    judged = judge_somewhere(conditions, ALPHA, missing)
    assert (judged.verdict, judged.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("p_values", "covers", "verdict", "reason"),
    [
        ((0.001, 0.5, 0.999), True, "replicated", "above at n = 0, below at n = 2"),
        ((0.02, 0.5, 0.999), True, "undecided", "no two sizes have differences of both signs"),
        ((0.999, 0.5, 0.001), True, "not replicated", "the other way round: below at n = 0"),
        ((0.001, 0.02, 0.02), True, "not replicated", "above at n = 0, n = 1, n = 2, so that"),
        ((0.001, 0.02, 0.02), False, "undecided", "no two sizes have differences of both signs"),
        ((0.999, 0.98, 0.98), True, "not replicated", "below at n = 0, n = 1, n = 2, so that"),
    ],
)
def test_a_turn_needs_both_signs_in_their_order(
    p_values: tuple[float, ...], covers: bool, verdict: str, reason: str
) -> None:
    conditions = [at(place, p) for place, p in enumerate(p_values)]
    judged = judge_turn(conditions, ALPHA, "", covers)
    assert judged.verdict == verdict
    assert judged.reason.startswith(reason)


def test_what_is_missing_leaves_a_turn_open() -> None:
    assert judge_turn([at(0, 0.001)], ALPHA, "one size", covers=True).reason == "one size"


@pytest.mark.parametrize(
    ("ratios", "bound", "below", "p_for"),
    [
        ([0.5] * 3, 1.0, True, 0.0),  # bytes, the same in all runs: exact
        ([1.0] * 3, 1.0, True, 1.0),
        ([1.0] * 3, 1.0, False, 0.0),
        ([0.94] * 3, 0.95, False, 1.0),
    ],
)
def test_counts_that_never_vary_are_exact(
    ratios: list[float], bound: float, below: bool, p_for: float
) -> None:
    found = ratio_condition(np.log(ratios), bound, "n = 1", 0.95, below=below)
    assert (found.p_for, found.p_against) == (p_for, 1 - p_for)
    assert found.low == found.high == pytest.approx(ratios[0])


def test_ratios_that_vary_have_a_t_interval_of_their_logarithms() -> None:
    found = ratio_condition(np.log([0.5, 1.0, 2.0]), 1.0, "n = 1", 0.95, below=True)
    half = 4.302653 * np.log(2) / np.sqrt(3)  # t of 2 degrees of freedom
    assert found.estimate == pytest.approx(1.0)
    assert (found.low, found.high) == pytest.approx((np.exp(-half), np.exp(half)))
    assert found.p_for == found.p_against == pytest.approx(0.5)
