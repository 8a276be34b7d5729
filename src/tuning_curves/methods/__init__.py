"""The registry of methods: from a name in a study to what is trained."""

from collections.abc import Callable

from tuning_curves.methods.adapters import houlsby, pfeiffer
from tuning_curves.methods.base import (
    Counts,
    Method,
    apply_method,
    count_frozen_layers,
    trained_tensors,
)
from tuning_curves.methods.biases import BITFIT, BITFIT_TERMS
from tuning_curves.methods.from_scratch import FIXED_WINDOW, RNN, SCRATCH
from tuning_curves.methods.layers import ATTENTION_ONLY, FULL, HEAD, LAYERNORM, top_layers
from tuning_curves.methods.masks import (
    FISHER_MASK,
    RANDOM_MASK,
    RANDOM_MASK_QM2,
    RANDOM_ROWS,
)
from tuning_curves.methods.peft_layers import IA3, lora, prefix
from tuning_curves.methods.registry import parse_name

__all__ = [
    "Counts",
    "Method",
    "apply_method",
    "count_frozen_layers",
    "list_methods",
    "resolve_method",
    "trained_tensors",
]

SIZED: dict[str, Callable[[int | None], Method]] = {
    "adapter-houlsby": houlsby,
    "adapter-pfeiffer": pfeiffer,
    "top": top_layers,
    "lora": lora,
    "prefix": prefix,
}
DEFAULTS = (  # in the order of `report.style`
    FULL,
    BITFIT,
    *BITFIT_TERMS.values(),
    houlsby(),
    pfeiffer(),
    HEAD,
    top_layers(1),
    top_layers(2),
    LAYERNORM,
    ATTENTION_ONLY,
    RANDOM_MASK,
    RANDOM_MASK_QM2,
    RANDOM_ROWS,
    FISHER_MASK,
    lora(),
    IA3,
    prefix(),
    SCRATCH,
    RNN,
    FIXED_WINDOW,
)
FIXED = {method.name: method for method in DEFAULTS}


def list_methods() -> list[Method]:
    """Every method at its default size (of `top-k`, two), in the order of the tables."""
    return list(DEFAULTS)


def resolve_method(name: str) -> Method:
    """The method of this name; a family may take a number as a suffix, `adapter-houlsby-8`.

    Raises:
        UsageError: no method has this name; the nearest name is offered.
    """
    family, size = parse_name(name)
    return SIZED[family](size) if family in SIZED else FIXED[family]
