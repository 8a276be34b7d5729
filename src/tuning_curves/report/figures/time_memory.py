"""Bars of memory and time: what training keeps beside the weights, and time to a given score.

Memory is that of one step: the optimizer's state, the gradients, and what the forward pass keeps
for the backward pass, for a batch and for one example. Time is that of the fastest training whose
mean score reaches the target (`reach.csv`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tuning_curves.analysis.costs import NOT_REACHED, at_shared_places
from tuning_curves.report import style, wording
from tuning_curves.report.figures.panels import WIDTH, legend_below, say_nothing_to_draw
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

PARTS = (  # column, name, colour, hatch
    ("activation_bytes", "activations", "#0B4F8A", ""),
    ("gradient_bytes", "gradients", "#E69F00", "////"),
    ("optimizer_bytes", "optimizer's state", "#D9D9D9", "...."),
)
BARS = ("#3B3B3B", "#BDBDBD")

TALLEST = 7.2  # inches of bars: with legend and caption a page


def draw(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> Figure:
    """Three panels, one row per method: memory with a batch, with one example, and time."""
    costs, reach = tables["costs"], tables["reach"]
    with style.theme():
        if costs.empty:
            return say_nothing_to_draw("no run has finished: there is no cost to compare")
        methods = style.ordered(costs["method"])
        figure = Figure(
            figsize=(WIDTH, 1.5 + min(0.34 * len(methods), TALLEST)), layout="constrained"
        )
        row = figure.subplots(1, 3, sharey=True)
        task = make_task(study.task)
        nouns = task.nouns
        batch = wording.plural(study.training.batch_size, nouns.example, nouns.examples)
        shared = at_shared_places(costs)
        _memory(row[0], shared, methods, "activation_bytes")
        row[0].set_title(f"memory of a step (MB),\n{batch}")
        _memory(row[1], shared, methods, "activation_bytes_one")
        row[1].set_title(f"memory of a step (MB),\n1 {nouns.example}")
        targets = _times(row[2], reach, methods, task.metric.label)
        row[2].set_title("training time (s) to a\nshare of full's best score")
        row[0].set_yticks(range(len(methods)), [style.label(name) for name in methods])
        row[0].set_ylim(len(methods) - 0.5, -0.5)
        for axes in row:
            axes.tick_params(left=False)
            axes.grid(axis="y", visible=False)
        legend_below(figure, [*_part_handles(), *targets], 3)
    return figure


def _memory(axes: Axes, costs: pd.DataFrame, methods: list[str], activations: str) -> None:
    """Stacked bars: medians over these sizes and budgets."""
    columns = [activations if name == "activation_bytes" else name for name, *_ in PARTS]
    medians = costs.groupby("method")[columns].median().reindex(methods) / 1e6
    left = np.zeros(len(methods))
    for column, (_, _, colour, hatch) in zip(columns, PARTS, strict=True):
        width = medians[column].to_numpy()
        edge = "#555555" if hatch else "white"
        axes.barh(
            range(len(methods)), width, 0.62, left=left, color=colour, hatch=hatch, linewidth=0.4,
            edgecolor=edge,
        )  # fmt: skip
        left = left + width


def _times(axes: Axes, reach: pd.DataFrame, methods: list[str], label: str) -> list[Patch]:
    """Two bars per method, with the range of each; returns the legend's entries."""
    handles: list[Patch] = []
    shares = sorted(set(reach["share"]))
    if reach["train_seconds"].isna().all():
        _say(axes, "full has no score" if reach.empty else "no run was timed\non quiet cores")
        return handles
    for number, share in enumerate(shares):
        own = reach[reach["share"] == share].set_index("method").reindex(methods)
        places = np.arange(len(methods)) + 0.3 * (number - (len(shares) - 1) / 2)
        axes.barh(places, own["train_seconds"], 0.28, color=BARS[number % 2],
                  edgecolor="#3B3B3B", linewidth=0.4)  # fmt: skip
        ranged = (own["low"].notna() & own["high"].notna()).to_numpy()
        axes.hlines(places[ranged], own["low"][ranged], own["high"][ranged], linewidth=0.9,
                    color=style.VERMILION)  # fmt: skip
        for name, place in zip(methods, places, strict=True):
            if pd.isna(own.loc[name, "train_seconds"]):
                words = "not reached" if own.loc[name, "statement"] == NOT_REACHED else "not timed"
                axes.text(0.02, place, words, va="center", fontsize=6, color="#444444",
                          transform=axes.get_yaxis_transform())  # fmt: skip
        target = wording.points(reach.loc[reach["share"] == share, "target"].iloc[0])
        words = f"time to {100 * share:g} % ({target} {label})"
        handles.append(Patch(facecolor=BARS[number % 2], edgecolor="#3B3B3B", label=words))
    return handles


def _say(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color="#444444")
    axes.set_xticks([])


def _part_handles() -> list[Patch]:
    return [
        Patch(facecolor=colour, hatch=hatch, edgecolor="#555555", linewidth=0.4, label=name)
        for _, name, colour, hatch in PARTS
    ]
