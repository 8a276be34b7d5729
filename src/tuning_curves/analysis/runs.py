"""The runs of a study, read from its records: one row per run and budget, sums over groups, biases.

Intervals need no single example, only each group's sum; so outcomes shrink to those while records
are read, and thousands of runs stay small. Every record is checked: whole, this study's, and in
agreement with itself and with the others. `runs.csv` and `biases.csv` are exports for people.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.agreement import check_groups, check_record, summed_parts
from tuning_curves.analysis.group_sums import sum_groups
from tuning_curves.study.grid import Study
from tuning_curves.study.job import PlannedRun, Settings
from tuning_curves.study.outcomes import Outcomes, unpack_outcomes
from tuning_curves.study.paths import CollectedPaths
from tuning_curves.study.records import Record, RecordStore, no_records, read_agreeing
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.metrics import Metric
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import write_text
from tuning_curves.util.provenance import device_with_units

RUN = ["budget", "method", "n_train", "learning_rate", "subset_seed", "init_seed"]
GROUP = ["budget", "method", "n_train"]
SEED = ["subset_seed", "init_seed"]
SCORES = ["validation_score", "test_score"]  # of the study's metric, in percent
COUNTS = ["trainable_backbone", "trainable_added", "trainable_head", "total", "share"]
SECONDS = ["train_seconds", "evaluate_seconds", "seconds_per_step"]
BYTES = ["peak_memory_bytes", "delta_bytes", "optimizer_bytes"]
PROVENANCE = ["device", "precision", "commit"]
# Measured on a run's first step.
MEASURED = [
    *["activation_bytes", "activation_bytes_one", "gradient_bytes"],
    *["step_tokens", "flops_per_step"],
]
VERSIONS = ["python", "torch", "transformers", "tokenizers", "numpy"]
ORIGIN = [*PROVENANCE, "dirty", "threads", "niceness", "code_sha256", *VERSIONS]
UNTIMED = "no run was timed on quiet cores"  # said where all seconds are missing
COLUMNS = [
    *[*RUN, "id", "status", "steps", *SCORES, *COUNTS, *SECONDS, *BYTES, *MEASURED, *ORIGIN],
]
BIASES = ["id", "term", "layer", "change", "first_gradient"]
TRAINING = ["id", "step", "loss", "validation_score"]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Runs of one study.

    `frame` has the columns `COLUMNS`, sorted by `RUN`. `sums[metric][id]` is float [G]: the run's
    sum of a metric over each group's examples, or what stands for it (`group_sums`). `biases` has
    the columns `BIASES`: how far each bias term moved, and its first gradient. `training` has the
    columns `TRAINING`, one row for each run and step at which either is known: the mean loss in
    nats over the steps since the last one, and the study's metric in percent on a sample of the
    validation split (NaN: not known there).
    """

    frame: pd.DataFrame
    biases: pd.DataFrame
    group_sizes: np.ndarray  # int64 [G], examples
    sums: Mapping[str, Mapping[str, np.ndarray]]
    metrics: tuple[Metric, ...]  # the task's; the first one is the study's
    labels: Mapping[str, int] = field(default_factory=dict)  # test examples of each
    baseline: Mapping[str, float] = field(default_factory=dict)  # metrics of the most frequent one
    training: pd.DataFrame = field(default_factory=lambda: training_frame({}))

    @property
    def metric(self) -> Metric:
        """The study's metric."""
        return self.metrics[0]

    def stack(self, ids: list[str], metric: str) -> np.ndarray:
        """The runs' sums over groups, [len(ids), G]."""
        return np.stack([self.sums[metric][identity] for identity in ids])


def finished(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs that finished; a diverged run has no scores."""
    return frame.loc[frame["status"] == "finished"]


def read_study_runs(study: Study, *, recorded: int | None = None) -> Runs:
    """The runs of a study, of whose planned runs every one must have a record.

    Args:
        recorded: leave gaps: take the records at hand, which must be so many.

    Raises:
        ResourceError: runs without a record.
        DataError: as `read_records`.
    """
    planned, records = read_study_records(study, recorded=recorded)
    return make_runs(planned, records, make_task(study.config.task))


def read_study_records(
    study: Study, *, recorded: int | None = None
) -> tuple[list[PlannedRun], dict[str, Record]]:
    """The planned runs that have a record, and the records by id; errors as `read_study_runs`."""
    paths = RecordStore(study).found()
    missing = len(study.unique) - len(paths)
    if missing and recorded is None:
        train = f"train them: `snakemake --cores all --configfile config/{study.name}.yaml`"
        raise ResourceError(
            f"{missing} of {len(study.unique)} runs of {study.name} have no record",
            fix=f"{train}; or collect or analyse those at hand with `--recorded {len(paths)}`",
        )
    if recorded not in (None, len(paths)):
        raise DataError(
            f"{len(paths)} runs of {study.name} have a record, expected {recorded}",
            fix="run again: records came or went meanwhile",
        )
    return read_records_at_hand(study, paths)


def read_records_at_hand(
    study: Study, paths: Mapping[str, Path] | None = None
) -> tuple[list[PlannedRun], dict[str, Record]]:
    """As `read_study_records`, however many there are.

    Raises:
        ResourceError: there is none.
    """
    paths = RecordStore(study).found() if paths is None else paths
    if not paths:
        raise no_records(study)
    planned = [run for run in study.planned if run.id in paths]
    return planned, read_records(planned, study.settings, paths)


def read_records(
    planned: Iterable[PlannedRun], settings: Settings, paths: Mapping[str, Path]
) -> dict[str, Record]:
    """Each run's record, by id; two budgets may share one.

    Raises:
        DataError: a record that is missing, torn, of another schema, id, run or settings, or
            whose outcomes disagree with its scores or with other records.
    """
    task, records = make_task(settings.task), {}
    known: np.ndarray | None = None
    for run in planned:
        if run.id in records:
            continue
        if run.id not in paths:
            raise DataError(
                f"{run.record}: the record of run {run.id} is missing",
                fix="train it: `snakemake --cores all` with this study's file",
            )
        path = paths[run.id]
        record = read_agreeing(path, run, settings, partial(check_record, path=path, task=task))
        records[run.id] = record
        if record.outcomes is not None:
            sizes = np.array(record.outcomes.group_sizes)
            known = sizes if known is None else known
            check_groups(known, sizes, path, task)
    return records


def make_runs(planned: Sequence[PlannedRun], records: Mapping[str, Record], task: Task) -> Runs:
    """The runs that these records are of.

    Args:
        planned: one for each run and budget; two budgets may share a record.
    """
    rows = [_row(run, records[run.id], task) for run in planned]
    frame = pd.DataFrame(rows, columns=COLUMNS).sort_values(RUN, ignore_index=True)
    texts = ["budget", "method", "id", "status", *ORIGIN]
    numbers = [name for name in COLUMNS if name not in texts]
    sums: dict[str, dict[str, np.ndarray]] = {metric.name: {} for metric in task.metrics}
    sizes = np.zeros(0, np.int64)
    about: dict[str, Any] = {}
    for identity, record in records.items():
        if record.outcomes is not None:
            outcomes = unpack_outcomes(record.outcomes, task.parts)
            sizes = outcomes.group_sizes
            about = about or _about_test(outcomes, task)  # one and the same for all
            for metric in task.metrics:
                assert record.scores is not None, "outcomes come with scores"
                score = record.scores["test"]
                sums[metric.name][identity] = sum_groups(outcomes, metric, score)
    return Runs(
        frame=frame.astype({name: float for name in numbers if frame[name].dtype == object}),
        biases=pd.DataFrame(bias_rows(records), columns=BIASES),
        group_sizes=sizes,
        sums=sums,
        metrics=task.metrics,
        training=training_frame(records),
        **about,
    )


def _about_test(outcomes: Outcomes, task: Task) -> dict[str, Any]:
    """`Runs.labels` and `Runs.baseline`."""
    parts = outcomes.parts
    return {"labels": task.count_labels(parts), "baseline": task.baseline(parts) or {}}


def _row(planned: PlannedRun, record: Record, task: Task) -> dict[str, Any]:
    """One row of `Runs.frame`; what a record has not got on purpose is None.

    Seconds of a process that gave way to others are no measurement, and are left out.
    """
    parameters, cost = asdict(record.parameters), asdict(record.cost)
    if record.provenance.niceness > 0:
        cost |= dict.fromkeys(SECONDS)
    if record.provenance.scored is not None and record.provenance.scored.niceness > 0:
        cost["evaluate_seconds"] = None
    provenance = asdict(record.provenance)
    origin = {key: provenance[key] for key in ORIGIN if key not in VERSIONS}
    origin["device"] = device_with_units(origin["device"], provenance["formats"])
    versions = {key: record.provenance.versions.get(key) for key in VERSIONS}
    return {
        **planned.row(),
        "status": record.status,
        **{f"trainable_{key}": parameters[key] for key in ("backbone", "added", "head")},
        **{key: parameters[key] for key in ("total", "share")},
        **{key: cost[key] for key in (*SECONDS, *BYTES, *MEASURED)},
        **{key: None if value is None else str(value) for key, value in origin.items()},
        **versions,
        **{f"{split}_score": _percent(record, split, task.metric) for split in SPLITS},
    }


SPLITS = ("validation", "test")


def _percent(record: Record, split: str, metric: Metric) -> float | None:
    """A score in percent; None for a run that diverged."""
    if record.scores is None:
        return None
    return metric.percent(record.scores[split])  # type: ignore[index]


def bias_rows(records: Mapping[str, Record]) -> list[dict[str, Any]]:
    """One row per run, bias term and layer (1 is the lowest)."""
    rows = []
    for identity, record in records.items():
        change, gradient = record.biases.change, record.biases.first_gradient
        rows += [
            {
                "id": identity,
                "term": term,
                "layer": layer + 1,
                "change": change[term][layer] if term in change else None,
                "first_gradient": gradient[term][layer] if term in gradient else None,
            }
            for term in {**change, **gradient}
            for layer in range(len(change.get(term) or gradient[term]))
        ]
    return rows


def training_frame(records: Mapping[str, Record]) -> pd.DataFrame:
    """`Runs.training`, sorted by run, in the records' order, and step."""
    rows = []
    for identity, record in records.items():
        losses, scores = dict(record.losses), dict(record.validation_curve)
        rows += [
            (identity, step, losses.get(step), scores.get(step))
            for step in sorted({*losses, *scores})
        ]
    frame = pd.DataFrame(rows, columns=TRAINING)
    return frame.astype({"step": int, "loss": float, "validation_score": float})


def export_runs(
    planned: Sequence[PlannedRun], records: Mapping[str, Record], task: Task, out: Path
) -> None:
    """Write `out`/runs.csv, one row per run and budget, and `out`/biases.csv, for people."""
    rows = [
        _row(run, records[run.id], task) | _all_scores(records[run.id], task) for run in planned
    ]
    scores = list(_all_scores(None, task))
    place = COLUMNS.index(SCORES[0])
    columns = [*COLUMNS[:place], *scores, *COLUMNS[place + len(SCORES) :]]
    paths = CollectedPaths(out)
    _write_rows(paths.runs, rows, columns)
    _write_rows(paths.biases, bias_rows(records), BIASES)


def _all_scores(record: Record | None, task: Task) -> dict[str, Any]:
    """Sums of the test part, and every metric of both parts in percent."""
    found: dict[str, Any] = {}
    test = None if record is None or record.scores is None else record.scores["test"]
    for key in ("total", *(part.name for part in summed_parts(task))):
        found[f"test_{key}"] = None if test is None else test[key]
    for split in SPLITS:
        for metric in task.metrics:
            value = None if record is None else _percent(record, split, metric)
            found[f"{split}_{metric.name}_percent"] = value
    return found


def _write_rows(path: Path, rows: list[dict[str, Any]], columns: list[str]) -> None:
    """Numbers are written exactly (`repr`), None as an empty field."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())
