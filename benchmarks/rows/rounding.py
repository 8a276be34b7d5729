"""bfloat16 on a processor without units for it: our rounded products, torch's own, and float32."""

from collections.abc import Iterator, Set
from unittest import mock

from benchmarks.clock import Sample, Turn, interleave
from benchmarks.rows.common import Bench, Row, Subject, compared, skipped
from benchmarks.rows.steps import STEPS, our_steps, products, products_of
from tuning_curves.encoders import precision
from tuning_curves.util.provenance import has_units

UNITS = "this processor has units for bfloat16, or does not tell"
PEERS = {
    "rounded-products": ("full-bf16", "the same steps, with torch's own products in bfloat16"),
    "rounded-products-vs-fp32": ("full-fp32", "the same steps in float32"),
}
NAMES = tuple(PEERS)


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows, from rounds that they share."""
    names = [name for name in NAMES if name in wanted]
    if has_units("bfloat16") is not False:
        yield from (skipped(_subject(name), UNITS) for name in names)
        return
    turns = {name: our_steps(bench, STEPS[PEERS[name][0]], steps=1) for name in names}
    peers = {name: _unrounded(turn) for name, turn in turns.items()}
    ours = our_steps(bench, STEPS["full-bf16"], steps=1)
    samples = interleave({**peers, "ours": ours, **products()}, bench.patience)
    for name in names:
        yield compared(_subject(name), samples["ours"], samples[name], products_of(samples))


def _unrounded(turn: Turn) -> Turn:
    """The same turn with torch's own products, as on a processor that has the units."""

    def unrounded() -> Sample:
        with mock.patch.object(precision, "has_units", return_value=True):
            return turn()

    return unrounded


def _subject(name: str) -> Subject:
    return Subject(
        name=name,
        ours="`full`, bfloat16 by products in float32 that are rounded",
        peer=PEERS[name][1],
        unit="example and training step, batches of 16",
        note="On processors without units for bfloat16 only.",
    )
