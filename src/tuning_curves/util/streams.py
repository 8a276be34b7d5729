"""The streams of random numbers, one for each use, so that equal seeds tie no two uses together.

docs/streams.md says of every draw which generator makes it, from what, and in which order.
"""

import numpy as np

from tuning_curves.util.errors import UsageError

VALIDATION, SUBSET, SAMPLE, ORDER, DROPOUT = 1, 2, 3, 4, 5
TEST_SPLIT = 5  # alone as a seed, so that it meets no [DROPOUT, seed, step]


def stream(use: int, seed: int) -> np.random.Generator:
    """The generator (PCG64) of a use and a seed.

    Raises:
        UsageError: a negative seed.
    """
    if seed < 0:
        raise UsageError(f"seed {seed}, expected 0 or more", fix="use a seed of 0 or more")
    return np.random.default_rng([use, seed])


def test_split_stream() -> np.random.Generator:
    """The generator that sets a test part aside; a study's seeds have no part in it."""
    return np.random.default_rng(TEST_SPLIT)


def dropout_stream(seed: int, step: int) -> np.random.Generator:
    """The generator of a training step's dropout masks: SFC64, the quickest at plain bytes."""
    return np.random.Generator(np.random.SFC64([DROPOUT, seed, step]))
