"""Collected runs for the tests, made from numbers that a test states."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.runs import BIASES, COLUMNS, RUN, Runs
from tuning_curves.tasks.question_answering import QuestionAnswering

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
SCORED = ("test_score", "validation_score")


@pytest.fixture(scope="session")
def run_row() -> Callable[..., dict[str, Any]]:
    """Makes a row of the runs from the values that matter to a test."""

    def make(method: str, n: int, rate: float, seed: int, **values: Any) -> dict[str, Any]:
        budget = values.pop("budget", "epochs")
        row = dict.fromkeys(COLUMNS) | CONSTANT
        row |= {"budget": budget, "method": method, "n_train": n, "learning_rate": rate}
        row |= {
            "subset_seed": seed,
            "init_seed": seed,
            "id": f"{budget}-{method}-{n}-{rate}-{seed}",
        }
        row |= {"validation_score": 0.0, "test_score": 0.0} | values
        if row["status"] == "diverged":
            row |= dict.fromkeys(SCORED)
        return row

    return make


@pytest.fixture(scope="session")
def collect_runs() -> Callable[..., Runs]:
    """Makes runs: of rows, and of each run's outcomes by its id; F1 is 1 if right, else 0.5."""

    def collect(
        rows: list[dict[str, Any]],
        exact: dict[str, list[int]],
        group_sizes: list[int],
        biases: list[dict[str, Any]] | None = None,
    ) -> Runs:
        starts = np.concatenate(([0], np.cumsum(group_sizes)[:-1]))
        sums: dict[str, dict[str, np.ndarray]] = {"exact_match": {}, "f1": {}}
        for row in rows:
            if row["id"] in exact:
                right = np.array(exact[row["id"]], dtype=float)
                sums["exact_match"][row["id"]] = np.add.reduceat(right, starts)
                sums["f1"][row["id"]] = np.add.reduceat(np.where(right > 0, 1.0, 0.5), starts)
                row["test_score"] = 100 * right.mean()
        frame = pd.DataFrame(rows).sort_values(RUN, ignore_index=True)
        return Runs(
            frame=frame.astype(dict.fromkeys(SCORED, float)),
            biases=pd.DataFrame(biases or [], columns=BIASES),
            group_sizes=np.array(group_sizes),
            sums=sums,
            metrics=QuestionAnswering.metrics,
        )

    return collect
