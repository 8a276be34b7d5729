"""How the learning rate moves and which questions each step reads.

Linear: up over the first `warmup` share of the steps, then down to zero at the last (Devlin et al.
2019, appendix A.2 and code). Constant: as the authors of BitFit train.
"""

from collections.abc import Iterator

import numpy as np

ORDER_STREAM = 4  # apart from the streams of `subsets`


def rate_factor(step: int, steps: int, schedule: str, warmup: float) -> float:
    """The share of the learning rate at a step, counted from 0: in 0 to 1."""
    if schedule == "constant":
        return 1.0
    rising = int(warmup * steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    return (steps - step) / max(1, steps - rising)


def batches(n: int, batch_size: int, steps: int, seed: int) -> Iterator[np.ndarray]:
    """Numbers below n for each step: every epoch is a fresh permutation, its last batch short.

    Yields:
        `steps` arrays of at most `batch_size` numbers, int64.
    """
    generator = np.random.default_rng([ORDER_STREAM, seed])
    left = steps
    while left > 0:
        order = generator.permutation(n)
        for first in range(0, n, batch_size):
            if left == 0:
                return
            left -= 1
            yield order[first : first + batch_size]
