"""The tables of a study, from its collected runs: the one place that knows their columns.

Rows stand in the study's own order of budgets, contrasts, methods and sizes. Equal runs give
equal bytes, in whatever order the table of runs has them.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.analysis import formats as f
from tuning_curves.analysis.biases import summarise_biases
from tuning_curves.analysis.budgets import compare_budgets
from tuning_curves.analysis.claims.config import Claims
from tuning_curves.analysis.comparisons import make_contrasts
from tuning_curves.analysis.costs import summarise_costs
from tuning_curves.analysis.counts import count_parameters
from tuning_curves.analysis.crossover import make_crossovers
from tuning_curves.analysis.curves import make_curves
from tuning_curves.analysis.provenance import summarise_provenance
from tuning_curves.analysis.reach import summarise_reach
from tuning_curves.analysis.runs import FIX, read_runs
from tuning_curves.analysis.selection import keep_chosen, select_rates, summarise_rates
from tuning_curves.analysis.units import unite_subsets
from tuning_curves.analysis.claims.rules import make_verdicts
from tuning_curves.util.errors import DataError

_GROUP: dict[str, f.Format] = {"budget": f.text, "method": f.text, "n_train": f.whole}
_PAIR: dict[str, f.Format] = {"budget": f.text, "first": f.text, "second": f.text}
_DIFFERENCES: dict[str, f.Format] = {
    **dict.fromkeys(("em_difference", "em_low", "em_high"), f.points),
    **dict.fromkeys(("p", "p_holm"), f.probability),
    **dict.fromkeys(("f1_difference", "f1_low", "f1_high"), f.points),
}

TABLES: dict[str, dict[str, f.Format]] = {
    "selection": {
        **_GROUP,
        "learning_rate": f.rate,
        "grid_size": f.whole,
        "edge": f.text,
        "selection_em": f.points,
        "dev_em": f.points,
        "oracle_learning_rate": f.rate,
        "oracle_em": f.points,
        "failed": f.whole,
    },
    "learning_rates": {
        **_GROUP,
        "learning_rate": f.rate,
        "seeds": f.whole,
        "selection_em": f.points,
        "em": f.points,
        "diverged": f.whole,
    },
    "curves": {
        **_GROUP,
        "learning_rate": f.rate,
        "seeds": f.whole,
        "failed": f.whole,
        **dict.fromkeys(("em", "em_low", "em_high", "em_sd"), f.points),
        **dict.fromkeys(("f1", "f1_low", "f1_high", "f1_sd"), f.points),
    },
    "contrasts": {
        **_PAIR,
        "n_train": f.whole,
        "pairs": f.whole,
        **_DIFFERENCES,
    },
    "crossovers": {
        **_PAIR,
        **dict.fromkeys(("n_train", "low", "high"), f.whole),
        "statement": f.text,
    },
    "budgets": {
        **dict.fromkeys(("shorter", "longer", "first", "second"), f.text),
        **dict.fromkeys(("n_train", "shorter_steps", "longer_steps", "pairs"), f.whole),
        **_DIFFERENCES,
    },
    "costs": {
        "method": f.text,
        "budget": f.text,
        "n_train": f.whole,
        "steps": f.whole,
        "seconds_per_step": f.significant,
        "step_time_ratio": f.significant,
        "train_seconds": f.significant,
        "peak_memory_bytes": f.whole,
        "optimizer_bytes": f.whole,
        "delta_bytes": f.whole,
        "gradient_bytes": f.whole,
        "activation_bytes": f.whole,
        "activation_bytes_one": f.whole,
        "step_tokens": f.whole,
        "flops_per_step": f.whole,
        "device": f.text,
    },
    "reach": {
        "share": f.significant,
        "target_em": f.points,
        "method": f.text,
        **dict.fromkeys(("train_seconds", "low", "high"), f.significant),
        "budget": f.text,
        "n_train": f.whole,
        "device": f.text,
    },
    "biases": {
        **_GROUP,
        "term": f.text,
        "layer": f.whole,
        **dict.fromkeys(("change", "first_gradient"), f.significant),
    },
    "counts": {
        "method": f.text,
        **dict.fromkeys(("trainable_backbone", "trainable_added", "trainable_head"), f.whole),
        "total": f.whole,
        "share": f.fraction,
    },
    "provenance": {"key": f.text, "value": f.text, "cells": f.whole},
    "verdicts": {
        **dict.fromkeys(("claim", "budget", "verdict"), f.text),
        **dict.fromkeys(("estimate", "low", "high"), f.significant),
        **dict.fromkeys(("unit", "scale", "reason", "statement", "source"), f.text),
    },
}


def write_tables(
    collected: Path,
    study: dict[str, Any],
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
        ids: the identities of the study's cells; None checks names alone.

    Raises:
        DataError: collected runs that are torn, or no cells of the study.
    """
    for name, frame in make_tables(collected, study, claims, ids).items():
        f.write_table(out / f"{name}.csv", frame, TABLES[name])


def make_tables(
    collected: Path, study: dict[str, Any], claims: Claims, ids: set[str] | None = None
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


def order_rows(frame: pd.DataFrame, study: dict[str, Any]) -> pd.DataFrame:
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


def _check_names(frame: pd.DataFrame, study: dict[str, Any], collected: Path) -> None:
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
    """Refuse collected runs of which some are not cells of the study.

    Args:
        ids, study: its cells' identities, and its name.

    Raises:
        DataError: names a run and the study.
    """
    foreign = sorted(set(frame["id"]) - ids)
    if foreign:
        raise DataError(
            f"{collected / 'runs.csv'}: the run {foreign[0]} (and {len(foreign) - 1} more) is no "
            f"cell of the study {study}",
            fix=FIX,
        )
