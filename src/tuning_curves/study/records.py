"""Records: what a run leaves behind, where it lies, and which ones answer a study.

A record is one JSON file, written whole, whose path carries the head of its identity. A study's
records lie in its archive (`results/<study>/records`, committed) or in its workspace
(`runs/<study>/records`); the archive answers first. A record carries the sha256 of its own
content; those written before that rule have none, and are read as they are.
"""

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tuning_curves.study.grid import PlannedRun, Study
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import read_json, sha256_of, write_json

SCHEMA = 1
SEAL = "record_sha256"  # where a record's provenance has the hash of all else in it


class RecordStore:
    """Where a study's records are, below one root folder."""

    def __init__(self, study: Study, root: Path = Path()) -> None:
        self.study = study
        self.archive = root / "results" / study.name / "records"
        self.workspace = root / "runs" / study.name / "records"

    def archived(self, planned: PlannedRun) -> bool:
        """Whether the archive has this run's record."""
        return (self.archive / planned.record).exists()

    def find(self, planned: PlannedRun) -> Path | None:
        """The run's record, from the archive or else the workspace; None where neither has it."""
        for folder in (self.archive, self.workspace):
            if (folder / planned.record).exists():
                return folder / planned.record
        return None

    def found(self) -> dict[str, Path]:
        """The records at hand of the study's runs, by id."""
        paths = {planned.id: self.find(planned) for planned in self.study.unique}
        return {identity: path for identity, path in paths.items() if path is not None}


def no_records(study: Study) -> ResourceError:
    """The error of a command that needs a record, and finds none of the study's."""
    return ResourceError(
        f"no run of {study.name} has a record",
        fix="train some: `snakemake --cores all --configfile config/<study>.yaml`",
    )


def write_record(folder: Path, planned: PlannedRun, record: dict[str, Any]) -> Path:
    """Write a record whole, at its place below `folder`."""
    path = folder / planned.record
    write_json(path, record)
    return path


def sealed(record: dict[str, Any]) -> dict[str, Any]:
    """The record with the hash of its content in its provenance."""
    provenance = {key: value for key, value in record["provenance"].items() if key != SEAL}
    bare = record | {"provenance": provenance}
    return record | {"provenance": provenance | {SEAL: sha256_of(bare)}}


def new_record(study: str, planned: PlannedRun, settings: dict[str, Any]) -> dict[str, Any]:
    """The opening fields of a run's record."""
    return {
        "schema": SCHEMA,
        "id": planned.id,
        "study": study,
        "run": asdict(planned.run),
        "settings": settings,
    }


def read_record(path: Path, planned: PlannedRun, settings: dict[str, Any]) -> dict[str, Any]:
    """Read a record and make sure that it is this run's, under these settings.

    Raises:
        DataError: missing, torn, altered, of another schema, or of another run or other settings;
            names what differs.
    """
    fix = f"delete {path} and run again: the run is trained anew"
    record = read_json(path, what="record", fix=fix)
    expected = {
        "schema": SCHEMA,
        "id": planned.id,
        "run": asdict(planned.run),
        "settings": settings,
    }
    for key, value in expected.items():
        found = record.get(key) if isinstance(record, dict) else None
        if found != value:
            name, got, wanted = _difference(key, found, value)
            raise DataError(
                f"{path}: not the record of this run: {name} is {got!r}, expected {wanted!r}",
                fix=fix,
            )
    _check_seal(path, record, fix)
    return record


def _check_seal(path: Path, record: dict[str, Any], fix: str) -> None:
    stated = record.get("provenance", {}).get(SEAL)
    if stated is None:
        return
    try:
        found = f"its content has sha256 {sealed(record)['provenance'][SEAL]}"
    except (ValueError, RecursionError) as error:  # NaN, half a surrogate pair: never written
        found = f"its content cannot be hashed ({error})"
    if found != f"its content has sha256 {stated}":
        raise DataError(
            f"{path}: altered since it was written: {found}, expected {stated}", fix=fix
        )


def _difference(name: str, found: Any, expected: Any) -> tuple[str, Any, Any]:
    """The first place where two nested mappings differ."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted({*found, *expected}):
            if found.get(key) != expected.get(key):
                return _difference(f"{name}.{key}", found.get(key), expected.get(key))
    return name, found, expected


def archive_records(store: RecordStore) -> int:
    """Move the study's workspace records to its archive, each checked; returns how many.

    Raises:
        DataError: a record that is torn or not this study's; nothing after it is moved.
    """
    moved = 0
    for planned in store.study.unique:
        source, target = store.workspace / planned.record, store.archive / planned.record
        if not source.exists() or target.exists():
            continue
        record = read_record(source, planned, store.study.settings)
        write_json(target, record)  # written whole before the other goes: two file systems may do
        source.unlink()
        moved += 1
    return moved


def failure_path(workspace: Path, planned: PlannedRun) -> Path:
    """Where a run's failure lies."""
    return workspace / "failures" / f"{planned.id}.json"


def write_failure(
    workspace: Path, planned: PlannedRun, reason: str, details: dict[str, Any]
) -> dict[str, Any]:
    """Write a failure whole, in place of an earlier one; returns it.

    Args:
        reason: a word or two, as `status` counts them.
        details: what was needed, what there was; JSON.
    """
    failure = {
        "id": planned.id,
        "run": asdict(planned.run),
        "reason": reason,
        **details,
        "failed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    write_json(failure_path(workspace, planned), failure)
    return failure


def read_failure(workspace: Path, planned: PlannedRun) -> dict[str, Any] | None:
    """The run's last failure; None where there is none."""
    path = failure_path(workspace, planned)
    if not path.exists():
        return None
    return read_json(path, what="failure", fix=f"delete {path}: the run is tried again anyhow")
