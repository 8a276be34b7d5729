"""Accuracy, Matthews' correlation and macro-F1 as a module of the `evaluate` library.

Load it with `evaluate.load("<path to this folder>")`, which does not ask the hub. The metrics
themselves are in `tuning_curves.tasks.metrics`.
"""

from typing import Any

import datasets
import evaluate
import numpy as np

from tuning_curves.tasks.metrics import MacroF1, Matthews, Mean

DESCRIPTION = """\
Accuracy, Matthews' correlation (of more than two classes: Gorodkin's R_K) and F1 averaged over the
labels that occur among predictions or references: in percent, as scikit-learn counts them.
"""
CITATION = """\
@article{gorodkin-2004-comparing,
    title = "Comparing two {K}-category assignments by a {K}-category correlation coefficient",
    author = "Gorodkin, Jan",
    journal = "Computational Biology and Chemistry",
    volume = "28",
    year = "2004",
    pages = "367--374",
}
"""
INPUTS = """\
predictions: the label of each example, all texts or all whole numbers; references: likewise.
Returns {"accuracy": percent, "matthews": percent, "macro_f1": percent}.
"""


class ClassificationMetric(evaluate.Metric):
    """Takes labels by name or number, and answers with the metrics that tables have."""

    def _info(self) -> evaluate.MetricInfo:
        kinds = [datasets.Value("string"), datasets.Value("int64")]
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation=CITATION,
            inputs_description=INPUTS,
            features=[datasets.Features(predictions=kind, references=kind) for kind in kinds],
        )

    def _compute(self, *, predictions: list[Any], references: list[Any]) -> dict[str, float]:
        labels, numbers = np.unique([*predictions, *references], return_inverse=True)
        predicted, actual = np.split(numbers, 2)
        parts = {"predicted": predicted, "actual": actual, "correct": predicted == actual}
        of: dict[str, Any] = {"predicted": "predicted", "actual": "actual", "classes": len(labels)}
        metrics = (
            Mean(name="accuracy", label="accuracy", heading="Acc.", part="correct"),
            Matthews(name="matthews", label="Matthews' correlation", heading="MCC", **of),
            MacroF1(name="macro_f1", label="macro-F1", heading="Macro-F1", **of),
        )
        return {
            metric.name: 100 * float(metric.value(metric.sums(parts).sum(axis=0)))
            for metric in metrics
        }
