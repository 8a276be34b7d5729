"""Tasks of labels against the library's examples for them: steps, a column of `head`, evaluation.

Movie-review snippets and CoLA against `run_glue.py`, parts of speech of UD English EWT against
`run_ner.py`. Rows whose data is not there are left out, and say so.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from benchmarks.clock import Turn, interleave
from benchmarks.machine import formats
from benchmarks.rows import column, flags
from benchmarks.rows.common import Bench, Row, Subject, compared, skipped
from benchmarks.rows.evaluating import ASKED, example_logits, our_logits
from benchmarks.rows.steps import (
    Step,
    example_steps,
    our_steps,
    products,
    products_of,
    stepped_turn,
)
from tuning_curves.util.errors import ResourceError

SAMPLE, STEPS = 128, 8  # examples that a turn of steps passes once, on either side


@dataclass(frozen=True, kw_only=True)
class Data:
    """What rows are about: `example`, and how it pads, in words. long: 400 tokens in a batch.

    Targets are ratios, by row. Padding bounds those of steps: to a batch's longest it is 2.5 tokens
    for one of ours. A column whose seeds have subsets of their own: about four fifths of what is
    left once each example passes the frozen encoder at the speed of an evaluation, then the cache.
    """

    what: str
    example: str
    padded: str
    targets: Mapping[str, float]
    adapters: bool = True
    long: bool = False


COLUMN, ONE_SUBSET = COLUMNS = ("head-column", "head-column-one-subset")
GLUE, TO_128 = "the library's `run_glue.py` example", "padded to 128"
DATA = {
    "snippets": Data(
        what="movie-review snippets",
        example=GLUE,
        padded=TO_128,
        targets={"full": 4, "bitfit": 6, COLUMN: 40, ONE_SUBSET: 100},
        long=True,
    ),
    "cola": Data(
        what="CoLA",
        example=GLUE,
        padded=TO_128,
        targets={"full": 4, "bitfit": 6, COLUMN: 70, ONE_SUBSET: 100},
    ),
    "pos": Data(
        what="parts of speech of UD English EWT",
        example="the library's `run_ner.py` example",
        padded="batches padded to their longest",
        targets={"full": 2.3, "bitfit": 3.5, COLUMN: 20, ONE_SUBSET: 40},
        adapters=False,
    ),
}
METHODS = {"full": "full", "bitfit": "bitfit", "adapters": "adapter-houlsby"}
FLAGS, FLAGS_TARGET = "full-vs-best-flags", 1.1
EVALUATION = "evaluation"
BIASED = "Attention dropout is off here, as in this package's studies, and on in the peer."


def rows_of(data: str) -> tuple[str, ...]:
    """The names of the rows about one of `DATA`, without the data's."""
    methods = [name for name in METHODS if DATA[data].adapters or name != "adapters"]
    return (*methods, FLAGS, *COLUMNS, EVALUATION)


NAMES = tuple(f"{data}-{row}" for data in DATA for row in rows_of(data))


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows, one data set after the other."""
    for data in DATA:
        rows = [row for row in rows_of(data) if f"{data}-{row}" in wanted]
        if not rows:
            continue
        here = replace(bench, data=data)
        try:
            _ = here.material
        except ResourceError as error:
            yield from (skipped(subject(here, row), error.message) for row in rows)
            continue
        yield from measure_steps(here, [row for row in rows if row not in COLUMNS])
        columns = [subject(here, row) for row in rows if row in COLUMNS]
        if columns:
            yield from column.against(here, columns, STEPS, SAMPLE)


def measure_steps(bench: Bench, rows: Sequence[str]) -> Iterator[Row]:
    """The rows of steps and of evaluation, from rounds that they share."""
    if not rows:
        return
    with contextlib.ExitStack() as stack:
        turns: dict[str, Turn] = {}
        for row in rows:
            turns |= contestants(bench, row, stack)
        if set(rows) & set(METHODS):
            peer = stack.enter_context(contextlib.closing(example_steps(bench, n=SAMPLE)))
            turns["peer"] = stepped_turn(peer, STEPS)
        samples = interleave(turns | products(), bench.patience)
    for row in rows:
        peer_of = "peer" if row in METHODS else f"peer of {row}"
        ours, theirs = samples[row], samples[peer_of]
        yield compared(subject(bench, row), ours, theirs, products_of(samples))


def contestants(bench: Bench, row: str, stack: contextlib.ExitStack) -> dict[str, Turn]:
    """Our turn by the row's name and, where it has one of its own, its peer's."""
    if row == EVALUATION:
        ours = our_logits(bench, "float32")
        return {row: ours, f"peer of {row}": example_logits(bench, ASKED)}
    if row == FLAGS:
        chosen = flags.representative(bench)
        peer = stack.enter_context(contextlib.closing(flags.flagged_steps(bench, chosen, 0.0)))
        turn = stepped_turn(peer, flags.BATCHES, flags.BATCH)
        return {row: flags.ours(bench, chosen), f"peer of {row}": turn}
    step = Step(method=METHODS[row], precision="float32", target=None)
    return {row: our_steps(bench, step, STEPS, SAMPLE)}


def subject(bench: Bench, row: str) -> Subject:
    """What a row about the bench's data says of itself."""
    data, name = DATA[bench.data], f"{bench.data}-{row}"
    if row in COLUMNS:
        peer = f"{data.example} with all but the head frozen, {data.padded}, float32"
        return column.subject(bench, name, data.targets[row], peer)
    if row == EVALUATION:
        return Subject(
            name=name,
            ours=f"{data.what}, float32, packed by length, unpadded",
            peer=f"`Trainer.predict` as in {data.example}, {data.padded}, float32, batches of 8",
            unit="test example",
        )
    share = 0.75 if data.long else None
    unit = "example and training step, batches of 16"
    if row == FLAGS:
        precision = formats()[0]
        return Subject(
            name=name,
            ours=f"{data.what}, `full`, {precision} (the quicker one here), unpadded, random "
            "batches",
            peer=f"{data.example} in {precision}, batches of like length padded to their longest, "
            "attention dropout off",
            unit=unit,
            target=FLAGS_TARGET,
            precision=precision,
            share_target=share,
            note="Batches of like length are not random batches: a different training.",
        )
    return Subject(
        name=name,
        ours=f"{data.what}, `{METHODS[row]}`, float32, unpadded",
        peer=f"{data.example}, `full`, {data.padded}, float32",
        unit=unit,
        target=data.targets.get(row),
        share_target=share,
        note=BIASED,
    )
