"""Faults that a process inflicts on itself at an exact point: no luck, no hooks in the package.

A fault says where (`at`, a function of the package), at which call of it (`call`, from 1), whether
before or after it, and what happens (`do`, a function below). Nothing of the package knows of this.
"""

import errno
import functools
import importlib
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GIB = 1 << 30


def kill(_fault: dict[str, Any]) -> None:
    """As `kill -9`, or the kernel's own out-of-memory killer."""
    os.kill(os.getpid(), signal.SIGKILL)


def terminate(_fault: dict[str, Any]) -> None:
    """As a scheduler at the end of a job's time."""
    os.kill(os.getpid(), signal.SIGTERM)


def interrupt(_fault: dict[str, Any]) -> None:
    """As Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def fill(fault: dict[str, Any]) -> None:
    """Fill the file system of the folder `fault["folder"]` to its last byte."""
    with (Path(fault["folder"]) / "ballast").open("ab", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC


def exceed_quota(_fault: dict[str, Any]) -> None:
    """What the kernel says to a write beyond a quota."""
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


def lack_memory(_fault: dict[str, Any]) -> None:
    """Ask torch for a GiB that this process, by its limit, cannot have."""
    import torch

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + GIB // 4, before[1]))
    try:
        torch.empty(GIB, dtype=torch.uint8)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def wait(fault: dict[str, Any]) -> None:
    """Say that this point is reached by making a file, and stay until another one appears."""
    Path(fault["reached"]).touch()
    deadline = time.monotonic() + 60
    while not Path(fault["until"]).exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def touch(fault: dict[str, Any]) -> None:
    """Say that this point is reached, and go on."""
    Path(fault["file"]).touch()


def lose_log(_fault: dict[str, Any]) -> None:
    """Make stderr a pipe whose reader is dead, as when `tee` was killed."""
    reader, writer = os.pipe()
    os.dup2(writer, 2)
    os.close(reader)
    os.close(writer)


def jump_clock(fault: dict[str, Any]) -> None:
    """From now on each look at the wall clock finds it an hour off, now ahead and now behind."""
    now, looks = time.time, iter(range(1_000_000_000))
    time.time = lambda: now() + (3600 if next(looks) % 2 else -3600)


DEEDS: dict[str, Callable[[dict[str, Any]], None]] = {
    deed.__name__: deed
    for deed in (
        kill, terminate, interrupt, fill, exceed_quota, lack_memory, wait, touch, lose_log,
        jump_clock,
    )
}  # fmt: skip


def change(place: str, value: Any) -> None:
    """Give a constant of a module another value in this process."""
    owner, name = _find(place)
    assert hasattr(owner, name), place
    setattr(owner, name, value)


def inject(fault: dict[str, Any]) -> None:
    """Arrange for a fault in this process."""
    owner, name = _find(fault["at"])
    setattr(owner, name, _wrapped(getattr(owner, name), fault))


def _find(place: str) -> tuple[Any, str]:
    """`package.module:Class.name`: what has the name, and the name."""
    module, _, path = place.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, last = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    return owner, last


def _wrapped(original: Callable[..., Any], fault: dict[str, Any]) -> Callable[..., Any]:
    calls = iter(range(1, 1_000_000_000))

    @functools.wraps(original)
    def faulty(*args: Any, **kwargs: Any) -> Any:
        due = next(calls) == fault.get("call", 1)
        if due and not fault.get("after", False):
            DEEDS[fault["do"]](fault)
        result = original(*args, **kwargs)
        if due and fault.get("after", False):
            DEEDS[fault["do"]](fault)
        return result

    return faulty
