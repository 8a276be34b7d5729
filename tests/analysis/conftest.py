"""Collected runs for the tests, made from numbers that a test states."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.runs import BIASES, COLUMNS, EXTRA

CONSTANT = {
    "status": "finished",
    "steps": 39,
    "trainable_backbone": 10,
    "trainable_added": 0,
    "trainable_head": 2,
    "total": 102,
    "share": 0.1,
    "train_seconds": 10.0,
    "evaluate_seconds": 1.0,
    "seconds_per_step": 0.25,
    "peak_memory_bytes": 1000,
    "delta_bytes": 48,
    "optimizer_bytes": 96,
    "device": "a processor",
    "precision": "float32",
    "commit": "c0ffee",
    "activation_bytes": 500,
    "activation_bytes_one": 50,
    "gradient_bytes": 48,
    "step_tokens": 160,
    "flops_per_step": 9600,
    "dirty": False,
    "threads": 1,
    "code_sha256": "ab" * 32,
    "python": "3.11.7",
    "torch": "2.13.0",
    "transformers": "5.24.0",
    "tokenizers": "0.23.3",
    "numpy": "2.4.6",
}
SCORED = ("test_exact", "test_total", "em", "f1", "validation_em", "validation_f1")


@pytest.fixture
def run_row() -> Callable[..., dict[str, Any]]:
    """Makes a row of runs.csv from the values that matter to a test."""

    def make(method: str, n: int, rate: float, seed: int, **values: Any) -> dict[str, Any]:
        budget = values.pop("budget", "epochs")
        row = dict.fromkeys((*COLUMNS, *EXTRA)) | CONSTANT
        row |= {"budget": budget, "method": method, "n_train": n, "learning_rate": rate}
        row |= {
            "subset_seed": seed,
            "init_seed": seed,
            "id": f"{budget}-{method}-{n}-{rate}-{seed}",
        }
        row |= {"validation_em": 0.0, "validation_f1": 0.0, "em": 0.0, "f1": 0.0} | values
        if row["status"] == "diverged":
            row |= dict.fromkeys(SCORED)
        return row

    return make


@pytest.fixture
def write_collected(tmp_path: Path) -> Callable[..., Path]:
    """Writes a collected folder: rows, and each run's outcomes by its id."""

    def write(
        rows: list[dict[str, Any]],
        exact: dict[str, list[int]],
        article_sizes: list[int],
        biases: list[dict[str, Any]] | None = None,
    ) -> Path:
        folder = tmp_path / "collected"
        folder.mkdir(exist_ok=True)
        arrays: dict[str, np.ndarray] = {"article_sizes": np.array(article_sizes)}
        for row in rows:
            if row["id"] in exact:
                right = np.array(exact[row["id"]], dtype=bool)
                arrays[f"{row['id']}/exact"] = right
                arrays[f"{row['id']}/f1"] = np.where(right, 1.0, 0.5).astype(np.float32)
                row |= {
                    "test_exact": right.sum(),
                    "test_total": len(right),
                    "em": 100 * right.mean(),
                }
        pd.DataFrame(rows).to_csv(folder / "runs.csv", index=False)
        pd.DataFrame(biases or [], columns=BIASES).to_csv(folder / "biases.csv", index=False)
        np.savez(folder / "outcomes.npz", **arrays)
        return folder

    return write
