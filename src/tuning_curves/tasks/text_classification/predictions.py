"""What is predicted of texts, and predictions files: a JSON object from id to label."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.tasks import files
from tuning_curves.tasks.base import Prediction, Scored
from tuning_curves.tasks.labels import number_labels
from tuning_curves.tasks.metrics import MacroF1, Matthews
from tuning_curves.tasks.text_classification.data import LabelledTexts

LINE = '{"text": "...", "label": "..."}'
FIX_LINE = f'write {LINE} on a line of its own, with "text_pair" for pairs, and "id" if there are'


def describe(
    logits: np.ndarray, data: LabelledTexts, labels: Sequence[str], top: int | None
) -> list[Prediction]:
    """Each text's likeliest label with its probability, and of the `top` likeliest the same.

    Args:
        logits: float32 [E, labels].
    """
    return [
        _prediction(row, own, shares, labels, top)
        for row, own, shares in zip(data.rows, logits, files.softmax(logits), strict=True)
    ]


def _prediction(
    row: Sequence[Any],
    logits: np.ndarray,
    shares: np.ndarray,
    labels: Sequence[str],
    top: int | None,
) -> Prediction:
    order = np.argsort(-logits, kind="stable")[: top or 1]
    best = [
        {"label": labels[number], "probability": files.probability(shares[number])}
        for number in order
    ]
    label = best[0]["label"]
    pair = {} if row[2] is None else {"text_pair": row[2]}
    return Prediction(
        text=label, value=label, row=files.row_of({"text": row[1], **pair}, best, top)
    )


def score_file(data: Path, predictions: Path) -> Scored:
    """Score labels by id; a text without a prediction counts as wrong.

    Raises:
        DataError, ResourceError: a file that is missing or damaged.
    """
    ids, rows = files.read_examples(data, LINE, FIX_LINE)
    gold = [files.gold_label(row.get("label"), where, FIX_LINE) for where, row in rows]
    given = files.read_by_id(predictions, "label", str)
    found = [given.get(identity) for identity in ids]
    known = sorted({*gold, *(label for label in found if label is not None)})
    numbers = number_labels(known)
    actual = np.array([numbers[label] for label in gold])
    predicted = np.array([len(known) if label is None else numbers[label] for label in found])
    parts = {"predicted": predicted, "actual": actual}
    classes = len(known) + 1  # the last one is that of no prediction
    counts: dict[str, Any] = {"predicted": "predicted", "actual": "actual", "classes": classes}
    kinds = {"matthews": Matthews, "macro_f1": MacroF1}
    scores = {"accuracy": 100 * float((predicted == actual).mean())}
    for name, kind in kinds.items():
        metric = kind(name=name, label=name, heading=name, **counts)
        scores[name] = 100 * float(metric.value(metric.sums(parts).sum(0)))
    return Scored(
        scores={**scores, "total": len(ids)},
        rows=[
            {"id": identity, "label": label, "prediction": guess, "correct": label == guess}
            for identity, label, guess in zip(ids, gold, found, strict=True)
        ],
        warnings=files.misfits(ids, given, "texts"),
    )
