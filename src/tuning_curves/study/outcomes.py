"""Outcomes of a run, example by example, as they stand in a record: small, exact and checkable.

What an example counts towards each of a task's parts: bits are kept exactly, shares to 1/255, both
compressed where that helps. 10,570 questions' exact match and F1 take about 15 kB.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tuning_curves.study.records import PackedOutcomes
from tuning_curves.tasks.base import Part
from tuning_curves.util.errors import DataError

LEVELS = 255
ROUNDING = 0.5 / LEVELS  # the most by which an example's stored share differs from its own


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Outcomes of E examples in G groups, in the order of the data.

    Attributes:
        parts: by name, [E]: bool of a bit, float32 in 0 to 1 of a share.
        group_sizes: int64 [G], summing to E.
    """

    parts: Mapping[str, np.ndarray]
    group_sizes: np.ndarray


def pack_outcomes(
    values: Mapping[str, np.ndarray], parts: Sequence[Part], group_sizes: Sequence[int]
) -> PackedOutcomes:
    """Pack outcomes for a record.

    Args:
        values: by the parts' names, [E] each; examples in order of groups.
        group_sizes: examples of each group, summing to E.

    Raises:
        DataError: numbers of examples that disagree, or a share outside of 0 to 1.
    """
    sizes = [int(size) for size in group_sizes]
    packed = {}
    for part in parts:
        found = values[part.name]
        if len(found) != sum(sizes):
            raise DataError(
                f"outcomes disagree: {len(found)} of {part.name}, {sum(sizes)} examples in groups"
            )
        if not np.all((found >= 0) & (found <= 1)):  # NaN fails this too
            raise DataError(f"outcomes have a value of {part.name} outside of 0 to 1")
        packed[part.name] = _pack(found, part)
    return PackedOutcomes(group_sizes=sizes, parts=packed)


def _pack(values: np.ndarray, part: Part) -> str:
    if part.kind == "bit":
        data = np.packbits(values.astype(bool)).tobytes()
    else:
        data = zlib.compress(np.round(LEVELS * values).astype(np.uint8).tobytes(), 9)
    return base64.b64encode(data).decode("ascii")


def unpack_outcomes(packed: PackedOutcomes, parts: Sequence[Part]) -> Outcomes:
    """Unpack what `pack_outcomes` packed.

    Raises:
        DataError: a part that is missing or torn, or parts that disagree on the examples.
    """
    sizes = _sizes(packed.group_sizes)
    total = int(sizes.sum())
    names = {part.name for part in parts}
    if {*packed.parts} != names:
        raise DataError(f"outcomes.parts has {sorted(packed.parts)}, expected {sorted(names)}")
    return Outcomes(
        parts={part.name: _unpack(packed.parts[part.name], part, total) for part in parts},
        group_sizes=sizes,
    )


def _unpack(text: str, part: Part, total: int) -> np.ndarray:
    data = _bytes(text, part.name)
    if part.kind == "bit":
        if len(data) != (total + 7) // 8:
            raise DataError(
                f"outcomes.{part.name} has {len(data)} bytes, expected {(total + 7) // 8} for "
                f"{total} examples"
            )
        bits = np.frombuffer(data, dtype=np.uint8)
        return np.unpackbits(bits, count=total).astype(bool)
    try:
        levels = np.frombuffer(zlib.decompress(data), dtype=np.uint8)
    except zlib.error as error:
        raise DataError(f"outcomes.{part.name} does not decompress ({error})") from None
    if len(levels) != total:
        raise DataError(f"outcomes.{part.name} has {len(levels)} examples, expected {total}")
    return levels.astype(np.float32) / np.float32(LEVELS)


def _sizes(value: object) -> np.ndarray:
    whole = isinstance(value, list) and all(isinstance(size, int) and size > 0 for size in value)
    if not whole or not value:
        raise DataError(f"outcomes.group_sizes is {value!r}, expected a list of positive counts")
    return np.array(value, dtype=np.int64)


def _bytes(text: object, name: str) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)  # type: ignore[arg-type]
    except (binascii.Error, TypeError, ValueError) as error:
        raise DataError(f"outcomes.{name} is not base64 ({error})") from None
