"""The figures, one module each, by the name of their files."""

from collections.abc import Callable

from matplotlib.figure import Figure

from tuning_curves.report.figures import costs, curves, figure2, learning_rates

FIGURES: dict[str, Callable[..., Figure]] = {
    "curves": curves.draw,
    "figure2": figure2.draw,
    "learning_rates": learning_rates.draw,
    "costs": costs.draw,
}
