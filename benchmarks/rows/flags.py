"""Full fine-tuning against the library at its best: batches of like length, padded to their
longest, in the number format that the processor is quicker in.

The library's grouping sorts stretches of 50 batches by length. Every tenth of such a stretch is
taken, in that order, so that a round sees long and short batches alike; ours reads the same
questions in random batches. Grouping changes what a batch is made of, which this package avoids.
"""

import contextlib
from collections.abc import Iterator, Set
from typing import Any

import numpy as np

from benchmarks.clock import Turn, interleave
from benchmarks.engine import make_context, planned_run, stepping
from benchmarks.machine import formats
from benchmarks.peers.stepped import SteppedTraining
from benchmarks.rows.common import Bench, Row, Subject, compared
from benchmarks.rows.steps import products, products_of, stepped_turn
from tuning_curves.data.subsets import subset

STRETCH, EVERY, BATCH = 50, 10, 16
BATCHES = STRETCH // EVERY
DROPOUT = {"full-vs-best-flags": 0.1, "full-vs-best-flags-same-dropout": 0.0}
NAMES = tuple(DROPOUT)


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows, from rounds that they share."""
    chosen = representative(bench)
    names = [name for name in NAMES if name in wanted]
    with contextlib.ExitStack() as peers:
        turns = {}
        for name in names:
            steps = flagged_steps(bench, chosen, DROPOUT[name])
            peer = peers.enter_context(contextlib.closing(steps))
            turns[name] = stepped_turn(peer, BATCHES, BATCH)
        samples = interleave(turns | {"ours": ours(bench, chosen), **products()}, bench.patience)
    for name in names:
        yield compared(_subject(name), samples["ours"], samples[name], products_of(samples))


def _subject(name: str) -> Subject:
    same, precision = DROPOUT[name] == 0.0, formats()[0]
    return Subject(
        name=name,
        ours=f"`full`, {precision} (the quicker one here), unpadded, random batches",
        peer=f"the same example in {precision}, batches of like length padded to their longest"
        + (", attention dropout off" if same else ""),
        unit="example and training step, batches of 16",
        precision=precision,
        note="Batches of like length are not random batches: a different training.",
    )


def representative(bench: Bench) -> np.ndarray:
    """Every tenth batch of a stretch of 50 sorted by length: example numbers, longest first."""
    context = make_context(bench.material, bench.material.study(), bench.scratch)
    windows = context.windows["train"]
    questions = subset(context.pool, STRETCH * BATCH, seed=0)
    lengths = windows.lengths[windows.window_bounds[questions]]
    ordered = questions[np.argsort(-lengths, kind="stable")].reshape(STRETCH, BATCH)
    return ordered[EVERY // 2 :: EVERY].ravel()


def flagged_steps(bench: Bench, chosen: np.ndarray, attention_dropout: float) -> SteppedTraining:
    """The library's training with its best flags on these examples, in their order."""
    from benchmarks.peers import example

    way = bench.material.way
    dataset = way.training_set(chosen, padding=False)
    options: dict[str, Any] = {
        "bf16": formats()[0] == "bfloat16",
        "train_sampling_strategy": "sequential",
        "data_collator": way.collator(padding=False),
    }
    model = way.model(attention_dropout=attention_dropout)
    windows = dataset.select(range(len(chosen)))  # whole batches: no short one at an epoch's end
    return example.stepped(model, windows, bench.scratch / "flagged", **options)


def ours(bench: Bench, chosen: np.ndarray) -> Turn:
    """A turn of our steps over all of these examples, in random order."""
    study = bench.material.study(training={"precision": formats()[0]})
    context = make_context(bench.material, study, bench.scratch)
    prepared = context.prepare(planned_run(study, "full", len(chosen)))
    prepared.trainer.examples = chosen
    return stepping(prepared, BATCHES)
