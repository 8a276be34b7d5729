"""Outcomes of a run, example by example, as they stand in a record: small, exact and checkable.

What an example counts towards each of a task's parts: bits, counts and classes are kept exactly,
shares to 1/255, all compressed where that helps. A bit and a share of each of 10,570 examples take
about 15 kB.

A bit takes a bit. All others are compressed by zlib: a share as a byte, a whole number in the
fewest of 1, 2 or 4 bytes, lowest first, that hold the largest one; how many is read off the length.
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
WIDTHS = ("<u1", "<u2", "<u4")  # of whole numbers
ROUNDING = 0.5 / LEVELS  # the most by which an example's stored share differs from its own


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Outcomes of E examples in G groups, in the order of the data.

    Attributes:
        parts: by name, [E]: bool of a bit, float32 in 0 to 1 of a share, int64 of a whole number.
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
        DataError: numbers of examples that disagree, a bit or share outside of 0 to 1, or a count
            or class that is no whole number of 0 or more.
    """
    sizes = [int(size) for size in group_sizes]
    packed = {}
    for part in parts:
        found = values[part.name]
        if len(found) != sum(sizes):
            raise DataError(
                f"outcomes disagree: {len(found)} of {part.name}, {sum(sizes)} examples in groups"
            )
        packed[part.name] = _pack(found, part)
    return PackedOutcomes(group_sizes=sizes, parts=packed)


def _pack(values: np.ndarray, part: Part) -> str:
    if part.kind in ("count", "class"):
        data = zlib.compress(_whole_numbers(values, part.name).tobytes(), 9)
    elif not np.all((values >= 0) & (values <= 1)):  # NaN fails this too
        raise DataError(f"outcomes have a value of {part.name} outside of 0 to 1")
    elif part.kind == "bit":
        data = np.packbits(values.astype(bool)).tobytes()
    else:
        data = zlib.compress(np.round(LEVELS * values).astype(np.uint8).tobytes(), 9)
    return base64.b64encode(data).decode("ascii")


def _whole_numbers(values: np.ndarray, name: str) -> np.ndarray:
    """In the narrowest of `WIDTHS` that keeps them."""
    whole = np.issubdtype(values.dtype, np.integer)
    if not (whole and np.all((values >= 0) & (values < 2**32))):
        raise DataError(f"outcomes have a value of {name} that is no whole number, 0 to 2^32 - 1")
    most = int(values.max(initial=0))
    return values.astype(next(width for width in WIDTHS if most <= np.iinfo(width).max))


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
        data = zlib.decompress(data)
    except zlib.error as error:
        raise DataError(f"outcomes.{part.name} does not decompress ({error})") from None
    if part.kind in ("count", "class"):
        return _read_whole_numbers(data, part.name, total)
    levels = np.frombuffer(data, dtype=np.uint8)
    if len(levels) != total:
        raise DataError(f"outcomes.{part.name} has {len(levels)} examples, expected {total}")
    return levels.astype(np.float32) / np.float32(LEVELS)


def _read_whole_numbers(data: bytes, name: str, total: int) -> np.ndarray:
    for width in WIDTHS:
        kind = np.dtype(width)
        if len(data) == total * kind.itemsize:
            return np.frombuffer(data, kind).astype(np.int64)
    raise DataError(
        f"outcomes.{name} has {len(data)} bytes, expected 1, 2 or 4 for each of {total} examples"
    )


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
