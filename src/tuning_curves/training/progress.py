"""What a worker says while it works: the cell, the step, the loss and the time that is left."""

import contextlib
import sys
import time
from typing import Any

from tuning_curves.study.config import Planned

EVERY_SECONDS = 10.0


class Progress:
    """Lines on stderr, at most one every ten seconds besides one a finished cell."""

    def __init__(self, cells: tuple[Planned, ...]) -> None:
        self.cells = len(cells)
        self.steps_left = sum(p.cell.steps for p in cells)
        self.done = 0
        self.steps_done = 0
        self.begin = self.last = time.monotonic()

    def step(self, planned: Planned, step: int, loss: float) -> None:
        """A training step has been made."""
        now = time.monotonic()
        if now - self.last < EVERY_SECONDS:
            return
        self.last = now
        place = f"cell {self.done + 1} of {self.cells}"
        left = self._left(step)
        say(f"{place}: {planned.cell.path} step {step}/{planned.cell.steps} loss {loss:.3f}{left}")

    def resume(self, planned: Planned, step: int) -> None:
        """A cell goes on from its checkpoint."""
        place = f"cell {self.done + 1} of {self.cells}: {planned.cell.path}"
        say(f"{place} resumes after step {step}/{planned.cell.steps}")

    def finish(self, planned: Planned, record: dict[str, Any]) -> None:
        """A cell has its record."""
        self._count(planned, trained=True)
        if record["status"] == "diverged":
            result = f"DIVERGED: {record['failure']}"
        else:
            dev = record["scores"]["dev"]
            result = f"exact match {100 * dev['exact'] / dev['total']:.1f}"
        seconds = record["cost"]["train_seconds"] + record["cost"]["evaluate_seconds"]
        say(
            f"cell {self.done} of {self.cells}: {planned.cell.path} {result}, {seconds:.1f} s"
            f"{self._left(0)}"
        )

    def skip(self, planned: Planned) -> None:
        """A cell had its record already."""
        self._count(planned, trained=False)
        say(f"cell {self.done} of {self.cells}: {planned.cell.path} has its record")

    def _count(self, planned: Planned, *, trained: bool) -> None:
        self.done += 1
        self.steps_left -= planned.cell.steps
        self.steps_done += planned.cell.steps if trained else 0

    def _left(self, step: int) -> str:
        """Time left by the steps made so far; nothing before the first cell is done."""
        steps = self.steps_done + step
        if steps == 0 or self.steps_left - step <= 0:
            return ""
        seconds = (time.monotonic() - self.begin) / steps * (self.steps_left - step)
        return (
            f", about {seconds / 60:.0f} min left"
            if seconds > 90
            else f", about {seconds:.0f} s left"
        )


def say(line: str) -> None:
    """A line on stderr; a log that nobody takes any more (a dead pipe, a full disk) is no error."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
