"""Advice at a number of labels, as plain values with its sentences; all of it, to be looked up.

The command prints what `make_advice` and `labels_needed` give; the explorer looks its answers up in
what `tabulate_advice` gives, which is the same.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.advice.arms import Arm, Curves, plain
from tuning_curves.analysis.advice.choice import Choice, choose_arm
from tuning_curves.analysis.advice.doubling import gain_of_doubling
from tuning_curves.analysis.advice.target import Forecasts
from tuning_curves.analysis.advice.words import (
    at_baseline,
    at_ceiling,
    cheapest,
    few_seeds,
    left_out,
    missing_size,
    target_sentences,
    three_sentences,
)
from tuning_curves.analysis.labels import read_limits
from tuning_curves.analysis.runs import Runs, make_runs, read_records_at_hand
from tuning_curves.analysis.selection import (
    keep_chosen,
    select_rates,
    summarise_rates,
    unite_subsets,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import StudyPaths
from tuning_curves.tasks import make_task
from tuning_curves.tasks.ceiling import Limits
from tuning_curves.util.errors import DataError, UsageError


class NothingFinished(DataError):
    """There are records, but none of a run that finished."""


def read_curves(study: Study, metric: str | None = None) -> Curves:
    """The records at hand, at the rates that validation chose by the study's own metric.

    Args:
        metric: another metric of the task, which advice is then about.

    Raises:
        ResourceError: there is no record.
        UsageError: the task has no such metric.
        DataError: damaged records; `NothingFinished` where no run has.
    """
    task = make_task(study.config.task)
    names = [one.name for one in task.metrics]
    if metric not in (None, *names):
        raise UsageError(
            f"the task {study.config.task['name']} has no metric {metric!r}",
            fix=f"name one of {', '.join(names)}",
        )
    runs = make_runs(*read_records_at_hand(study), task)
    selection = select_rates(summarise_rates(runs.frame))
    runs, chosen = unite_subsets(runs, keep_chosen(runs.frame, selection))
    return curves_of_runs(runs, chosen, study.config, read_limits(StudyPaths(study)), metric)


def curves_of_runs(
    runs: Runs,
    chosen: pd.DataFrame,
    study: StudyConfig,
    limits: Limits | None = None,
    metric: str | None = None,
) -> Curves:
    """The curves of a metric (None: the study's) from runs at their chosen rates.

    Raises:
        NothingFinished: no run has.
    """
    order = sorted(runs.metrics, key=lambda one: one.name != (metric or runs.metric.name))
    runs = replace(runs, metrics=tuple(order))
    curves = Curves(runs, chosen, study, (limits or {}).get("test", ()))
    if not curves.arms:
        raise NothingFinished(
            "no learning rate has enough runs that finished: there is nothing to advise from",
            fix="lower the learning rates of the study, and run it",
        )
    return curves


def make_advice(
    curves: Curves, n: int | None, minutes: float | None = None
) -> list[dict[str, Any]]:
    """Advice over all budgets, as plain values.

    Args:
        n: the number of labelled examples, 1 or more; None is the largest size with runs. Where
            no run has so many, there is advice for the nearest sizes below and above.
        minutes: how long a training may take; None is any time.

    Returns:
        for each size its `n_train`, the three `sentences`, `notes` to read before them, `arms` with
        what is known of each, and how those that are `compared` stand.
    """
    advice = []
    for size in _nearest(curves.sizes, n):
        one = {"arms": _arms(curves, size)} | _at(curves, size, minutes)
        if n is not None and n != size:
            one["notes"].insert(0, missing_size(curves, f"{n:,}", size, below=size < n))
        advice.append(one)
    return advice


def tabulate_advice(curves: Curves) -> dict[str, Any]:
    """All that `make_advice` can say of a study, to be looked up.

    Returns:
        `places`: ranges of n, `from` to `to` (None: without end), each with the size that advice
        is for and the note that says so, of which `{n}` is the number; `arms`, by size as text;
        and `advice`: items of `make_advice` without these, each with the least `minutes` from
        which on it holds, in ascending order by size, the last one (None) without any limit.
    """
    advice: list[dict[str, Any]] = []
    for size in curves.sizes:
        taken = {curves.minutes(arm, size) for arm in curves.arms_at(size)}
        limits: list[float | None] = [0.0, *sorted(t for t in taken if not np.isnan(t)), None]
        advice += [{"minutes": limit} | _at(curves, size, limit) for limit in limits]
    arms = {str(size): _arms(curves, size) for size in curves.sizes}
    return {"places": list(_places(curves)), "arms": arms, "advice": advice}


def tabulate_standings(curves: Curves, best: pd.DataFrame) -> list[dict[str, Any]]:
    """How methods stand at each size, each under its own best budget: rows of the table `advice`.

    What leads and what is tied follows as in advice; one arm a method, chosen on the validation
    part, keeps short trainings that nobody would choose from being tied by their noise alone.
    Differences are an arm's from the leader, with the interval that decided; the leader has none,
    and where each arm is behind another one, all of them are "behind".

    Args:
        best: `method`, `n_train` and `budget`, from `choose_budgets`.
    """
    rows = []
    for size in curves.sizes:
        choice = choose_arm(curves, size, _best_arms(curves, size, best))
        for row in _compared(choice) if choice else ():
            arm = Arm(row["method"], row["budget"])
            leads = choice is not None and [arm] == choice.left[:1]
            rows.append({
                **arm._asdict(),
                "n_train": size,
                "steps": int(curves.at(arm, size)["steps"].iloc[0]),
                "seeds": curves.seeds(arm, size),
                "score": curves.score(arm, size),
                "learnt": "no" if at_baseline(curves, arm, size) else "yes",
                "standing": "best" if leads else row["standing"],
                "pairs": row.get("pairs", 0),
                "difference": -row.get("ahead", np.nan),
                "low": -row.get("high", np.nan),
                "high": -row.get("low", np.nan),
                "delta_bytes": curves.stored_bytes(arm, size),
                "train_seconds": 60 * curves.minutes(arm, size),
            })  # fmt: skip
    return rows


def _best_arms(curves: Curves, size: int, best: pd.DataFrame) -> list[Arm]:
    """Each method under its best budget, by the name of the first one that shares its runs."""
    at = best[best["n_train"] == size]
    chosen = dict(zip(at["method"], at["budget"], strict=True))
    return [
        arm
        for arm, same in curves.arms_at(size).items()
        if chosen.get(arm.method) in (arm.budget, *same)
    ]


def labels_needed(curves: Curves, target: float) -> dict[str, Any]:
    """How many labels a score needs, as plain values.

    Args:
        target: in percent.

    Returns:
        `target`, in percent; `curves`: what is known of every arm (`target.Needed`); `sentences`,
        one for each arm that may be the best at the largest size.
    """
    forecasts = Forecasts(curves)
    found = {arm: forecasts.needed(arm, target) for arm in curves.arms}
    choice = choose_arm(curves, curves.sizes[-1])
    asked = (choice.left if choice else []) or curves.arms
    said = target_sentences(curves, [found[arm] for arm in asked], target)
    return plain({
        "target": target,
        "curves": [asdict(one) for one in found.values()],
        "sentences": said,
    })  # fmt: skip


def _places(curves: Curves) -> Iterator[dict[str, Any]]:
    """Every n belongs to a size, or lies below, between or above sizes."""
    sizes = curves.sizes
    starts = sorted({1, *sizes, *(size + 1 for size in sizes)})
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        for size in _nearest(sizes, start):
            same = size == start
            says = "" if same else missing_size(curves, "{n}", size, below=size < start)
            end = None if following is None else following - 1
            yield {"from": start, "to": end, "size": size, "says": says}


def _nearest(sizes: list[int], n: int | None) -> list[int]:
    """Of ascending sizes: `n` itself, or the neighbours it lies between; the largest for None."""
    if n is None:
        return sizes[-1:]
    if n in sizes:
        return [n]
    return [size for size in sizes if size < n][-1:] + [size for size in sizes if size > n][:1]


def _arms(curves: Curves, size: int) -> list[dict[str, Any]]:
    """What is known of each arm at a size, whatever it is compared with."""
    found = []
    for arm, same in curves.arms_at(size).items():
        low, high = curves.interval(arm, size)
        found.append({
            **arm._asdict(),
            "same_runs_as": same,
            "seeds": curves.seeds(arm, size),
            "learning_rate": curves.rate(arm, size),
            "score": curves.score(arm, size),
            "low": low,
            "high": high,
            "minutes": curves.minutes(arm, size),
            "stored_bytes": curves.stored_bytes(arm, size),
        })  # fmt: skip
    return [plain(one) | {"learning_rate": one["learning_rate"]} for one in found]


def _at(curves: Curves, size: int, minutes: float | None) -> dict[str, Any]:
    """The advice at one of the sizes."""
    taken = {arm: curves.minutes(arm, size) for arm in curves.arms_at(size)}
    among, notes = left_out(curves, taken, minutes)
    choice = choose_arm(curves, size, among)
    values: dict[str, Any] = {"n_train": size, "metric": curves.metric.name}
    if choice is None:
        return values | {"best": None, "notes": notes, "sentences": [], "compared": []}
    gains = [gain_of_doubling(curves, arm, size) for arm in choice.left]
    sentences = three_sentences(curves, choice, gains[0] if gains else None, size)
    return plain({
        **values,
        "best": choice.left[0]._asdict() if choice.left else None,
        "at_baseline": at_baseline(curves, choice.leader, size),
        "at_ceiling": at_ceiling(curves, choice.leader, size),
        "interval_level": choice.level,
        "compared": _compared(choice),
        "cheaper": {what: a._asdict() for what, a in cheapest(curves, choice, size).items()},
        "twice_as_many": [asdict(gain) for gain in gains],
        "notes": [*notes, *few_seeds(curves, choice)],
        "sentences": sentences,
    })  # fmt: skip


def _compared(choice: Choice) -> list[dict[str, Any]]:
    """How each arm stands, and how far the leader is ahead of it."""
    ahead = {pair.arm: pair for pair in choice.ahead}
    rows = []
    for arm in choice.scores:
        row: dict[str, Any] = {**arm._asdict(), "standing": "behind"}
        if arm in choice.left:
            row["standing"] = "tied" if len(choice.left) > 1 else "best"
        if arm in ahead:
            pair = ahead[arm]
            row |= {"ahead": pair.value, "low": pair.low, "high": pair.high}
            row |= {"pairs": pair.pairs, "why": pair.why}
        rows.append(row)
    return rows
