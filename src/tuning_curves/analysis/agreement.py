"""Whether a record agrees with itself: its scores with its status, its outcomes and its task."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.study.outcomes import ROUNDING, Outcomes, unpack_outcomes
from tuning_curves.study.records import PackedOutcomes, damaged
from tuning_curves.tasks.base import Part, Task
from tuning_curves.tasks.metrics import Mean, Metric
from tuning_curves.util.errors import DataError

EXACT = 1e-9  # by which a metric, recomputed, may differ: another order of summing makes less


def check_record(record: Mapping[str, Any], path: Path, task: Task) -> None:
    """Make sure that a record agrees with itself, scores with status and with outcomes.

    Raises:
        DataError: names the file and the two things that disagree.
    """
    status = _get(record, path, "status")
    if status == "diverged":
        for key in ("scores", "outcomes"):
            if _get(record, path, key) is not None:
                raise damaged(path, f"a diverged run has {key}, expected null")
        return
    if status != "finished":
        raise damaged(path, f"status is {status!r}, expected 'finished' or 'diverged'")
    for split in ("test", "validation"):
        _check_score(record, path, split, task)
    _check_outcomes(record, path, task)


def _check_score(record: Mapping[str, Any], path: Path, split: str, task: Task) -> None:
    total = _get(record, path, f"scores.{split}.total")
    for part in summed_parts(task):
        value = _get(record, path, f"scores.{split}.{part.name}")
        numbers = isinstance(total, int) and isinstance(value, int | float)
        most = math.inf if part.kind == "count" else total
        if not numbers or total < 1 or not 0 <= value <= most:
            raise damaged(
                path, f"scores.{split}.{part.name} is {value} of {total} {task.nouns.examples}"
            )
    for metric in _kept(task):
        value = _get(record, path, f"scores.{split}.{metric.name}")
        known = isinstance(value, int | float)
        if not known or not metric.least - EXACT <= value <= 1 + EXACT:
            raise damaged(
                path,
                f"scores.{split}.{metric.name} is {value}, expected {metric.least:g} to 1",
            )


def summed_parts(task: Task) -> list[Part]:
    """The parts whose sums are in the scores."""
    return [part for part in task.parts if part.kind != "class"]


def _kept(task: Task) -> list[Metric]:
    """The metrics whose values are in the scores."""
    return [metric for metric in task.metrics if not isinstance(metric, Mean)]


def _check_outcomes(record: Mapping[str, Any], path: Path, task: Task) -> None:
    """The outcomes must give the scores: sums exactly, but shares to rounding; metrics to 1e-9."""
    outcomes = _unpack(record, path, task)
    score = record["scores"]["test"]
    total = int(outcomes.group_sizes.sum())
    if total != score["total"]:
        raise damaged(path, f"outcomes have total {total}, scores.test.total is {score['total']}")
    for part in summed_parts(task):
        found = float(outcomes.parts[part.name].astype(np.float64).sum())
        shared = part.kind == "share"
        if abs(found - score[part.name]) > shared * (ROUNDING + 1e-6) * total:
            raise _disagrees(path, part.name, f"{found:.{2 if shared else 0}f}", score)
    for metric in _kept(task):
        value = float(metric.value(_totals(outcomes, metric, path)))
        if abs(value - score[metric.name]) > EXACT:
            raise _disagrees(path, metric.name, repr(value), score)


def _totals(outcomes: Outcomes, metric: Metric, path: Path) -> np.ndarray:
    try:
        return metric.sums(outcomes.parts).sum(axis=0)
    except DataError as error:
        raise damaged(path, f"outcomes.{error.message}") from None


def _disagrees(path: Path, name: str, found: str, score: Mapping[str, Any]) -> DataError:
    return damaged(path, f"outcomes have {name} {found}, scores.test.{name} is {score[name]}")


def _unpack(record: Mapping[str, Any], path: Path, task: Task) -> Outcomes:
    packed = _get(record, path, "outcomes")
    try:
        return unpack_outcomes(PackedOutcomes(**(packed or _NOTHING)), task.parts)
    except (DataError, TypeError) as error:
        raise damaged(path, getattr(error, "message", str(error))) from None


_NOTHING: dict[str, Any] = {"group_sizes": None, "parts": {}}


def check_groups(known: np.ndarray, sizes: np.ndarray, path: Path, task: Task) -> None:
    """All records must be of the same test examples."""
    if np.array_equal(known, sizes):
        return
    nouns = task.nouns
    raise damaged(
        path,
        f"outcomes.group_sizes are of {len(sizes)} {nouns.groups} and {sizes.sum()} "
        f"{nouns.examples}, other records' of {len(known)} and {known.sum()}, or in another order",
    )


def _get(record: Mapping[str, Any], path: Path, place: str) -> Any:
    """A record's value at a dotted place.

    Raises:
        DataError: the record has no such place.
    """
    value: Any = record
    for key in place.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise damaged(path, f"{place} is missing")
        value = value[key]
    return value
