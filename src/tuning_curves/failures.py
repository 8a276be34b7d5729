"""Failures: why a cell has no record yet, beside the records of those that have one.

A failure is no result. It says what happened and what was needed, `tuning-curves status` shows it,
nothing collects it, and the next run tries the cell again; its record removes it. A run whose loss
is no number is not one of these: that is a result, and has a record.
"""

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tuning_curves.util.files import read_json, write_json
from tuning_curves.study.config import Planned


def failure_path(workspace: Path, planned: Planned) -> Path:
    """Where a cell's failure lies."""
    return workspace / "failures" / f"{planned.id}.json"


def write_failure(
    workspace: Path, planned: Planned, reason: str, details: dict[str, Any]
) -> dict[str, Any]:
    """Write a failure whole, in place of an earlier one; returns it.

    Args:
        reason: a word or two, as `status` counts them.
        details: what was needed, what there was; JSON.
    """
    failure = {
        "id": planned.id,
        "cell": asdict(planned.cell),
        "reason": reason,
        **details,
        "failed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    write_json(failure_path(workspace, planned), failure)
    return failure


def read_failure(workspace: Path, planned: Planned) -> dict[str, Any] | None:
    """The cell's last failure; None where there is none."""
    path = failure_path(workspace, planned)
    if not path.exists():
        return None
    return read_json(path, what="failure", fix=f"delete {path}: the cell is tried again anyhow")
