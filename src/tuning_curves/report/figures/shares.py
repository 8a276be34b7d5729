"""The score against the share of parameters that a method trains, at three sizes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from tuning_curves.report import style, wording
from tuning_curves.report.figures.panels import (
    WIDTH,
    curve_budgets,
    legend_below,
    of_study,
    points_with_bars,
    say_nothing_to_draw,
    score_axis,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

LEGEND_COLUMNS = 4


def draw(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> Figure:
    """One row per budget, one column per size (smallest, middle, largest), one mark per method.

    Budgets and sizes at which few of the methods were trained are left to the tables. The share
    counts the head too, without which tuning the head alone would have none.
    """
    curves = of_study(tables, "curves", study).dropna(subset=["score"])
    with style.theme():
        if curves.empty:
            return say_nothing_to_draw("no run has finished: there is no score to draw")
        budgets = curve_budgets(study, curves)
        curves = curves[curves["budget"].isin(budgets)]
        many = _crowded(curves, "budget")
        curves = curves[curves["budget"].isin(many)]
        budgets = [name for name in budgets if name in many]
        points = curves.merge(trained_shares(tables["counts"]), on="method")
        sizes = three_sizes(_crowded(curves, "n_train"))
        rows = math.ceil(points["method"].nunique() / LEGEND_COLUMNS)
        height = 0.7 + 1.75 * len(budgets) + 0.16 * rows
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        grid = figure.subplots(len(budgets), len(sizes), sharex=True, sharey=True, squeeze=False)
        methods = style.ordered(points["method"])
        for row, budget in zip(grid, budgets, strict=True):
            for axes, n in zip(row, sizes, strict=True):
                own = points[(points["budget"] == budget) & (points["n_train"] == n)]
                _panel(axes, own, methods)
                axes.set_title(f"{budget}, n = {wording.whole(n)}", fontsize=7.5)
        _axes(grid[-1][0], points.loc[points["n_train"].isin(sizes), "score"])
        for axes in grid[-1]:
            axes.set_xlabel("trained parameters, of all (%)", fontsize=7.5)
        figure.supylabel(f"{make_task(study.task).metric.label} on test (%)", fontsize=8)
        legend_below(figure, _handles(grid, methods), min(len(methods), LEGEND_COLUMNS))
    return figure


def _crowded(curves: pd.DataFrame, column: str) -> list[Any]:
    """The values of a column at which at least half as many methods stand as at the fullest."""
    counts = curves.groupby(column)["method"].nunique()
    return list(counts.index[counts >= counts.max() / 2])


def trained_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """One row per method: what it trains, head included, in percent of the untouched encoder's."""
    trained = counts["trainable_backbone"] + counts["trainable_added"] + counts["trainable_head"]
    return pd.DataFrame({"method": counts["method"], "percent": 100 * trained / counts["total"]})


def three_sizes(sizes: Sequence[int] | pd.Series) -> list[int]:
    """The smallest, the middle and the largest of some sizes."""
    places = sorted(set(sizes))
    return sorted({places[0], places[(len(places) - 1) // 2], places[-1]})


def _panel(axes: Axes, points: pd.DataFrame, methods: list[str]) -> None:
    for method in methods:
        own = points[points["method"] == method]
        look = {**style.line_options(method), "linestyle": "none", "markersize": 6.5}
        points_with_bars(axes, own["percent"], own["score"], own["low"], own["high"], **look)
    if points.empty:
        axes.text(0.5, 0.5, "no runs", transform=axes.transAxes, ha="center", color="#444444")
    axes.margins(0.1)


def _axes(axes: Axes, scores: pd.Series) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=8))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    score_axis(axes, scores)


def _handles(grid: Any, methods: list[str]) -> list[Any]:
    lines = {line.get_label(): line for axes in grid.flat for line in axes.get_lines()}
    return [lines[style.label(method)] for method in methods]
