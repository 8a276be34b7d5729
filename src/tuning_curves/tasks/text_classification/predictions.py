"""Texts to be classified, and predictions files: a JSON object from id to label."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.tasks import files
from tuning_curves.tasks.base import Prediction, Scored
from tuning_curves.tasks.labels import number_labels
from tuning_curves.tasks.metrics import MacroF1, Matthews
from tuning_curves.tasks.text_classification.data import LabelledTexts, from_rows
from tuning_curves.util.errors import UsageError

LINE = '{"text": "...", "label": "..."}'
FIX_LINE = f'write {LINE} on a line of its own, with "text_pair" for pairs, and "id" if there are'


class AskedTexts(LabelledTexts):
    """Texts without labels, and their ids."""

    ids: Sequence[str] = ()


def one_text(texts: Mapping[str, str | None]) -> AskedTexts:
    """The text, or pair, of the command line.

    Raises:
        UsageError: no text.
    """
    if not (texts["text"] or "").strip():
        raise UsageError("--text is missing or empty, expected some text", fix="give --text TEXT")
    return _asked(["0"], [("--text", {"text": texts["text"], "text_pair": texts["text-pair"]})])


def read_texts(path: Path) -> AskedTexts:
    """The texts of a JSON Lines file; labels may stand there and are not read.

    Raises:
        ResourceError, DataError: see `read_json_lines` and `from_rows`.
    """
    ids, rows = files.read_examples(path, LINE, FIX_LINE)
    return _asked(ids, [(where, {**row, "group": None}) for where, row in rows])


def _asked(ids: Sequence[str], rows: Sequence[tuple[str, Mapping[str, Any]]]) -> AskedTexts:
    asked = AskedTexts(from_rows(rows, None, "the texts").rows)
    asked.ids = ids
    return asked


def describe(logits: np.ndarray, data: Any, labels: Sequence[str]) -> Sequence[Prediction]:
    """A row for each text: its label and the probabilities of all labels, the likeliest first.

    Args:
        logits: float32 [E, labels].
    """
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    shares = shifted / shifted.sum(1, keepdims=True)
    ids = getattr(data, "ids", None) or [str(number) for number in range(len(data))]
    return [
        Prediction(id=identity, text=labels[int(own.argmax())], row=_row(row, own, labels))
        for identity, row, own in zip(ids, data.rows, shares, strict=True)
    ]


def _row(row: Sequence[Any], shares: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    order = np.argsort(-shares, kind="stable")
    pair = {} if row[2] is None else {"text_pair": row[2]}
    return {
        "text": row[1],
        **pair,
        "label": labels[order[0]],
        "probabilities": {labels[number]: round(float(shares[number]), 6) for number in order},
    }


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write a JSON object from id to label; it appears whole or not at all."""
    files.write_by_id(path, {one.id: one.text for one in predictions})


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
