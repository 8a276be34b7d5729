"""Read the tables that the analysis wrote, and refuse a folder that lacks one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.study.config import points

Tables = Mapping[str, pd.DataFrame]

COLUMNS: dict[str, tuple[str, ...]] = {
    "selection": (
        "budget", "method", "n_train", "learning_rate", "grid_size", "edge", "selection_em",
        "dev_em", "oracle_learning_rate", "oracle_em", "failed",
    ),
    "learning_rates": (
        "budget", "method", "n_train", "learning_rate", "seeds", "selection_em", "em", "diverged",
    ),
    "curves": (
        "budget", "method", "n_train", "learning_rate", "seeds", "failed", "em", "em_low",
        "em_high", "em_sd", "f1", "f1_low", "f1_high", "f1_sd",
    ),
    "contrasts": (
        "budget", "first", "second", "n_train", "pairs", "em_difference", "em_low", "em_high",
        "p", "p_holm", "f1_difference", "f1_low", "f1_high",
    ),
    "crossovers": ("budget", "first", "second", "n_train", "low", "high", "statement"),
    "budgets": (
        "shorter", "longer", "first", "second", "n_train", "shorter_steps", "longer_steps",
        "pairs", "em_difference", "em_low", "em_high", "p", "p_holm", "f1_difference", "f1_low",
        "f1_high",
    ),
    "costs": (
        "method", "budget", "n_train", "steps", "seconds_per_step", "step_time_ratio",
        "train_seconds", "peak_memory_bytes", "optimizer_bytes", "delta_bytes", "gradient_bytes",
        "activation_bytes", "activation_bytes_one", "step_tokens", "flops_per_step", "device",
    ),
    "reach": (
        "share", "target_em", "method", "train_seconds", "low", "high", "budget", "n_train",
        "device",
    ),
    "biases": ("budget", "method", "n_train", "term", "layer", "change", "first_gradient"),
    "counts": (
        "method", "trainable_backbone", "trainable_added", "trainable_head", "total", "share",
    ),
    "provenance": ("key", "value", "cells"),
    "verdicts": (
        "claim", "budget", "verdict", "estimate", "low", "high", "unit", "scale", "reason",
        "statement", "source",
    ),
}  # fmt: skip
TEXT = (
    "budget", "shorter", "longer", "method", "first", "second", "edge", "statement", "key",
    "value", "claim", "verdict", "scale", "reason", "unit", "source", "term", "device",
)  # fmt: skip
FIX = "run `tuning-curves analyse` for this study again"


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read every table of a folder.

    Text columns hold text, "" where nothing is written; all others hold numbers, NaN likewise.

    Raises:
        ResourceError: tables are missing; all are named.
        DataError: one lacks a column or is no CSV.
    """
    missing = [name for name in COLUMNS if not (folder / f"{name}.csv").is_file()]
    if missing:
        names = ", ".join(f"{name}.csv" for name in missing)
        raise ResourceError(f"{folder}: no {names} (the report needs every table)", fix=FIX)
    return {name: _read(folder / f"{name}.csv", columns) for name, columns in COLUMNS.items()}


def read_tables_of(folder: Path, study: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """`read_tables`, and refuse those of another study.

    Raises:
        DataError: as `read_tables`; or a point of a curve that the study does not ask for.
    """
    tables = read_tables(folder)
    asked = points_of(study)
    for row in tables["curves"].itertuples():
        if (row.budget, row.method, row.n_train) not in asked:
            raise DataError(
                f"{folder / 'curves.csv'}: {row.method} at n = {row.n_train} under {row.budget} is "
                f"not of the study {study['study']}",
                fix=FIX,
            )
    return tables


def points_of(study: Mapping[str, Any]) -> set[tuple[str, str, int]]:
    """The points that a study asks for: budget, method, size."""
    return {(budget["name"], method["name"], n) for method, budget, n in points(study)}


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    text = dict.fromkeys(TEXT, str)
    try:
        frame = pd.read_csv(path, dtype=text, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path}: not a table ({error})", fix=FIX) from None
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise DataError(f"{path}: no column {lacking[0]!r} (it has {list(frame.columns)})", fix=FIX)
    for name in columns:
        if name in TEXT:
            frame[name] = frame[name].fillna("")
        elif frame.empty:
            frame[name] = frame[name].astype(float)
        elif not pd.api.types.is_numeric_dtype(frame[name]):
            raise DataError(f"{path}: column {name!r} holds text, expected numbers", fix=FIX)
    return frame
