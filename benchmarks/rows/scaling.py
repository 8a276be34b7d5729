"""How our own cost grows with the number of questions, of runs, and with the windows' length."""

import statistics
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from benchmarks.clock import Sample, Turn, Work, interleave, timed
from benchmarks.engine import make_context, planned_run
from benchmarks.machine import formats
from benchmarks.rows.column import fresh
from benchmarks.rows.common import Bench, Row, Subject, frame
from tuning_curves.training.run import PreparedRun, RunContext

SIZES = {"full": (16, 32, 64), "head": (16, 64, 256)}
RUNS = {"full": (1, 2, 4), "head": (1, 4, 16, 64)}
RUN_SIZE, EPOCHS, BATCH = {"full": 16, "head": 64}, 3, 16
LENGTHS, NEAR = (64, 128, 192, 256, 320, 376), 8  # tokens of a window, and how far off it may be
SUBJECTS = {
    "scaling-n": Subject(
        name="scaling-n",
        ours="one run, three epochs, float32, its cache cold",
        peer=None,
        unit="run of n questions",
    ),
    "scaling-runs": Subject(
        name="scaling-runs",
        ours="runs of one subset with different initialisations, three epochs, float32: "
        + ", ".join(f"`{method}` with n = {n}" for method, n in RUN_SIZE.items()),
        peer=None,
        unit="set of runs",
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
    makers = {"scaling-n": by_n, "scaling-runs": by_runs, "scaling-length": by_length}
    for name, make in makers.items():
        if name in wanted:
            yield frame(SUBJECTS[name]) | make(bench)


def by_n(bench: Bench) -> Row:
    """CPU seconds of one run by n."""
    turns = {
        (method, n): runs_turn(bench, method, n, 1)
        for method, sizes in SIZES.items()
        for n in sizes
    }
    return points_of(bench, turns, "n")


def by_runs(bench: Bench) -> Row:
    """CPU seconds of several runs that share a process."""
    turns = {
        (method, count): runs_turn(bench, method, RUN_SIZE[method], count)
        for method, counts in RUNS.items()
        for count in counts
    }
    return points_of(bench, turns, "runs")


def runs_turn(bench: Bench, method: str, n: int, count: int) -> Turn:
    """A turn that trains this many runs of n questions in a fresh context."""
    study = bench.material.study(training={"precision": "float32"})
    steps = EPOCHS * -(-n // BATCH)
    runs = [planned_run(study, method, n, steps=steps, init=seed) for seed in range(count)]
    return fresh(bench, study, runs)


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
        context = make_context(bench.material, study, bench.scratch)
        prepared = context.prepare(planned_run(study, "full", BATCH))
        turns |= {f"{precision} {n}": length_turn(context, prepared, n) for n in LENGTHS}
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


def length_turn(context: RunContext, prepared: PreparedRun, length: int) -> Turn:
    """A turn of one step on examples whose only window has about this many tokens."""
    windows = context.windows["train"]
    single = np.diff(windows.window_bounds)[context.pool] == 1
    lengths = windows.lengths[windows.window_bounds[context.pool]]
    near = context.pool[single & (np.abs(lengths - length) <= NEAR)]
    examples = near[:BATCH]
    trainer = prepared.trainer

    def work() -> Work:
        trainer.model.train()
        trainer.step(1, examples)  # the first one would be measured
        return Work(units=len(examples))

    return timed(work)
