"""Advice in words: sentences and plain values made of what `advice` finds."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.recommend import (
    Ahead,
    Choice,
    Curves,
    Gain,
    choose_method,
    gain_of_doubling,
)
from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.analysis.runs import Runs
from tuning_curves.util.errors import DataError


def make_advice(
    runs: Runs, chosen: pd.DataFrame, study: Mapping[str, Any], n: int | None
) -> list[dict[str, Any]]:
    """Advice under each budget, as plain values, with its sentences.

    Args:
        chosen: the runs at their chosen rates, one sample a subset (`unite_subsets`).
        n: the number of labelled questions, 1 or more; None is the largest size with runs. Where
            no run has so many, there is advice for the nearest sizes below and above.

    Raises:
        DataError: no run has finished.
    """
    advice = []
    for budget in study["budgets"]:
        curves = Curves(runs, chosen, budget["name"], study)
        sizes = sorted({int(size) for size in curves.cells["n_train"]})
        advice += [_at(curves, budget["name"], size, n) for size in _nearest(sizes, n)]
    if not advice:
        raise DataError(
            "no learning rate has enough runs that finished: there is nothing to advise from",
            fix="lower the learning rates of the study, and run it",
        )
    return advice


def _nearest(sizes: list[int], n: int | None) -> list[int]:
    """Of ascending sizes: `n` itself, or the neighbours it lies between; the largest for None."""
    if n is None:
        return sizes[-1:]
    if n in sizes:
        return [n]
    return [size for size in sizes if size < n][-1:] + [size for size in sizes if size > n][:1]


def _at(curves: Curves, budget: str, size: int, n: int | None) -> dict[str, Any]:
    choice = choose_method(curves, size)
    assert choice is not None, f"{size} is a size with runs"
    gains = [gain_of_doubling(curves, method, size) for method in choice.left]
    said = [method_sentence(choice, size), *_least_trained(curves, choice)]
    said += [gain_sentence(gain, size) for gain in gains]
    if n is not None and n != size:
        where = "below" if size < n else "above"
        said.insert(0, f"No run has {n:,} questions; the next size {where} it is {size:,}.")
    values = {"scores": choice.scores, "left": choice.left, "interval_level": choice.level}
    rates = curves.cells[curves.cells["n_train"] == size].groupby("method")["learning_rate"].first()
    values |= {
        "learning_rates": {method: float(rates[method]) for method in choice.scores},
        "ahead": [asdict(pair) for pair in choice.ahead],
        "twice_as_many": [asdict(gain) for gain in gains],
    }
    return plain({"budget": budget, "n_train": size, **values, "sentences": said})


def method_sentence(choice: Choice, n: int) -> str:
    """Which method to take, or between which nothing is decided."""
    leader, score = choice.leader, choice.scores[choice.leader]
    opening = f"With {n:,} questions {leader} has {score:.1f} % exact match"
    if not choice.ahead:
        return f"{opening}; no other method was run."
    told = "; ".join(_ahead(pair) for pair in choice.ahead)
    if not choice.left:
        return (
            f"{opening}, but each method is behind another one, on seeds that are not the same: "
            f"{leader} is {told}. Run all methods with the same seeds."
        )
    if choice.left == [leader]:
        return f"{opening}: take {leader}. It is {told}."
    undecided = " and ".join((", ".join(choice.left[:-1]), choice.left[-1]))
    return f"{opening}, but it is undecided between {undecided}: {leader} is {told}."


def _least_trained(curves: Curves, choice: Choice) -> list[str]:
    """Where scores do not decide, what the smallest of the methods trains."""
    if len(choice.left) < 2:
        return []
    least = min(choice.left, key=curves.share)
    share = curves.share(least)
    part = f"{100 * share:.2g} %" if share else "nothing"
    said = f"Of these {least} trains the least: {part} of the encoder."
    few = [pair.pairs for pair in choice.ahead if pair.pairs < LEAST_PAIRS]
    if few:
        said += f" With fewer than {LEAST_PAIRS} seeds nothing counts as decided: add seeds."
    return [said]


def _ahead(pair: Ahead) -> str:
    if pair.pairs == 0:
        return f"not comparable to {pair.second}, which has no run of the same seed"
    if np.isnan(pair.low):
        return f"{_by(pair)} points, without an interval " + (
            f"({pair.pairs} pair)" if pair.pairs == 1 else "(no variation)"
        )
    bounds = (pair.low, pair.high) if pair.value >= 0 else (-pair.high, -pair.low)
    return f"{_by(pair)} [{bounds[0]:.1f}, {bounds[1]:.1f}] points"


def _by(pair: Ahead) -> str:
    side = "behind" if pair.value < 0 else "ahead of"
    return f"{side} {pair.second} by {abs(pair.value):.1f}"


def gain_sentence(gain: Gain, n: int) -> str:
    """What twice as many labels bring, how that is known, and how little it says."""
    opening = f"Labelling twice as many ({2 * n:,}) for {gain.method}: "
    if np.isnan(gain.value):
        return f"{opening}the runs do not tell ({gain.why})."
    value = f"{gain.value:+.1f} points of exact match"
    if np.isnan(gain.low):
        words = "the last doubling brought " if gain.how == "extrapolated" else ""
        return f"{opening}{words}{value}, and the runs do not tell more ({gain.why})."
    value += f" [{gain.low:+.1f}, {gain.high:+.1f}]"
    if gain.how == "measured":
        return f"{opening}{value}, measured."
    if gain.how == "between":
        return f"{opening}{value}, read off between measured sizes."
    rule = f"{opening}{value} expected, if the last doubling's gain comes again; on this study's "
    rule += f"earlier sizes that rule was {gain.trial_error:.1f} points off"
    return f"{rule}. It may bring nothing." if gain.low <= 0 else f"{rule}."


def plain(value: Any) -> Any:
    """Values for JSON: no NaN, which it does not have, and numbers of Python's own."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return None if np.isnan(value) else round(float(value), 4)
    return value
