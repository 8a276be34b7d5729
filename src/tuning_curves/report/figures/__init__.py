"""The figures by the name of their files, each with the module whose `draw` draws it.

The workflow reads this list; matplotlib is loaded by the modules alone.
"""

import importlib
from collections.abc import Callable
from typing import Any

FIGURES = {
    "curves": "curves",
    "forecast": "forecast",
    "figure2": "figure2",
    "difference": "difference",
    "training": "training",
    "shares": "shares",
    "learning_rates": "learning_rates",
    "costs": "step_costs",
    "time_memory": "time_memory",
    "biases": "bias_heatmap",
}


def drawer(name: str) -> Callable[..., Any]:
    """The function that draws a figure from the tables and the study."""
    draw: Callable[..., Any] = importlib.import_module(f"{__name__}.{FIGURES[name]}").draw
    return draw
