"""Sentences to be labelled, and predictions files: a JSON object from id to labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuning_curves.tasks import files
from tuning_curves.tasks.base import Prediction, Scored
from tuning_curves.tasks.entities import entities
from tuning_curves.tasks.token_classification.data import LabelledWords, from_rows
from tuning_curves.tasks.token_classification.tags import Tags, is_bio
from tuning_curves.util.errors import DataError, UsageError, plural

LINE = '{"words": ["..."], "labels": ["..."]}'
FIX_LINE = f'write {LINE} on a line of its own, and "id" if there are ids'
NONE = ""  # stands for the label of a word that has no prediction


class AskedWords(LabelledWords):
    """Sentences without labels, and their ids."""

    ids: Sequence[str] = ()


def one_sentence(texts: Mapping[str, str | None]) -> AskedWords:
    """The sentence of the command line, cut at white space.

    Raises:
        UsageError: no words.
    """
    words = (texts["words"] or "").split()
    if not words:
        raise UsageError("--words is missing or empty, expected words", fix="give --words TEXT")
    return _asked(["0"], [("--words", {"words": words})])


def read_sentences(path: Path) -> AskedWords:
    """The sentences of a JSON Lines file; labels may stand there and are not read.

    Raises:
        ResourceError, DataError: see `read_examples` and `from_rows`.
    """
    ids, rows = files.read_examples(path, LINE, FIX_LINE)
    return _asked(ids, [(where, {**row, "group": None}) for where, row in rows])


def _asked(ids: Sequence[str], rows: Sequence[tuple[str, Mapping[str, Any]]]) -> AskedWords:
    asked = AskedWords(from_rows(rows, None, "the sentences").rows)
    asked.ids = ids
    return asked


def describe(tags: Tags, data: Any, labels: Sequence[str]) -> Sequence[Prediction]:
    """A row for each sentence: its words and their labels."""
    ids = getattr(data, "ids", None) or [str(number) for number in range(len(data))]
    return [
        Prediction(
            id=identity,
            text=" ".join(f"{word}/{label}" for word, label in zip(row[1], found, strict=True)),
            row={"words": row[1], "labels": found},
        )
        for identity, row, found in zip(ids, data.rows, tags.of_sentences(labels), strict=True)
    ]


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write a JSON object from id to labels; it appears whole or not at all."""
    files.write_by_id(path, {one.id: one.row["labels"] for one in predictions})


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
