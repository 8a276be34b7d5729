"""How far a study is, and how long the rest takes at the speed seen so far."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from tuning_curves.study.grid import Study
from tuning_curves.study.job import PlannedRun
from tuning_curves.study.paths import lock_path
from tuning_curves.study.records import Record, RecordStore, read_failure, read_record
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.locks import is_locked


def survey(study: Study, root: Path = Path()) -> dict[str, Any]:
    """Counts of runs by state and by method, and the seconds that are left on one worker.

    `done` counts every run with a record, `diverged` those of them whose loss was no number.
    `failed` counts runs that were tried and have none, which `failures` tells the reasons of;
    `damaged` those whose record is torn or of something else, by the errors in `damages`.
    `to_score` counts those of the missing ones whose training is kept. `seconds_left` is None
    before the first record.
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
        "seconds_left": _seconds_left(untrained, done, kept),
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


def _seconds_left(untrained: list[PlannedRun], done: list[Record], kept: set[str]) -> float | None:
    """Args: kept: the ids of those that need only scoring."""
    if not untrained:
        return 0.0
    speeds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for record in (r for r in done if r.finished):
        cost = record.cost
        for key in (record.run.method, "any"):
            speeds[key].append((cost.seconds_per_step, cost.evaluate_seconds))
    if not speeds:
        return None
    total = 0.0
    for planned in untrained:
        seen = speeds.get(planned.run.method, speeds["any"])
        step = sum(s for s, _ in seen) / len(seen)
        evaluation = sum(e for _, e in seen) / len(seen)
        total += evaluation if planned.id in kept else planned.run.steps * step + evaluation
    return round(total, 1)
