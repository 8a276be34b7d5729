"""Gather a study's records into runs.csv, biases.csv and outcomes.npz; refuse what is not theirs.

A record of other settings, torn, or at odds with itself is never averaged in: collecting stops
and says which file, what was found, what was expected and what to do. Missing values stay empty.
"""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.analysis.runs import BIASES, BYTES, COLUMNS, EXTRA, MEASURED, SECONDS
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import write_text, write_whole
from tuning_curves.study.outcomes import F1_ROUNDING, DecodedOutcomes, decode_outcomes
from tuning_curves.study.records import read_record
from tuning_curves.schemas import explain, first_error
from tuning_curves.study.config import Cell, Planned

RUNS, BIAS_TABLE, OUTCOMES = "runs.csv", "biases.csv", "outcomes.npz"
VERSIONS = ["python", "torch", "transformers", "tokenizers", "numpy"]


def collect(
    expected: list[dict[str, Any]], settings: dict[str, Any], paths: dict[str, Path], out: Path
) -> None:
    """Write `out`/runs.csv, a row an expected cell, `out`/biases.csv and `out`/outcomes.npz.

    Args:
        expected: a mapping a cell and budget: `budget`, `id`, and the cell's own values; two
            budgets may expect one record.
        settings: what every record's `settings` must be.
        paths: each id's record.

    Raises:
        DataError: a record that is missing, torn, of another schema, id, cell or settings, or
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


def _read(row: dict[str, Any], settings: dict[str, Any], paths: dict[str, Path]) -> dict[str, Any]:
    cell = {key: value for key, value in row.items() if key not in ("budget", "id")}
    planned = Planned(budget=row["budget"], id=row["id"], cell=Cell(**cell))
    if planned.id not in paths:
        raise DataError(
            f"{planned.record}: the record of cell {planned.id} is missing",
            fix="train it: `snakemake --cores all --configfile config/<study>.yaml`",
        )
    record = read_record(paths[planned.id], planned, settings)
    check_record(record, paths[planned.id])
    if error := first_error("record", record):
        raise _refuse(paths[planned.id], explain(error, "by its schema", "the record"))
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
    for split in ("dev", "selection"):
        _check_score(record, path, split)
    outcomes = _decode(record, path)
    score = record["scores"]["dev"]
    found = {"total": len(outcomes.exact), "exact": int(outcomes.exact.sum())}
    for key, value in found.items():
        if value != score[key]:
            raise _refuse(path, f"outcomes have {key} {value}, scores.dev.{key} is {score[key]}")
    f1 = float(outcomes.f1.astype(np.float64).sum())
    if abs(f1 - score["f1"]) > F1_ROUNDING * score["total"] + 1e-6 * score["total"]:
        raise _refuse(path, f"outcomes have f1 {f1:.2f}, scores.dev.f1 is {score['f1']}")


def _check_score(record: dict[str, Any], path: Path, split: str) -> None:
    total = _get(record, path, f"scores.{split}.total")
    for key in ("exact", "f1"):
        value = _get(record, path, f"scores.{split}.{key}")
        numbers = isinstance(total, int) and isinstance(value, int | float)
        if not numbers or total < 1 or not 0 <= value <= total:
            raise _refuse(path, f"scores.{split}.{key} is {value} of {total} questions")


def _decode(record: dict[str, Any], path: Path) -> DecodedOutcomes:
    packed = _get(record, path, "outcomes")
    try:
        return decode_outcomes(packed if isinstance(packed, dict) else {})
    except DataError as error:
        raise _refuse(path, error.message) from None


def _keep_outcomes(record: dict[str, Any], path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Add a record's outcomes to the arrays; all records must be of the same dev questions."""
    if record["status"] == "diverged":
        return
    outcomes = _decode(record, path)
    known = arrays.setdefault("article_sizes", outcomes.article_sizes)
    if not np.array_equal(known, outcomes.article_sizes):
        raise _refuse(
            path,
            f"outcomes.article_sizes are of {len(outcomes.article_sizes)} articles and "
            f"{outcomes.article_sizes.sum()} questions, other records' of {len(known)} and "
            f"{known.sum()}, or in another order",
        )
    arrays[f"{record['id']}/exact"] = outcomes.exact
    arrays[f"{record['id']}/f1"] = outcomes.f1


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
    """A row a bias term and layer (1 is the lowest); none for a record without `biases`."""
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
    dev, selection = record["scores"]["dev"], record["scores"]["selection"]
    return {
        "dev_exact": dev["exact"],
        "dev_total": dev["total"],
        "em": 100 * dev["exact"] / dev["total"],
        "f1": 100 * dev["f1"] / dev["total"],
        "selection_em": 100 * selection["exact"] / selection["total"],
        "selection_f1": 100 * selection["f1"] / selection["total"],
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
        fix=f"delete {path} and run again: the cell is trained anew",
    )


def _write_rows(path: Path, rows: list[dict[str, Any]], columns: list[str]) -> None:
    """Numbers are written exactly (`repr`), None as an empty field."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())
