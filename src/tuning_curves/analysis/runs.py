"""The collected runs, read back: one row per run and budget, each run's sums over articles, biases.

Intervals need no single question, only each article's sum; so outcomes shrink to those while
they are read, and thousands of runs stay small.
"""

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.study.job import PlannedRun, Run, Settings
from tuning_curves.study.outcomes import ROUNDING, Outcomes, unpack_outcomes
from tuning_curves.study.records import PackedOutcomes, read_record
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import write_text, write_whole

RUN = ["budget", "method", "n_train", "learning_rate", "subset_seed", "init_seed"]
GROUP = ["budget", "method", "n_train"]
SEED = ["subset_seed", "init_seed"]
SCORES = ["em", "f1", "validation_em", "validation_f1"]
COUNTS = ["trainable_backbone", "trainable_added", "trainable_head", "total", "share"]
SECONDS = ["train_seconds", "evaluate_seconds", "seconds_per_step"]
BYTES = ["peak_memory_bytes", "delta_bytes", "optimizer_bytes"]
PROVENANCE = ["device", "precision", "commit"]
COLUMNS = [
    *RUN,
    *["id", "status", "steps", "test_exact", "test_total"],
    *[*SCORES, *COUNTS, *SECONDS, *BYTES, *PROVENANCE],
]
# Measured on a run's first step; records from before the profile lack some of them.
MEASURED = [
    *["activation_bytes", "activation_bytes_one", "gradient_bytes"],
    *["step_tokens", "flops_per_step"],
]
# Beyond the columns that every table uses; missing values are allowed in all of them.
EXTRA = [
    *[*MEASURED, "dirty", "threads", "code_sha256"],
    *["python", "torch", "transformers", "tokenizers", "numpy"],
]
BIASES = ["id", "term", "layer", "change", "first_gradient"]
FIX = "collect again: `tuning-curves collect`"


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Collected runs of one study.

    `frame` has the columns `COLUMNS` and `EXTRA`, sorted by `RUN`. `sums[metric][id]` is float
    [A]: the run's sum of exact matches (`em`) or of F1 (`f1`) over each article's questions.
    `biases` has the columns `BIASES`: how far each bias term moved, and its first gradient.
    """

    frame: pd.DataFrame
    biases: pd.DataFrame
    article_sizes: np.ndarray  # int64 [A]
    sums: Mapping[str, Mapping[str, np.ndarray]]

    def stack(self, ids: list[str], metric: str) -> np.ndarray:
        """The runs' sums over articles, [len(ids), A]."""
        return np.stack([self.sums[metric][identity] for identity in ids])


def read_runs(folder: Path) -> Runs:
    """Read runs.csv, biases.csv and outcomes.npz.

    Raises:
        ResourceError: a file that is missing.
        DataError: a column that is missing, a run twice, or outcomes that disagree.
    """
    frame = _read_frame(folder / "runs.csv")
    finished = frame.loc[frame["status"] == "finished"].drop_duplicates("id")
    sizes, sums = _read_sums(folder / "outcomes.npz", finished)
    biases = _read_csv(folder / "biases.csv", BIASES, text=["id", "term"])
    return Runs(frame=frame, biases=biases, article_sizes=sizes, sums=sums)


def finished(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs that finished; a diverged run has no scores."""
    return frame.loc[frame["status"] == "finished"]


def _read_frame(path: Path) -> pd.DataFrame:
    names = [name for name in EXTRA if name not in MEASURED]
    text = ["budget", "method", "id", "status", *PROVENANCE, *names]
    frame = _read_csv(path, [*COLUMNS, *EXTRA], text=text)
    frame = frame.sort_values(RUN, ignore_index=True)
    twice = frame.loc[frame.duplicated(RUN), "id"]
    if len(twice):
        raise DataError(f"{path}: the run {twice.iloc[0]} is there twice", fix=FIX)
    return frame


def _read_csv(path: Path, columns: list[str], *, text: list[str]) -> pd.DataFrame:
    """A table with these columns at least; those of `text` as text, the others as numbers."""
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(text, "str"))
    except FileNotFoundError:
        raise ResourceError(f"{path}: the table is missing", fix=FIX) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path}: not a table ({error})", fix=FIX) from None
    missing = [name for name in columns if name not in frame]
    if missing:
        raise DataError(f"{path}: the column {missing[0]!r} is missing", fix=FIX)
    return frame


def _read_sums(
    path: Path, finished_runs: pd.DataFrame
) -> tuple[np.ndarray, dict[str, dict[str, np.ndarray]]]:
    sums: dict[str, dict[str, np.ndarray]] = {"em": {}, "f1": {}}
    if finished_runs.empty and path.exists():  # no outcomes say how the questions lie in articles
        return np.zeros(0, np.int64), sums
    names = {"em": "exact", "f1": "f1"}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            sizes = arrays["article_sizes"].astype(np.int64)
            starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
            for identity, f1 in zip(finished_runs["id"], finished_runs["f1"], strict=True):
                for metric, name in names.items():
                    scores = arrays[f"{identity}/{name}"]
                    _check_length(path, identity, len(scores), int(sizes.sum()))
                    sums[metric][identity] = np.add.reduceat(scores.astype(np.float64), starts)
                sums["f1"][identity] *= _true_share(sums["f1"][identity], f1 / 100 * sizes.sum())
    except FileNotFoundError:
        raise ResourceError(f"{path}: the runs' outcomes are missing", fix=FIX) from None
    except KeyError as error:
        raise DataError(f"{path}: lacks an array ({error.args[0]})", fix=FIX) from None
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise DataError(f"{path}: not readable ({error})", fix=FIX) from None
    _check_counts(path, finished_runs, sums["em"])
    return sizes, sums


def _check_length(path: Path, identity: str, found: int, expected: int) -> None:
    if found != expected:
        raise DataError(
            f"{path}: run {identity} has outcomes of {found} questions, expected {expected}",
            fix=FIX,
        )


def _true_share(sums: np.ndarray, total: float) -> float:
    """What brings sums of F1 kept to 1/255 to the run's own total: without it, 0.5 reads 0.502."""
    return total / sums.sum() if sums.sum() > 0 else 1.0


def _check_counts(path: Path, runs: pd.DataFrame, sums: Mapping[str, np.ndarray]) -> None:
    """The table's count of exact matches must be the outcomes'."""
    for identity, stated in zip(runs["id"], runs["test_exact"], strict=True):
        found = int(sums[identity].sum())
        if found != stated:
            raise DataError(
                f"{path}: run {identity} has {found} exact matches, runs.csv says {stated:g}",
                fix=FIX,
            )


RUNS, BIAS_TABLE, OUTCOMES = "runs.csv", "biases.csv", "outcomes.npz"
VERSIONS = ["python", "torch", "transformers", "tokenizers", "numpy"]


def collect(
    expected: list[dict[str, Any]], settings: Settings, paths: dict[str, Path], out: Path
) -> None:
    """Write `out`/runs.csv, one row per expected run, `out`/biases.csv and `out`/outcomes.npz.

    Args:
        expected: a mapping a run and budget: `budget`, `id`, and the run's own values; two
            budgets may expect one record.
        settings: what every record's `settings` must be.
        paths: each id's record.

    Raises:
        DataError: a record that is missing, torn, of another schema, id, run or settings, or
            whose outcomes disagree with its scores or with other records.
    """
    records: dict[str, dict[str, Any]] = {}
    arrays: dict[str, np.ndarray] = {}
    rows = []
    for row in expected:
        identity = row["id"]
        if identity not in records:
            records[identity] = _read(row, settings, paths)
            _keep_outcomes(records[identity], paths[identity], arrays)
        rows.append(_flatten(row, records[identity], paths[identity]))
    _write_rows(out / RUNS, rows, [*COLUMNS, *EXTRA])
    biases = [row for record in records.values() for row in _bias_rows(record)]
    _write_rows(out / BIAS_TABLE, biases, BIASES)
    with write_whole(out / OUTCOMES) as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)  # type: ignore[arg-type]


def _read(row: dict[str, Any], settings: Settings, paths: dict[str, Path]) -> dict[str, Any]:
    run = {key: value for key, value in row.items() if key not in ("budget", "id")}
    planned = PlannedRun(budget=row["budget"], id=row["id"], run=Run(**run))
    if planned.id not in paths:
        raise DataError(
            f"{planned.record}: the record of run {planned.id} is missing",
            fix="train it: `snakemake --cores all --configfile config/<study>.yaml`",
        )
    record = read_record(paths[planned.id], planned, settings).to_json()
    check_record(record, paths[planned.id])
    return record


def check_record(record: dict[str, Any], path: Path) -> None:
    """Make sure that a record agrees with itself, scores with status and with outcomes.

    Raises:
        DataError: names the file and the two things that disagree.
    """
    status = _get(record, path, "status")
    if status == "diverged":
        for key in ("scores", "outcomes"):
            if _get(record, path, key) is not None:
                raise _refuse(path, f"a diverged run has {key}, expected null")
        return
    if status != "finished":
        raise _refuse(path, f"status is {status!r}, expected 'finished' or 'diverged'")
    for split in ("test", "validation"):
        _check_score(record, path, split)
    outcomes = _decode(record, path)
    score = record["scores"]["test"]
    found = {"total": len(outcomes.parts["exact"]), "exact": int(outcomes.parts["exact"].sum())}
    for key, value in found.items():
        if value != score[key]:
            raise _refuse(path, f"outcomes have {key} {value}, scores.test.{key} is {score[key]}")
    f1 = float(outcomes.parts["f1"].astype(np.float64).sum())
    if abs(f1 - score["f1"]) > ROUNDING * score["total"] + 1e-6 * score["total"]:
        raise _refuse(path, f"outcomes have f1 {f1:.2f}, scores.test.f1 is {score['f1']}")


def _check_score(record: dict[str, Any], path: Path, split: str) -> None:
    total = _get(record, path, f"scores.{split}.total")
    for key in ("exact", "f1"):
        value = _get(record, path, f"scores.{split}.{key}")
        numbers = isinstance(total, int) and isinstance(value, int | float)
        if not numbers or total < 1 or not 0 <= value <= total:
            raise _refuse(path, f"scores.{split}.{key} is {value} of {total} questions")


def _decode(record: dict[str, Any], path: Path) -> Outcomes:
    packed = _get(record, path, "outcomes")
    try:
        return unpack_outcomes(PackedOutcomes(**packed), QuestionAnswering.parts)
    except DataError as error:
        raise _refuse(path, error.message) from None


def _keep_outcomes(record: dict[str, Any], path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Add a record's outcomes to the arrays; all records must be of the same test questions."""
    if record["status"] == "diverged":
        return
    outcomes = _decode(record, path)
    known = arrays.setdefault("article_sizes", outcomes.group_sizes)
    if not np.array_equal(known, outcomes.group_sizes):
        raise _refuse(
            path,
            f"outcomes.group_sizes are of {len(outcomes.group_sizes)} articles and "
            f"{outcomes.group_sizes.sum()} questions, other records' of {len(known)} and "
            f"{known.sum()}, or in another order",
        )
    arrays[f"{record['id']}/exact"] = outcomes.parts["exact"]
    arrays[f"{record['id']}/f1"] = outcomes.parts["f1"]


def _flatten(row: dict[str, Any], record: dict[str, Any], path: Path) -> dict[str, Any]:
    """One row of runs.csv; what a record lacks on purpose stays empty."""
    counts = {f"trainable_{p}": f"parameters.{p}" for p in ("backbone", "added", "head")}
    counts |= {key: f"parameters.{key}" for key in ("total", "share")}
    costs = {key: f"cost.{key}" for key in (*SECONDS, *BYTES)}
    origin = {key: f"provenance.{key}" for key in ("device", "precision", "commit")}
    places = {"status": "status", **counts, **costs, **origin}
    provenance = _get(record, path, "provenance")
    extra = {key: provenance.get(key) for key in ("dirty", "threads", "code_sha256")}
    extra |= {key: provenance.get("versions", {}).get(key) for key in VERSIONS}
    extra |= {key: record["cost"].get(key) for key in MEASURED}
    return {
        **row,
        **{key: _get(record, path, place) for key, place in places.items()},
        **extra,
        **_percent(record),
    }


def _bias_rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per bias term and layer (1 is the lowest); none for a record without `biases`."""
    biases = record.get("biases") or {}
    change, gradient = (biases.get(key) or {} for key in ("change", "first_gradient"))
    return [
        {
            "id": record["id"],
            "term": term,
            "layer": layer + 1,
            "change": change[term][layer] if term in change else None,
            "first_gradient": gradient[term][layer] if term in gradient else None,
        }
        for term in {**change, **gradient}
        for layer in range(len(change.get(term) or gradient[term]))
    ]


def _percent(record: dict[str, Any]) -> dict[str, Any]:
    """Counts and percent of the scores; nothing for a run that diverged."""
    if record["status"] == "diverged":
        return {}
    test, selection = record["scores"]["test"], record["scores"]["validation"]
    return {
        "test_exact": test["exact"],
        "test_total": test["total"],
        "em": 100 * test["exact"] / test["total"],
        "f1": 100 * test["f1"] / test["total"],
        "validation_em": 100 * selection["exact"] / selection["total"],
        "validation_f1": 100 * selection["f1"] / selection["total"],
    }


def _get(record: dict[str, Any], path: Path, place: str) -> Any:
    """A record's value at a dotted place.

    Raises:
        DataError: the record has no such place.
    """
    value: Any = record
    for key in place.split("."):
        if not isinstance(value, dict) or key not in value:
            raise _refuse(path, f"{place} is missing")
        value = value[key]
    return value


def _refuse(path: Path, what: str) -> DataError:
    return DataError(
        f"{path}: the record is damaged: {what}",
        fix=f"delete {path} and run again: the run is trained anew",
    )


def _write_rows(path: Path, rows: list[dict[str, Any]], columns: list[str]) -> None:
    """Numbers are written exactly (`repr`), None as an empty field."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())
