"""What more labels are expected to score: each curve, carried on to four times its data.

The score beyond the last size and its interval are those of the ensemble of curve models
(`analysis.advice.target`), as in the table `forecast`.
"""

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tuning_curves.analysis.tables import of_metric
from tuning_curves.report import style
from tuning_curves.report.figures.panels import (
    SINGLE,
    WIDTH,
    baseline_of,
    draw_baseline,
    of_study,
    points_with_bars,
    say_nothing_to_draw,
    score_axis,
    size_axis,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

COLUMNS, ROW = 3, 1.9  # panels side by side; inches


def draw(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> Figure:
    """One panel per method, under the budget with the highest score at its largest size.

    Measured means have bars; beyond them runs the expected score, dashed, in the band of its
    interval. Of many methods the main ones are shown.
    """
    task = make_task(study.task)
    forecast = of_metric(tables["forecast"], task.metric.name)
    with style.theme():
        if forecast.empty:
            return say_nothing_to_draw(
                "no curve has the four sizes and three seeds that it takes to look further"
            )
        curves = of_study(tables, "curves", study)
        shown = style.main_ones(forecast["method"]) or style.ordered(forecast["method"])
        columns = min(COLUMNS, len(shown))
        rows = math.ceil(len(shown) / columns)
        figure = Figure(
            figsize=(SINGLE if columns == 1 else WIDTH, 0.5 + ROW * rows), layout="constrained"
        )
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        baseline = baseline_of(tables, study)
        for axes, method in zip(grid.flat, shown, strict=False):
            ahead = _best_budget(forecast[forecast["method"] == method])
            measured = curves[curves["method"] == method].merge(ahead[["budget"]].head(1))
            _panel(axes, measured, ahead, method)
            sizes = [*measured["n_train"], ahead["n_train"].max()]
            size_axis(axes, sorted({int(n) for n in sizes}), 2 * columns, task.nouns.examples)
            if baseline is not None:
                draw_baseline(axes, baseline)
        for axes in list(grid.flat)[len(shown) :]:
            axes.remove()
        score_axis(grid[0, 0], pd.concat([curves["score"], forecast["score"]]))
        figure.supylabel(f"{task.metric.label} on test (%)", fontsize=8)
    return figure


def _best_budget(forecast: pd.DataFrame) -> pd.DataFrame:
    """A method's rows under one budget: the highest score at the largest size; the first of two."""
    firsts = forecast.sort_values("n_train", kind="stable").drop_duplicates("budget")
    best = firsts.sort_values("score", ascending=False, kind="stable")["budget"].iloc[0]
    return forecast[forecast["budget"] == best].sort_values("n_train")


def _panel(axes: Axes, measured: pd.DataFrame, ahead: pd.DataFrame, method: str) -> None:
    look = style.line_options(method)
    own = measured.sort_values("n_train")
    points_with_bars(axes, own["n_train"], own["score"], own["low"], own["high"], **look)
    axes.fill_between(
        ahead["n_train"], ahead["low"], ahead["high"], color=look["color"], alpha=0.18, linewidth=0
    )
    axes.plot(ahead["n_train"], ahead["score"], color=look["color"], linestyle=(0, (2, 1.5)))
    axes.set_title(f"{look['label']}, {ahead['budget'].iloc[0]}")
