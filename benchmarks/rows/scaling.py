"""How our own cost grows with the number of questions, of cells, and with the windows' length."""

import statistics
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from benchmarks.clock import Sample, Turn, Work, interleave, timed
from benchmarks.engine import make_workshop, planned_cell
from benchmarks.machine import formats
from benchmarks.rows.column import fresh
from benchmarks.rows.common import Bench, Row, Subject, frame
from tuning_curves.training.run import Begun, Workshop

SIZES = {"full": (16, 32, 64), "head": (16, 64, 256)}
CELLS = {"full": (1, 2, 4), "head": (1, 4, 16, 64)}
CELL_SIZE, EPOCHS, BATCH = {"full": 16, "head": 64}, 3, 16
LENGTHS, NEAR = (64, 128, 192, 256, 320, 376), 8  # tokens of a window, and how far off it may be
SUBJECTS = {
    "scaling-n": Subject(
        name="scaling-n",
        ours="one cell, three epochs, float32, its cache cold",
        peer=None,
        unit="cell of n questions",
    ),
    "scaling-cells": Subject(
        name="scaling-cells",
        ours="cells of one subset with different initialisations, three epochs, float32: "
        + ", ".join(f"`{method}` with n = {n}" for method, n in CELL_SIZE.items()),
        peer=None,
        unit="set of cells",
    ),
    "scaling-length": Subject(
        name="scaling-length",
        ours="`full`, a step on 16 windows of about one length",
        peer=None,
        unit="example and training step",
    ),
}
NAMES = tuple(SUBJECTS)


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows: each a table of points."""
    makers = {"scaling-n": by_n, "scaling-cells": by_cells, "scaling-length": by_length}
    for name, make in makers.items():
        if name in wanted:
            yield frame(SUBJECTS[name]) | make(bench)


def by_n(bench: Bench) -> Row:
    """CPU seconds of one cell by n."""
    turns = {
        (method, n): cells_turn(bench, method, n, 1)
        for method, sizes in SIZES.items()
        for n in sizes
    }
    return points_of(bench, turns, "n")


def by_cells(bench: Bench) -> Row:
    """CPU seconds of several cells that share a process."""
    turns = {
        (method, count): cells_turn(bench, method, CELL_SIZE[method], count)
        for method, counts in CELLS.items()
        for count in counts
    }
    return points_of(bench, turns, "cells")


def cells_turn(bench: Bench, method: str, n: int, count: int) -> Turn:
    """A turn that trains this many cells of n questions in a fresh workshop."""
    study = bench.material.study(training={"precision": "float32"})
    steps = EPOCHS * -(-n // BATCH)
    cells = [planned_cell(study, method, n, steps=steps, init=seed) for seed in range(count)]
    return fresh(bench, study, cells)


def points_of(bench: Bench, turns: Mapping[tuple[str, int], Turn], axis: str) -> Row:
    """Run the turns by rounds; the table of their medians, whole turns."""
    named = {f"{method} {value}": turn for (method, value), turn in turns.items()}
    samples = interleave(named, bench.patience, warm=False)
    points = [
        {"method": method, axis: value, "seconds": _seconds(samples[f"{method} {value}"])}
        for method, value in turns
    ]
    return {"rounds": len(next(iter(samples.values()))), "points": points}


def _seconds(samples: Sequence[Sample]) -> float:
    return round(statistics.median(sample.cpu for sample in samples), 3)


def by_length(bench: Bench) -> Row:
    """CPU seconds an example by length, in each number format that the processor is quick in."""
    turns: dict[str, Turn] = {}
    for precision in formats():
        study = bench.material.study(training={"precision": precision})
        shop = make_workshop(bench.material, study, bench.scratch)
        begun = shop.begin(planned_cell(study, "full", BATCH))
        turns |= {f"{precision} {n}": length_turn(shop, begun, n) for n in LENGTHS}
    samples = interleave(turns, bench.patience)
    points: list[dict[str, Any]] = [
        {"length": n}
        | {
            precision: round(_seconds(samples[f"{precision} {n}"]) / BATCH, 5)
            for precision in formats()
        }
        for n in LENGTHS
    ]
    return {"rounds": len(samples[f"float32 {LENGTHS[0]}"]), "points": points}


def length_turn(shop: Workshop, begun: Begun, length: int) -> Turn:
    """A turn of one step on questions whose only window has about this many tokens."""
    features = shop.features["train"]
    single = np.diff(features.feature_bounds)[shop.pool] == 1
    lengths = features.lengths[features.feature_bounds[shop.pool]]
    near = shop.pool[single & (np.abs(lengths - length) <= NEAR)]
    questions = near[:BATCH]
    trainer = begun.trainer

    def work() -> Work:
        trainer.model.train()
        trainer.step(1, questions)  # the first one would be measured
        return Work(units=len(questions))

    return timed(work)
