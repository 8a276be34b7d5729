"""What the figures share: budgets in words, axes over training sizes, points with intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import NullFormatter

from tuning_curves.analysis.tables import of_metric
from tuning_curves.report import wording
from tuning_curves.study.config import StudyConfig
from tuning_curves.study.grid import equal_steps
from tuning_curves.tasks import make_task

WIDTH = 6.45  # inches: as wide as the text of the paper
SINGLE = 4.3  # inches: a figure of one column of panels
BASELINE = "majority class"
REFERENCES = ("full", "bitfit")  # repeated in grey in the row of every other family
NEAREST = 0.036  # by how much of the axis two size labels stand apart, for each panel in a row


def budget_names(study: StudyConfig, frame: pd.DataFrame) -> list[str]:
    """The budgets that a table has rows for, in the study's order."""
    present = set(frame["budget"])
    return [name for name in study.budget_names if name in present]


def curve_budgets(study: StudyConfig, frame: pd.DataFrame) -> list[str]:
    """Those of them that draw a curve; all, where the table has none such."""
    names, whole = budget_names(study, frame), study.whole_budgets
    return [name for name in names if name in whole] or names


def partial_budgets(study: StudyConfig) -> list[str]:
    """The budgets that leave sizes out while others draw curves."""
    whole = study.whole_budgets
    return [name for name in study.budget_names if name not in whole]


def other_budgets(study: StudyConfig, frame: pd.DataFrame) -> dict[str, str]:
    """The rest of them, at some sizes only, and what they are called in a legend."""
    curves = curve_budgets(study, frame)
    names = [name for name in budget_names(study, frame) if name not in curves]
    return {name: f"{name}: {budget_words(study, name)}" for name in names}


def budget_words(study: StudyConfig, name: str) -> str:
    """What a budget is: `3 epochs`, `3 epochs, at least 150 steps`, `..., at n = 1,000 only`.

    Where the floor is all, `150 steps at any size`, or `150 steps, at ... only`.
    """
    budget = study.budget(name)
    epochs, floor = wording.plural(budget.epochs, "epoch"), budget.min_steps
    words = f"{epochs}, at least {wording.plural(floor, 'step')}" if floor else epochs
    if equal_steps(study, name) == floor:
        any_size = " at any size" if budget.sizes is None else ""
        words = f"{wording.plural(floor, 'step')}{any_size}"
    only = "" if budget.sizes is None else f", at {wording.few_sizes(budget.sizes)} only"
    return words + only


def size_axis(axes: Axes, sizes: Sequence[int], columns: int, examples: str) -> None:
    """A logarithmic axis of training sizes, ticks at the sizes, labels where there is room.

    Args:
        columns: panels in a row; the more, the less room.
        examples: what they are called.
    """
    places = sorted(set(sizes))
    axes.set_xscale("log")
    low, high = np.log10(places[0]), np.log10(places[-1])
    margin = 0.06 * (high - low) or 0.3
    axes.set_xlim(10 ** (low - margin), 10 ** (high + margin))
    named = _spaced(places, NEAREST * columns * (high - low))
    axes.set_xticks(named, [short(place) for place in named])
    axes.set_xticks([place for place in places if place not in named], minor=True)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"training {examples} n")


def _spaced(places: Sequence[int], nearest: float) -> list[int]:
    """The places to name: none too close to its neighbour on the left, or to the last."""
    named: list[int] = []
    for place in places:
        after = np.log10(place / named[-1]) if named else np.inf
        before = np.log10(places[-1] / place) if place < places[-1] else np.inf
        if min(after, before) >= nearest:
            named.append(place)
    return named


def short(size: int) -> str:
    """`500`, `2k`, `2,048`, `85.5k`, `87,599`: never another size than the one."""
    thousands = f"{size / 1000:g}k"
    return thousands if size >= 1000 and size % 100 == 0 else wording.whole(size)


def dodge(sizes: pd.Series, place: float, count: int, all_sizes: Sequence[int]) -> np.ndarray:
    """Sizes moved a little, each of `count` methods elsewhere, so that bars stay apart."""
    low, high = np.log10(min(all_sizes)), np.log10(max(all_sizes))
    step = 0.007 * ((high - low) or 1.0)
    return np.asarray(sizes, float) * 10 ** (step * (place - (count - 1) / 2))


def points_with_bars(
    axes: Axes, at: Any, values: pd.Series, low: pd.Series, high: pd.Series, **look: Any
) -> None:
    """A line through points, with a bar for each that has an interval."""
    axes.plot(at, values, **look)
    known = (low.notna() & high.notna() & values.notna()).to_numpy()
    if known.any():
        axes.vlines(
            np.asarray(at)[known], low[known], high[known], color=look["color"], linewidth=0.9,
            alpha=look.get("alpha", 1.0), zorder=1.9,
        )  # fmt: skip


def of_study(tables: Mapping[str, pd.DataFrame], name: str, study: StudyConfig) -> pd.DataFrame:
    """A table's rows of the study's metric."""
    return of_metric(tables[name], make_task(study.task).metric.name)


def of_main_pair(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of contrasts or crossovers that are of BitFit and full."""
    return frame[(frame["first"] == "bitfit") & (frame["second"] == "full")]


def read_published(path: Path, study: StudyConfig) -> pd.DataFrame | None:
    """Published scores that may stand in a study's figures: of its task, and not in a demo's."""
    published = pd.read_csv(path)
    own = published[published["task"] == study.task["name"]]
    return None if study.scale == "demo" or own.empty else own


def published_title(published: pd.DataFrame) -> str:
    """What stands over a panel of published scores."""
    return f"{published['subject'].iloc[0]},\nas published"


def bitfit_minus_full(scores: pd.DataFrame) -> pd.Series:
    """Differences by size, from a published table with `n_train`, `method` and `score`."""
    wide = scores.pivot(index="n_train", columns="method", values="score")
    return wide["bitfit"] - wide["full"]


def score_axis(axes: Axes, scores: pd.Series) -> None:
    """From 0 to somewhat above the highest score: a bar that reaches further is cut off there.

    From below 0 where a score is, as a correlation may be.
    """
    least, most = min(0.0, float(scores.min())), max(0.0, float(scores.max()))
    lowest = 1.35 * least - 4.0 if least < 0 else 0.0
    axes.set_ylim(max(-100.0, lowest), min(100.0, 1.35 * most + 4.0))


def baseline_of(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> float | None:
    """What predicting the most frequent label would score by the study's metric, in percent."""
    rows = of_study(tables, "baseline", study)
    return None if rows.empty else float(rows["score"].iloc[0])


def draw_baseline(axes: Axes, score: float) -> None:
    """A thin grey line across a panel of scores, behind all else."""
    axes.axhline(score, color="#9A9A9A", linewidth=0.9, zorder=1.2, label=BASELINE)


def difference_axis(axes: Axes, differences: pd.Series) -> None:
    """Zero and all differences, with room; a bar that reaches further is cut off at the edge."""
    low, high = min([0.0, *differences]), max([0.0, *differences])
    room = 0.6 * (high - low) + 3.0
    axes.set_ylim(low - room, high + room)


def legend_below(
    figure: FigureBase, handles: Sequence[Any], columns: int, title: str | None = None
) -> None:
    """One legend for the whole figure, under its panels."""
    figure.legend(
        handles=list(handles), loc="outside lower center", ncols=columns, columnspacing=1.3,
        title=title, title_fontsize=7.5,
    )  # fmt: skip


def say_nothing_to_draw(reason: str) -> Figure:
    """A figure that says why it is empty."""
    figure = Figure(figsize=(WIDTH, 1.2))
    figure.text(0.5, 0.5, reason, ha="center", va="center", color="#444444")
    return figure
