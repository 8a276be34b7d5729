"""The score on the validation split against the learning rate: how each rate was chosen."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from tuning_curves.report import style, wording
from tuning_curves.report.figures.panels import (
    WIDTH,
    budget_names,
    legend_below,
    say_nothing_to_draw,
    short,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

EDGE = style.VERMILION
MOST = 5  # panels beside each other


def draw(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> Figure:
    """One panel per method and budget, one line per size; choices are ringed, in red at an edge.

    Methods with one rate under each budget are left out: nothing was chosen.
    """
    rates = tables["learning_rates"].dropna(subset=["validation_score"])
    with style.theme():
        if rates.empty:
            return say_nothing_to_draw("no run has finished: there is no learning rate to compare")
        grids = rates.groupby(["method", "budget"])["learning_rate"].transform("nunique")
        rates = rates[grids.groupby(rates["method"]).transform("max") > 1]
        if rates.empty:
            return say_nothing_to_draw("every grid has one rate: there is nothing to compare")
        methods = style.ordered(rates["method"])
        pairs = [
            (budget, method)
            for budget in budget_names(study, rates)
            for method in methods
            if len(_of(rates, budget, method))
        ]
        figure, panels = _lay_out(len(methods), len(pairs))
        colours = _size_colours(sorted(rates["n_train"].unique()))
        for axes, (budget, method) in zip(panels, pairs, strict=True):
            chosen = _of(tables["selection"], budget, method)
            _panel(axes, _of(rates, budget, method), chosen, colours)
            axes.set_title(f"{style.label(method)}\n{budget}", fontsize=7.5)
        for axes in panels[-len(methods) :]:
            axes.set_xlabel("learning rate", fontsize=7.5)
        figure.align_xlabels(panels)
        figure.supylabel(
            f"{make_task(study.task).metric.label} on the validation split (%)", fontsize=8
        )
        legend_below(figure, _handles(colours), 4 if len(colours) < 7 else 5)
    return figure


def _lay_out(methods: int, panels: int) -> tuple[Figure, list[Axes]]:
    """One row per budget where its methods fit into one, else rows of `MOST` panels."""
    columns = methods if methods <= MOST and panels % methods == 0 else min(panels, MOST)
    rows = math.ceil(panels / columns)
    figure = Figure(figsize=(WIDTH, 1.0 + 1.6 * rows), layout="constrained")
    grid = figure.subplots(
        rows, columns, squeeze=False, sharey="col" if columns == methods else False
    )
    for axes in list(grid.flat)[panels:]:
        axes.remove()
    return figure, list(grid.flat)[:panels]


def _of(frame: pd.DataFrame, budget: str, method: str) -> pd.DataFrame:
    return frame[(frame["budget"] == budget) & (frame["method"] == method)]


def _size_colours(sizes: list[int]) -> dict[int, Any]:
    """Pale for few examples, dark for many."""
    from matplotlib import colormaps

    shades = np.linspace(0.25, 0.95, len(sizes)) if len(sizes) > 1 else [0.8]
    return {size: colormaps["cividis_r"](shade) for size, shade in zip(sizes, shades, strict=True)}


def _panel(
    axes: Axes, rates: pd.DataFrame, selection: pd.DataFrame, colours: Mapping[int, Any]
) -> None:
    for size, own in rates.sort_values("learning_rate").groupby("n_train"):
        axes.plot(own["learning_rate"], own["validation_score"], color=colours[size], marker="o",
                  markersize=3.5, linewidth=1.1)  # fmt: skip
    for edges, ring in ((("",), style.BLACK), (("low", "high"), EDGE)):
        chosen = selection[selection["edge"].isin(edges)]
        axes.plot(chosen["learning_rate"], chosen["validation_score"], linestyle="none", marker="o",
                  markersize=7, markerfacecolor="none", markeredgecolor=ring,
                  markeredgewidth=1.1)  # fmt: skip
    places = sorted(rates["learning_rate"].unique())
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(places, [wording.rate(place) for place in places], rotation=35, ha="right")
    axes.set_xlim(places[0] / 1.6, places[-1] * 1.6)
    axes.margins(y=0.12)


def _handles(colours: Mapping[int, Any]) -> list[Line2D]:
    lines = [
        Line2D([], [], color=colour, marker="o", markersize=3.5, label=f"n = {short(size)}")
        for size, colour in colours.items()
    ]
    rings = ((style.BLACK, "chosen"), (EDGE, "chosen, at an edge of its grid"))
    for colour, name in rings:
        lines.append(
            Line2D([], [], linestyle="none", marker="o", markersize=7, markerfacecolor="none",
                   markeredgecolor=colour, markeredgewidth=1.1, label=name)
        )  # fmt: skip
    return lines
