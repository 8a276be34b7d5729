"""Exact match on the selection split against the learning rate: how each rate was chosen."""

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

EDGE = style.VERMILION


def draw(tables: Mapping[str, pd.DataFrame], study: Mapping[str, Any]) -> Figure:
    """A panel a method and budget, a line a size; the chosen rate ringed, in red at an edge."""
    rates = tables["learning_rates"].dropna(subset=["selection_em"])
    with style.theme():
        if rates.empty:
            return say_nothing_to_draw("no run has finished: there is no learning rate to compare")
        budgets = budget_names(study, rates)
        methods = style.ordered(rates["method"])
        columns = len(methods) if len(methods) <= 5 else 4
        pairs = [(budget, method) for budget in budgets for method in methods]
        rows = math.ceil(len(pairs) / columns)
        figure = Figure(figsize=(WIDTH, 0.9 + 1.55 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
        colours = _size_colours(sorted(rates["n_train"].unique()))
        for axes, (budget, method) in zip(grid.flat, pairs, strict=False):
            _panel(axes, _of(rates, budget, method), _of(tables["selection"], budget, method),
                   colours)  # fmt: skip
            name = style.label(method).replace(" (", "\n(")
            axes.set_title(f"{name}\n{budget}", fontsize=7.5)
        for axes in list(grid.flat)[len(pairs):]:
            axes.remove()
        figure.supylabel("exact match on the selection split (%)", fontsize=8)
        figure.supxlabel("learning rate", fontsize=8)
        legend_below(figure, _handles(colours), 6)
    return figure


def _of(frame: pd.DataFrame, budget: str, method: str) -> pd.DataFrame:
    return frame[(frame["budget"] == budget) & (frame["method"] == method)]


def _size_colours(sizes: list[int]) -> dict[int, Any]:
    """Pale for few questions, dark for many."""
    from matplotlib import colormaps

    shades = np.linspace(0.25, 0.95, len(sizes)) if len(sizes) > 1 else [0.8]
    return {size: colormaps["cividis_r"](shade) for size, shade in zip(sizes, shades, strict=True)}


def _panel(
    axes: Axes, rates: pd.DataFrame, selection: pd.DataFrame, colours: Mapping[int, Any]
) -> None:
    for size, own in rates.sort_values("learning_rate").groupby("n_train"):
        axes.plot(own["learning_rate"], own["selection_em"], color=colours[size], marker="o",
                  markersize=3.5, linewidth=1.1)  # fmt: skip
    for at_edge, ring in ((False, "#000000"), (True, EDGE)):
        chosen = selection[selection["edge"].isin(("low", "high")) == at_edge]
        axes.plot(chosen["learning_rate"], chosen["selection_em"], linestyle="none", marker="o",
                  markersize=7.5, markerfacecolor="none", markeredgecolor=ring,
                  markeredgewidth=1.3)  # fmt: skip
    places = sorted(rates["learning_rate"].unique())
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(places, [wording.rate(place) for place in places], rotation=35, ha="right")
    axes.set_xlim(places[0] / 1.6, places[-1] * 1.6)


def _handles(colours: Mapping[int, Any]) -> list[Line2D]:
    lines = [
        Line2D([], [], color=colour, marker="o", markersize=3.5, label=f"n = {short(size)}")
        for size, colour in colours.items()
    ]
    rings = (("#000000", "chosen"), (EDGE, "chosen, at an edge of its grid"))
    for colour, name in rings:
        lines.append(
            Line2D([], [], linestyle="none", marker="o", markersize=7.5, markerfacecolor="none",
                   markeredgecolor=colour, markeredgewidth=1.3, label=name)
        )  # fmt: skip
    return lines
