"""The methods by name, known without loading torch: parse a name, describe a method, add one.

`table` declares the package's own; `implementations` holds what puts modules into a model.
"""

import difflib
import re
from typing import Any

from tuning_curves.methods.entry import MethodEntry
from tuning_curves.methods.table import TABLE
from tuning_curves.util.errors import UsageError

_ENTRIES = {entry.name: entry for entry in TABLE}
_ADDED: dict[str, Any] = {}  # implementations of what `register` has added
_PLUGINS: dict[str, str] = {}  # the sha256 of the file that defines a plug-in's method
SHOWN = {"top": (1, 2)}  # the sizes at which a method that must carry one is listed


def register(
    entry: MethodEntry, implementation: Any = None, plugin_sha256: str | None = None
) -> None:
    """Add a method.

    Args:
        implementation: an `implementations.Implementation`, or a function of the size that gives
            one; None if the method adds no modules and draws nothing.
        plugin_sha256: of the file that defines it, for a plug-in's (`plugins`).

    Raises:
        UsageError: a name or a label that another method has.
    """
    labels = {known.label for known in _ENTRIES.values()}
    if entry.name in _ENTRIES or entry.label in labels:
        raise UsageError(
            f"method {entry.name!r} ({entry.label}): another method has this name or label",
            fix="choose another one",
        )
    _ENTRIES[entry.name] = entry
    _ADDED[entry.name] = implementation
    if plugin_sha256 is not None:
        _PLUGINS[entry.name] = plugin_sha256


def unregister(name: str) -> None:
    """Take out a method that `register` has added."""
    del _ADDED[name], _ENTRIES[name]
    _PLUGINS.pop(name, None)


def plugin_names() -> dict[str, str]:
    """The methods that plug-ins have added: the sha256 of each one's file, by name."""
    return dict(_PLUGINS)


def plugin_sha256(name: str) -> str | None:
    """The sha256 of the file that defines a plug-in's method; None for all others."""
    return _PLUGINS.get(name)


def colours() -> set[str]:
    """The colours of all methods, as `#rrggbb` in upper case."""
    return {entry.colour.upper() for entry in _ENTRIES.values()}


def added_implementation(name: str) -> Any:
    """What `register` was given with a method of this name; None for all others."""
    return _ADDED.get(name)


def base_names(size: str) -> list[str]:
    """The names of methods that "never", "may" or "must" carry a size."""
    return [entry.name for entry in _ENTRIES.values() if entry.size == size]


def parse_name(name: str) -> tuple[str, int | None]:
    """A method's name without the size it carries, and that size, if any.

    Raises:
        UsageError: no method has this name; the nearest one is offered.
    """
    plain, sized, numbered = (base_names(size) for size in ("never", "may", "must"))
    if name in plain or name in sized:
        return name, None
    match = re.fullmatch(rf"({'|'.join(map(re.escape, sized + numbered))})-([1-9]\d*)", name)
    if match is not None:
        return match[1], int(match[2])
    known = [*plain, *sized]
    near = difflib.get_close_matches(name, [*known, *(f"{n}-1" for n in numbered)], n=1)
    raise UsageError(
        f"unknown method {name!r} (expected one of {', '.join(known)}; {', '.join(sized)} may "
        "carry a size, a whole number of 1 or more, such as adapter-houlsby-8; top-1, top-2 and "
        "so on, up to the encoder's number of layers)",
        fix=f"did you mean {near[0]!r}?" if near else "see `tuning-curves methods --help`",
    )


def describe(name: str) -> MethodEntry:
    """The entry of the method of this name, with its size worked in.

    Raises:
        UsageError: see `parse_name`.
    """
    base, size = parse_name(name)
    return _ENTRIES[base].at(size)


def list_names() -> list[str]:
    """Every method at its default size (of `top-k`, two), in the order of legends and tables."""
    names = []
    for entry in sorted(_ENTRIES.values(), key=lambda entry: entry.order):
        sizes = SHOWN.get(entry.name, (1,)) if entry.size == "must" else ()
        names += [f"{entry.name}-{size}" for size in sizes] or [entry.name]
    return names
