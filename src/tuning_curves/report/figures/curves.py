"""Exact match against the number of training questions: every method, a panel a budget."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tuning_curves.report import style
from tuning_curves.report.figures.panels import (
    SINGLE,
    WIDTH,
    budget_names,
    budget_words,
    dodge,
    legend_below,
    points_with_bars,
    say_nothing_to_draw,
    size_axis,
)


def draw(tables: Mapping[str, pd.DataFrame], study: Mapping[str, Any]) -> Figure:
    """The curves with their intervals; a point without an interval has no bar.

    Methods with a single size are no curve, and left to the tables where others have more.
    """
    curves = tables["curves"].dropna(subset=["em"])
    with style.theme():
        if curves.empty:
            return say_nothing_to_draw("no run has finished: there is no curve to draw")
        budgets = budget_names(study, curves)
        figure = Figure(figsize=(WIDTH if len(budgets) > 1 else SINGLE, 3.1), layout="constrained")
        row = figure.subplots(1, len(budgets), sharey=True, squeeze=False)[0]
        sizes = curves.groupby("method")["n_train"].nunique()
        drawn = sizes[sizes > 1].index if (sizes > 1).any() else sizes.index
        methods = style.ordered(drawn)
        curves = curves[curves["method"].isin(methods)]
        columns = _columns(len(methods), len(budgets))
        figure.set_figheight(2.75 + 0.17 * math.ceil(len(methods) / columns))
        for axes, budget in zip(row, budgets, strict=True):
            own = curves[curves["budget"] == budget]
            _panel(axes, own, methods)
            size_axis(axes, sorted(own["n_train"].unique()), len(budgets))
            axes.set_title(f"{budget}: {budget_words(study, budget)}")
        row[0].set_ylabel("exact match on dev (%)")
        row[0].set_ylim(bottom=0)
        handles = _handles(row)
        entries = [handles[style.label(name)] for name in methods]
        legend_below(figure, entries, columns)
    return figure


def _panel(axes: Axes, curves: pd.DataFrame, methods: list[str]) -> None:
    sizes = sorted(curves["n_train"].unique())
    for place, method in enumerate(methods):
        own = curves[curves["method"] == method].sort_values("n_train")
        if own.empty:
            continue
        at = dodge(own["n_train"], place, len(methods), sizes)
        points_with_bars(
            axes, at, own["em"], own["em_low"], own["em_high"], **style.line_options(method)
        )


def _columns(methods: int, budgets: int) -> int:
    """Columns of the legend: one row where it fits."""
    if budgets == 1:
        return min(methods, 3)
    return methods if methods <= 5 else 4


def _handles(row: Any) -> dict[str, Any]:
    """One line for each label, whichever panel has it."""
    return {line.get_label(): line for axes in row for line in axes.get_lines()}
