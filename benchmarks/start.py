"""How a measurement begins: at the checkout's root, on one thread, before torch is loaded."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}


def start(measure: Callable[[], int]) -> int:
    """Measure; an error becomes one message on stderr and its exit status."""
    os.environ.update(ONE_THREAD)  # before torch and the tokenizers are imported
    os.chdir(ROOT)
    import torch

    from tuning_curves.util.errors import TuningCurvesError

    torch.set_num_threads(1)
    try:
        return measure()
    except TuningCurvesError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
