"""A whole column of `head`: one size, every rate and seed, with the cost of filling the cache."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from benchmarks.clock import Sample, Turn, Work, interleave, timed
from benchmarks.engine import make_context, planned_run
from benchmarks.rows.common import Bench, Row, Subject, compared
from benchmarks.rows.steps import SAMPLE, example_steps, products, products_of, stepped_turn
from tuning_curves.study.grid import Study
from tuning_curves.study.job import PlannedRun
from tuning_curves.training.run import RunContext

RATES, SEEDS, EPOCHS, BATCH = (3e-3, 1e-2, 2e-2, 3e-2), range(5), 3, 16
FULL_SIZE, SMALL_SIZE = 2_000, 400  # five subsets of 2,000 questions take ten minutes to cache
PEER_STEPS = 2
TARGETS = {"head-column": 75, "head-column-one-subset": 200}
NAMES = tuple(TARGETS)
COMMON = (
    "Training only, cache cold at the start and filled within. The peer's column is extrapolated "
    "from measured steps: a pass costs the same in every one of its epochs and runs."
)


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows; they share the peer's steps."""
    names = [name for name in NAMES if name in wanted]
    peer = "the example with all but the head frozen, padded to 384, float32"
    yield from against(bench, [subject(bench, name, TARGETS[name], peer) for name in names])


def against(
    bench: Bench, subjects: Sequence[Subject], steps: int = PEER_STEPS, n: int = SAMPLE
) -> Iterator[Row]:
    """Columns of the bench's data against the example's steps on n examples of it."""
    with contextlib.closing(example_steps(bench, "head", n)) as peer:
        turns = {one.name: column(bench, one.name) for one in subjects}
        turns |= {"peer": stepped_turn(peer, steps), **products()}
        samples = interleave(turns, bench.patience, warm=False)
    for one in subjects:
        yield compared(one, samples[one.name], samples["peer"], products_of(samples))


def subject(bench: Bench, name: str, target: float, peer: str) -> Subject:
    """What such a row says of itself."""
    kind = "five initialisations on one" if shares_subset(name) else "five seeds, each its own"
    return Subject(
        name=name,
        ours=f"20 runs of `head`, four rates, {kind} subset, n = {size(bench, name):,}, "
        "three epochs, float32",
        peer=peer,
        unit="example, epoch and run",
        target=target,
        note=COMMON,
    )


def shares_subset(name: str) -> bool:
    """Whether all runs of the column of this name train on the same examples."""
    return name.endswith("one-subset")


def size(bench: Bench, name: str) -> int:
    """Examples of a run: 2,000, or fewer where that takes more than four minutes."""
    return FULL_SIZE if bench.whole or shares_subset(name) else SMALL_SIZE


def column(bench: Bench, name: str) -> Turn:
    """A turn that trains the whole column in a fresh context."""
    study, n = bench.material.study(training={"precision": "float32"}), size(bench, name)
    own_subsets = not shares_subset(name)
    runs = [
        planned_run(
            study, "head", n, steps=EPOCHS * -(-n // BATCH), rate=rate,
            subset=seed if own_subsets else 0, init=seed,
        )
        for seed in SEEDS
        for rate in RATES
    ]  # fmt: skip
    return fresh(bench, study, runs)


def fresh(bench: Bench, study: Study, runs: list[PlannedRun]) -> Turn:
    """A turn that trains these runs with a cold cache; starting is not counted."""

    def turn() -> Sample:
        with tempfile.TemporaryDirectory(dir=bench.scratch) as folder:
            context = make_context(bench.material, study, Path(folder))
            return timed(lambda: train(context, runs))()

    return turn


def train(context: RunContext, runs: list[PlannedRun]) -> Work:
    """Train these runs one after the other; a unit is a question in an epoch of a run."""
    for planned in runs:
        context.prepare(planned).trainer.train(lambda step, loss: None)
    size = context.training.batch_size
    return Work(units=sum(min(p.run.n_train, size) * p.run.steps for p in runs))
