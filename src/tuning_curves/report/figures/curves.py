"""The score against the number of training examples: every method, one column per budget."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tuning_curves.report import style
from tuning_curves.report.figures.panels import (
    BASELINE,
    REFERENCES,
    SINGLE,
    WIDTH,
    baseline_of,
    budget_words,
    curve_budgets,
    dodge,
    draw_baseline,
    legend_below,
    of_study,
    other_budgets,
    points_with_bars,
    say_nothing_to_draw,
    score_axis,
    size_axis,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

TOGETHER = 8  # so many curves can be told apart in one panel; more are drawn in one row per family
FACES = (("hollow", "white"), ("grey", "#BDBDBD"))  # marks of budgets at some sizes only
FURTHEST = 8.0  # by how many steps of `dodge` they may stand apart from the curve's own


def draw(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> Figure:
    """The curves with their intervals; a point without an interval has no bar.

    Methods with a single size are no curve, and left to the tables where others have more. What a
    budget has at some sizes only stands hollow in every panel. A grey line is the task's baseline.
    """
    curves = of_study(tables, "curves", study).dropna(subset=["score"])
    task = make_task(study.task)
    with style.theme():
        if curves.empty:
            return say_nothing_to_draw("no run has finished: there is no curve to draw")
        budgets, others = curve_budgets(study, curves), other_budgets(study, curves)
        lines = curves[curves["budget"].isin(budgets)]
        sizes = lines.groupby("method")["n_train"].nunique()
        drawn = sizes[sizes > 1].index if (sizes > 1).any() else sizes.index
        methods = style.ordered(drawn)
        curves = curves[curves["method"].isin(methods)]
        if len(methods) > TOGETHER:
            figure, top = _row_per_family(curves, methods, budgets, others, task.nouns.examples)
        else:
            figure, top = _row_for_all(curves, methods, budgets, others, task.nouns.examples)
        for axes, budget in zip(top, budgets, strict=True):
            words = budget_words(study, budget)
            axes.set_title(f"{budget}: {words}" if len(budgets) == 1 else f"{budget}\n{words}")
        baseline = baseline_of(tables, study)
        reached = [curves["score"], pd.Series(baseline, dtype=float)]
        if task.metric.least < 0:  # bars that reach below 0, as far as half the highest score
            reached.append(curves["low"].clip(lower=-curves["score"].max() / 2).dropna())
        score_axis(top[0], pd.concat(reached))
        _baseline(figure, baseline)
        figure.supylabel(f"{task.metric.label} on test (%)", fontsize=8)
    return figure


def _baseline(figure: Figure, score: float | None) -> None:
    """In every panel, named in the first."""
    if score is None:
        return
    for axes in figure.axes:
        draw_baseline(axes, score)
    figure.axes[0].text(
        0.99, score, BASELINE, transform=figure.axes[0].get_yaxis_transform(), fontsize=6.5,
        ha="right", va="bottom", color="#6A6A6A", zorder=1.2,
    )  # fmt: skip


def _row_for_all(
    curves: pd.DataFrame,
    methods: list[str],
    budgets: list[str],
    others: Mapping[str, str],
    examples: str,
) -> tuple[Figure, list[Axes]]:
    columns = _columns(len(methods), len(budgets))
    width = WIDTH if len(budgets) > 1 else SINGLE
    height = 2.75 + 0.17 * math.ceil(len(methods) / columns)
    figure = Figure(figsize=(width, height), layout="constrained")
    row = figure.subplots(1, len(budgets), sharey=True, squeeze=False)[0]
    for axes, budget in zip(row, budgets, strict=True):
        own = curves[curves["budget"] == budget]
        _panel(axes, own, methods)
        _points_of_others(axes, curves, methods, others)
        sizes = curves.loc[curves["budget"].isin([budget, *others]), "n_train"]
        size_axis(axes, sorted(sizes.unique()), len(budgets), examples)
    handles = _handles(row)
    shown = [handles[style.label(name)] for name in methods]
    legend_below(figure, shown, columns, _words_of_others(others))
    return figure, list(row)


def _row_per_family(
    curves: pd.DataFrame,
    methods: list[str],
    budgets: list[str],
    others: Mapping[str, str],
    examples: str,
) -> tuple[Figure, list[Axes]]:
    families = style.families(methods)
    figure = Figure(figsize=(WIDTH, 0.6 + 1.2 * len(families)), layout="constrained")
    grid = figure.subplots(len(families), len(budgets), sharex=True, sharey=True, squeeze=False)
    kept: list[list[Axes]] = []
    for row, (family, members) in zip(grid, families.items(), strict=True):
        kept.append([])
        trained = curves[curves["method"].isin(members)]
        for axes, budget in zip(row, budgets, strict=True):
            if len(kept) > 1 and trained[trained["budget"].isin([budget, *others])].empty:
                axes.remove()
                continue
            kept[-1].append(axes)
            own = curves[curves["budget"] == budget]
            _references(axes, own, [name for name in REFERENCES if name not in members])
            _panel(axes, own, members)
            _points_of_others(axes, curves, members, others)
        handles = _handles(kept[-1])
        last = kept[-1][-1]
        legend = last.legend(
            handles=[handles[style.label(name)] for name in members], title=family,
            loc="upper left", bbox_to_anchor=(1.0, 1.04), borderaxespad=0.3, labelspacing=0.25,
            fontsize=6.8, title_fontsize=7.2, alignment="left",
        )  # fmt: skip
        legend.set_in_layout(last is row[-1])  # else it stands where panels are left out
    for column in grid.T:
        lowest = next(axes for axes in column[::-1] if axes.figure is not None)
        size_axis(lowest, sorted(curves["n_train"].unique()), len(budgets) + 1, examples)
        lowest.tick_params(labelbottom=True)
    if others:
        legend_below(figure, [], 1, _words_of_others(others))
    return figure, list(grid[0])


def _panel(axes: Axes, curves: pd.DataFrame, methods: list[str]) -> None:
    sizes = sorted(curves["n_train"].unique())
    for place, method in enumerate(methods):
        own = curves[curves["method"] == method].sort_values("n_train")
        if own.empty:
            continue
        at = dodge(own["n_train"], place, len(methods), sizes)
        points_with_bars(
            axes, at, own["score"], own["low"], own["high"], **style.line_options(method)
        )


def _points_of_others(
    axes: Axes, curves: pd.DataFrame, methods: list[str], others: Mapping[str, str]
) -> None:
    """Points of budgets at some sizes only, without lines, to the right of the curves' own."""
    for budget, (_, face) in zip(others, itertools.cycle(FACES), strict=False):
        rows = curves[curves["budget"] == budget]
        found = [method for method in methods if method in set(rows["method"])]
        half = (len(methods) - 1) / 2
        gap = min(3.0, (FURTHEST - half - 2) / max(1, len(found) - 1))
        for place, method in enumerate(found):
            own = rows[rows["method"] == method]
            look = style.line_options(method) | {"linestyle": "none", "label": "_other"}
            look |= {"markerfacecolor": face, "markeredgecolor": look["color"], "zorder": 3}
            shift = 2 * half + 2 + gap * place  # of which `dodge` takes one half off
            at = dodge(own["n_train"], shift, len(methods), curves["n_train"])
            points_with_bars(axes, at, own["score"], own["low"], own["high"], **look)


def _words_of_others(others: Mapping[str, str]) -> str | None:
    words = zip(others.values(), itertools.cycle(FACES), strict=False)
    return "; ".join(f"{face}: {label}" for label, (face, _) in words) or None


def _references(axes: Axes, curves: pd.DataFrame, methods: list[str]) -> None:
    """Thin grey lines without points: where the main curves of the first row run."""
    for method in methods:
        own = curves[curves["method"] == method].sort_values("n_train")
        dashes = style.line_options(method)["linestyle"]
        axes.plot(own["n_train"], own["score"], color="#9A9A9A", linewidth=0.9, linestyle=dashes)


def _columns(methods: int, budgets: int) -> int:
    """Columns of the legend: one row where it fits."""
    if budgets == 1:
        return min(methods, 3)
    return methods if methods <= 5 else 4


def _handles(row: Any) -> dict[str, Any]:
    """One line for each label, whichever panel has it."""
    return {line.get_label(): line for axes in row for line in axes.get_lines()}
