"""The loss and the validation score against the step: whether a training ended on its plateau.

A line is one training, a mean over seeds; under a longer budget it goes further to the right. Where
two budgets come to the same number of steps they are one and the same training, and drawn once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import NullLocator

from tuning_curves.report import style, wording
from tuning_curves.report.figures.panels import (
    REFERENCES,
    SINGLE,
    WIDTH,
    legend_below,
    say_nothing_to_draw,
    short,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

HEIGHTS = {"loss": 3, "validation_score": 2}  # of the panels of these columns of the table
INCH = 0.62  # of one such unit
FAMILY = 1.15  # inches: the row of a family
TOGETHER = 8  # so many methods can be told apart in one panel


def draw(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> Figure:
    """One column per size, the loss above and the score below it.

    Of more than `TOGETHER` methods the main ones have these columns, and each other family has a
    row below, at one size. Where no run has scores along the way there are no panels of them.
    """
    rows = distinct(tables["training"])
    with style.theme():
        if rows.empty:
            return say_nothing_to_draw("no run has finished: there is no loss to draw")
        score = f"validation {make_task(study.task).metric.label} (%)"
        words = {"loss": "training loss (nats)", "validation_score": score}
        words = {name: words[name] for name in HEIGHTS if rows[name].notna().any()}
        main, others = _split(rows["method"])
        sizes = three_sizes(rows)
        above = 1.0 + INCH * sum(HEIGHTS[name] for name in words)
        below = FAMILY * len(others) + 0.3 * bool(others)
        width = WIDTH if len(sizes) > 1 or others else SINGLE
        figure = Figure(figsize=(width, above + below), layout="constrained")
        if not others:
            _columns(figure, rows, main, sizes, words)
            return figure
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=(above, below))[:, 0]
        _columns(top, rows, main, sizes, words)
        _families(bottom, rows, others, words)
    return figure


def distinct(training: pd.DataFrame) -> pd.DataFrame:
    """The table with the `steps` of each training in all; budgets of as many steps count once."""
    steps = training.groupby(["budget", "method", "n_train"])["step"].transform("max")
    return training.assign(steps=steps).drop_duplicates(["method", "n_train", "steps", "step"])


def focus(rows: pd.DataFrame) -> int:
    """The size at which trainings differ most in their lengths: by number, then by ratio."""
    lengths = rows.groupby("n_train")["steps"]
    order = pd.DataFrame({"count": lengths.nunique(), "ratio": lengths.max() / lengths.min()})
    return int(order.sort_values(["count", "ratio"], kind="stable").index[-1])


def three_sizes(rows: pd.DataFrame) -> list[int]:
    """The smallest size, the largest, and `focus` (the middle one where that is an end)."""
    sizes = sorted(int(n) for n in set(rows["n_train"]))
    inner = focus(rows)
    middle = sizes[(len(sizes) - 1) // 2] if inner in (sizes[0], sizes[-1]) else inner
    return sorted({sizes[0], middle, sizes[-1]})


def commonest(rows: pd.DataFrame) -> int:
    """The size at which most methods were trained; of several, the middle one."""
    counts = rows.groupby("n_train")["method"].nunique()
    most = counts.index[counts == counts.max()]
    return int(most[(len(most) - 1) // 2])


def _split(methods: pd.Series) -> tuple[list[str], dict[str, list[str]]]:
    """The methods of the columns, and the families of the rows below them."""
    names = style.ordered(methods)
    main = style.main_ones(names) if len(names) > TOGETHER else names
    families = style.families(name for name in names if name not in main)
    return main, families


def _columns(
    figure: FigureBase,
    rows: pd.DataFrame,
    methods: list[str],
    sizes: Sequence[int],
    words: Mapping[str, str],
) -> None:
    ratios = [HEIGHTS[name] for name in words]
    grid = figure.subplots(
        len(words), len(sizes), sharex=True, sharey="row", squeeze=False, height_ratios=ratios
    )
    for row, (name, label) in zip(grid, words.items(), strict=True):
        for axes, n in zip(row, sizes, strict=True):
            _panel(axes, rows[rows["n_train"] == n], methods, name)
        row[0].set_ylabel(_broken(label))
    for axes, n in zip(grid[0], sizes, strict=True):
        axes.set_title(f"n = {wording.whole(n)}")
    for axes in grid[-1]:
        _step_axis(axes, rows["step"])
    figure.align_ylabels(grid[:, 0])
    legend_below(figure, _handles(grid.flat, methods), min(len(methods), 5))


def _families(
    figure: FigureBase,
    rows: pd.DataFrame,
    families: Mapping[str, list[str]],
    words: Mapping[str, str],
) -> None:
    members = [name for names in families.values() for name in names]
    n = commonest(rows[rows["method"].isin(members)])
    own = rows[rows["n_train"] == n]
    grid = figure.subplots(len(families), len(words), sharex=True, sharey="col", squeeze=False)
    for row, (family, methods) in zip(grid, families.items(), strict=True):
        for axes, name in zip(row, words, strict=True):
            _references(axes, own, name)
            _panel(axes, own, methods, name)
        row[-1].legend(
            handles=_handles(row, methods), title=family, loc="upper left",
            bbox_to_anchor=(1.0, 1.06), borderaxespad=0.3, labelspacing=0.2, fontsize=6.5,
            title_fontsize=7, alignment="left", ncols=1 + (len(methods) > 5), columnspacing=0.8,
        )  # fmt: skip
    for axes, label in zip(grid[0], words.values(), strict=True):
        axes.set_title(f"{label}, n = {wording.whole(n)}", fontsize=7.5)
    for axes in grid[-1]:
        _step_axis(axes, own["step"])


def _panel(axes: Axes, rows: pd.DataFrame, methods: Sequence[str], name: str) -> None:
    """One column of the table: a line per training, its end marked, scores marked throughout."""
    for method in methods:
        own = rows[rows["method"] == method].dropna(subset=[name]).sort_values("step")
        for _, line in own.groupby("steps"):
            look = style.line_options(method) | {"linewidth": 1.1, "markersize": 4.2}
            marked = [-1] if name == "loss" else None
            axes.plot(line["step"], line[name], markevery=marked, **look)


def _references(axes: Axes, rows: pd.DataFrame, name: str) -> None:
    """Thin grey lines without points: the longest training of full and of BitFit."""
    for method in REFERENCES:
        own = rows[rows["method"] == method].dropna(subset=[name])
        own = own[own["steps"] == own["steps"].max()].sort_values("step")
        dashes = style.line_options(method)["linestyle"]
        axes.plot(own["step"], own[name], color="#9A9A9A", linewidth=0.9, linestyle=dashes)


def _step_axis(axes: Axes, steps: pd.Series) -> None:
    """A logarithmic axis, with round numbers of steps inside the range."""
    axes.set_xscale("log")
    decades = [10**power for power in range(7)]
    for digits in ((1, 3), (1, 2, 5)):
        places = [digit * decade for decade in decades for digit in digits]
        shown = [place for place in places if steps.min() <= place <= steps.max()]
        if len(shown) > 1:
            break
    axes.set_xticks(shown, [short(place) for place in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("step")


def _broken(label: str) -> str:
    """A label in two lines, the unit in the second."""
    return "\n(".join(label.rsplit(" (", 1))


def _handles(panels: Any, methods: Sequence[str]) -> list[Any]:
    """One line for each method that some panel shows."""
    lines = {line.get_label(): line for axes in panels for line in axes.get_lines()}
    return [lines[style.label(name)] for name in methods if style.label(name) in lines]
