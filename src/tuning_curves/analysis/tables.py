"""The tables of a study, from its collected runs: the one place that knows their columns.

Rows stand in the study's own order of budgets, contrasts, methods and sizes. Equal runs give
equal bytes, in whatever order the table of runs has them.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from tuning_curves.analysis.bias_terms import summarise_biases
from tuning_curves.analysis.claims.published import Claims
from tuning_curves.analysis.claims.rules import make_verdicts
from tuning_curves.analysis.columns import COLUMNS, TABLES, TEXT, write_table
from tuning_curves.analysis.comparisons import compare_budgets, make_contrasts, make_curves
from tuning_curves.analysis.costs import (
    count_parameters,
    summarise_costs,
    summarise_provenance,
    summarise_reach,
)
from tuning_curves.analysis.crossover import make_crossovers
from tuning_curves.analysis.runs import FIX, read_runs
from tuning_curves.analysis.selection import (
    keep_chosen,
    select_rates,
    summarise_rates,
    unite_subsets,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.study.grid import points as study_points
from tuning_curves.util.errors import DataError, ResourceError


def write_tables(
    collected: Path,
    study: StudyConfig,
    claims: Claims,
    out: Path,
    ids: set[str] | None = None,
) -> None:
    """Write every table of a study as CSV.

    Args:
        collected: the folder with runs.csv, biases.csv and outcomes.npz.
        study: the study's mapping: `scale`, `encoder`, `methods`, `sizes`, `budgets`, and in
            `analysis` `contrasts`, `draws`, `seed` and `level` are used.
        claims: what is judged.
        out: the folder of the tables.
        ids: the identities of the study's runs; None checks names alone.

    Raises:
        DataError: collected runs that are torn, or no runs of the study.
    """
    for name, frame in make_tables(collected, study, claims, ids).items():
        write_table(out / f"{name}.csv", frame, TABLES[name])


def make_tables(
    collected: Path, study: StudyConfig, claims: Claims, ids: set[str] | None = None
) -> dict[str, pd.DataFrame]:
    """Every table as an unrounded frame, by name, rows in the study's order."""
    runs = read_runs(collected)
    _check_names(runs.frame, study, collected)
    if ids is not None:
        check_identities(runs.frame, ids, study["study"], collected)
    analysis = study["analysis"]
    rates = summarise_rates(runs.frame)
    selection = select_rates(rates)
    chosen = keep_chosen(runs.frame, selection)
    runs, chosen = unite_subsets(runs, chosen)
    curves = make_curves(runs, chosen, analysis)
    tables = {
        "selection": selection,
        "learning_rates": rates,
        "curves": curves,
        "contrasts": make_contrasts(runs, chosen, analysis),
        "crossovers": make_crossovers(runs, chosen, analysis),
        "costs": summarise_costs(chosen),
        "counts": count_parameters(runs.frame),
        "provenance": summarise_provenance(runs.frame),
        "biases": summarise_biases(runs, chosen),
    }
    return {
        **{name: order_rows(frame, study) for name, frame in tables.items()},
        "budgets": compare_budgets(runs, chosen, study),
        "reach": summarise_reach(order_rows(curves, study), chosen),
        "verdicts": make_verdicts(runs, chosen, selection, study, claims),
    }


def order_rows(frame: pd.DataFrame, study: StudyConfig) -> pd.DataFrame:
    """Sort by budget, contrast, method, size and rate, names in the study's order."""
    methods = [method["name"] for method in study["methods"]]
    budgets = [budget["name"] for budget in study["budgets"]]
    pairs = [tuple(pair) for pair in study["analysis"]["contrasts"]]
    keys = pd.DataFrame(index=frame.index)
    if "budget" in frame:
        keys["budget"] = frame["budget"].map(budgets.index)
    if "first" in frame:
        found = zip(frame["first"], frame["second"], strict=True)
        keys["pair"] = [pairs.index(pair) for pair in found]
    if "method" in frame:
        keys["method"] = frame["method"].map(methods.index)
    for name in ("n_train", "learning_rate"):
        if name in frame:
            keys[name] = frame[name]
    if keys.columns.empty:
        return frame
    return frame.loc[keys.sort_values(list(keys.columns), kind="stable").index]


def _check_names(frame: pd.DataFrame, study: StudyConfig, collected: Path) -> None:
    for column, section in (("method", "methods"), ("budget", "budgets")):
        known = [entry["name"] for entry in study[section]]
        unknown = sorted(set(frame[column]) - set(known))
        if unknown:
            raise DataError(
                f"{collected / 'runs.csv'}: the {column} {unknown[0]!r} is not of this study "
                f"(which has {', '.join(known)})",
                fix=FIX,
            )


def check_identities(frame: pd.DataFrame, ids: set[str], study: str, collected: Path) -> None:
    """Refuse collected runs of which some are not runs of the study.

    Args:
        ids, study: its runs' identities, and its name.

    Raises:
        DataError: names a run and the study.
    """
    foreign = sorted(set(frame["id"]) - ids)
    if foreign:
        raise DataError(
            f"{collected / 'runs.csv'}: the run {foreign[0]} (and {len(foreign) - 1} more) is no "
            f"run of the study {study}",
            fix=FIX,
        )


Tables = Mapping[str, pd.DataFrame]
FIX_TABLES = "run `tuning-curves analyse` for this study again"


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
        raise ResourceError(f"{folder}: no {names} (the report needs every table)", fix=FIX_TABLES)
    return {name: _read(folder / f"{name}.csv", columns) for name, columns in COLUMNS.items()}


def read_tables_of(folder: Path, study: StudyConfig) -> dict[str, pd.DataFrame]:
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
                fix=FIX_TABLES,
            )
    return tables


def points_of(study: StudyConfig) -> set[tuple[str, str, int]]:
    """The points that a study asks for: budget, method, size."""
    return {(budget["name"], method["name"], n) for method, budget, n in study_points(study)}


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    text = dict.fromkeys(TEXT, str)
    try:
        frame = pd.read_csv(path, dtype=text, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path}: not a table ({error})", fix=FIX_TABLES) from None
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise DataError(
            f"{path}: no column {lacking[0]!r} (it has {list(frame.columns)})", fix=FIX_TABLES
        )
    for name in columns:
        if name in TEXT:
            frame[name] = frame[name].fillna("")
        elif frame.empty:
            frame[name] = frame[name].astype(float)
        elif not pd.api.types.is_numeric_dtype(frame[name]):
            raise DataError(f"{path}: column {name!r} holds text, expected numbers", fix=FIX_TABLES)
    return frame
