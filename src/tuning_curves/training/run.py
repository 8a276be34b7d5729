"""What the runs of a job share, and how a run is prepared from it.

A run's numbers never depend on its company: the model is copied afresh, the random state is set
by the run's own seeds, and what is shared (windows, activations of frozen layers, chosen entries)
is made from the study and the run's own values alone.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tuning_curves.data.subsets import split_pools, stratified_sample, subset
from tuning_curves.encoders.batches import ActivationCache, Feed, Room
from tuning_curves.encoders.disk_cache import Store
from tuning_curves.encoders.fetch_encoder import open_encoder
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.precision import products, store_frozen
from tuning_curves.methods import (
    Counts,
    Method,
    apply_method,
    count_frozen_layers,
    resolve_method,
)
from tuning_curves.methods.masks import SELECT_EXAMPLES
from tuning_curves.methods.sparse import place_sparse
from tuning_curves.study.job import ENGINE, PlannedRun, Run, Settings
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.tasks import make_task
from tuning_curves.tasks.windows import Windows, open_windows, read_manifest
from tuning_curves.training.belonging import check_belongs
from tuning_curves.training.delta import Delta, put_delta
from tuning_curves.training.evaluate import Evaluator
from tuning_curves.training.loop import Trainer, score_examples
from tuning_curves.training.passes import bounded_loss
from tuning_curves.training.profile import (
    allocated,
    peak_memory,
    reset_peak_memory,
)
from tuning_curves.util.files import GIB, sha256_of
from tuning_curves.util.log import say
from tuning_curves.util.provenance import device_name, number_formats, versions

ACTIVATION_BYTES = 3 * GIB  # what the frozen parts' output may take of a CPU's memory, in all
GPU_SHARE = 0.3  # and of a GPU's free memory, by all processes that share it


@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """A run before its first step: the model with its method, batches by split, the trainer."""

    model: EncoderModel
    counts: Counts
    feeds: dict[str, Feed]
    trainer: Trainer
    shared: int = 0  # bytes of the device that were taken before, less the room left for caches


class RunContext:
    """Everything that the runs of a job share."""

    def __init__(
        self,
        settings: Settings,
        paths: WorkerPaths,
        device: torch.device,
        sharers: int = 1,
    ) -> None:
        """Args: settings: what all of the job's runs have in common. sharers: processes on a GPU.

        Raises:
            DataError: the encoder or the windows are not those that the settings name.
        """
        self.settings, self.paths, self.device = settings, paths, device
        self.training = settings.training
        self.task = make_task(settings.task)
        self.precision: str = self.training.precision
        self.windows: dict[str, Windows] = open_windows(paths.windows)
        self.encoder = open_encoder(paths.encoder)
        self.manifest = read_manifest(paths.windows)
        check_belongs(settings, self.encoder, self.manifest, paths)
        self.original = load_encoder(
            paths.encoder,
            outputs=self.task.outputs,
            hidden_dropout=self.training.hidden_dropout,
            attention_dropout=self.training.attention_dropout,
            pooling=self.task.pooling,
            head_dropout=self.training.hidden_dropout if self.task.head_dropout else 0.0,
        )
        self.original.eval().requires_grad_(False)
        on_host = device.type == "cpu"
        self.pristine = self.original if on_host else copy.deepcopy(self.original).to(device)
        self.caches: dict[tuple[str, int], ActivationCache] = {}
        self.room = Room(_memory_for_caches(device, sharers))
        self.selections: dict[tuple[Any, ...], dict[str, Tensor]] = {}
        self._choose_examples()

    def _choose_examples(self) -> None:
        """Who is trained on, and who is scored: the same for every run of a study."""
        train, test = self.windows["train"], self.windows["test"]
        evaluation = self.settings.evaluation
        held_out = self.settings.data.held_out_examples
        self.pool, self.held = split_pools(train.group_sizes, held_out)
        validation = self._sample_held(_count(evaluation.validation_examples))
        tested = stratified_sample(test.group_sizes, _count(evaluation.test_examples))
        self.evaluators = {
            "test": Evaluator(self.task, test, tested),
            "validation": Evaluator(self.task, train, validation),
        }
        self.along: dict[int, Evaluator] = {}
        self.test_groups: list[int] = _by_group(tested, test.group_sizes).tolist()

    def _sample_held(self, count: int | None) -> np.ndarray:
        """So many examples of the validation split, spread over its groups; None is all."""
        sizes = _by_group(self.held, self.windows["train"].group_sizes)
        return self.held[stratified_sample(sizes, count)]

    def _evaluator_along(self, run: Run) -> Evaluator:
        """What a run is scored on at points along its training, whatever `evaluation` says."""
        count = min(score_examples(run.steps, self.training.batch_size), len(self.held))
        if count not in self.along:
            sample = self._sample_held(count)
            self.along[count] = Evaluator(self.task, self.windows["train"], sample)
        return self.along[count]

    def prepare(self, planned: PlannedRun) -> PreparedRun:
        """Everything of one run before its first step."""
        run = planned.run
        shared = self.shared_bytes()
        model, counts = self.make_model(run)
        reset_peak_memory(self.device)  # what chooses entries is shared, and no run's own cost
        feeds = self.feeds(model)
        trainer = Trainer(
            self.task,
            model,
            feeds["train"],
            subset(self.pool, run.n_train, run.subset_seed),
            run,
            self.training,
            self.paths.checkpoint(planned),
            self.paths.checkpoint_seconds,
            self._evaluator_along(run),
        )
        return PreparedRun(model=model, counts=counts, feeds=feeds, trainer=trainer, shared=shared)

    def restore(self, delta: Delta) -> EncoderModel:
        """The model that a training has left, to the bit.

        Raises:
            DataError: tensors that do not fit the run's method.
        """
        run = delta.about.run
        chosen = {} if resolve_method(run.method).select is None else delta.positions
        model, _ = self.make_model(run, chosen)  # other single entries are drawn, as they were
        put_delta(model, delta)
        return model

    def shared_bytes(self) -> int:
        """Bytes of a GPU that are no run's own, beside the room left for caches."""
        return allocated(self.device) + self.room.left

    def peak_memory(self, prepared: PreparedRun) -> int | None:
        """The most bytes of a GPU that a run has needed itself; None on a CPU."""
        peak = peak_memory(self.device)
        if peak is None:
            return None
        return max(peak, prepared.trainer.peak) - (prepared.shared - self.room.left)

    def make_model(
        self, run: Run, chosen: dict[str, Tensor] | None = None
    ) -> tuple[EncoderModel, Counts]:
        """A fresh copy of the encoder with the run's method in it.

        Args:
            chosen: the entries that a method chooses by the data, where they are known already.
        """
        model = copy.deepcopy(self.original)
        generator = torch.Generator().manual_seed(run.init_seed)
        method = resolve_method(run.method)
        counts = apply_method(method, model, generator)
        place_sparse(model, self._select(method, model, run) if chosen is None else chosen)
        store_frozen(model, self.precision)
        return model.to(self.device), counts

    def _select(self, method: Method, model: EncoderModel, run: Run) -> dict[str, Tensor]:
        """The entries that a method chooses by the data: once for all that share data and head."""
        if method.select is None:
            return {}
        examples = subset(self.pool, run.n_train, run.subset_seed)[:SELECT_EXAMPLES]
        key = (method.name, run.init_seed, examples.tobytes())
        if key not in self.selections:
            feed = Feed(model.to(self.device), self.windows["train"], None)
            most = self.training.pass_tokens
            losses = (
                bounded_loss(self.task, model, feed, one, self.precision, most)
                for one in examples[:, None]
            )
            with products(self.device, self.precision):
                self.selections[key] = method.select(model, losses)
        return self.selections[key]

    def feeds(self, model: EncoderModel) -> dict[str, Feed]:
        """Batches for a model by part of the data; the validation split is of `train`."""
        return {split: self.feed(model, split) for split in ("train", "test")}

    def feed(self, model: EncoderModel, split: str) -> Feed:
        """A split's batches for a model: what is frozen below its first trained layer is shared."""
        windows, first = self.windows[split], count_frozen_layers(model)
        if first == 0:
            return Feed(model, windows, None)
        if (split, first) not in self.caches:
            store = self._store(split, first)
            self.caches[split, first] = ActivationCache(
                self.pristine, windows, first, self.precision, self.room, store
            )
        return Feed(model, windows, self.caches[split, first])

    def _store(self, split: str, first: int) -> Store | None:
        """Where activations are kept on disk, by a name that tells all that they hang on."""
        if self.paths.cache is None:
            return None
        key = [
            self.encoder["files"],
            self.manifest["files"],
            [ENGINE, split, first, self.precision],
            [device_name(self.device), number_formats(self.device)],
            [versions()["torch"], versions()["transformers"]],
        ]
        lengths, width = self.windows[split].lengths, self.pristine.head.in_features
        name = f"{split}-{first}-{sha256_of(key)[:12]}"
        try:
            return Store(self.paths.cache, name, lengths, width, self.paths.cache_bytes)
        except OSError as error:
            say(f"warning: the frozen part's output stays in memory: {error}")
            return None


def _memory_for_caches(device: torch.device, sharers: int) -> int:
    if device.type == "cpu":
        return ACTIVATION_BYTES
    free, _ = torch.cuda.mem_get_info(device)
    return int(GPU_SHARE * free / sharers)


def _count(examples: int | str) -> int | None:
    return None if examples == "all" else int(examples)


def _by_group(examples: np.ndarray, group_sizes: np.ndarray) -> np.ndarray:
    """How many of these examples (sorted) each group has, without groups that have none."""
    edges = np.concatenate(([0], np.cumsum(group_sizes)))
    counts = np.histogram(examples, edges)[0]
    return counts[counts > 0]
