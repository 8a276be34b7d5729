"""Which studies take part in the synthesis, and what is read of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.analysis.tables import Tables, of_metric, read_tables
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import read_json

FOLDER = "synthesis"  # of the synthesis itself, beside the studies
FIX = "run `tuning-curves report tables` for this study again"
KEYS: dict[str, tuple[str, ...]] = {  # what is needed of numbers.json, and below it
    **dict.fromkeys(("study", "title", "scale", "encoder", "data", "confidence"), ()),
    **dict.fromkeys(("budgets", "methods"), ()),
    "task": ("name", "metric_name", "metric", "examples"),
    "facts": ("least_size", "greatest_size", "runs"),
    "sentences": ("verdicts", "take"),
}


@dataclass(frozen=True)
class StudyResults:
    """A study's archived tables, and what its numbers.json says of it."""

    numbers: dict[str, Any]
    tables: Tables

    @property
    def name(self) -> str:
        return str(self.numbers["study"])

    @property
    def task(self) -> str:
        return str(self.numbers["task"]["name"])

    @property
    def metric(self) -> str:
        """The metric's name in the tables."""
        return str(self.numbers["task"]["metric_name"])

    @property
    def label(self) -> str:
        """The metric's name in a text."""
        return str(self.numbers["task"]["metric"])

    @property
    def examples(self) -> str:
        """What examples are called."""
        return str(self.numbers["task"]["examples"])

    @property
    def confidence(self) -> float:
        return float(self.numbers["confidence"])

    def of_pair(self, name: str, first: str = "bitfit", second: str = "full") -> pd.DataFrame:
        """A table's rows of the study's metric that are of a pair of methods."""
        rows = of_metric(self.tables[name], self.metric)
        if rows.empty:
            return rows
        return rows[(rows["first"] == first) & (rows["second"] == second)]


def read_results(folder: Path) -> tuple[list[StudyResults], list[tuple[str, str]]]:
    """The studies of a folder of results, question answering first, and those left out with why.

    Raises:
        ResourceError: no study can take part; or one without tables or numbers.json.
        DataError: a numbers.json without what is needed or of another study than its folder's;
            tables that have not the same places.
    """
    found, left_out = [], []
    for tables in sorted(folder.glob("*/tables")):
        if tables.parent.name == FOLDER:
            continue
        study = _read(tables.parent)
        reason = _reason(study)
        if reason:
            left_out.append((study.name, reason))
        else:
            found.append(study)
    if not found:
        raise ResourceError(
            f"{folder}: no study for a synthesis (expected <study>/tables and <study>/numbers.json "
            f"of a study that is no demo, with {LEAST_PAIRS} seeds or more)",
            fix="draw a study: `snakemake --cores all figures --configfile config/<study>.yaml`",
        )
    return sorted(found, key=lambda study: (study.task, study.name)), left_out


def _read(folder: Path) -> StudyResults:
    path = folder / "numbers.json"
    if not path.is_file():
        raise ResourceError(f"{path}: no such file (the synthesis needs it)", fix=FIX)
    numbers = read_json(path, what="the numbers of a study", fix=FIX)
    missing = list(_missing(numbers))
    if missing:
        raise DataError(f"{path}: no {', '.join(missing)}: an older version wrote it", fix=FIX)
    if numbers["study"] != folder.name:
        raise DataError(
            f"{path}: of the study {numbers['study']!r}, expected {folder.name!r}, its folder",
            fix="remove a copy of another study's results, or draw the study again",
        )
    study = StudyResults(numbers, read_tables(folder / "tables"))
    _check_places(study, folder / "tables")
    return study


def _missing(numbers: Any) -> Iterator[str]:
    """The dotted keys that a numbers.json lacks."""
    for key, below in KEYS.items():
        part = numbers.get(key) if isinstance(numbers, dict) else None
        if part is None:
            yield key
        else:
            yield from (f"{key}.{name}" for name in below if name not in part)


def _check_places(study: StudyResults, folder: Path) -> None:
    """Ranks, scores and costs are of the same methods, sizes and budgets: else one is torn."""
    curves = of_metric(study.tables["curves"], study.metric).dropna(subset=["score"])
    ranked = _points(study.tables["ranking"])
    for name, rows in (("curves", curves), ("costs", study.tables["costs"])):
        odd = min(ranked ^ _points(rows), default=None)
        if odd is not None:
            budget, method, n = odd
            raise DataError(
                f"{folder}: {method} at n = {n:g} under {budget} is in one of {name}.csv and "
                "ranking.csv only",
                fix="run `tuning-curves analyse` for this study again",
            )


def _points(rows: pd.DataFrame) -> set[tuple[str, str, float]]:
    """Budget, method and size of each row."""
    return set(zip(rows["budget"], rows["method"], rows["n_train"], strict=True))


def _reason(study: StudyResults) -> str:
    """Why a study takes no part; "" where it does."""
    if study.numbers["scale"] == "demo":
        return "a demo is no evidence"
    if not study.tables["curves"]["seeds"].max() >= LEAST_PAIRS:
        return f"fewer than {LEAST_PAIRS} seeds decide nothing"
    return ""
