"""What a training job asks of a machine, reckoned from the encoder's size and the chunk's work.

Upper bounds for a scheduler, not predictions: a job that outgrows one is started again and goes
on from its records and its last checkpoint.
"""

import math
from pathlib import Path

import numpy as np

from tuning_curves.encoders.families.base import EncoderShape
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import StudyPaths

LIBRARIES_MB = 3_000  # torch, transformers and CUDA's host side
KEPT_MB = 3_072  # what the frozen parts' output may take of memory (training.run.ACTIVATION_BYTES)
COPIES = 13  # of the weights. Measured with BERT-base, `full`, on a CPU: 12.4, while resuming
WIDE, INNER = 12, 3  # float32 rows a token and layer, of either width, while a step goes backward
START_MINUTES = 30  # imports, a cold shared disk, the frozen part's first pass
PASS_MB_A_MINUTE = 4_000_000  # a tenth of what the studies for a GPU cut their chunks for


def memory_mb(weights_bytes: int, pass_mb: int = 0) -> int:
    """Main memory of a training process in MB.

    `full` holds the encoder twice, gradients, two moments, and while it saves or resumes the
    checkpoint's bytes besides. A method with a frozen part has small moments, and keeps windows.

    Args:
        pass_mb: of the tokens that pass together, where a GPU does not hold them.
    """
    return LIBRARIES_MB + max(KEPT_MB, COPIES * weights_bytes // 1_000_000) + pass_mb


def pass_mb(study: Study, shape: EncoderShape) -> int:
    """Memory in MB of the tokens that pass through an encoder together in a step of `full`."""
    numbers = shape.layers * (WIDE * shape.width + INNER * shape.feed_forward)
    return study.tokens_together * 4 * numbers // 1_000_000


def minutes(passes: int, weights_bytes: int) -> int:
    """Time limit of a chunk in minutes; passes are over one window, and cost by the weights."""
    return START_MINUTES + passes * weights_bytes // 1_000_000 // PASS_MB_A_MINUTE


def longer_than_said(study: Study, root: Path = Path()) -> str | None:
    """A line on training examples of more windows than the study says, once windows are made."""
    try:
        bounds = np.load(StudyPaths(study, root).windows / "train" / "window_bounds.npy")
    except (OSError, ValueError):  # not made yet, or torn, which training says
        return None
    mean, said = int(bounds[-1]) / (len(bounds) - 1), study.example_windows
    if round(mean) <= said:
        return None
    return (
        f"an example has {mean:.1f} windows on the mean, and the study reckons with {said}: set "
        f"execution.example_windows to {math.ceil(mean)}, so that chunks, time limits and memory "
        "count them"
    )
