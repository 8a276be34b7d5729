"""One process: start once, then train, evaluate and record a job's runs one after the other.

A run that another process holds is left to it and looked at again at the end. A run whose training
was kept as a delta, by a run that differs in its evaluation alone, is only scored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from tuning_curves.encoders.batches import Feed
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.encoders.precision import settle_arithmetic, warn_of_slow_bfloat16
from tuning_curves.methods import resolve_method, trained_tensors
from tuning_curves.methods.biases import bias_terms
from tuning_curves.methods.counting import count_entry
from tuning_curves.methods.plugins import check_plugin, register_plugin
from tuning_curves.methods.registry import describe
from tuning_curves.study.job import Job, PlannedRun
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import (
    Biases,
    Parameters,
    Provenance,
    Record,
    Scoring,
    failure_path,
    read_record,
    write_failure,
    write_record,
)
from tuning_curves.training.delta import (
    About,
    Delta,
    check_training,
    read_delta,
    write_delta,
)
from tuning_curves.training.devices import (
    GpuSlots,
    OutOfMemory,
    chosen_device,
    is_shortage,
    shortage,
    shortage_error,
)
from tuning_curves.training.loop import Diverged
from tuning_curves.training.profile import Stopwatch
from tuning_curves.training.progress import Progress
from tuning_curves.training.results import changes, check_frozen, cost_of, results_of
from tuning_curves.training.run import PreparedRun, RunContext
from tuning_curves.util.errors import DataError, ResourceError, TuningCurvesError
from tuning_curves.util.files import remove_partials
from tuning_curves.util.interrupts import Interrupted, shielded
from tuning_curves.util.locks import try_lock
from tuning_curves.util.log import say
from tuning_curves.util.provenance import device_name, gather, niceness, number_formats

T = TypeVar("T")
NO_SCORES: dict[str, Any] = {"scores": None, "outcomes": None}


@dataclass(kw_only=True)
class Summary:
    """What became of a job's runs: counts."""

    trained: int = 0
    scored: int = 0  # from kept deltas
    diverged: int = 0
    found: int = 0
    busy: list[PlannedRun] = field(default_factory=list)
    errors: list[TuningCurvesError] = field(default_factory=list)  # of single runs


class Worker:
    """Attends to the runs of a job."""

    def __init__(
        self, job: Job, paths: WorkerPaths, device: torch.device, sharers: int = 1
    ) -> None:
        """Args: sharers: processes that may share the device.

        Raises:
            UsageError: a run's method does not apply to the encoder. Besides: see `RunContext`.
        """
        self.job, self.paths, self.device = job, paths, device
        self.context = RunContext(job.settings, paths, device, sharers)
        shape = self.context.original.shape()
        for plugin in job.plugins:
            register_plugin(plugin)
        for planned in job.runs:
            check_plugin(planned.run.method, planned.run.plugin_sha256)
        for method in dict.fromkeys(planned.run.method for planned in job.runs):  # ahead of all
            count_entry(describe(method), shape)
        self.progress = Progress(job.runs, self.context.task.metric)
        self.summary = Summary()

    def run(self) -> Summary:
        """Train what has no record yet; wait at the end for runs that others hold.

        Raises:
            TuningCurvesError: the first error of a single run, after all runs were attended to.
        """
        for planned in self.job.runs:
            self._attend(planned, wait=False)
        for planned in list(self.summary.busy):
            self._attend(planned, wait=True)
            self.summary.busy.remove(planned)
        if self.summary.errors:
            raise self.summary.errors[0]
        return self.summary

    def _attend(self, planned: PlannedRun, *, wait: bool) -> None:
        training = self.paths.training_lock(planned.run, self.job.settings)
        with (
            try_lock(self.paths.lock(planned), wait=wait) as had,
            try_lock(training, wait=wait) as alone,  # no other evaluation of it trains meanwhile
        ):
            if not (had and alone):
                self.summary.busy.append(planned)
                return
            for path in self.paths.written(planned, self.job.settings):
                remove_partials(path)
            try:
                record = self._find_record(planned)
                if record is None:
                    self._record(planned)
                elif self._misses_delta(planned, record):
                    self._train_for_delta(planned, record)
                else:
                    self._forget(planned)
                    self.summary.found += 1
                    self.progress.skip(planned)
            except (DataError, OutOfMemory) as error:
                if self.summary.errors:  # the first one ends the job, and is said then
                    say(f"error: {error}")
                self.summary.errors.append(error)

    def _find_record(self, planned: PlannedRun) -> Record | None:
        """The run's record, checked: from the archive or else the workspace."""
        folders = (self.paths.archive, self.paths.records)
        found = [folder / planned.record for folder in folders if folder is not None]
        path = next((path for path in found if path.exists()), None)
        return None if path is None else read_record(path, planned, self.job.settings)

    def _record(self, planned: PlannedRun) -> None:
        """Train a run, or score what is kept of its training, and write its record."""
        scored = self._score(planned)
        record, model = self._train(planned) if scored is None else (scored, None)
        with shielded():
            write_record(self.paths.records, planned, record)
            self._forget(planned)
            if model is not None:
                self._keep_delta(record, model)
        self.summary.diverged += not record.finished
        self.summary.trained += record.finished and scored is None
        self.summary.scored += record.finished and scored is not None
        self.progress.finish(planned, record, trained=scored is None)

    def _train_for_delta(self, planned: PlannedRun, record: Record) -> None:
        """Train a recorded run again for its delta; the record stays as it is."""
        try:
            trained, model = self._train(planned)
        except OutOfMemory:
            self._forget(planned)  # a run with a record has no failure
            raise
        with shielded():
            self._forget(planned)
            self._keep_delta(trained, model)
        if trained.scores != record.scores:
            say(
                f"warning: {planned.run.path} trained again has other scores than its record: "
                "another machine or other versions; the delta is of this training"
            )
        self.summary.trained += 1
        self.progress.finish(planned, trained, trained=True)

    def _misses_delta(self, planned: PlannedRun, record: Record) -> bool:
        """Whether a recorded run must be trained again, for a delta that was not kept."""
        wanted = self.paths.retrain_for_deltas and record.finished
        return wanted and not self._delta(planned).exists()

    def _delta(self, planned: PlannedRun) -> Path:
        return self.paths.delta(planned.run, self.job.settings)

    def _score(self, planned: PlannedRun) -> Record | None:
        """Evaluate what is kept of the run's training, and make its record; None: it must train.

        Raises:
            OutOfMemory: as `_train`.
        """
        path = self._delta(planned)
        if not path.exists():
            return None
        try:
            kept = read_delta(path)
            check_training(kept, planned.run, self.job.settings, self.context.encoder["files"])
            if kept.about.record.id == planned.id:  # the record alone was lost
                return kept.about.record
            return self._in_memory(planned, lambda: self._score_as_if_it_fits(planned, kept))
        except DataError as error:
            say(f"warning: {error.message}: {planned.run.path} is trained anew")
            return None

    def _forget(self, planned: PlannedRun) -> None:
        """Remove what a run with a record needs no more."""
        self.paths.checkpoint(planned).unlink(missing_ok=True)
        failure_path(self.paths.workspace, planned).unlink(missing_ok=True)

    def _train(self, planned: PlannedRun) -> tuple[Record, EncoderModel]:
        """Train and evaluate one run; returns its record and the trained model.

        Raises:
            OutOfMemory: memory was not enough; what was needed is kept as the run's failure.
        """
        return self._in_memory(planned, lambda: self._train_as_if_it_fits(planned))

    def _in_memory(self, planned: PlannedRun, make: Callable[[], T]) -> T:
        try:
            return make()
        except (MemoryError, OSError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            details = shortage(error, self.device)
        if self.device.type == "cuda":  # what the failed run held is free only by now
            torch.cuda.empty_cache()
        failure = write_failure(self.paths.workspace, planned, "out of memory", details)
        raise shortage_error(planned, failure)

    def _train_as_if_it_fits(self, planned: PlannedRun) -> tuple[Record, EncoderModel]:
        prepared = self.context.prepare(planned)
        try:
            return self._finish(planned, prepared), prepared.model
        except Interrupted:
            prepared.trainer.keep()
            raise

    def _finish(self, planned: PlannedRun, prepared: PreparedRun) -> Record:
        """Train and evaluate a prepared run; returns its record."""
        run, model, trainer = planned.run, prepared.model, prepared.trainer
        method = resolve_method(run.method)
        provenance = gather(self.device, self.context.precision, method.packages)
        watch = Stopwatch(self.device)
        try:
            trace = trainer.train(
                lambda step, loss: self.progress.step(planned, step, loss),
                lambda step: self.progress.resume(planned, step),
            )
            peak = self.context.peak_memory(prepared)  # an evaluation packs larger batches
            failure, scored = None, self._evaluate(prepared.feeds, watch)
        except (Diverged, FloatingPointError) as error:
            trace, peak = trainer.trace, self.context.peak_memory(prepared)
            failure, scored = str(error), NO_SCORES
        before: dict[str, Tensor] = dict(self.context.pristine.named_parameters())
        check_frozen(model, before, run)
        moved = changes(model, before) if method.pretrained else {}
        profile = trace.profile
        assert profile is not None  # the first step has made it
        return Record(
            id=planned.id,
            study=self.job.study,
            run=run,
            settings=self.job.settings,
            status="finished" if failure is None else "diverged",
            failure=failure,
            **scored,
            parameters=Parameters(**vars(prepared.counts), share=prepared.counts.share),
            cost=cost_of(model, trace, watch, profile, peak),
            biases=Biases(change=bias_terms(moved, model), first_gradient=profile.bias_gradients),
            losses=[(int(step), loss) for step, loss in trace.losses],
            validation_curve=[(int(step), score) for step, score in trace.validation],
            provenance=Provenance(**provenance, niceness=trace.niceness),
        )

    def _score_as_if_it_fits(self, planned: PlannedRun, kept: Delta) -> Record:
        """The record that the training left, with the scores of this run's evaluation."""
        left = kept.about.record
        packages = resolve_method(planned.run.method).packages
        provenance = gather(self.device, self.context.precision, packages)
        feeds = self.context.feeds(self.context.restore(kept))
        watch = Stopwatch(self.device)
        failure, scored = None, NO_SCORES
        try:
            scored = self._evaluate(feeds, watch)
        except FloatingPointError as error:
            failure = str(error)
        scoring = Scoring(**provenance, trained_as=left.id, niceness=max(0, niceness()))
        return replace(
            left,
            id=planned.id,
            study=self.job.study,
            settings=self.job.settings,
            status="finished" if failure is None else "diverged",
            failure=failure,
            **scored,
            cost=replace(left.cost, evaluate_seconds=round(watch.seconds, 3)),
            provenance=replace(left.provenance, scored=scoring),
        )

    def _evaluate(self, feeds: Mapping[str, Feed], watch: Stopwatch) -> dict[str, Any]:
        """Evaluate on test and on validation, timed by `watch`."""
        parts = {"test": feeds["test"], "validation": feeds["train"]}
        for split, feed in parts.items():
            feed.warm(self.context.evaluators[split].sample.examples)
        with watch.running():
            outcomes = {
                split: self.context.evaluators[split].evaluate(feed, self.context.precision)
                for split, feed in parts.items()
            }
        return results_of(outcomes, self.context.task, self.context.test_groups)

    def _keep_delta(self, record: Record, model: EncoderModel) -> None:
        """Write what a run has trained, where that is wanted and it has finished."""
        if not (self.paths.keep_deltas and record.finished):
            return
        encoder = {name: file["sha256"] for name, file in self.context.encoder["files"].items()}
        path = self.paths.delta(record.run, record.settings)
        write_delta(path, About(record=record, encoder=encoder), trained_tensors(model))


def run_job(job: Job, paths: WorkerPaths, device: str, slots: GpuSlots | None = None) -> Summary:
    """Run a job on `auto`, `cpu` or `cuda`; a CPU worker uses one thread, as many run at once.

    Raises:
        ResourceError: the encoder does not fit into memory.
    """
    precision = job.settings.training.precision
    settle_arithmetic(precision)
    with chosen_device(device, slots) as chosen:
        say(f"device: {device_name(chosen)}, {number_formats(chosen)}; computes in {precision}")
        warn_of_slow_bfloat16(chosen, precision)
        try:
            worker = Worker(job, paths, chosen, 1 if slots is None else slots.workers)
        except (MemoryError, OSError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            raise ResourceError(
                f"the encoder does not fit into memory: {error}", fix="run again with more memory"
            ) from None
        return worker.run()
