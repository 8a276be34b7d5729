"""A scheduler's SIGTERM and a user's Ctrl-C: what must be whole is finished, then the process ends.

A signal raises `Interrupted` at once, so that a process that waits ends too; inside `shielded` it
is held back until the end of the block.
"""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(BaseException):
    """A signal asked the process to end. No Exception: no library's handler may swallow it."""

    exit_status = 75

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name

    def __str__(self) -> str:
        return (
            f"stopped by {self.name}\nfix: run the same again: finished runs have their records, "
            "and the one that was in work goes on from its checkpoint"
        )


class _Shield:
    """How many blocks hold signals back now, and the last signal that came meanwhile."""

    depth = 0
    held: int | None = None


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Inside, `SIGNALS` raise `Interrupted`; for the main thread of a process."""
    before = {number: signal.signal(number, _receive) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Inside, a signal is held back; it raises `Interrupted` at the end of the outermost block."""
    _Shield.depth += 1
    try:
        yield
    finally:
        _Shield.depth -= 1
    if _Shield.depth == 0 and _Shield.held is not None:
        number, _Shield.held = _Shield.held, None
        raise Interrupted(number)


def _receive(number: int, _frame: FrameType | None) -> None:
    if _Shield.depth:
        _Shield.held = number
        return
    raise Interrupted(number)
