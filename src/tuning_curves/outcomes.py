"""Per-question outcomes of a run, as they stand in a record: small, exact and checkable."""

import base64
import zlib
from typing import Any

import numpy as np


def encode_outcomes(exact: np.ndarray, f1: np.ndarray, article_sizes: list[int]) -> dict[str, Any]:
    """Pack outcomes for a record.

    Args:
        exact: bool [Q]; f1: float [Q] in 0 to 1, kept to 1/255; questions in order of articles.
        article_sizes: questions of each article, summing to Q.
    """
    levels = np.round(255 * f1).astype(np.uint8)
    return {
        "article_sizes": [int(size) for size in article_sizes],
        "exact": base64.b64encode(np.packbits(exact).tobytes()).decode("ascii"),
        "f1": base64.b64encode(zlib.compress(levels.tobytes(), 9)).decode("ascii"),
    }
