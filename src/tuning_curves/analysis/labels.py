"""What the test part is like: its labels, and what predicting the most frequent one would score."""

import pandas as pd

from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.statistics import PERCENT


def count_labels(runs: Runs) -> pd.DataFrame:
    """One row per label of the test part, in the task's order; none where there are no labels."""
    total = sum(runs.labels.values())
    rows = [
        {"label": label, "examples": count, "share": count / total}
        for label, count in runs.labels.items()
    ]
    return pd.DataFrame(rows)


def list_baseline(runs: Runs) -> pd.DataFrame:
    """One row per metric, in percent; none where the task has no baseline."""
    rows = [{"metric": name, "score": PERCENT * value} for name, value in runs.baseline.items()]
    return pd.DataFrame(rows)
