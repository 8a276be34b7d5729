"""The tables of a study, from its runs: made, written, and read back.

Rows stand in the study's own order of budgets, contrasts, methods, sizes and metrics. Equal runs
give equal bytes, in whatever order they come.
"""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.analysis.advice.advise import curves_of_runs, tabulate_standings
from tuning_curves.analysis.advice.arms import Curves
from tuning_curves.analysis.advice.target import tabulate_forecasts
from tuning_curves.analysis.bias_terms import summarise_biases
from tuning_curves.analysis.claims.facts import make_facts
from tuning_curves.analysis.claims.published import Claims
from tuning_curves.analysis.claims.verdicts import evidence_of, make_verdicts
from tuning_curves.analysis.columns import TABLES, Column
from tuning_curves.analysis.comparisons import (
    BEST,
    LEAST_PAIRS,
    compare_budgets,
    contrast_best,
    keep_best,
    make_contrasts,
    make_curves,
)
from tuning_curves.analysis.costs import (
    count_parameters,
    summarise_costs,
    summarise_provenance,
    summarise_reach,
)
from tuning_curves.analysis.crossover import make_crossovers
from tuning_curves.analysis.further_seeds import tabulate_further_seeds
from tuning_curves.analysis.labels import count_labels, list_baseline, list_limits
from tuning_curves.analysis.ranking import rank_methods
from tuning_curves.analysis.runs import Runs, finished
from tuning_curves.analysis.selection import (
    choose_budgets,
    keep_chosen,
    select_rates,
    summarise_rates,
    unite_subsets,
)
from tuning_curves.analysis.sizes import compare_at_equal_steps, compare_sizes
from tuning_curves.analysis.training_curves import summarise_training
from tuning_curves.study.config import StudyConfig
from tuning_curves.study.grid import points as study_points
from tuning_curves.tasks.ceiling import Limits
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import write_text

Tables = Mapping[str, pd.DataFrame]
FIX_TABLES = "run `tuning-curves analyse` for this study again"
FIX_SYNTHESIS = "run `tuning-curves synthesis`"


def write_tables(
    runs: Runs, study: StudyConfig, claims: Claims, out: Path, limits: Limits | None = None
) -> None:
    """Write every table of a study as CSV into the folder `out`.

    Args:
        limits: of the study's data (`labels.read_limits`), where they are known.

    Raises:
        DataError: runs that disagree with each other.
    """
    for name, frame in make_tables(runs, study, claims, limits).items():
        write_table(out / f"{name}.csv", frame, TABLES[name])


def make_tables(
    runs: Runs, study: StudyConfig, claims: Claims, limits: Limits | None = None
) -> dict[str, pd.DataFrame]:
    """Every table that runs give, as an unrounded frame, by name; rows in the study's order.

    Args:
        limits: of the study's data, beyond which no forecast goes.
    """
    rates = summarise_rates(runs.frame)
    selection = select_rates(rates, study.analysis.rates_from)
    chosen = keep_chosen(runs.frame, selection)
    counts, provenance = count_parameters(runs.frame), summarise_provenance(runs.frame)
    training = summarise_training(runs, chosen)
    runs, chosen = unite_subsets(runs, chosen)
    curves = order_rows(make_curves(runs, chosen, study.analysis), study)
    evidence = evidence_of(runs, chosen, selection, study, claims)
    scores = of_metric(curves, runs.metric.name)
    best = choose_budgets(selection, chosen, scores, LEAST_PAIRS)
    contrasts = make_contrasts(runs, chosen, study)
    known = None if finished(chosen).empty else curves_of_runs(runs, chosen, study, limits)
    tables = {
        "selection": selection,
        "learning_rates": rates,
        "contrasts": contrasts,
        "further_seeds": tabulate_further_seeds(runs, chosen, selection, contrasts, study),
        "ranking": rank_methods(runs, chosen, study),
        "crossovers": _make_crossovers(runs, chosen, best, study),
        "best_budgets": best.rename(columns={"budget": "best_budget"}),
        "best_contrasts": contrast_best(runs, chosen, best, study),
        "forecast": _rows(known, tabulate_forecasts),
        "training": training,
        "costs": summarise_costs(chosen),
        "counts": counts,
        "provenance": provenance,
        "biases": summarise_biases(runs, chosen),
        "sizes": compare_sizes(runs, chosen, study.analysis),
        "labels": count_labels(runs),
        "baseline": list_baseline(runs),
    }
    return {
        **{name: order_rows(frame, study) for name, frame in tables.items()},
        "curves": curves,
        "advice": _rows(known, tabulate_standings, best),
        "limits": list_limits(limits or {}),
        "budgets": compare_budgets(runs, chosen, study),
        "equal_steps": compare_at_equal_steps(runs, chosen, study),
        "reach": summarise_reach(scores, chosen),
        "facts": make_facts(evidence, claims.facts),
        "verdicts": make_verdicts(evidence, claims),
    }


def _rows(
    curves: Curves | None, make: Callable[..., list[dict[str, Any]]], *more: Any
) -> pd.DataFrame:
    """The rows of a table of advice; none where no run has finished."""
    return pd.DataFrame() if curves is None else pd.DataFrame(make(curves, *more))


def _make_crossovers(
    runs: Runs, chosen: pd.DataFrame, best: pd.DataFrame, study: StudyConfig
) -> pd.DataFrame:
    """Those under each budget and, where there are several, with each method under its best."""
    frames = [chosen, keep_best(chosen, best)] if len(study.budgets) > 1 else [chosen]
    found = [make_crossovers(runs, frame, study) for frame in frames]
    return pd.concat([frame for frame in found if not frame.empty] or found[:1])


def order_rows(frame: pd.DataFrame, study: StudyConfig) -> pd.DataFrame:
    """Sort by budget, contrast, method, size and rate, names in the study's order."""
    pairs = list(study.analysis.contrasts)
    frame = frame.reset_index(drop=True)
    keys = pd.DataFrame(index=frame.index)
    if "budget" in frame:
        keys["budget"] = frame["budget"].map([*study.budget_names, BEST].index)
    if "first" in frame:
        found = zip(frame["first"], frame["second"], strict=True)
        keys["pair"] = [pairs.index(pair) for pair in found]
    if "method" in frame:
        keys["method"] = frame["method"].map(study.method_names.index)
    for name in ("n_train", "learning_rate", "step"):
        if name in frame:
            keys[name] = frame[name]
    if keys.columns.empty:
        return frame
    return frame.loc[keys.sort_values(list(keys.columns), kind="stable").index]


def of_metric(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of one metric."""
    return frame if frame.empty else frame.loc[frame["metric"] == metric]


def write_table(path: Path, frame: pd.DataFrame, columns: tuple[Column, ...]) -> None:
    """Write these columns as CSV; a missing value is an empty field."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(column.name for column in columns)
    if not frame.empty:
        for row in frame[[column.name for column in columns]].itertuples(index=False):
            fields = zip(row, columns, strict=True)
            writer.writerow(["" if pd.isna(value) else of.write(value) for value, of in fields])
    write_text(path, stream.getvalue())


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read every table of a folder.

    Text columns hold text, "" where nothing is written; all others hold numbers, NaN likewise.

    Raises:
        ResourceError: tables are missing; all are named.
        DataError: one has not all of its columns, or is no CSV.
    """
    missing = [name for name in TABLES if not (folder / f"{name}.csv").is_file()]
    if missing:
        names = ", ".join(f"{name}.csv" for name in missing)
        raise ResourceError(f"{folder}: no {names} (the report needs every table)", fix=FIX_TABLES)
    return {name: read_table(folder / f"{name}.csv", columns) for name, columns in TABLES.items()}


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
                f"not of the study {study.study}",
                fix=FIX_TABLES,
            )
    return tables


def points_of(study: StudyConfig) -> set[tuple[str, str, int]]:
    """The points that a study asks for: budget, method, size."""
    return {(budget.name, method.name, n) for method, budget, n in study_points(study)}


def read_table(path: Path, columns: tuple[Column, ...], fix: str = FIX_TABLES) -> pd.DataFrame:
    """One table, as `read_tables` has it.

    Raises:
        DataError: as there, with what mends it.
        FileNotFoundError: it is not there.
    """
    texts = {column.name: str for column in columns if column.is_text}
    try:
        frame = pd.read_csv(path, dtype=texts, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path}: not a table ({error})", fix=fix) from None
    for name in (column.name for column in columns):
        if name not in frame.columns:
            raise DataError(f"{path}: no column {name!r} (it has {list(frame.columns)})", fix=fix)
        if name in texts:
            frame[name] = frame[name].fillna("")
        elif frame.empty:
            frame[name] = frame[name].astype(float)
        elif not pd.api.types.is_numeric_dtype(frame[name]):
            raise DataError(f"{path}: column {name!r} holds text, expected numbers", fix=fix)
    return frame
