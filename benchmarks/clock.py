"""Timing by turns: every contestant works once a round, so that all share the machine's moods.

The clock is the process's CPU time (user and system), which on one thread is what a quiet machine's
wall clock shows, and which a busy machine disturbs least. Wall time is kept beside it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one turn did: `units` (examples, mostly) and, where counted, operations in units of
    1e9, two a multiply-add."""

    units: float
    gflop: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One turn: CPU and wall time in seconds, and what was done in it."""

    cpu: float
    wall: float
    work: Work

    @property
    def per_unit(self) -> float:
        """CPU seconds of one unit."""
        return self.cpu / self.work.units


Turn = Callable[[], Sample]


def timed(work: Callable[[], Work]) -> Turn:
    """A turn from a function that works in this process."""

    def turn() -> Sample:
        wall, cpu = time.perf_counter(), time.process_time()
        done = work()
        return Sample(cpu=time.process_time() - cpu, wall=time.perf_counter() - wall, work=done)

    return turn


@dataclass(frozen=True, kw_only=True)
class Patience:
    """When to stop: after `rounds`, or at the end of the round in which `seconds` have passed."""

    rounds: int
    seconds: float


def interleave(
    turns: Mapping[str, Turn], patience: Patience, *, warm: bool = True
) -> dict[str, list[Sample]]:
    """Samples of each contestant, one a round; every other round runs in the opposite order.

    Args:
        warm: give each a first turn that does not count (allocators, lazy initialisation).
    """
    if warm:
        for turn in turns.values():
            turn()
    samples: dict[str, list[Sample]] = {name: [] for name in turns}
    begin = time.perf_counter()
    for number in range(patience.rounds):
        for name in list(turns)[:: 1 if number % 2 == 0 else -1]:
            samples[name].append(turns[name]())
        if time.perf_counter() - begin > patience.seconds:
            break
    return samples
