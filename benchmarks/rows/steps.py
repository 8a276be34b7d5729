"""Training steps by method and number format, all against one and the same peer."""

import contextlib
from collections.abc import Iterator, Set
from dataclasses import dataclass

from benchmarks.clock import Sample, Turn, Work, interleave, timed
from benchmarks.engine import make_context, planned_run, stepping
from benchmarks.machine import formats, product
from benchmarks.peers.stepped import SteppedTraining
from benchmarks.rows.common import EXAMPLE, Bench, Row, Subject, by_format, compared
from tuning_curves.data.subsets import subset
from tuning_curves.training.run import RunContext

SAMPLE = 256  # random training questions that all contestants draw their batches from
OUR_STEPS = 2  # a turn of ours: more steps, so that the batches' lengths even out


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of our contestants."""

    method: str
    precision: str
    target: float | None
    attention_dropout: float = 0.0
    note: str = ""


BIASED = "Attention dropout is off here, as in this package's studies, and on in the peer."
STEPS = {
    "full-fp32": Step(method="full", precision="float32", target=4.3, note=BIASED),
    "full-bf16": Step(method="full", precision="bfloat16", target=7, note=BIASED),
    "full-same-dropout": Step(
        method="full", precision="float32", target=None, attention_dropout=0.1,
        note="As `full-fp32`, with the peer's attention dropout.",
    ),
    "bitfit-fp32": Step(method="bitfit", precision="float32", target=6, note=BIASED),
    "bitfit-bf16": Step(method="bitfit", precision="bfloat16", target=10, note=BIASED),
    "adapters-fp32": Step(method="adapter-houlsby", precision="float32", target=5.5, note=BIASED),
    "adapters-bf16": Step(method="adapter-houlsby", precision="bfloat16", target=9, note=BIASED),
    "top-1-cached": Step(
        method="top-1", precision="float32", target=29,
        note="The frozen layers' output is in the cache already; filling it is not counted.",
    ),
}  # fmt: skip
NAMES = tuple(STEPS)


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows, from rounds that they share."""
    quick, slow = by_format(_subject(name) for name in NAMES if name in wanted)
    yield from slow
    if not quick:
        return
    with contextlib.closing(example_steps(bench)) as peer:
        ours = {name: our_steps(bench, STEPS[name]) for name in quick}
        turns = ours | {"peer": stepped_turn(peer), **products()}
        samples = interleave(turns, bench.patience)
    for name in ours:
        yield compared(_subject(name), samples[name], samples["peer"], products_of(samples))


def _subject(name: str) -> Subject:
    step = STEPS[name]
    return Subject(
        name=name,
        ours=f"`{step.method}`, {step.precision}, unpadded",
        peer=EXAMPLE,
        unit="example and training step, batches of 16",
        target=step.target,
        note=step.note,
        precision=step.precision,
    )


def our_steps(bench: Bench, step: Step, steps: int = OUR_STEPS, n: int = SAMPLE) -> Turn:
    """A turn of the package's own training steps on n examples."""
    training = {"precision": step.precision, "attention_dropout": step.attention_dropout}
    study = bench.material.study(training=training)
    context = make_context(bench.material, study, bench.scratch)
    return stepping(context.prepare(planned_run(study, step.method, n)), steps)


def sample_of(context: RunContext, n: int = SAMPLE) -> list[int]:
    """The examples that a run of n examples trains on."""
    return [int(number) for number in subset(context.pool, n, seed=0)]


def example_steps(bench: Bench, method: str = "full", n: int = SAMPLE) -> SteppedTraining:
    """The library's example's training, on the same examples."""
    from benchmarks.peers import example
    from benchmarks.peers.tuned import tune

    way = bench.material.way
    context = make_context(bench.material, bench.material.study(), bench.scratch)
    dataset = way.training_set(sample_of(context, n))
    folder, options = bench.scratch / "example", {"data_collator": way.collator()}
    return example.stepped(tune(way.model(), method), dataset, folder, **options)


def stepped_turn(training: SteppedTraining, steps: int = 1, batch: int = 16) -> Turn:
    """A turn of the library's steps."""

    def work() -> Work:
        for _ in range(steps):
            training.step()
        return Work(units=steps * batch)

    return timed(work)


def products() -> dict[str, Turn]:
    """The machine's matrix product in each format that it is quick in, as contestants."""
    return {precision: product(precision) for precision in formats()}


def products_of(samples: dict[str, list[Sample]]) -> dict[str, list[Sample]]:
    """The samples of `products`."""
    return {precision: samples[precision] for precision in formats()}
