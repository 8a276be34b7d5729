"""What all rows need: the material, the patience, and how samples become a row of the results."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.clock import Patience, Sample
from benchmarks.compare import rate_of, ratio_of, seconds_of
from benchmarks.labelled import find_labelled
from benchmarks.machine import describe, formats
from benchmarks.material import Material, find_material
from tuning_curves.util.provenance import commit

Row = dict[str, Any]
EXAMPLE = "the Hugging Face example, `full`, padded to 384, float32"
NO_UNITS = "this processor has no units for bfloat16, and is slower in it than in float32"


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks.

    whole: take the sizes that the targets speak of where the default is a smaller one.
    environments: folder of the peers' own environments.
    data: what the rows are measured on: SQuAD, or one of `labelled.SECTIONS`.
    folder: where the data of labels lies, from `root` on.
    """

    root: Path
    scratch: Path
    patience: Patience
    whole: bool = False
    data: str = "squad"
    folder: Path = Path("data")

    @cached_property
    def material(self) -> Material:
        if self.data == "squad":
            return find_material(self.root)
        return find_labelled(self.root, self.data, self.root / self.folder)

    @property
    def environments(self) -> Path:
        return self.root / ".envs"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a row is about, in words, and its target.

    unit: what `ours_s` and `peer_s` are the seconds of. note: what the reader must know besides.
    precision: the number format whose measured matrix rate `share` is a share of.
    share_target: what that share is to be.
    """

    name: str
    ours: str
    peer: str | None
    unit: str
    target: float | None = None
    note: str = ""
    share_target: float | None = None
    precision: str = "float32"


def compared(
    subject: Subject,
    ours: Sequence[Sample],
    peer: Sequence[Sample],
    products: Mapping[str, Sequence[Sample]],
    **more: Any,
) -> Row:
    """A row with a ratio, from samples of the same rounds.

    Args:
        products: the matrix product's samples by number format.
    """
    ratio, own, other = ratio_of(ours, peer), seconds_of(ours), seconds_of(peer)
    row = frame(subject) | {
        "ours_s": _digits(own["cpu"]),
        "peer_s": _digits(other["cpu"]),
        "ratio": _digits(ratio.median),
        "ratio_interval": [_digits(value) for value in ratio.interval],
        "ratio_range": [_digits(value) for value in ratio.range],
        "rounds": ratio.rounds,
        "ours_wall_s": _digits(own["wall"]),
        "peer_wall_s": _digits(other["wall"]),
    }
    return row | share_of(subject, ours, products) | more


def share_of(
    subject: Subject, ours: Sequence[Sample], products: Mapping[str, Sequence[Sample]]
) -> Row:
    """Our rate of useful operations, the machine's own, and the one as a share of the other."""
    rate, top = rate_of(ours), rate_of(products[subject.precision])
    counted = rate > 0
    return {
        "ours_gflops": _digits(rate) if counted else None,
        "machine_gflops": _digits(top),
        "share": _digits(rate / top) if counted else None,
    }


def frame(subject: Subject) -> Row:
    """A row's fixed part; what was not measured is null."""
    return {
        "name": subject.name,
        "ours_s": None,
        "peer_s": None,
        "ratio": None,
        "target": subject.target,
        "share_target": subject.share_target,
        "machine": describe(),
        "ratio_interval": None,
        "ratio_range": None,
        "rounds": 0,
        "unit": subject.unit,
        "clock": "CPU time of one thread",
        "ours": subject.ours,
        "peer": subject.peer,
        "note": subject.note,
        "skipped": None,
        "measured": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **commit(),
    }


def skipped(subject: Subject, reason: str) -> Row:
    """A row that could not be measured, with its reason."""
    return frame(subject) | {"skipped": reason}


def by_format(subjects: Iterable[Subject]) -> tuple[list[str], list[Row]]:
    """The names of rows in a number format that is quick here; the others as rows that say why."""
    listed = list(subjects)
    quick = [subject.name for subject in listed if subject.precision in formats()]
    return quick, [skipped(subject, NO_UNITS) for subject in listed if subject.name not in quick]


def _digits(value: float) -> float:
    """Four significant digits."""
    return float(f"{value:.4g}")
