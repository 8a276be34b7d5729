"""BitFit minus full fine-tuning against the number of examples, and where the order turns.

The published differences (the paper's figure, read off its image, and an independent replication's)
stand in the same panels only where encoder and data are theirs; a reduced study has them in a panel
of their own, a demo not at all.
"""

import itertools
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tuning_curves.report import style, wording
from tuning_curves.report.figures.figure2 import REFERENCE
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
    other_budgets,
    points_with_bars,
    published_title,
    read_published,
    say_nothing_to_draw,
    size_axis,
)
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

REPLICATIONS = REFERENCE.with_name("replications.csv")
LINE = 44  # letters along an axis of this height
SHADE = "#F0D9C8"
STARS = ("*", "P", "X")  # marks of budgets at some sizes only
PUBLISHED = "Ben Zaken et al. 2022, read off the image"
LOOKS = {  # of the published differences: marker and dashes
    PUBLISHED: ("o", (1, 2)),
    "replication (BERT-base), at least 2,000 steps": ("^", (4, 1.5)),
    "replication (BERT-base), two epochs": ("v", (2, 3)),
}


def draw(
    tables: Mapping[str, pd.DataFrame],
    study: StudyConfig,
    reference: Path = REFERENCE,
    replications: Path = REPLICATIONS,
) -> Figure:
    """One panel per budget, differences with intervals; the crossover's interval is shaded.

    What a budget has at some sizes only stands in every panel, with a mark of its own.
    """
    contrasts = of_main_pair(of_study(tables, "contrasts", study)).dropna(subset=["difference"])
    task = make_task(study.task)
    with style.theme():
        if contrasts.empty:
            return say_nothing_to_draw("no pair of runs for a contrast of BitFit with full")
        budgets, others = curve_budgets(study, contrasts), other_budgets(study, contrasts)
        stars = {
            name: style.line_options("bitfit")
            | {"marker": mark, "markersize": 8, "linestyle": "none", "label": label}
            for (name, label), mark in zip(others.items(), itertools.cycle(STARS), strict=False)
        }
        published = _published(reference, replications, study)
        beside = study.scale == "reduced" and bool(published)
        columns = len(budgets) + beside
        figure = Figure(figsize=(WIDTH if columns > 1 else SINGLE, 2.9), layout="constrained")
        row = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
        for axes, budget in zip(row, budgets, strict=False):
            own = contrasts[contrasts["budget"] == budget].sort_values("n_train")
            _panel(axes, own, of_main_pair(tables["crossovers"]), budget)
            for name, look in stars.items():
                _points(axes, contrasts[contrasts["budget"] == name], look)
            sizes = {*contrasts.loc[contrasts["budget"].isin([budget, *others]), "n_train"]}
            if not beside:
                sizes |= _add_published(axes, published)
            size_axis(axes, sorted(sizes), columns, task.nouns.examples)
            axes.set_title(f"{budget}\n{budget_words(study, budget)}", fontsize=7.5)
        if beside:
            sizes = _add_published(row[-1], published)
            size_axis(row[-1], sorted(sizes), columns, task.nouns.examples)
            row[-1].set_title(published_title(pd.read_csv(reference)), fontsize=7.5)
            row[-1].set_facecolor("#F7F7F7")
        shown = contrasts["difference"].dropna()
        difference_axis(row[0], pd.concat([shown, *published.values()]))
        words = f"BitFit minus full (points of {task.metric.label})"
        row[0].set_ylabel("\n".join(textwrap.wrap(words, LINE)))
        inside = of_main_pair(tables["crossovers"])["statement"] == "inside"
        barred = contrasts["low"].notna().any()
        handles = _handles(study, published, barred=bool(barred), crossed=bool(inside.any()))
        handles[1:1] = [Line2D([], [], **look) for look in stars.values()]
        legend_below(figure, handles, 2 if published else 3)
    return figure


def _panel(axes: Axes, own: pd.DataFrame, crossovers: pd.DataFrame, budget: str) -> None:
    axes.axhline(0, color="#444444", linewidth=0.9, zorder=1.5)
    for crossing in crossovers[crossovers["budget"] == budget].itertuples():
        if crossing.statement == "inside":
            axes.axvspan(crossing.low, crossing.high, color=SHADE, linewidth=0, zorder=0.5)
            axes.axvline(crossing.n_train, color=style.VERMILION, linewidth=0.9,
                         linestyle=(0, (2, 2)), zorder=1.4)  # fmt: skip
    _points(axes, own, style.line_options("bitfit"))


def _points(axes: Axes, own: pd.DataFrame, look: Mapping[str, Any]) -> None:
    points_with_bars(axes, own["n_train"], own["difference"], own["low"], own["high"], **look)


def _published(reference: Path, replications: Path, study: StudyConfig) -> dict[str, pd.Series]:
    """Differences by size, by the name in the legend; none of another task, or for a demo."""
    paper, others = (read_published(path, study) for path in (reference, replications))
    if paper is None or others is None:
        return {}
    found = {PUBLISHED: bitfit_minus_full(paper)}
    for training, own in others.groupby("training", sort=False):
        found[f"replication (BERT-base), {training}"] = bitfit_minus_full(own)
    return found


def _add_published(axes: Axes, published: Mapping[str, pd.Series]) -> set[int]:
    """Draw them hollow and grey; returns the sizes that they need."""
    axes.axhline(0, color="#444444", linewidth=0.9, zorder=1.5)
    for name, values in published.items():
        axes.plot(values.index, values, **_hollow(name))
    return {int(n) for values in published.values() for n in values.index}


def _hollow(name: str) -> dict[str, Any]:
    marker, dashes = LOOKS[name]
    return {
        "marker": marker, "color": style.GREY, "markerfacecolor": "white", "linewidth": 0.9,
        "markeredgecolor": style.GREY, "markersize": 4.5, "linestyle": (0, dashes), "label": name,
    }  # fmt: skip


def _handles(
    study: StudyConfig, published: Mapping[str, pd.Series], *, barred: bool, crossed: bool
) -> list[Any]:
    level = wording.percent_level(study.analysis.confidence)
    name = f"this study, {level} interval" if barred else "this study, no interval"
    shade = [Patch(color=SHADE, label=f"crossing, {level} interval")] if crossed else []
    return [
        Line2D([], [], **style.line_options("bitfit") | {"label": name}),
        *shade,
        *(Line2D([], [], **_hollow(name)) for name in published),
    ]
