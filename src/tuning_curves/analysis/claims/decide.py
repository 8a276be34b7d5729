"""From evidence at several places to one verdict, with bounded errors.

A claim that has to hold at every place (sizes) is `replicated` if each place by itself rejects its
negation: an intersection-union test, whose error is at most that of one test (Berger, 1982). It is
`not replicated` if some place rejects the claim itself after Holm's correction over the places,
whose error is that of the family. Otherwise it is `undecided`, as it is where evidence is missing:
a difference that is not significant proves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuning_curves.analysis.comparisons import correct_holm

REPLICATED, NOT_REPLICATED, UNDECIDED = "replicated", "not replicated", "undecided"
NOT_JUDGED = "not judged"  # of another task, or of a method that the study does not train


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A claim's evidence at one place.

    Attributes:
        place: in words, such as `n = 500`.
        p_for: one-sided p-value of "the claim is false here": small where it holds.
        p_against: of "the claim is true here": small where it does not. NaN where unknown.
    """

    place: str
    estimate: float
    low: float
    high: float
    p_for: float
    p_against: float


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with the number that it hangs on, and the reason in words."""

    verdict: str
    reason: str
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan


def undecided(reason: str) -> Judgement:
    """A claim that the study's runs leave open."""
    return Judgement(verdict=UNDECIDED, reason=reason)


def not_judged(reason: str) -> Judgement:
    """A claim that the study does not ask about at all."""
    return Judgement(verdict=NOT_JUDGED, reason=reason)


def judge_everywhere(conditions: Sequence[Condition], alpha: float, missing: str = "") -> Judgement:
    """Judge a claim that has to hold at every place.

    Args:
        alpha: the error of one one-sided test.
        missing: what keeps the claim from being replicated, whatever the places say; "" if nothing.
    """
    if not conditions:
        return undecided(missing or "there is nothing to test it by")
    against = correct_holm(np.array([c.p_against for c in conditions]))
    broken = [c for c, p in zip(conditions, against, strict=True) if p <= alpha]
    if broken:
        worst = min(broken, key=lambda c: c.p_against)
        return _at(worst, NOT_REPLICATED, f"contradicted at {_places(broken)}")
    weakest = max(conditions, key=lambda c: 2.0 if np.isnan(c.p_for) else c.p_for)
    open_places = [c for c in conditions if not c.p_for <= alpha]  # NaN is open too
    if missing:
        return _at(weakest, UNDECIDED, missing)
    if open_places:
        return _at(weakest, UNDECIDED, f"the data leave it open at {_places(open_places)}")
    return _at(weakest, REPLICATED, f"holds at {_places(list(conditions))}")


def judge_somewhere(conditions: Sequence[Condition], alpha: float, missing: str = "") -> Judgement:
    """Judge a claim that has to hold at one place at least.

    It is replicated if it is so at some place after Holm's correction over the places, and not
    replicated if every place by itself rejects it.
    """
    if not conditions:
        return undecided(missing or "there is nothing to test it by")
    corrected = correct_holm(np.array([c.p_for for c in conditions]))
    found = [c for c, p in zip(conditions, corrected, strict=True) if p <= alpha]
    if found:
        best = min(found, key=lambda c: c.p_for)
        return _at(best, REPLICATED, f"so at {_places(found)}")
    if not missing and all(c.p_against <= alpha for c in conditions):
        weakest = max(conditions, key=lambda c: c.p_against)
        return _at(weakest, NOT_REPLICATED, f"not so at {_places(list(conditions))}")
    nearest = min(conditions, key=lambda c: 2.0 if np.isnan(c.p_for) else c.p_for)
    return _at(nearest, UNDECIDED, missing or f"the data leave it open at {_places(conditions)}")


def judge_turn(
    conditions: Sequence[Condition], alpha: float, missing: str, covers: bool
) -> Judgement:
    """Judge whether a difference is above zero at one place and below zero at a later one.

    Args:
        conditions: ordered; `p_for` is of "at most zero", `p_against` of "at least zero".
        missing: what keeps the order from being settled; "" if nothing.
        covers: whether the places reach as far as the claim does: else a turn may lie outside.
    """
    above, below = (
        correct_holm(np.array([getattr(c, key) for c in conditions])) <= alpha
        for key in ("p_for", "p_against")
    )
    first, last = _turn(above, below), _turn(below, above)
    if first is not None:
        places = f"above at {conditions[first[0]].place}, below at {conditions[first[1]].place}"
        return Judgement(verdict=REPLICATED, reason=places)
    if last is not None:
        early, late = (conditions[place].place for place in last)
        return Judgement(
            verdict=NOT_REPLICATED, reason=f"the other way round: below at {early}, above at {late}"
        )
    if missing:
        return undecided(missing)
    for key, word in (("p_for", "above"), ("p_against", "below")):
        if covers and all(getattr(c, key) <= alpha for c in conditions):
            reason = f"{word} at {_places(list(conditions))}, so that the order never turns"
            return Judgement(verdict=NOT_REPLICATED, reason=reason)
    return undecided(
        "no two sizes have differences of both signs that leave out zero after Holm's correction"
    )


def _turn(before: np.ndarray, after: np.ndarray) -> tuple[int, int] | None:
    """The last place of `before` that a place of `after` follows, and the first of those."""
    for early in np.flatnonzero(before)[::-1]:
        later = np.flatnonzero(after[early + 1 :])
        if len(later):
            return int(early), int(early + 1 + later[0])
    return None


def _at(condition: Condition, verdict: str, reason: str) -> Judgement:
    return Judgement(
        verdict=verdict,
        reason=reason,
        estimate=condition.estimate,
        low=condition.low,
        high=condition.high,
    )


def _places(conditions: Sequence[Condition]) -> str:
    """`n = 500, n = 1,000`; of many, the first, the last and their number."""
    names = [condition.place for condition in conditions]
    if len(names) <= 4:
        return ", ".join(names)
    return f"{len(names)} places from {names[0]} to {names[-1]}"
