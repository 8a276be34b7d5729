"""The runs that a study asks for: its grid, and the chunks that its runs are cut into."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tuning_curves.methods.registry import plugin_sha256
from tuning_curves.study.job import (
    ENGINE,
    DataSettings,
    EncoderSettings,
    EvaluationSettings,
    Job,
    PlannedRun,
    Run,
    Settings,
    TrainingSettings,
    WindowSettings,
    identity,
)
from tuning_curves.tasks import task_class
from tuning_curves.tasks.base import Task
from tuning_curves.util.files import sha256_of

if TYPE_CHECKING:
    from tuning_curves.encoders.section import EncoderSection
    from tuning_curves.study.config import Budget, MethodEntry, StudyConfig


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Runs that one process trains one after the other: a pure function of the study."""

    id: str
    runs: tuple[PlannedRun, ...]
    passes: int = field(compare=False)


@dataclass(frozen=True)
class Study:
    """A checked study and its runs."""

    config: "StudyConfig"

    @property
    def name(self) -> str:
        return self.config.study

    @cached_property
    def settings(self) -> Settings:
        """Everything material to a run's numbers besides the run itself."""
        config = self.config
        return Settings(
            engine=ENGINE,
            task=config.task,
            encoder=encoder_settings(config.encoder),
            data=DataSettings(
                name=config.data.name,
                pin=config.data.pin,
                held_out_examples=config.data.held_out_examples,
            ),
            windows=WindowSettings(**config.windows.model_dump()),
            training=TrainingSettings(**config.training.model_dump()),
            evaluation=EvaluationSettings(**config.evaluation.model_dump()),
        )

    @cached_property
    def planned(self) -> tuple[PlannedRun, ...]:
        """Every run under every budget, in the study's own order."""
        return tuple(self._plan())

    @cached_property
    def unique(self) -> tuple[PlannedRun, ...]:
        """Each run once, under the first budget that asks for it."""
        return tuple({p.id: p for p in reversed(self.planned)}.values())[::-1]

    def _plan(self) -> Iterator[PlannedRun]:
        for method, budget, n in points(self.config):
            for rate in method.rates_of(budget.name):
                for subset, init in self.config.seeds_of(method):
                    run = Run(
                        method=method.name,
                        n_train=n,
                        steps=steps_of(n, budget, self.config.training.batch_size),
                        learning_rate=rate,
                        subset_seed=subset,
                        init_seed=init,
                        plugin_sha256=plugin_sha256(method.name),
                    )
                    yield PlannedRun(budget=budget.name, run=run, id=identity(self.settings, run))

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The runs cut into chunks, none much above `execution.chunk_passes`.

        Runs of one method stand together, largest first, so that a chunk shares what lies below
        the first trained layer; small methods share a chunk, since starting one takes seconds.
        """
        limit = self.config.execution.chunk_passes
        chunks: list[list[PlannedRun]] = []
        filled = 0
        ordered = sorted(self.unique, key=lambda p: (p.run.method, -p.run.steps, p.run))
        for planned in ordered:
            cost = self.passes(planned.run)
            if not chunks or filled + cost > limit:
                chunks.append([])
                filled = 0
            chunks[-1].append(planned)
            filled += cost
        return tuple(self._chunk(runs) for runs in chunks)

    def _chunk(self, runs: list[PlannedRun]) -> Chunk:
        methods = {p.run.method for p in runs}
        name = methods.pop() if len(methods) == 1 else "mixed"
        identity = sha256_of([p.id for p in runs])[:12]
        passes = sum(self.passes(p.run) for p in runs)
        return Chunk(id=f"{name}-{identity}", runs=tuple(runs), passes=passes)

    def passes(self, run: Run) -> int:
        """Forward passes of one window that a run costs; a backward pass counts as two.

        A guess from the study alone: `head` runs on what the frozen encoder gave once, and an
        example has as many windows as the study says.
        """
        scored = self.scored * self.example_windows
        if run.method == "head":
            return max(1, (run.n_train * self.example_windows + scored) // 20)
        return 3 * run.steps * self.step_windows + scored

    @property
    def example_windows(self) -> int:
        """Windows of an example, as the study says: one where it says nothing."""
        return self.config.execution.example_windows or 1

    @property
    def step_windows(self) -> int:
        """Windows of a step, by the same word."""
        return self.config.training.batch_size * self.example_windows

    @property
    def tokens_together(self) -> int:
        """Tokens that pass through the model together in a step, at the most."""
        longest = self.config.windows.max_length
        most = max(self.config.training.pass_tokens, longest)
        return min(most, self.step_windows * longest)

    @cached_property
    def scored(self) -> int:
        """Examples that a run is evaluated on; the task guesses a number that is not known yet."""
        evaluation, data = self.config.evaluation, self.config.data
        test = evaluation.test_examples
        if test == "all":
            test = data.likely_test_examples or self._task.likely_test_examples
        validation = evaluation.validation_examples
        return test + (data.held_out_examples if validation == "all" else validation)

    @cached_property
    def _task(self) -> type[Task]:
        return task_class(self.config.task["name"])

    def job(self, runs: tuple[PlannedRun, ...]) -> Job:
        """The job of training these runs of the study."""
        needed = {planned.run.plugin_sha256 for planned in runs}
        plugins = tuple(p for p in self.config.read_plugins if p.sha256 in needed)
        return Job(study=self.name, settings=self.settings, runs=runs, plugins=plugins)


def encoder_settings(encoder: "EncoderSection") -> EncoderSettings:
    """What a run's identity holds of the encoder."""
    return EncoderSettings(name=encoder.name, pin=encoder.pin, files=encoder.files)


def points(config: "StudyConfig") -> Iterator[tuple["MethodEntry", "Budget", int]]:
    """The points that a study asks for: method, budget and size, in its own order."""
    for method in config.methods:
        for budget in config.budgets:
            if budget.name in config.budgets_of(method):
                for n in config.sizes_of(method, budget):
                    yield method, budget, n


def steps_of(n: int, budget: "Budget", batch_size: int) -> int:
    """Training steps of a run with n examples under a budget: its epochs, or its floor."""
    return max(budget.epochs * math.ceil(n / batch_size), budget.min_steps)


def equal_steps(config: "StudyConfig", name: str) -> int | None:
    """The steps that a budget trains every size for; None where they depend on the size."""
    batch = config.training.batch_size
    found = {steps_of(n, budget, batch) for _, budget, n in points(config) if budget.name == name}
    return found.pop() if len(found) == 1 else None
