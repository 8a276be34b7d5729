"""How far a job has come, told on stderr."""

import time

from tuning_curves.study.job import PlannedRun
from tuning_curves.study.records import Record
from tuning_curves.tasks.metrics import Metric
from tuning_curves.util.log import say

EVERY_SECONDS = 10.0


class Progress:
    """Lines on stderr, at most one every ten seconds besides one per finished run."""

    def __init__(self, runs: tuple[PlannedRun, ...], metric: Metric) -> None:
        """Args: metric: what is told of a finished run."""
        self.runs, self.metric = len(runs), metric
        self.steps_left = sum(p.run.steps for p in runs)
        self.done = 0
        self.steps_done = 0
        self.begin = self.last = time.monotonic()

    def step(self, planned: PlannedRun, step: int, loss: float) -> None:
        """A training step has been made."""
        now = time.monotonic()
        if now - self.last < EVERY_SECONDS:
            return
        self.last = now
        which = f"run {self.done + 1} of {self.runs}"
        left = self._left(step)
        say(f"{which}: {planned.run.path} step {step}/{planned.run.steps} loss {loss:.3f}{left}")

    def resume(self, planned: PlannedRun, step: int) -> None:
        """A run goes on from its checkpoint."""
        which = f"run {self.done + 1} of {self.runs}: {planned.run.path}"
        say(f"{which} resumes after step {step}/{planned.run.steps}")

    def finish(self, planned: PlannedRun, record: Record, *, trained: bool) -> None:
        """A run has its record; of one that was not trained now, what was kept has been scored."""
        self._count(planned, trained=trained)
        if not record.finished:
            result = f"DIVERGED: {record.failure}"
        else:
            assert record.scores is not None
            result = f"{self.metric.label} {self.metric.percent(record.scores['test']):.1f}"
        if not trained:
            result += " from the kept training"
        seconds = record.cost.evaluate_seconds + (record.cost.train_seconds if trained else 0)
        say(
            f"run {self.done} of {self.runs}: {planned.run.path} {result}, {seconds:.1f} s"
            f"{self._left(0)}"
        )

    def skip(self, planned: PlannedRun) -> None:
        """A run had its record already."""
        self._count(planned, trained=False)
        say(f"run {self.done} of {self.runs}: {planned.run.path} has its record")

    def _count(self, planned: PlannedRun, *, trained: bool) -> None:
        self.done += 1
        self.steps_left -= planned.run.steps
        self.steps_done += planned.run.steps if trained else 0

    def _left(self, step: int) -> str:
        """Time left by the steps made so far; nothing before the first run is done."""
        steps = self.steps_done + step
        if steps == 0 or self.steps_left - step <= 0:
            return ""
        seconds = (time.monotonic() - self.begin) / steps * (self.steps_left - step)
        return (
            f", about {seconds / 60:.0f} min left"
            if seconds > 90
            else f", about {seconds:.0f} s left"
        )
