"""Per-question outcomes of a run, as they stand in a record: small, exact and checkable.

Exact matches are bits; F1 is kept to 1/255 and compressed. 10,570 questions take about 15 kB.
"""

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuning_curves.util.errors import DataError

LEVELS = 255
F1_ROUNDING = 0.5 / LEVELS  # the most by which a question's stored F1 differs from its own


@dataclass(frozen=True, kw_only=True)
class DecodedOutcomes:
    """Outcomes of Q questions in A articles, in the order of the data."""

    exact: np.ndarray  # bool [Q]
    f1: np.ndarray  # float32 [Q], 0 to 1
    article_sizes: np.ndarray  # int64 [A], summing to Q


def encode_outcomes(exact: np.ndarray, f1: np.ndarray, article_sizes: list[int]) -> dict[str, Any]:
    """Pack outcomes for a record.

    Args:
        exact: bool [Q]; f1: float [Q] in 0 to 1, kept to 1/255; questions in order of articles.
        article_sizes: questions of each article, summing to Q.

    Raises:
        DataError: numbers of questions that disagree, or an F1 outside of 0 to 1.
    """
    sizes = [int(size) for size in article_sizes]
    if not len(exact) == len(f1) == sum(sizes):
        raise DataError(
            f"outcomes disagree: {len(exact)} exact matches, {len(f1)} F1 scores, "
            f"{sum(sizes)} questions in articles"
        )
    if not np.all((f1 >= 0) & (f1 <= 1)):  # NaN fails this too
        raise DataError("outcomes have an F1 score outside of 0 to 1")
    levels = np.round(LEVELS * f1).astype(np.uint8)
    return {
        "article_sizes": sizes,
        "exact": base64.b64encode(np.packbits(exact).tobytes()).decode("ascii"),
        "f1": base64.b64encode(zlib.compress(levels.tobytes(), 9)).decode("ascii"),
    }


def decode_outcomes(packed: dict[str, Any]) -> DecodedOutcomes:
    """Unpack what `encode_outcomes` packed.

    Raises:
        DataError: a part that is missing or torn, or parts that disagree on the questions.
    """
    sizes = _sizes(packed.get("article_sizes"))
    total = int(sizes.sum())
    bits = np.frombuffer(_bytes(packed, "exact"), dtype=np.uint8)
    if len(bits) != (total + 7) // 8:
        raise DataError(
            f"outcomes.exact has {len(bits)} bytes, expected {(total + 7) // 8} for {total} "
            "questions"
        )
    try:
        levels = np.frombuffer(zlib.decompress(_bytes(packed, "f1")), dtype=np.uint8)
    except zlib.error as error:
        raise DataError(f"outcomes.f1 does not decompress ({error})") from None
    if len(levels) != total:
        raise DataError(f"outcomes.f1 has {len(levels)} questions, expected {total}")
    return DecodedOutcomes(
        exact=np.unpackbits(bits, count=total).astype(bool),
        f1=levels.astype(np.float32) / np.float32(LEVELS),
        article_sizes=sizes,
    )


def _sizes(value: Any) -> np.ndarray:
    whole = isinstance(value, list) and all(isinstance(size, int) and size > 0 for size in value)
    if not whole or not value:
        raise DataError(f"outcomes.article_sizes is {value!r}, expected a list of positive counts")
    return np.array(value, dtype=np.int64)


def _bytes(packed: dict[str, Any], key: str) -> bytes:
    try:
        return base64.b64decode(packed.get(key) or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise DataError(f"outcomes.{key} is not base64 ({error})") from None
