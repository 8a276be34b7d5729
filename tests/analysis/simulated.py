"""Simulated studies with a known truth: collected runs whose scores a test sets.

Every example is right with a probability that a probit of method, size, seed and group gives, so
that runs of one seed and examples of one group belong together, as real ones do.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.special import ndtr, ndtri

from tuning_curves.analysis.runs import BIASES, COLUMNS, Runs
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.util.validation import validate

GROUPS = 24
Truth = Callable[[str, int], float]  # a method's true score at a size, in percent
METRICS = QuestionAnswering.metrics
MAPPING = yaml.safe_load(
    (Path(__file__).parents[2] / "config" / "squad-steps.yaml").read_text("utf-8")
)


def as_study(changes: Mapping[str, Any]) -> StudyConfig:
    """A study with these sections instead of squad-steps', each checked by its types alone."""
    study: StudyConfig = validate(StudyConfig, MAPPING | dict(changes), "the test", "study", "")
    return study


def study_of(methods: list[str], sizes: list[int], **more: Any) -> StudyConfig:
    """A study of these methods and sizes; `more` replaces whole sections."""
    changes = {
        "scale": "reduced",
        "methods": [{"name": name, "learning_rates": [1e-3]} for name in methods],
        "sizes": sizes,
        "budgets": [{"name": "epochs", "epochs": 3, "min_steps": 0}],
        "seeds": list(range(5)),
        "analysis": {"contrasts": [], "n_bootstrap": 199, "seed": 0, "confidence": 0.95},
    }
    return as_study(changes | more)


def simulate(
    rng: np.random.Generator,
    study: StudyConfig,
    truth: Truth,
    *,
    of_seeds: float = 0.08,
    of_groups: float = 0.3,
    groups: int = GROUPS,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    biases: list[dict[str, Any]] | None = None,
) -> Runs:
    """Runs of every budget, method, size and seed at one learning rate.

    Args:
        of_seeds, of_groups: standard deviations of the effects, in probits; a quarter of a
            group's effect is a method's own.
        groups: of the test part, each with 20 to 59 examples.
        costs: by method, columns of the runs.
        biases: rows of the biases.
    """
    group_sizes = rng.integers(20, 60, size=groups)
    shared = rng.standard_normal(groups)
    rows: list[dict[str, Any]] = []
    sums: dict[str, dict[str, np.ndarray]] = {metric.name: {} for metric in METRICS}
    spread = np.sqrt(1 + of_seeds**2 + of_groups**2)
    for budget in study.budget_names:
        for method in study.method_names:
            own = np.sqrt(0.75) * shared + np.sqrt(0.25) * rng.standard_normal(groups)
            for n in study.sizes:
                centre = spread * ndtri(truth(method, n) / 100)
                for seed in study.seeds:
                    effect = centre + of_seeds * rng.standard_normal() + of_groups * own
                    right = rng.binomial(group_sizes, ndtr(effect)).astype(float)
                    identity = f"{budget}-{method}-{n}-{seed}"
                    score = 100 * right.sum() / group_sizes.sum()
                    for known in sums.values():
                        known[identity] = right
                    rows.append(
                        row_of(method, n, seed, identity, budget, score)
                        | (costs or {}).get(method, {})
                    )
    return Runs(
        frame=pd.DataFrame(rows),
        biases=pd.DataFrame(biases or [], columns=BIASES),
        group_sizes=group_sizes,
        sums=sums,
        metrics=METRICS,
    )


def row_of(
    method: str, n: int, seed: int, identity: str, budget: str, score: float
) -> dict[str, Any]:
    """A row of the runs; what no rule of the analysis needs is missing."""
    return dict.fromkeys(COLUMNS, np.nan) | {
        "budget": budget, "method": method, "n_train": n, "learning_rate": 1e-3,
        "subset_seed": seed, "init_seed": seed, "id": identity, "status": "finished",
        "steps": n, "test_score": score, "validation_score": score,
        "trainable_backbone": 25_728, "trainable_added": 0, "trainable_head": 770,
        "total": 22_566_146, "share": 25_728 / 22_565_376, "train_seconds": float(n),
        "device": "a processor",
    }  # fmt: skip
