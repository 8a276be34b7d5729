"""What a training job asks of a machine, reckoned from the encoder's size and the chunk's work.

Upper bounds for a scheduler, not predictions: a job that outgrows one is started again and goes
on from its records and its last checkpoint.
"""

LIBRARIES_MB = 3_000  # torch, transformers and CUDA's host side
KEPT_MB = 3_072  # what the frozen parts' output may take of memory (training.run.ACTIVATION_BYTES)
COPIES = 13  # of the weights. Measured with BERT-base, `full`, on a CPU: 12.4, while resuming
START_MINUTES = 30  # imports, a cold shared disk, the frozen part's first pass
PASS_MB_A_MINUTE = 4_000_000  # a tenth of what the studies for a GPU cut their chunks for


def memory_mb(weights_bytes: int) -> int:
    """Main memory of a training process in MB.

    `full` holds the encoder twice, gradients, two moments, and while it saves or resumes the
    checkpoint's bytes besides. A method with a frozen part has small moments, and keeps windows.
    """
    return LIBRARIES_MB + max(KEPT_MB, COPIES * weights_bytes // 1_000_000)


def minutes(passes: int, weights_bytes: int) -> int:
    """Time limit of a chunk in minutes; passes are over one example, and cost by the weights."""
    return START_MINUTES + passes * weights_bytes // 1_000_000 // PASS_MB_A_MINUTE
