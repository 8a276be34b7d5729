"""What a method costs: time per step against full fine-tuning, and bytes of three kinds."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from tuning_curves.analysis.costs import at_shared_places
from tuning_curves.report import style
from tuning_curves.report.figures.panels import WIDTH, say_nothing_to_draw
from tuning_curves.study.config import StudyConfig

PANELS = (
    ("step_time_ratio", 1.0, "time per step,\nrelative to full"),
    ("activation_bytes", 1e6, "kept for the\nbackward pass (MB)"),
    ("optimizer_bytes", 1e6, "optimizer's\nstate (MB)"),
    ("delta_bytes", 1e6, "to store\nfor a task (MB)"),
)


def draw(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> Figure:
    """One row per method: the median over `at_shared_places`, a line from least to greatest."""
    costs = at_shared_places(tables["costs"])
    with style.theme():
        if costs.empty:
            return say_nothing_to_draw("no run has finished: there is no cost to compare")
        methods = style.ordered(costs["method"])
        panels = [panel for panel in PANELS if costs[panel[0]].notna().any()]
        figure = Figure(figsize=(WIDTH, 0.9 + min(0.27 * len(methods), 7.2)), layout="constrained")
        row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (column, unit, title) in zip(row, panels, strict=True):
            _panel(axes, costs, methods, column, unit)
            axes.set_title(title)
        row[0].set_yticks(range(len(methods)), [style.label(name) for name in methods])
        row[0].set_ylim(len(methods) - 0.5, -0.5)
        if costs["step_time_ratio"].notna().any():
            row[0].axvline(1.0, color="#444444", linewidth=0.9, zorder=1.5)
    return figure


def _panel(axes: Axes, costs: pd.DataFrame, methods: list[str], column: str, unit: float) -> None:
    for place, method in enumerate(methods):
        values = costs.loc[costs["method"] == method, column].dropna() / unit
        if values.empty:
            continue
        look = {**style.line_options(method), "linestyle": "none", "markersize": 6.5}
        axes.hlines(place, values.min(), values.max(), color=look["color"], linewidth=1.6)
        axes.plot([values.median()], [place], **look)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=4))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.margins(x=0.12)
    axes.tick_params(left=False)
    axes.grid(axis="y", visible=False)
