"""The form of BitFit's Figure 2 (Ben Zaken et al. 2022): BitFit and full, and their difference.

The paper's own points were read off its image. They stand beside ours only where the study has the
paper's encoder and data; a reduced study shows them in a panel of their own, and a demo, whose data
are invented, not at all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tuning_curves.report import style
from tuning_curves.report.figures.panels import (
    SINGLE,
    WIDTH,
    bitfit_minus_full,
    budget_words,
    curve_budgets,
    difference_axis,
    legend_below,
    of_main_pair,
    of_study,
    points_with_bars,
    published_title,
    read_published,
    say_nothing_to_draw,
    score_axis,
    size_axis,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

REFERENCE = Path(__file__).parents[1] / "reference" / "bitfit_figure2_digitised.csv"
SOURCE = "hollow: read off the image of Ben Zaken et al. 2022, Figure 2"
METHODS = ("full", "bitfit")
DIFFERENCE = "BitFit minus full"
LIGHT = "#8A8A8A"


def draw(
    tables: Mapping[str, pd.DataFrame], study: StudyConfig, reference: Path = REFERENCE
) -> Figure:
    """Scores above, BitFit minus full below, one column per budget that draws a curve.

    Args:
        reference: CSV of the paper's points; drawn unless the study is a demo or of another task.
    """
    curves = of_study(tables, "curves", study).dropna(subset=["score"])
    curves = curves[curves["method"].isin(METHODS)]
    budgets = curve_budgets(study, curves)
    curves = curves[curves["budget"].isin(budgets)]
    contrasts = of_study(tables, "contrasts", study)
    contrasts = contrasts[contrasts["budget"].isin(budgets)]
    with style.theme():
        if set(curves["method"]) != set(METHODS):
            return say_nothing_to_draw("this study has no finished runs of both BitFit and full")
        paper = read_published(reference, study)
        beside = study.scale == "reduced" and paper is not None
        examples = make_task(study.task).nouns.examples
        figure, upper, lower = _lay_out(len(budgets) + beside, beside)
        _fill(upper, lower, curves, contrasts, budgets, study)
        _limit(upper[0], lower[0], curves, contrasts, None if beside else paper)
        if paper is not None and beside:
            _paper_panel(upper[-1], lower[-1], paper)
            size_axis(lower[-1], sorted(paper["n_train"].unique()), len(lower), examples)
        elif paper is not None:
            for above, below in zip(upper, lower, strict=True):
                _paper_points(above, below, paper)
                size_axis(below, [*curves["n_train"], *paper["n_train"]], len(lower), examples)
        legend_below(figure, _unique_handles(upper, lower), 3, None if paper is None else SOURCE)
    return figure


def _lay_out(columns: int, beside: bool) -> tuple[Figure, list[Axes], list[Axes]]:
    figure = Figure(figsize=(WIDTH if columns > 1 else SINGLE, 4.4), layout="constrained")
    grid = figure.add_gridspec(2, columns, height_ratios=(3, 2))
    upper: list[Axes] = []
    lower: list[Axes] = []
    for column in range(columns):
        stands_apart = beside and column == columns - 1
        shared = None if stands_apart or not upper else upper[0]
        upper.append(figure.add_subplot(grid[0, column], sharey=shared))
        shared = None if stands_apart or not lower else lower[0]
        lower.append(figure.add_subplot(grid[1, column], sharex=upper[-1], sharey=shared))
    return figure, upper, lower


def _fill(
    upper: list[Axes],
    lower: list[Axes],
    curves: pd.DataFrame,
    contrasts: pd.DataFrame,
    budgets: list[str],
    study: StudyConfig,
) -> None:
    pair, task = of_main_pair(contrasts), make_task(study.task)
    for column, budget in enumerate(budgets):
        own = curves[curves["budget"] == budget]
        _scores(upper[column], own)
        upper[column].set_title(f"{budget}\n{budget_words(study, budget)}", fontsize=7.5)
        rows = pair[pair["budget"] == budget].sort_values("n_train")
        _difference(lower[column], rows)
        sizes = sorted(own["n_train"].unique())
        size_axis(lower[column], sizes, len(lower), task.nouns.examples)
        upper[column].tick_params(labelbottom=False)
        if column:
            upper[column].tick_params(labelleft=False)
            lower[column].tick_params(labelleft=False)
    upper[0].set_ylabel(f"{task.metric.label} on test (%)")
    lower[0].set_ylabel("BitFit minus full (points)")


def _limit(
    upper: Axes,
    lower: Axes,
    curves: pd.DataFrame,
    contrasts: pd.DataFrame,
    paper: pd.DataFrame | None,
) -> None:
    """Limits by the points, ours and those of the paper that stand beside them."""
    scores, differences = [curves["score"]], [of_main_pair(contrasts)["difference"].dropna()]
    if paper is not None:
        scores.append(paper["score"])
        differences.append(bitfit_minus_full(paper))
    score_axis(upper, pd.concat(scores))
    difference_axis(lower, pd.concat(differences))


def _scores(axes: Axes, curves: pd.DataFrame) -> None:
    for method in METHODS:
        own = curves[curves["method"] == method].sort_values("n_train")
        points_with_bars(
            axes, own["n_train"], own["score"], own["low"], own["high"],
            **style.line_options(method),
        )  # fmt: skip


def _difference(axes: Axes, rows: pd.DataFrame) -> None:
    axes.axhline(0, color="#444444", linewidth=0.9, zorder=1.5)
    look = {**style.line_options("bitfit"), "label": DIFFERENCE, "marker": "o"}
    look |= {"linestyle": "none", "markersize": 5}
    if rows.empty:
        axes.text(0.5, 0.6, "no contrast of the two", transform=axes.transAxes, ha="center")
        return
    points_with_bars(axes, rows["n_train"], rows["difference"], rows["low"], rows["high"], **look)


def _hollow(method: str, colour: str, label: str) -> dict[str, Any]:
    look = style.line_options(method)
    return {
        "marker": look["marker"], "color": colour, "markerfacecolor": "white",
        "markeredgecolor": colour, "markeredgewidth": 1.0, "markersize": 5, "linewidth": 0.9,
        "linestyle": (0, (1, 2)), "label": label,
    }  # fmt: skip


def _paper_points(above: Axes, below: Axes, paper: pd.DataFrame) -> None:
    """The paper's points into our own panels: only where encoder and data are the paper's."""
    wide = paper.pivot(index="n_train", columns="method", values="score")
    for method in METHODS:
        colour = style.method_style(method).colour
        name = f"{style.label(method)}, published"
        above.plot(wide.index, wide[method], **_hollow(method, colour, name))
    _paper_difference(below, paper, style.method_style("bitfit").colour)


def _paper_difference(axes: Axes, paper: pd.DataFrame, colour: str) -> None:
    """BitFit minus full; bars are the reading errors of both points, added."""
    wide = paper.pivot(index="n_train", columns="method")
    value = bitfit_minus_full(paper)
    error = wide["reading_error"].sum(axis=1)
    look = {**_hollow("full", colour, "_paper"), "linestyle": "none"}
    points_with_bars(axes, value.index, value, value - error, value + error, **look)


def _paper_panel(above: Axes, below: Axes, paper: pd.DataFrame) -> None:
    """The paper's points in a pale panel of their own, with their own axes."""
    wide = paper.pivot(index="n_train", columns="method", values="score")
    for method in METHODS:
        name = f"{style.label(method)}, published"
        above.plot(wide.index, wide[method], **_hollow(method, LIGHT, name))
    below.axhline(0, color=LIGHT, linewidth=0.9, zorder=1.5)
    _paper_difference(below, paper, LIGHT)
    above.set_title(published_title(paper), fontsize=7.5)
    above.set_ylim(bottom=0)
    above.tick_params(labelbottom=False)
    for axes in (above, below):
        axes.set_facecolor("#F7F7F7")
        axes.tick_params(colors=LIGHT)
        for spine in axes.spines.values():
            spine.set_edgecolor("#BBBBBB")
        axes.title.set_color("#5A5A5A")
        axes.xaxis.label.set_color(LIGHT)


def _unique_handles(upper: list[Axes], lower: list[Axes]) -> list[Any]:
    """One line for each label: a column of ours, one of what was published, the difference."""
    lines = [line for axes in [*upper, *lower] for line in axes.get_lines()]
    found = {str(line.get_label()): line for line in reversed(lines)}
    shown = [name for name in reversed(found) if not name.startswith("_")]
    return [found[name] for name in sorted(shown, key=lambda name: name == DIFFERENCE)]
