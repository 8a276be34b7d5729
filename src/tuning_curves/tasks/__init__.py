"""Tasks: what is read, how it is windowed, the head, the loss and the metrics."""

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tuning_curves.tasks.base import Task
from tuning_curves.util.errors import UsageError

# Modules of this package that are no task.
SHARED = ("base", "ceiling", "dataset", "entities", "files", "labels", "metrics", "windows")


def task_names() -> list[str]:
    """The names of all tasks: each is a module of this package."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in found if name not in SHARED)


def task_class(name: str, source: str = "task") -> type[Task]:
    """The class of the task of this name: `TASK` of its module.

    Raises:
        UsageError: there is none; the nearest is offered.
    """
    known = task_names()
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        raise UsageError(
            f"{source}: task.name is {name!r}, expected one of {', '.join(known)}",
            fix=f"did you mean {near[0]!r}?" if near else "choose one of these",
        )
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    return module.TASK


def make_task(settings: Mapping[str, Any], source: str = "the study") -> Task:
    """The task that a study's section `task` describes.

    Raises:
        UsageError: no such task, or keys or values that it cannot have.
    """
    if "name" not in settings:
        raise UsageError(f"{source}: task misses the key 'name'", fix=_known(task_names()))
    kind = task_class(settings["name"], source)
    own = {key: value for key, value in settings.items() if key != "name"}
    names = [field.name for field in fields(kind)]
    for key in own:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"{source}: unknown key {key!r} in task{hint}", fix=_known(names))
    for name in names:
        if name not in own:
            raise UsageError(f"{source}: task misses the key {name!r}", fix=_known(names))
    try:
        return kind(**own)
    except ValueError as error:
        raise UsageError(f"{source}: task.{error}", fix="config/README.md explains it") from None


def _known(names: list[str]) -> str:
    return f"it has {', '.join(names)}" if names else "it has no others"
