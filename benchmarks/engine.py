"""Our side of every row: the package's own engine, run by run or step by step."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.clock import Turn, Work, timed
from benchmarks.material import Material
from tuning_curves.study.grid import Study
from tuning_curves.study.job import PlannedRun, Run, identity
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.training.optimizer import batches
from tuning_curves.training.run import PreparedRun, RunContext

LONG = 100_000  # steps of a run that is only ever stepped: its rate stays all but constant
RATE = 3e-5  # the example's


def planned_run(
    study: Study, method: str, n: int, *, steps: int = LONG, rate: float = RATE,
    subset: int = 0, init: int = 0,
) -> PlannedRun:  # fmt: skip
    """A run of a study, whatever the study itself lists."""
    run = Run(
        method=method, n_train=n, steps=steps, learning_rate=rate,
        subset_seed=subset, init_seed=init,
    )  # fmt: skip
    return PlannedRun(budget="benchmark", run=run, id=identity(study.settings, run))


def make_context(material: Material, study: Study, scratch: Path) -> RunContext:
    """A context as a study's jobs make one: what frozen layers put out is kept below `scratch`."""
    own = material.paths
    paths = WorkerPaths(
        encoder=own.encoder,
        windows=own.windows,
        workspace=scratch,
        cache=scratch / "activations",
    )
    return RunContext(study.settings, paths, torch.device("cpu"))


def stepping(prepared: PreparedRun, steps: int) -> Turn:
    """A turn of training steps on random batches; what lies below the first trained layer is warm.

    Operations are those of the first batch, scaled by tokens.
    """
    trainer = prepared.trainer
    profile = trainer.profile()
    gflop_per_token = profile.flops_per_step / profile.step_tokens / 1e9
    trainer.feed.warm(trainer.examples)
    order = _endless(len(trainer.examples), trainer.training.batch_size)

    def work() -> Work:
        trainer.model.train()
        units = tokens = 0
        for number, chosen in itertools.islice(order, steps):
            examples = trainer.examples[chosen]
            trainer.step(number, examples)
            units += len(examples)
            tokens += count_tokens(prepared, examples)
        return Work(units=units, gflop=tokens * gflop_per_token)

    return timed(work)


def _endless(n: int, size: int) -> Iterator[tuple[int, np.ndarray]]:
    return enumerate(batches(n, size, LONG, seed=0))


def count_tokens(prepared: PreparedRun, examples: np.ndarray) -> int:
    """Tokens of all windows of these training examples."""
    windows = prepared.trainer.feed.windows
    return int(windows.lengths[windows.windows_of(examples)].sum())
