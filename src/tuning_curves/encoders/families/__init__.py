"""The encoder families: each is a module of this package with a `FAMILY`."""

import functools
import importlib
import pkgutil

from tuning_curves.encoders.families.base import Family

_ADDED: list[Family] = []  # by `register_family`


@functools.cache
def _own() -> tuple[Family, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names if name != "base")
    return tuple(module.FAMILY for module in modules)


def known_types() -> list[str]:
    """Every `model_type` that some family covers."""
    return [name for family in (*_own(), *_ADDED) for name in family.model_types]


def find_family(model_type: str) -> Family:
    """The family of a `model_type`.

    Raises:
        KeyError: none covers it; `read_architecture` says so to a person.
    """
    for family in (*_own(), *_ADDED):
        if model_type in family.model_types:
            return family
    raise KeyError(model_type)


def register_family(family: Family) -> None:
    """Add a family that is no module of this package.

    Raises:
        ValueError: another family covers one of its types.
    """
    if taken := set(family.model_types) & set(known_types()):
        raise ValueError(f"model_type {', '.join(sorted(taken))}: covered by another family")
    _ADDED.append(family)
