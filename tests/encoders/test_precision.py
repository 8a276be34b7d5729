"""bfloat16 changes rounding, and neither what is learnt nor what is answered."""

from typing import Any

import numpy as np
import pytest
import torch

from tuning_curves.data.subsets import subset
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.training.evaluate import Evaluator
from tuning_curves.training.run import RunContext

STEPS = 60


@pytest.mark.slow
@pytest.mark.parametrize(("method", "rate"), [("full", 5e-3), ("adapter-houlsby-4", 2e-2)])
def test_scores_in_bfloat16_and_in_float32_agree(
    make_study: Any, places: WorkerPaths, method: str, rate: float
) -> None:
    """Eight questions, learnt by heart in each format, and asked in each."""
    exact: dict[tuple[str, str], np.ndarray] = {}
    for learnt in ("float32", "bfloat16"):
        study = make_study(
            {
                "methods": [{"name": method, "learning_rates": [rate]}],
                "sizes": [8],
                "budgets": [{"name": "floor", "epochs": 1, "min_steps": STEPS}],
                "training": {"precision": learnt, "hidden_dropout": 0.0},
                "analysis": {"contrasts": []},
            }
        )
        (planned,) = study.unique
        context = RunContext(study.settings, places, torch.device("cpu"))
        prepared = context.prepare(planned)
        prepared.trainer.train(lambda step, loss: None)
        examples = np.sort(subset(context.pool, 8, planned.run.subset_seed))
        evaluator = Evaluator(context.task, context.windows["train"], examples)
        for asked in ("float32", "bfloat16"):
            if learnt in ("float32", asked):  # in bfloat16 frozen weights are kept so
                outcomes = evaluator.evaluate(prepared.feeds["train"], asked)
                exact[learnt, asked] = outcomes.parts["exact"]
    scores = {formats: int(right.sum()) for formats, right in exact.items()}
    assert scores["float32", "float32"] >= 7, scores
    assert np.array_equal(exact["float32", "float32"], exact["float32", "bfloat16"])
    assert abs(scores["bfloat16", "bfloat16"] - scores["float32", "float32"]) <= 1, scores
