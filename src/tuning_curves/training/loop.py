"""The training loop of one run."""

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tuning_curves.encoders.batches import Feed
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.encoders.precision import products
from tuning_curves.encoders.tables import stop_writing, write_rows
from tuning_curves.methods.registry import plugin_sha256
from tuning_curves.study.job import Run, TrainingSettings
from tuning_curves.tasks.base import Task
from tuning_curves.training.checkpoint import load_checkpoint, save_checkpoint
from tuning_curves.training.evaluate import Evaluator
from tuning_curves.training.optimizer import batches, make_optimizer, rate_factor, state_bytes
from tuning_curves.training.passes import backward, losses_of
from tuning_curves.training.profile import (
    StepProfile,
    Stopwatch,
    peak_memory,
    profile_step,
    reset_peak_memory,
)
from tuning_curves.util.errors import DataError
from tuning_curves.util.interrupts import shielded
from tuning_curves.util.log import say
from tuning_curves.util.provenance import niceness

CHECKPOINT_SECONDS = 60.0
LOSS_POINTS = 20  # how many stretches of steps the record keeps the mean loss of
SCORE_SHARES = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)  # of the steps, after which the model is scored
# A run is scored along the way on a twentieth of the examples that its steps see, 20 to 200 of the
# validation split: scoring takes a tenth of the time at most.
SCORE_EXAMPLES, SCORE_PART = (20, 200), 20
CUDA_CHECK_STEPS = 50  # on a GPU, how many steps may pass before the loss is looked at


class Diverged(Exception):
    """The loss is no longer a number. A result, not a failure of the program."""


@dataclass
class Trace:
    """What a training leaves behind.

    step: how many steps were made.
    profile: what the first of them was measured to cost.
    first_seconds: wall time of the first step and of measuring it.
    later_seconds: wall time of all later ones.
    losses: [last step of a stretch, mean loss in nats] pairs.
    validation: [step, score in percent] pairs.
    niceness: the greatest of the processes that made the steps; 0 or more.
    """

    step: int = 0
    profile: StepProfile | None = None
    first_seconds: float = 0.0
    later_seconds: float = 0.0
    losses: list[list[float]] = field(default_factory=list)
    validation: list[list[float]] = field(default_factory=list)
    optimizer_bytes: int = 0
    niceness: int = 0

    @property
    def seconds_per_step(self) -> float:
        """Mean wall time of a step, the first one left out where there are others."""
        return self.later_seconds / (self.step - 1) if self.step > 1 else self.first_seconds


Report = Callable[[int, float], None]


def score_steps(steps: int) -> tuple[int, ...]:
    """After which steps the model is scored: `SCORE_SHARES` of them in whole steps, none twice."""
    return tuple(sorted({int(share * steps) for share in SCORE_SHARES} - {0}))


def score_examples(steps: int, batch_size: int) -> int:
    """On how many examples of the validation split, if it has them, a run is scored on the way."""
    least, most = SCORE_EXAMPLES
    return min(most, max(least, steps * batch_size // SCORE_PART))


class Trainer:
    """Trains a prepared model on a subset of examples, as one run asks."""

    def __init__(
        self,
        task: Task,
        model: EncoderModel,
        feed: Feed,
        examples: np.ndarray,
        run: Run,
        training: TrainingSettings,
        checkpoint: Path,
        checkpoint_seconds: float | None = None,
        scored: Evaluator | None = None,
    ) -> None:
        """Args:
        examples: numbers of the run's subset, int64 [n].
        checkpoint: the file to resume from.
        checkpoint_seconds: how often it is written; None is every minute.
        scored: examples of `feed` that the model is scored on along the way; None: nowhere.
        """
        self.task, self.model, self.feed = task, model, feed
        self.examples, self.run = examples, run
        self.training, self.checkpoint = training, checkpoint
        self.checkpoint_seconds = checkpoint_seconds
        self.scored = scored
        self.due = () if scored is None else score_steps(run.steps)
        self.peak = 0  # bytes of a GPU that steps have taken, as far as scoring has hidden it
        self.optimizer = make_optimizer(model, run.learning_rate, training)
        if plugin_sha256(run.method) is None:  # a plug-in may do more with a table than read it
            write_rows(model)
        self.trained = [p for p in model.parameters() if p.requires_grad]
        self.trace = Trace()
        self.recent: list[Tensor] = []  # losses of the present stretch
        self.ended: list[tuple[int, Tensor]] = []  # stretches whose mean loss was not looked at yet

    def profile(self) -> StepProfile:
        """Measure the first step without making it; `train` does not measure it again."""
        torch.manual_seed(self.run.init_seed)  # attention dropout and a GPU draw from it
        first = next(batches(len(self.examples), self.training.batch_size, 1, self.run.init_seed))
        self.model.train()
        self._measure(self.examples[first])
        self.optimizer.zero_grad(set_to_none=True)
        assert self.trace.profile is not None
        return self.trace.profile

    def train(self, report: Report, resumed: Callable[[int], None] = lambda step: None) -> Trace:
        """Train to the last step, from the checkpoint if there is one.

        Args:
            report: is given each step's number and the mean loss of the last stretch.
            resumed: is given the step that a checkpoint goes on from.

        Raises:
            Diverged: the loss became NaN or infinite.
        """
        torch.manual_seed(self.run.init_seed)
        if self._resume():
            resumed(self.trace.step)
        self.trace.niceness = max(self.trace.niceness, niceness())
        self.model.train()
        watch = Stopwatch(self.feed.device, self.trace.later_seconds)
        steps, size = self.run.steps, self.training.batch_size
        order = enumerate(batches(len(self.examples), size, steps, self.run.init_seed))
        self.feed.warm(self.examples)  # a study's cost, no run's
        if self.scored is not None:
            self.feed.warm(self.scored.sample.examples)
        try:
            self._make_steps(order, watch, report)
        finally:
            self.trace.later_seconds = watch.seconds
            self.trace.optimizer_bytes = state_bytes(self.optimizer)
            stop_writing(self.model)
        return self.trace

    def _make_steps(
        self, order: Iterable[tuple[int, np.ndarray]], watch: Stopwatch, report: Report
    ) -> None:
        """Make the steps that are left, and keep a checkpoint now and then."""
        saved = time.monotonic()
        often = CHECKPOINT_SECONDS if self.checkpoint_seconds is None else self.checkpoint_seconds
        with watch.running():
            self._score(watch)  # what a process that was stopped here has left to do
            for number, chosen in order:
                if number < self.trace.step:
                    continue
                with shielded():  # a signal ends the training between two steps
                    if number == 0:
                        with watch.paused():
                            self._first(self.examples[chosen])
                    else:
                        self.step(number, self.examples[chosen])
                self._score(watch)
                late = time.monotonic() - saved > often
                if late and number + 1 < self.run.steps:
                    with watch.paused():
                        self._save(watch.seconds)
                    saved = time.monotonic()
                if self.trace.losses:
                    report(number + 1, self.trace.losses[-1][1])

    def _first(self, examples: np.ndarray) -> None:
        """Make the first step, which has a clock of its own."""
        watch = Stopwatch(self.feed.device)
        try:
            with watch.running():
                self.step(0, examples)
        finally:
            self.trace.first_seconds = watch.seconds

    def _score(self, watch: Stopwatch) -> None:
        """Add a point to the validation curve, where one is due, off the clock.

        It draws nothing and changes nothing of the training. Logits that are not finite leave the
        point out: whether the run has diverged is for the loss and the evaluation to say.
        """
        step, made = self.trace.step, {at for at, _ in self.trace.validation}
        if self.scored is None or step not in self.due or step in made:
            return
        with watch.paused():
            self.peak = max(self.peak, peak_memory(self.feed.device) or 0)
            try:
                score = self.scored.percent(self.feed, self.training.precision)
                self.trace.validation.append([step, round(score, 6)])
            except FloatingPointError:
                pass
            finally:
                self.model.train()
                reset_peak_memory(self.feed.device)

    def step(self, number: int, examples: np.ndarray) -> None:
        """Make step `number`, counted from 0, on these examples; the model is in training mode.

        The first one is measured, unless a profile has measured it.

        Raises:
            Diverged: the loss became NaN or infinite.
        """
        factor = rate_factor(number, self.run.steps, self.training.schedule, self.training.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = self.run.learning_rate * factor
        if number == 0 and self.trace.profile is None:
            loss = self._measure(examples)
        else:
            with products(self.feed.device, self.training.precision):
                loss = backward(self._forward(examples, number, self.feed))
        torch.nn.utils.clip_grad_norm_(self.trained, self.training.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.trace.step = number + 1
        self.recent.append(loss)
        self._look(number)

    def _measure(self, examples: np.ndarray) -> Tensor:
        """Go forward and backward as the first step does, and keep what that costs; the loss."""
        chosen = self.feed.windows.windows_of(examples)
        tokens = int(self.feed.windows.lengths[chosen].sum())
        feed = self.feed.holding(examples)  # what is made once is no cost of a step
        with products(self.feed.device, self.training.precision):
            self.trace.profile, loss = profile_step(
                self.model, lambda some: self._forward(some, 0, feed), examples, tokens
            )
        return loss

    def _forward(self, examples: np.ndarray, step: int, feed: Feed) -> Iterator[Tensor]:
        """The parts of the step's mean loss: see `losses_of`."""
        self.model.dropout_bits.restart(self.run.init_seed, step)
        precision, most = self.training.precision, self.training.pass_tokens
        return losses_of(self.task, self.model, feed, examples, precision, most)

    def _look(self, number: int) -> None:
        """Keep the mean loss of each stretch, and stop when it is no number.

        On a GPU that is asked for now and then: to read a number is to wait for all steps so far.
        """
        stretch = max(1, math.ceil(self.run.steps / LOSS_POINTS))
        last = number + 1 == self.run.steps
        if (number + 1) % stretch == 0 or last:
            self.ended.append((number + 1, torch.stack(self.recent).mean()))
            self.recent = []
        often = 1 if self.feed.device.type == "cpu" else CUDA_CHECK_STEPS
        if last or (number + 1) % often == 0:
            self._read_losses()

    def _read_losses(self) -> None:
        """Put the means of ended stretches into the trace, and look at the losses since.

        Raises:
            Diverged: one of them is no number.
        """
        means = [mean for _, mean in self.ended]
        if self.recent:
            means.append(torch.stack(self.recent).mean())
        values = torch.stack(means).tolist() if means else []
        steps = [step for step, _ in self.ended] + [self.trace.step]
        for value, step in zip(values, steps, strict=False):
            if not math.isfinite(value):
                raise Diverged(f"the loss became {value} at or before step {step}")
        self.trace.losses += [
            [step, round(value, 6)] for (step, _), value in zip(self.ended, values, strict=False)
        ]
        self.ended = []

    def keep(self) -> None:
        """Save what was trained so far, since the process is about to end."""
        if self.trace.step:
            with shielded(), contextlib.suppress(Diverged):
                self._save(self.trace.later_seconds)

    def _save(self, seconds: float) -> None:
        """Write a checkpoint; a disk that takes none costs time after a crash, and no training.

        Raises:
            Diverged: the loss is no number.
        """
        self._read_losses()
        window = torch.stack(self.recent).tolist() if self.recent else []
        progress = {**asdict(self.trace), "window": window}
        progress["later_seconds"] = seconds
        try:
            save_checkpoint(self.checkpoint, self.model, self.optimizer, progress)
        except OSError as error:
            say(f"warning: no checkpoint of step {self.trace.step} could be written: {error}")

    def _resume(self) -> bool:
        """Take up what the checkpoint holds; whether there was a sound one."""
        if not self.checkpoint.exists():
            return False
        try:
            progress = load_checkpoint(self.checkpoint, self.model, self.optimizer)
        except DataError:
            self.checkpoint.unlink()
            return False
        device = self.feed.device
        self.recent = [torch.tensor(loss, device=device) for loss in progress.pop("window")]
        profile = progress.pop("profile")
        self.trace = Trace(**progress, profile=profile and StepProfile(**profile))
        return True
