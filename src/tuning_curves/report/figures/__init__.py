"""The figures, one module each, by the name of their files."""

from collections.abc import Callable

from matplotlib.figure import Figure

from tuning_curves.report.figures import (
    bias_heatmap,
    curves,
    difference,
    figure2,
    learning_rates,
    shares,
    step_costs,
    time_memory,
)

FIGURES: dict[str, Callable[..., Figure]] = {
    "curves": curves.draw,
    "figure2": figure2.draw,
    "difference": difference.draw,
    "shares": shares.draw,
    "learning_rates": learning_rates.draw,
    "costs": step_costs.draw,
    "time_memory": time_memory.draw,
    "biases": bias_heatmap.draw,
}
