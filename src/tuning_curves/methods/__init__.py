"""The registry of methods: from a name in a study to what is trained."""

from collections.abc import Callable

from tuning_curves.method_names import parse_name
from tuning_curves.methods.adapters import houlsby, pfeiffer
from tuning_curves.methods.base import (
    Counts,
    Method,
    apply_method,
    count_frozen_layers,
    original_name,
    trained_tensors,
)
from tuning_curves.methods.biases import BITFIT
from tuning_curves.methods.library import IA3, lora, prefix
from tuning_curves.methods.untrained import FIXED_WINDOW, RNN, SCRATCH
from tuning_curves.methods.whole import FULL, HEAD

__all__ = [
    "Counts",
    "Method",
    "apply_method",
    "count_frozen_layers",
    "list_methods",
    "original_name",
    "resolve_method",
    "trained_tensors",
]

FIXED = {method.name: method for method in (FULL, HEAD, BITFIT, IA3, SCRATCH, RNN, FIXED_WINDOW)}
SIZED: dict[str, Callable[[int | None], Method]] = {
    "adapter-houlsby": houlsby,
    "adapter-pfeiffer": pfeiffer,
    "lora": lora,
    "prefix": prefix,
}


def list_methods() -> list[Method]:
    """Every method at its default size, in the order of the tables."""
    sized = (make(None) for make in SIZED.values())
    return [FULL, HEAD, BITFIT, *sized, IA3, SCRATCH, RNN, FIXED_WINDOW]


def resolve_method(name: str) -> Method:
    """The method of this name; a sized family takes its size as a suffix, `adapter-houlsby-8`.

    Raises:
        UsageError: no method has this name; the nearest name is offered.
    """
    family, size = parse_name(name)
    return FIXED[family] if family in FIXED else SIZED[family](size)
