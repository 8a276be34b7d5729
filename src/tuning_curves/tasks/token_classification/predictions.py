"""What is predicted of sentences, and predictions files: a JSON object from id to labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.tasks import files
from tuning_curves.tasks.base import Prediction, Scored
from tuning_curves.tasks.entities import entities
from tuning_curves.tasks.token_classification.data import LabelledWords
from tuning_curves.tasks.token_classification.tags import Words, is_bio
from tuning_curves.util.errors import DataError, plural

LINE = '{"words": ["..."], "labels": ["..."]}'
FIX_LINE = f'write {LINE} on a line of its own, and "id" if there are ids'
NONE = ""  # stands for the label of a word that has no prediction


def describe(
    logits: np.ndarray, words: Words, data: LabelledWords, labels: Sequence[str], top: int | None
) -> list[Prediction]:
    """Each sentence's words with their likeliest labels and these labels' probabilities.

    The k-th of the `top` has each word's k-th likeliest label.

    Args:
        logits: float32 [words, labels].
    """
    shares = files.softmax(logits)
    order = np.argsort(-logits, axis=1, kind="stable")[:, : top or 1]
    ends = zip(words.tags.bounds[:-1], words.tags.bounds[1:], strict=True)
    return [
        _prediction(row[1], order[first:last].T, shares[first:last], labels, top)
        for row, (first, last) in zip(data.rows, ends, strict=True)
    ]


def _prediction(
    words: Sequence[str],
    order: np.ndarray,
    shares: np.ndarray,
    labels: Sequence[str],
    top: int | None,
) -> Prediction:
    """Args: order: int [k, words], each word's likeliest labels. shares: [words, labels]."""
    places = np.arange(len(words))
    best: list[dict[str, Any]] = [
        {
            "labels": [labels[number] for number in ranked],
            "probabilities": [files.probability(share) for share in shares[places, ranked]],
        }
        for ranked in order
    ]
    found = best[0]["labels"]
    return Prediction(
        text=" ".join(f"{word}/{label}" for word, label in zip(words, found, strict=True)),
        value=found,
        row=files.row_of({"words": list(words)}, best, top),
    )


def score_file(data: Path, predictions: Path) -> Scored:
    """Score labels by id; the words of a sentence without a prediction count as wrong.

    Raises:
        DataError, ResourceError: a file that is missing or damaged, or a prediction with another
            number of labels than its sentence has words.
    """
    ids, rows = files.read_examples(data, LINE, FIX_LINE)
    gold = [_labels(row, where) for where, row in rows]
    given = files.read_by_id(predictions, "list of labels", list)
    found = [
        _fitting(given.get(identity), len(labels), identity, predictions)
        for identity, labels in zip(ids, gold, strict=True)
    ]
    pairs = list(zip(found, gold, strict=True))
    right = [sum(a == b for a, b in zip(*pair, strict=True)) for pair in pairs]
    scores = {"accuracy": 100 * sum(right) / sum(map(len, gold))}
    if is_bio(sorted({label for labels in gold for label in labels})):
        scores["entity_f1"] = 100 * _entity_f1(pairs)
    return Scored(
        scores={**scores, "total": len(ids)},
        rows=[
            {"id": identity, "labels": labels, "prediction": given.get(identity), "correct": hits}
            for identity, labels, hits in zip(ids, gold, right, strict=True)
        ],
        warnings=files.misfits(ids, given, "sentences"),
    )


def _entity_f1(pairs: Sequence[tuple[list[str], list[str]]]) -> float:
    """2 · both / (predicted + gold), a fraction; 0 where there are none."""
    marked = [({*entities(guess)}, {*entities(gold)}) for guess, gold in pairs]
    both = sum(len(guess & gold) for guess, gold in marked)
    either = sum(len(guess) + len(gold) for guess, gold in marked)
    return 2 * both / either if either else 0.0


def _labels(row: Mapping[str, Any], where: str) -> list[str]:
    labels, words = row.get("labels"), row.get("words")
    if not isinstance(labels, list) or not labels:
        raise DataError(f"{where}: labels is {labels!r}, expected a list of texts", fix=FIX_LINE)
    if isinstance(words, list) and len(words) != len(labels):
        raise DataError(
            f"{where}: {plural(len(words), 'word')} and {plural(len(labels), 'label')}, expected "
            "as many of either",
            fix=FIX_LINE,
        )
    places = enumerate(labels, 1)
    return [files.gold_label(one, f"{where}, word {place}", FIX_LINE) for place, one in places]


def _fitting(labels: Any, words: int, identity: str, path: Path) -> list[str]:
    if labels is None:
        return [NONE] * words
    if len(labels) != words or not all(isinstance(label, str) for label in labels):
        raise DataError(
            f"{path}: the prediction of {identity!r} has {plural(len(labels), 'label')}, expected "
            f"a text for each of its {plural(words, 'word')}",
            fix="label every word",
        )
    return labels
