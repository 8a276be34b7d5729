"""What one training process is to do: cells, settings and folders, as plain JSON.

A job holds everything resolved, so that a machine with torch, transformers and numpy can run it
without the study file, the workflow or their libraries.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuning_curves.util.errors import ResourceError, UsageError
from tuning_curves.util.files import canonical
from tuning_curves.study.config import Cell, Planned, Study, identity


@dataclass(frozen=True, kw_only=True)
class Job:
    """Cells of one study to train and evaluate, one after the other."""

    study: str
    settings: dict[str, Any]
    cells: tuple[Planned, ...]

    def dump(self) -> str:
        """One line of JSON."""
        cells = [planned.row() for planned in self.cells]
        whole = {"study": self.study, "settings": self.settings, "cells": cells}
        return canonical(whole)


def job_of(study: Study, cells: tuple[Planned, ...]) -> Job:
    """The job of training these cells of a study."""
    return Job(study=study.name, settings=study.settings, cells=cells)


def load_job(text: str) -> Job:
    """Read what `dump` wrote, and check that each cell's id belongs to it.

    Raises:
        UsageError: not a job, or one that was edited by hand.
    """
    fix = "make the job again with `tuning-curves plan`"
    try:
        whole = json.loads(text)
        rows = [dict(row) for row in whole["cells"]]
        cells = tuple(
            Planned(budget=row.pop("budget"), id=row.pop("id"), cell=Cell(**row)) for row in rows
        )
        job = Job(study=whole["study"], settings=whole["settings"], cells=cells)
        found = [identity(job.settings, planned.cell) for planned in cells]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"not a training job ({error})", fix=fix) from None
    for planned, its in zip(job.cells, found, strict=True):
        if its != planned.id:
            raise UsageError(f"cell {planned.cell.path} has not the id {planned.id}", fix=fix)
    return job


def read_job(path: Path) -> Job:
    """`load_job` from a file.

    Raises:
        ResourceError: it cannot be read.
        UsageError: as `load_job`; not UTF-8.
    """
    try:
        return load_job(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: not a training job: not UTF-8 ({error})",
            fix="make the job again with `tuning-curves plan`",
        ) from None
    except OSError as error:
        raise ResourceError(
            f"{path}: cannot be read ({error.strerror})", fix="correct the path"
        ) from None
