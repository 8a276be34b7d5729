"""How far a study is, and how long the rest takes at the speed seen so far."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuning_curves.study.grid import Study
from tuning_curves.study.job import PlannedRun
from tuning_curves.study.ladder import TRAIN, TRAIN_ADDED
from tuning_curves.study.paths import lock_path
from tuning_curves.study.records import Record, RecordStore, read_failure, read_record
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.locks import is_locked

# What `head`, which reads the encoder's output from a cache, takes of a step or an evaluation of
# the others: 0.002 to 0.004 on questions with MiniLM.
CACHED = 0.003


def survey(study: Study, root: Path = Path()) -> dict[str, Any]:
    """Counts of runs by state and by method, and the seconds that are left on one worker.

    `done` counts every run with a record, `diverged` those of them whose loss was no number.
    `failed` counts runs that were tried and have none, which `failures` tells the reasons of;
    `damaged` those whose record is torn or of something else, by the errors in `damages`.
    `to_score` counts those of the missing ones whose training is kept. `seconds_left` is None
    before the first record of a method that runs the encoder, unless all that is left has records
    of its own; `reckoned` lists the methods without a finished run, whose seconds are their share
    (`ladder.TRAIN`) of the others'.
    """
    store = RecordStore(study, root)
    records: dict[str, Record | None] = {}
    damages = {}
    for planned in study.unique:
        try:
            records[planned.id] = _record(store, planned)
        except DataError as error:
            records[planned.id], damages[planned.id] = None, str(error)
    untrained = [p for p in study.unique if records[p.id] is None]
    waiting = [p for p in untrained if p.id not in damages]
    running = {p.id for p in waiting if is_locked(lock_path(store.folder, p))}
    failures = [_failure(store, p) for p in waiting if p.id not in running]
    failed = [failure for failure in failures if failure is not None]
    kept = {p.id for p in waiting if store.keeps_training(p)}
    done = [r for r in records.values() if r is not None]
    seconds, reckoned = _seconds_left(untrained, done, kept)
    return {
        "study": study.name,
        "runs": {
            "total": len(records),
            "done": len(done),
            "diverged": sum(not r.finished for r in done),
            "running": len(running),
            "damaged": len(damages),
            "missing": len(waiting) - len(running) - len(failed),
            "failed": len(failed),
            "to_score": len(kept - running),
        },
        "failures": failed,
        "damages": list(damages.values()),
        "methods": _by_method(study, records),
        "seconds_left": seconds,
        "reckoned": reckoned,
    }


def _record(store: RecordStore, planned: PlannedRun) -> Record | None:
    """The run's record; looked for twice, since another process may be archiving it.

    Raises:
        DataError: a torn record, or one of something else.
    """
    try:
        return _read(store, planned)
    except ResourceError:
        return _read(store, planned)


def _read(store: RecordStore, planned: PlannedRun) -> Record | None:
    path = store.find(planned)
    return None if path is None else read_record(path, planned, store.study.settings)


def _failure(store: RecordStore, planned: PlannedRun) -> dict[str, Any] | None:
    try:
        failure = read_failure(store.folder, planned)
    except DataError as error:  # a failure is tried again anyhow, readable or not
        failure = {"reason": "failed", "needed": error.message}
    return failure and failure | {"run": planned.run.path}


def _by_method(study: Study, records: dict[str, Any]) -> list[dict[str, Any]]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for planned in study.unique:
        counts[planned.run.method][0] += records[planned.id] is not None
        counts[planned.run.method][1] += 1
    return [{"method": m, "done": done, "total": total} for m, (done, total) in counts.items()]


def _seconds_left(
    untrained: list[PlannedRun], done: list[Record], kept: set[str]
) -> tuple[float | None, list[str]]:
    """What is left on one worker, and the methods of it that are reckoned by their share.

    Args:
        kept: the ids of those that need only scoring.
    """
    seen = _speeds(done)
    left = dict.fromkeys(planned.run.method for planned in untrained)
    reckoned = [method for method in left if method not in seen]
    running = {method: speed for method, speed in seen.items() if _share(method) > CACHED}
    if reckoned and not running:
        return None, reckoned
    speeds = seen | {method: _reckoned(method, running) for method in reckoned}
    total = 0.0
    for planned in untrained:
        step, evaluation = speeds[planned.run.method]
        total += evaluation if planned.id in kept else planned.run.steps * step + evaluation
    return round(total, 1), reckoned


def _speeds(done: list[Record]) -> dict[str, tuple[float, float]]:
    """By method that has finished a run, mean seconds of a step and of an evaluation."""
    costs = defaultdict(list)
    for record in done:
        if record.finished:
            costs[record.run.method].append(record.cost)
    return {
        method: (
            sum(cost.seconds_per_step for cost in own) / len(own),
            sum(cost.evaluate_seconds for cost in own) / len(own),
        )
        for method, own in costs.items()
    }


def _share(method: str) -> float:
    """A step's seconds as a share of one of `full`."""
    return TRAIN.get(method, TRAIN_ADDED) / TRAIN["full"] or CACHED


def _reckoned(method: str, seen: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """Seconds of a step and of an evaluation, from the means of methods that run the encoder."""
    share = _share(method)
    step = sum(step / _share(other) for other, (step, _) in seen.items()) / len(seen)
    evaluation = sum(seconds for _, seconds in seen.values()) / len(seen)
    return step * share, evaluation * (CACHED if share == CACHED else 1)
