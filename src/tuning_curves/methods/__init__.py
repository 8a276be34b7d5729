"""The registry of methods: from a name in a study to what is trained."""

import difflib
import re
from collections.abc import Callable

from tuning_curves.errors import UsageError
from tuning_curves.methods.adapters import houlsby, pfeiffer
from tuning_curves.methods.base import (
    Counts,
    Method,
    apply_method,
    count_frozen_layers,
    trained_tensors,
)
from tuning_curves.methods.biases import BITFIT
from tuning_curves.methods.whole import FULL, HEAD

__all__ = [
    "Counts",
    "Method",
    "apply_method",
    "count_frozen_layers",
    "list_methods",
    "resolve_method",
    "trained_tensors",
]

FIXED = {method.name: method for method in (FULL, HEAD, BITFIT)}
SIZED: dict[str, Callable[[int | None], Method]] = {
    "adapter-houlsby": houlsby,
    "adapter-pfeiffer": pfeiffer,
}


def list_methods() -> list[Method]:
    """Every method at its default size, in the order of the tables."""
    return [FULL, HEAD, BITFIT, *(make(None) for make in SIZED.values())]


def resolve_method(name: str) -> Method:
    """The method of this name; a sized family takes its size as a suffix, `adapter-houlsby-8`.

    Raises:
        UsageError: no method has this name; the nearest names are offered.
    """
    if name in FIXED:
        return FIXED[name]
    for family, make in SIZED.items():
        match = re.fullmatch(rf"{family}(?:-(\d+))?", name)
        if match is not None:
            return make(None if match[1] is None else int(match[1]))
    known = [*FIXED, *SIZED]
    near = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        f"unknown method {name!r} (expected one of {', '.join(known)}; an adapter may carry a "
        "size, such as adapter-houlsby-8)",
        fix=f"did you mean {near[0]!r}?" if near else "see `tuning-curves methods --help`",
    )
