"""The rows of the results, in groups whose contestants share rounds."""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.rows.common import Bench, Row
from tuning_curves.util.errors import UsageError

GROUPS = (
    "steps",
    "rounding",
    "flags",
    "libraries",
    "evaluating",
    "column",
    "labels",
    "processes",
    "scaling",
)


def names() -> tuple[str, ...]:
    """Every row's name, in the order of the table."""
    return tuple(name for group in GROUPS for name in _module(group).NAMES)


def measure(bench: Bench, wanted: Sequence[str]) -> Iterator[Row]:
    """Measure the wanted rows, group by group.

    Raises:
        UsageError: no row has this name.
    """
    known = names()
    for name in wanted:
        if name not in known:
            raise UsageError(f"no row {name!r}", fix=f"name one of {', '.join(known)}")
    for group in GROUPS:
        module = _module(group)
        chosen = set(wanted) & set(module.NAMES)
        if chosen:
            yield from module.measure(bench, chosen)


def _module(group: str) -> Any:
    return importlib.import_module(f"benchmarks.rows.{group}")
