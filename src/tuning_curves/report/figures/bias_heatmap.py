"""Which biases move: the form of BitFit's Figure 1, and beside it where the first gradient goes.

The paper's figure is of BERT-base on RTE; its quantity is the same, the mean absolute change of a
bias term in a layer.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from tuning_curves.report import style, wording
from tuning_curves.report.figures.panels import WIDTH, say_nothing_to_draw
from tuning_curves.study.config import StudyConfig

METHOD = "bitfit"
DECADES = 1e-4  # of the largest gradient: what is smaller shares the darkest shade
MISSING = "#FFFFFF"
PANELS = (
    ("change", "change after training\n(mean absolute)"),
    ("first_gradient", "gradient of the first batch\n(mean absolute, logarithmic)"),
)


def draw(tables: Mapping[str, pd.DataFrame], study: StudyConfig) -> Figure:
    """Two heat maps, terms by layers, of BitFit at its largest size under the last budget."""
    biases = tables["biases"]
    own = biases[biases["method"] == METHOD]
    with style.theme():
        if own.empty:
            return say_nothing_to_draw(
                "these records do not say how far BitFit's biases moved"
                if METHOD in set(tables["counts"]["method"])
                else "this study does not train BitFit: there are no biases to compare"
            )
        own, place = last_place(own, study)
        figure = Figure(figsize=(WIDTH, 2.7), layout="constrained")
        row = figure.subplots(1, len(PANELS), sharey=True)
        for axes, (column, title) in zip(row, PANELS, strict=True):
            _panel(figure, axes, own, column)
            axes.set_title(title)
        figure.suptitle(f"{style.label(METHOD)}, {place}", fontsize=8, x=0.01, ha="left")
        row[0].set_ylabel("bias term")
    return figure


def last_place(biases: pd.DataFrame, study: StudyConfig) -> tuple[pd.DataFrame, str]:
    """The rows of the largest size under the last budget, best one that draws a curve; its name."""
    found = set(biases["budget"])
    names = [name for name in study.budget_names if name in found]
    budget = ([name for name in names if name in study.whole_budgets] or names)[-1]
    own = biases[biases["budget"] == budget]
    n = own["n_train"].max()
    return own[own["n_train"] == n], f"{budget}, n = {wording.whole(n)}"


def _panel(figure: Figure, axes: Axes, rows: pd.DataFrame, column: str) -> None:
    terms, layers = list(dict.fromkeys(rows["term"])), sorted(set(rows["layer"]))
    grid = rows.pivot(index="term", columns="layer", values=column).reindex(index=terms)
    values = np.ma.masked_invalid(grid.to_numpy(float))
    axes.grid(visible=False)
    axes.set_xticks(range(len(layers)), [str(int(layer)) for layer in layers])
    axes.set_yticks(range(len(terms)), [f"b_{term}" for term in terms])
    axes.set_xlabel("layer")
    if values.count() == 0 or not values.max() > 0:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center")
        return
    top, log = float(values.max()), column == "first_gradient"
    norm = LogNorm(DECADES * top, top, clip=True) if log else Normalize(0, top)
    shown = np.ma.maximum(values, DECADES * top) if log else values
    axes.set_facecolor(MISSING)
    image = axes.imshow(shown, cmap="cividis", norm=norm, aspect="auto")
    figure.colorbar(image, ax=axes, extend="min" if log else "neither", shrink=0.9)
