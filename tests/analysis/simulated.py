"""Simulated studies with a known truth: collected runs whose scores a test sets.

Every question is right with a probability that a probit of method, size, seed and article gives, so
that runs of one seed and questions of one article belong together, as real ones do.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from tuning_curves.analysis.runs import BIASES, COLUMNS, EXTRA, Runs

ARTICLES = 24
Truth = Callable[[str, int], float]  # a method's true exact match at a size, in percent


def study_of(methods: list[str], sizes: list[int], **more: Any) -> dict[str, Any]:
    """What the analysis reads of a study."""
    return {
        "scale": "reduced",
        "encoder": {"name": "all-MiniLM-L6-v2"},
        "data": {"source": "path"},
        "methods": [{"name": name, "learning_rates": [1e-3]} for name in methods],
        "sizes": sizes,
        "budgets": [{"name": "epochs", "epochs": 3, "min_steps": 0}],
        "seeds": list(range(5)),
        "analysis": {"contrasts": [], "n_bootstrap": 199, "seed": 0, "confidence": 0.95},
        **more,
    }


def simulate(
    rng: np.random.Generator,
    study: Mapping[str, Any],
    truth: Truth,
    *,
    of_seeds: float = 0.08,
    of_articles: float = 0.3,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    biases: list[dict[str, Any]] | None = None,
) -> Runs:
    """Runs of every budget, method, size and seed at one learning rate.

    Args:
        of_seeds, of_articles: standard deviations of the effects, in probits; a quarter of an
            article's effect is a method's own.
        costs: by method, columns of runs.csv.
        biases: rows of biases.csv.
    """
    article_sizes = rng.integers(20, 60, size=ARTICLES)
    shared = rng.standard_normal(ARTICLES)
    rows: list[dict[str, Any]] = []
    sums: dict[str, dict[str, np.ndarray]] = {"em": {}, "f1": {}}
    spread = np.sqrt(1 + of_seeds**2 + of_articles**2)
    for budget in study["budgets"]:
        for entry in study["methods"]:
            own = np.sqrt(0.75) * shared + np.sqrt(0.25) * rng.standard_normal(ARTICLES)
            for n in study["sizes"]:
                centre = spread * stats.norm.ppf(truth(entry["name"], n) / 100)
                for seed in study["seeds"]:
                    effect = centre + of_seeds * rng.standard_normal() + of_articles * own
                    right = rng.binomial(article_sizes, stats.norm.cdf(effect)).astype(float)
                    identity = f"{budget['name']}-{entry['name']}-{n}-{seed}"
                    em = 100 * right.sum() / article_sizes.sum()
                    sums["em"][identity] = sums["f1"][identity] = right
                    rows.append(
                        row_of(entry["name"], n, seed, identity, budget["name"], em)
                        | (costs or {}).get(entry["name"], {})
                    )
    return Runs(
        frame=pd.DataFrame(rows),
        biases=pd.DataFrame(biases or [], columns=BIASES),
        article_sizes=article_sizes,
        sums=sums,
    )


def row_of(method: str, n: int, seed: int, identity: str, budget: str, em: float) -> dict[str, Any]:
    """A row of runs.csv; what no rule of the analysis needs is missing."""
    return dict.fromkeys((*COLUMNS, *EXTRA), np.nan) | {
        "budget": budget, "method": method, "n_train": n, "learning_rate": 1e-3,
        "subset_seed": seed, "init_seed": seed, "id": identity, "status": "finished",
        "steps": n, "em": em, "f1": em, "validation_em": em, "validation_f1": em,
        "trainable_backbone": 25_728, "trainable_added": 0, "trainable_head": 770,
        "total": 22_566_146, "share": 25_728 / 22_565_376, "train_seconds": float(n),
        "device": "a processor",
    }  # fmt: skip
