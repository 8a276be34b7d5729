"""BitFit minus full against the number of examples, one panel per study, a line per budget.

Above the zero line BitFit is better, below it full fine-tuning; the panels say so. Lines at equal
steps are solid and filled, each with a mark of its own and its steps at its end; lines of epochs
are dashed and hollow. What was read off the image of the paper's Figure 2 stands in grey, in panels
of its own task and metric alone.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from tuning_curves.report import style, wording
from tuning_curves.report.figures.figure2 import REFERENCE
from tuning_curves.report.figures.panels import (
    SINGLE,
    WIDTH,
    bitfit_minus_full,
    difference_axis,
    dodge,
    legend_below,
    points_with_bars,
    say_nothing_to_draw,
    size_axis,
)
from tuning_curves.report.synthesis.places import (
    ALONE,
    EPOCHS,
    EQUAL,
    MIXED,
    Line,
    Placed,
    find_lines,
)

COLUMNS = 2
HOLLOW = {"markerfacecolor": "white", "markeredgewidth": 1.1}
LOOKS: dict[str, dict[str, Any]] = {
    EQUAL: {"color": style.BLACK, "linestyle": "solid", "marker": "s"},
    EPOCHS: {"color": style.VERMILION, "linestyle": (0, (5, 2)), "marker": "o", **HOLLOW},
    MIXED: {"color": style.GREY, "linestyle": (0, (1, 1.5)), "marker": "^", **HOLLOW},
    ALONE: {"color": style.BLACK, "linestyle": "none", "marker": "D", "markersize": 4},
}
PUBLISHED = "published (BERT-base), read off the image"
GREY: dict[str, Any] = {
    "color": style.GREY, "linestyle": (0, (1, 2)), "linewidth": 0.9, "marker": "o",
    "markersize": 3.5, "markerfacecolor": "white", "label": PUBLISHED,
}  # fmt: skip
MARKS = ("s", "v", "P")  # of lines at equal steps, one after another in a panel
NEAREST = 0.075  # of a panel's height: between two names at the ends of lines


def draw(places: Sequence[Placed]) -> Figure:
    """One panel per study, in their order.

    Args:
        places: those of all studies; without a difference of the two a place is left out.
    """
    paired = [each for each in places if each.difference is not None]
    with style.theme():
        if not paired:
            return say_nothing_to_draw("no study has a pair of runs of BitFit and full")
        studies = list({each.study.name: each.study for each in paired}.values())
        columns = min(COLUMNS, len(studies))
        rows = math.ceil(len(studies) / columns)
        size = (WIDTH if columns > 1 else SINGLE, 0.6 + 2.35 * rows)
        figure = Figure(figsize=size, layout="constrained")
        panels = list(figure.subplots(rows, columns, squeeze=False).flat)
        for axes, study in zip(panels, studies, strict=False):
            own = [each for each in paired if each.study.name == study.name]
            _panel(axes, own, columns)
            axes.set_title(f"{study.name}: {study.task.replace('-', ' ')}")
            axes.set_ylabel(
                f"BitFit minus full fine-tuning\n(points of {study.label})", fontsize=7.5
            )
        for axes in panels[len(studies) :]:
            axes.remove()
        legend_below(figure, _handles(panels[: len(studies)], _epochs(paired)), columns)
    return figure


def _panel(axes: Axes, places: Sequence[Placed], columns: int) -> None:
    study = places[0].study
    axes.axhline(0, color="#444444", linewidth=0.9, zorder=1.5)
    sizes = {each.place.n for each in places}
    ends, marks = [], itertools.cycle(MARKS)
    lines = find_lines(places)
    for place, line in enumerate(lines):
        rows = pd.DataFrame([each.difference for each in line.places])
        look = LOOKS[line.kind] | ({"marker": next(marks)} if line.kind == EQUAL else {})
        at = dodge(rows["n_train"], place, len(lines), sorted(sizes))
        points_with_bars(
            axes, at, rows["difference"], rows["low"], rows["high"], label=line.kind, **look
        )
        last, colour, name = rows.iloc[-1], LOOKS[line.kind]["color"], _name(line, study.numbers)
        if line.kind != EPOCHS:  # the legend names those
            ends.append((last["n_train"], last["difference"], name, colour))
    published = _published(study.task, study.label)
    if published is not None:
        axes.plot(published.index, published, **GREY)
        sizes |= {int(n) for n in published.index}
    drawn = pd.Series([p.difference.difference for p in places])
    difference_axis(axes, drawn if published is None else pd.concat([drawn, published]))
    size_axis(axes, sorted(sizes), columns + 1, study.examples)
    left, right = axes.get_xlim()
    axes.set_xlim(left, right * (right / left) ** 0.25)  # room for the names
    _name_ends(axes, ends)
    _name_sides(axes)


def _name(line: Line, numbers: dict[str, Any]) -> str:
    """What stands at the end of a line: its steps, or its budget in words."""
    if line.kind in (EQUAL, ALONE):
        return f"{wording.whole(line.places[0].place.steps)} steps"
    return str(dict(numbers["budgets"])[line.budget]).partition(", at n")[0]


def _name_ends(axes: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Names to the right of the lines' ends, moved apart where they would meet."""
    low, high = axes.get_ylim()
    apart, lowest = NEAREST * (high - low), -math.inf
    for n, value, name, colour in sorted(ends, key=lambda end: end[1]):
        at = max(value, lowest)
        if abs(at) < apart / 2:  # beside the zero line, not on it
            beside = math.copysign(apart / 2, at)
            at = beside if beside >= lowest else max(apart / 2, lowest)
        lowest = at + apart
        axes.annotate(
            name, (n, at), xytext=(6, 0), textcoords="offset points", va="center", fontsize=6.5,
            color=colour, zorder=4, path_effects=[withStroke(linewidth=2, foreground="white")],
        )  # fmt: skip


def _name_sides(axes: Axes) -> None:
    """Which side of the zero line is whose."""
    for height, align, words in ((0.97, "top", "BitFit better"), (0.03, "bottom", "full better")):
        axes.text(
            0.985, height, words, transform=axes.transAxes, ha="right", va=align, fontsize=7,
            style="italic", color="#444444",
        )  # fmt: skip


def _epochs(paired: Sequence[Placed]) -> str:
    """What lines of epochs are called: their budget where all studies have the same one."""
    studies = {each.study.name: each.study for each in paired}
    words = {
        _name(line, study.numbers)
        for name, study in studies.items()
        for line in find_lines([each for each in paired if each.study.name == name])
        if line.kind == EPOCHS
    }
    return f"{words.pop() if len(words) == 1 else EPOCHS}: steps grow with n"


def _published(task: str, label: str) -> pd.Series | None:
    """The paper's differences by size, where they are of this task and metric."""
    published = pd.read_csv(REFERENCE)
    own = published[published["task"] == task]
    return bitfit_minus_full(own) if label == "exact match" and not own.empty else None


def _handles(panels: Sequence[Axes], epochs: str) -> list[Line2D]:
    """One entry for each kind of line that is drawn."""
    drawn = {str(line.get_label()) for axes in panels for line in axes.get_lines()}
    words = {EPOCHS: epochs}
    looks = {kind: look | {"label": words.get(kind, kind)} for kind, look in LOOKS.items()}
    looks |= {PUBLISHED: GREY}
    return [Line2D([], [], **look) for name, look in looks.items() if name in drawn]
