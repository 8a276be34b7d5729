"""One process: start once, then train, evaluate and record a job's cells one after the other.

A cell's numbers never depend on its company: the model is copied afresh, the random state is set
by the cell's own seeds, and what is shared (windows, the frozen part's output) is made window by
window. A cell that another process holds is left to it and looked at again at the end.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tuning_curves.deltas.file import About, write_delta
from tuning_curves.errors import DataError, ResourceError, TuningCurvesError
from tuning_curves.evaluation.examination import Examination, Outcomes
from tuning_curves.failures import failure_path, write_failure
from tuning_curves.features import open_features, read_manifest
from tuning_curves.files import remove_partials, sha256_of
from tuning_curves.interrupts import Interrupted, shielded
from tuning_curves.locks import try_lock
from tuning_curves.methods import (
    Counts,
    Method,
    apply_method,
    count_frozen_layers,
    resolve_method,
    trained_tensors,
)
from tuning_curves.methods.biases import bias_terms
from tuning_curves.methods.entries import place_entries, plain_name
from tuning_curves.methods.masks import SELECT_QUESTIONS
from tuning_curves.model import SpanModel, load_encoder
from tuning_curves.outcomes import encode_outcomes
from tuning_curves.provenance import device_name, gather, versions
from tuning_curves.records import new_record, read_record, sealed, write_record
from tuning_curves.sources.encoders import open_encoder
from tuning_curves.study import ENGINE, Cell, Planned
from tuning_curves.subsets import (
    selection_articles,
    selection_pool,
    stratified_sample,
    subset,
    training_pool,
)
from tuning_curves.training.belonging import check_belongs
from tuning_curves.training.cost import Stopwatch, peak_memory, tensor_bytes
from tuning_curves.training.gpus import GpuSlots, chosen_device
from tuning_curves.training.inputs import Feed
from tuning_curves.training.job import Job
from tuning_curves.training.loop import Diverged, Trace, Trainer, loss_of
from tuning_curves.training.memory import is_shortage, shortage, shortage_error
from tuning_curves.training.prefix import FrozenPrefix, Room
from tuning_curves.training.probe import Probe
from tuning_curves.training.progress import Progress, say
from tuning_curves.training.sizes import GIB
from tuning_curves.training.store import Store

PREFIX_BYTES = 3 * GIB  # what the frozen parts' output may take of a CPU's memory, in all
GPU_SHARE = 0.3  # and of a GPU's free memory


@dataclass(frozen=True, kw_only=True)
class Places:
    """Folders that a worker reads (encoder, features) and writes (all else).

    Without `cache` the frozen parts' output stays in memory; `cache_bytes` is all it may take.
    """

    encoder: Path
    features: Path
    workspace: Path
    cache: Path | None = None  # where the frozen parts' output is kept on disk
    cache_bytes: int = 16 * GIB
    checkpoint_seconds: float | None = None  # None: as often as the loop does by itself
    archive: Path | None = None  # records that are found here are not made again
    keep_deltas: bool = False  # whether what each cell trained is kept beside its record

    @property
    def records(self) -> Path:
        return self.workspace / "records"

    def delta(self, planned: Planned) -> Path:
        return (self.workspace / "deltas" / planned.record).with_suffix(".safetensors")

    def lock(self, planned: Planned) -> Path:
        return self.workspace / "locks" / f"{planned.id}.lock"

    def checkpoint(self, planned: Planned) -> Path:
        return self.workspace / "checkpoints" / f"{planned.id}.checkpoint"

    def written(self, planned: Planned) -> tuple[Path, ...]:
        """All files that training a cell writes."""
        return (
            self.records / planned.record,
            self.checkpoint(planned),
            self.delta(planned),
            failure_path(self.workspace, planned),
        )


@dataclass(kw_only=True)
class Summary:
    """What became of a job's cells: counts."""

    trained: int = 0
    diverged: int = 0
    found: int = 0
    busy: list[Planned] = field(default_factory=list)
    errors: list[TuningCurvesError] = field(default_factory=list)  # of single cells


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A cell before its first step: the model with its method, batches by split, the trainer."""

    model: SpanModel
    counts: Counts
    feeds: dict[str, Feed]
    trainer: Trainer


class Worker:
    """Everything that the cells of a job share."""

    def __init__(self, job: Job, places: Places, device: torch.device) -> None:
        self.job, self.places, self.device = job, places, device
        self.training = job.settings["training"]
        self.features = open_features(places.features)
        self.encoder = open_encoder(places.encoder)
        self.manifest = read_manifest(places.features)
        check_belongs(job.settings, self.encoder, self.manifest, places)
        self.pristine = load_encoder(
            places.encoder,
            hidden_dropout=self.training["hidden_dropout"],
            attention_dropout=self.training["attention_dropout"],
        ).to(device)
        self.pristine.eval().requires_grad_(False)
        self.prefixes: dict[tuple[str, int], FrozenPrefix] = {}
        self.room = Room(_memory_for_prefixes(device))
        self.selections: dict[tuple[Any, ...], dict[str, Tensor]] = {}
        self.probes: dict[tuple[Any, ...], Probe] = {}
        self._choose_questions()

    def _choose_questions(self) -> None:
        train, dev = self.features["train"], self.features["dev"]
        evaluation = self.job.settings["evaluation"]
        limits = {key: evaluation[key] for key in ("n_best", "max_answer_tokens")}
        held_out = selection_articles(
            train.article_sizes, self.job.settings["data"]["held_out_questions"]
        )
        self.pool = training_pool(train.article_sizes, held_out)
        held = selection_pool(train.article_sizes, held_out)
        sizes = train.article_sizes[held_out]
        selection = held[stratified_sample(sizes, _count(evaluation["selection_questions"]))]
        asked = stratified_sample(dev.article_sizes, _count(evaluation["dev_questions"]))
        self.exams = {
            "dev": Examination(dev, asked, **limits),
            "selection": Examination(train, selection, **limits),
        }
        edges = np.concatenate(([0], np.cumsum(dev.article_sizes)))
        asked_of = np.histogram(asked, edges)[0]
        self.dev_articles = asked_of[asked_of > 0].tolist()

    def run(self) -> Summary:
        """Train what has no record yet; wait at the end for cells that others hold.

        Raises:
            TuningCurvesError: the first error of a single cell, after all cells were attended to.
        """
        summary = Summary()
        progress = Progress(self.job.cells)
        for planned in self.job.cells:
            self._attend(planned, summary, progress, wait=False)
        for planned in list(summary.busy):
            self._attend(planned, summary, progress, wait=True)
            summary.busy.remove(planned)
        if summary.errors:
            for error in summary.errors[1:]:
                say(f"error: {error}")
            raise summary.errors[0]
        return summary

    def _attend(
        self, planned: Planned, summary: Summary, progress: Progress, *, wait: bool
    ) -> None:
        with try_lock(self.places.lock(planned), wait=wait) as had:
            if not had:
                summary.busy.append(planned)
                return
            for path in self.places.written(planned):
                remove_partials(path)
            try:
                record = self._find_record(planned)
                if record is None:
                    self._record(planned, summary, progress)
                elif self._lacks_delta(planned, record):
                    self._train_for_delta(planned, record, summary, progress)
                else:
                    self._forget(planned)
                    summary.found += 1
                    progress.skip(planned)
            except DataError as error:
                summary.errors.append(error)

    def _find_record(self, planned: Planned) -> dict[str, Any] | None:
        """The cell's record, checked: from the archive or else the workspace."""
        folders = (self.places.archive, self.places.records)
        found = [folder / planned.record for folder in folders if folder is not None]
        path = next((path for path in found if path.exists()), None)
        return None if path is None else read_record(path, planned, self.job.settings)

    def _record(self, planned: Planned, summary: Summary, progress: Progress) -> None:
        """Train a cell and write its record, or the failure that it lacked memory."""
        trained = self._train_if_it_fits(planned, progress)
        if isinstance(trained, ResourceError):
            summary.errors.append(trained)
            say(f"error: {trained.message}")
            return
        with shielded():
            write_record(self.places.records, planned, sealed(trained))
            self._forget(planned)
        summary.diverged += trained["status"] == "diverged"
        summary.trained += trained["status"] != "diverged"
        progress.finish(planned, trained)

    def _train_if_it_fits(
        self, planned: Planned, progress: Progress
    ) -> dict[str, Any] | ResourceError:
        """The cell's record, or the error that memory was not enough, kept as its failure."""
        try:
            return self.train(planned, progress)
        except (MemoryError, OSError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            details = shortage(error, self.device)
        if self.device.type == "cuda":  # what the failed cell held is free only by now
            torch.cuda.empty_cache()
        failure = write_failure(self.places.workspace, planned, "out of memory", details)
        return shortage_error(planned, failure)

    def _forget(self, planned: Planned) -> None:
        """Remove what a cell with a record needs no more."""
        self.places.checkpoint(planned).unlink(missing_ok=True)
        failure_path(self.places.workspace, planned).unlink(missing_ok=True)

    def _lacks_delta(self, planned: Planned, record: dict[str, Any]) -> bool:
        """Whether a recorded cell must be trained again, for a delta that was not kept."""
        kept = self.places.delta(planned).exists()
        return self.places.keep_deltas and not kept and record["status"] == "finished"

    def _train_for_delta(
        self, planned: Planned, record: dict[str, Any], summary: Summary, progress: Progress
    ) -> None:
        """Train a recorded cell again for its delta; the record stays as it is."""
        trained = self._train_if_it_fits(planned, progress)
        self._forget(planned)
        if isinstance(trained, ResourceError):
            summary.errors.append(trained)
            return
        if trained["scores"] != record["scores"]:
            say(
                f"warning: {planned.cell.path} trained again has other scores than its record: "
                "another machine or other versions; the delta is of this training"
            )
        summary.trained += 1
        progress.finish(planned, trained)

    def train(self, planned: Planned, progress: Progress) -> dict[str, Any]:
        """Train and evaluate one cell; returns its record."""
        begun = self.begin(planned)
        begun.trainer.on_resume = lambda step: progress.resume(planned, step)
        try:
            return self._train_begun(planned, begun, progress)
        except Interrupted:
            begun.trainer.keep()
            raise

    def _train_begun(self, planned: Planned, begun: Begun, progress: Progress) -> dict[str, Any]:
        cell = planned.cell
        record = new_record(self.job.study, planned, self.job.settings)
        method = resolve_method(cell.method)
        provenance = gather(self.device, self.training["precision"], method.packages)
        model, feeds, trainer = begun.model, begun.feeds, begun.trainer
        watch = Stopwatch(self.device)
        probe = self._probe(trainer, cell)
        try:
            trace = trainer.run(lambda step, loss: progress.step(planned, step, loss))
            peak = peak_memory(self.device)  # of training: an evaluation packs larger batches
            asked = {"dev": feeds["dev"], "selection": feeds["train"]}
            for split, feed in asked.items():
                feed.warm(self.exams[split].questions)
            with watch.running():
                outcomes = {
                    split: self.exams[split].take(feed, self.training["precision"])
                    for split, feed in asked.items()
                }
            results = {"status": "finished", "failure": None, **self._results(outcomes)}
        except (Diverged, FloatingPointError) as failure:
            trace, peak = trainer.trace, peak_memory(self.device)
            results = {"status": "diverged", "failure": str(failure), "scores": None}
            results["outcomes"] = None
        before: dict[str, Tensor] = dict(self.pristine.named_parameters())
        self._check_frozen(model, before, cell)
        if self.places.keep_deltas and results["status"] == "finished":
            self._keep_delta(planned, model, results["scores"])
        changes = _changes(model, before) if method.pretrained else {}
        return {
            **record,
            **results,
            "parameters": {**vars(begun.counts), "share": begun.counts.share},
            "cost": self._cost(model, trace, watch, probe) | {"peak_memory_bytes": peak},
            "biases": {
                "change": bias_terms(changes, len(model.layers)),
                "first_gradient": probe.bias_gradients,
            },
            "losses": trace.losses,
            "provenance": provenance,
        }

    def _keep_delta(self, planned: Planned, model: SpanModel, scores: dict[str, Any]) -> None:
        about = About(
            study=self.job.study,
            id=planned.id,
            cell=planned.cell,
            settings=self.job.settings,
            encoder={name: file["sha256"] for name, file in self.encoder["files"].items()},
            scores=scores,
        )
        write_delta(self.places.delta(planned), about, trained_tensors(model))

    def begin(self, planned: Planned) -> Begun:
        """Everything of one cell before its first step."""
        cell = planned.cell
        model, counts = self._prepare(cell)
        if self.device.type == "cuda":  # what chooses entries is shared, and no cell's own cost
            torch.cuda.reset_peak_memory_stats(self.device)
        feeds = {split: self._feed(model, split) for split in ("train", "dev")}
        questions = subset(self.pool, cell.n_train, cell.subset_seed)
        checkpoint = self.places.checkpoint(planned)
        trainer = Trainer(model, feeds["train"], questions, cell, self.training, checkpoint)
        trainer.checkpoint_seconds = self.places.checkpoint_seconds
        return Begun(model=model, counts=counts, feeds=feeds, trainer=trainer)

    def _prepare(self, cell: Cell) -> tuple[SpanModel, Counts]:
        """A fresh copy of the encoder with the cell's method in it."""
        model = copy.deepcopy(self.pristine)
        generator = torch.Generator().manual_seed(cell.init_seed)
        method = resolve_method(cell.method)
        counts = apply_method(method, model.cpu(), generator)
        place_entries(model, self._select(method, model, cell))
        if self.training["precision"] == "bfloat16":
            store_frozen_in_bfloat16(model)
        return model.to(self.device), counts

    def _select(self, method: Method, model: SpanModel, cell: Cell) -> dict[str, Tensor]:
        """The entries that a method chooses by the data: once for all that share data and head."""
        if method.select is None:
            return {}
        questions = subset(self.pool, cell.n_train, cell.subset_seed)[:SELECT_QUESTIONS]
        key = (method.name, cell.init_seed, questions.tobytes())
        if key not in self.selections:
            feed = Feed(model.to(self.device), self.features["train"], None)
            precision = self.training["precision"]
            losses = (loss_of(model, feed, one, precision) for one in questions[:, None])
            self.selections[key] = method.select(model, losses)
        return self.selections[key]

    def _probe(self, trainer: Trainer, cell: Cell) -> Probe:
        """The cost of the first step, which rates and budgets do not change."""
        key = (cell.method, cell.n_train, cell.subset_seed, cell.init_seed)
        if key not in self.probes:
            self.probes[key] = trainer.probe()
        return self.probes[key]

    def _feed(self, model: SpanModel, split: str) -> Feed:
        first = count_frozen_layers(model)
        if first == 0:
            return Feed(model, self.features[split], None)
        features = self.features[split]
        if (split, first) not in self.prefixes:
            self.prefixes[split, first] = FrozenPrefix(
                self.pristine, features, first, self.training["precision"], self.room,
                self._store(split, first),
            )  # fmt: skip
        return Feed(model, features, self.prefixes[split, first])

    def _store(self, split: str, first: int) -> Store | None:
        """Where a prefix is kept on disk, under a name that tells all that its numbers hang on."""
        if self.places.cache is None:
            return None
        key = [
            self.encoder["files"],
            self.manifest["files"],
            [ENGINE, split, first, self.training["precision"]],
            [device_name(self.device), versions()["torch"]],
        ]
        lengths, width = self.features[split].lengths, self.pristine.qa_outputs.in_features
        name = f"{split}-{first}-{sha256_of(key)[:12]}"
        try:
            return Store(self.places.cache, name, lengths, width, self.places.cache_bytes)
        except OSError as error:
            say(f"warning: the frozen part's output stays in memory: {error}")
            return None

    def _results(self, outcomes: dict[str, Outcomes]) -> dict[str, Any]:
        scores = {
            split: {
                "exact": int(taken.exact.sum()),
                "f1": float(taken.f1.sum()),
                "total": len(taken.exact),
            }
            for split, taken in outcomes.items()
        }
        dev = outcomes["dev"]
        return {
            "scores": scores,
            "outcomes": encode_outcomes(dev.exact, dev.f1, self.dev_articles),
        }

    def _cost(
        self, model: SpanModel, trace: Trace, watch: Stopwatch, probe: Probe
    ) -> dict[str, float | None]:
        measured = {key: value for key, value in vars(probe).items() if key != "bias_gradients"}
        return {
            "train_seconds": round(trace.seconds, 3),
            "evaluate_seconds": round(watch.seconds, 3),
            "seconds_per_step": round(trace.seconds / max(1, trace.step), 6),
            "optimizer_bytes": trace.optimizer_bytes,
            "delta_bytes": tensor_bytes(trained_tensors(model)),
            **measured,
        }

    def _check_frozen(self, model: SpanModel, before: Mapping[str, Tensor], cell: Cell) -> None:
        """What the method does not train must be, byte for byte, what it was."""
        for name, parameter in model.named_parameters():
            plain = plain_name(name)  # of a tensor with chosen entries: the tensor without them
            frozen = not parameter.requires_grad and plain in before
            if frozen and not torch.equal(parameter, before[plain].to(parameter.dtype)):
                raise DataError(
                    f"cell {cell.path}: frozen tensor {plain} moved during training",
                    fix="this is a defect of the package: please report it",
                )


def _changes(model: SpanModel, before: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How far what is trained of the encoder, whole tensors and entries, is from what it was."""
    trained = trained_tensors(model)
    values = {n: t for n, t in trained.items() if n not in before and t.is_floating_point()}
    entries = {name: t for name, t in values.items() if plain_name(name) in before}
    return entries | {name: trained[name] - before[name] for name in trained if name in before}


def store_frozen_in_bfloat16(model: nn.Module) -> None:
    """Keep frozen weights of linear layers as bfloat16, which autocast would make of them.

    A weight with chosen entries stays in float32, where small changes are not lost.
    """
    for module in model.modules():
        if not isinstance(module, nn.Linear) or parametrize.is_parametrized(module, "weight"):
            continue
        if not module.weight.requires_grad:
            module.weight.data = module.weight.data.bfloat16()


def _memory_for_prefixes(device: torch.device) -> int:
    if device.type == "cpu":
        return PREFIX_BYTES
    free, _ = torch.cuda.mem_get_info(device)
    return int(GPU_SHARE * free)


def _count(questions: int | str) -> int | None:
    return None if questions == "all" else int(questions)


def settle_arithmetic(precision: str) -> None:
    """One thread, so that sums have one order, and no shortcuts for a study in float32."""
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")


def run_job(job: Job, places: Places, device: str, slots: GpuSlots | None = None) -> Summary:
    """Run a job on `auto`, `cpu` or `cuda`; a CPU worker uses one thread, as many run at once.

    Raises:
        ResourceError: the encoder does not fit into memory.
    """
    settle_arithmetic(job.settings["training"]["precision"])
    with chosen_device(device, slots) as chosen:
        try:
            worker = Worker(job, places, chosen)
        except (MemoryError, OSError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            raise ResourceError(
                f"the encoder does not fit into memory: {error}", fix="run again with more memory"
            ) from None
        return worker.run()
