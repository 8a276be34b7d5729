"""Methods: from a name in a study to what is trained.

What needs torch is loaded when it is asked for, so that names, looks and counts do without.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuning_curves.methods.base import (
        Counts,
        Implementation,
        Method,
        apply_method,
        count_frozen_layers,
        trained_tensors,
    )
    from tuning_curves.methods.implementations import list_methods, resolve_method

__all__ = [
    "Counts",
    "Implementation",
    "Method",
    "apply_method",
    "count_frozen_layers",
    "list_methods",
    "resolve_method",
    "trained_tensors",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tuning_curves.methods import base, implementations

    return getattr(base, name, None) or getattr(implementations, name)
