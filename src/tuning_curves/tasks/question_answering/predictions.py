"""Predictions files: a JSON object that maps question ids to answer texts.

It is what the official scorer reads and what the Hugging Face example writes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.tasks.base import Scored
from tuning_curves.tasks.question_answering.data import (
    FIX_LAYOUT,
    SquadData,
    from_rows,
    read_squad,
)
from tuning_curves.tasks.question_answering.metric import GoldAnswers, misfit, percent
from tuning_curves.util.errors import DataError, ResourceError, quoted
from tuning_curves.util.files import read_json
from tuning_curves.util.json_lines import read_json_lines

FIX_OBJECT = 'write one JSON object: {"<question id>": "<answer text>", ...}'
FIX_LIST = "convert it: jq 'map({(.id): .prediction_text}) | add' old.json > new.json"
LINES = (".jsonl", ".ndjson")
FIX_TEXT = "keep one answer text for each question id, the best one; an empty text is allowed"


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """Predictions in the data's order.

    texts: one a question, None where the file has none; missing: the ids of those;
    unknown: ids in the file that the data does not have.
    """

    texts: list[str | None]
    missing: list[str]
    unknown: list[str]


def read_predictions(path: Path) -> dict[str, str]:
    """Read a predictions file.

    Raises:
        ResourceError: no such file.
        DataError: not JSON, not an object, or an answer that is not a text (names its id).
    """
    try:
        path.stat()  # a missing file is not a damaged one
        value = read_json(path, what="predictions file", fix=FIX_OBJECT)
    except FileNotFoundError:
        raise ResourceError(f"{path}: no such predictions file", fix="correct the path") from None
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise DataError(message, fix=FIX_OBJECT) from None
    if not isinstance(value, dict):
        raise _not_an_object(path, value)
    for identity, text in value.items():
        if not isinstance(text, str):
            message = f"{path}: the prediction of question {identity!r} is {_kind(text)}"
            raise DataError(f"{message}, expected a string", fix=FIX_TEXT)
        if re.search("[\ud800-\udfff]", identity + text):
            message = f"{path}: the prediction of question {identity!r} holds half a surrogate pair"
            raise DataError(message, fix="write the file anew, as UTF-8")
    return value


def align(predictions: Mapping[str, str], ids: Sequence[str]) -> Aligned:
    """Put predictions into the order of the data's question ids."""
    known = set(ids)
    return Aligned(
        texts=[predictions.get(identity) for identity in ids],
        missing=[identity for identity in ids if identity not in predictions],
        unknown=[identity for identity in predictions if identity not in known],
    )


def _not_an_object(path: Path, value: Any) -> DataError:
    """The list of the `evaluate` library's predictions is the likeliest mistake: name the way."""
    message = f"{path}: the top level is {_kind(value)}, expected an object from id to text"
    listed = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
    if listed and {"id", "prediction_text"} <= value[0].keys():
        return DataError(f'{message} (its entries have "id", "prediction_text")', fix=FIX_LIST)
    return DataError(message, fix=FIX_OBJECT)


def _kind(value: Any) -> str:
    """What JSON calls the value."""
    names = {dict: "an object", list: "a list", bool: "a boolean", str: "a string"}
    return "null" if value is None else names.get(type(value), f"a number ({value})")


def score_file(data: Path, predictions: Path) -> Scored:
    """Score a predictions file on questions; one without a prediction counts as wrong.

    Args:
        data: SQuAD's layout, or JSON Lines as `tuning-curves import` writes them.

    Raises:
        DataError, ResourceError: see `read_squad`, `from_rows` and `read_predictions`.
    """
    squad = _read_lines(data) if data.suffix in LINES else read_squad(data)
    aligned = align(read_predictions(predictions), [q.id for q in squad.questions])
    texts = [[answer.text for answer in q.answers] for q in squad.questions]
    exact, f1 = GoldAnswers(texts).score(aligned.texts)
    language = misfit([text for answers in texts for text in answers])
    return Scored(
        scores={"exact_match": percent(exact), "f1": percent(f1), "total": len(squad.questions)},
        rows=_scored_rows(squad, aligned.texts, exact, f1),
        warnings=[
            *_warning(aligned.missing, "questions have no prediction and count as wrong"),
            *_warning(aligned.unknown, "predictions are not in the data and are left out"),
            *([language] if language else []),
        ],
    )


def _read_lines(path: Path) -> SquadData:
    """The questions of JSON Lines, an object with the task's fields for each."""
    return from_rows(read_json_lines(path, "an object for each question", FIX_LAYOUT), str(path))


def _warning(ids: Sequence[str], trouble: str) -> list[str]:
    """What is said of these ids, the first three named; nothing where there are none."""
    if not ids:
        return []
    named = ", ".join(quoted(one)[1:-1] for one in ids[:3]) + (", ..." if len(ids) > 3 else "")
    return [f"{len(ids)} {trouble}: {named}"]


def _scored_rows(
    data: SquadData, texts: Sequence[str | None], exact: np.ndarray, f1: np.ndarray
) -> list[dict[str, Any]]:
    """In the data's order; exact_match and f1 in 0 to 1, a missing prediction null."""
    rows = zip(data.questions, texts, exact.tolist(), f1.tolist(), strict=True)
    return [
        {
            "id": question.id,
            "exact_match": int(hit),
            "f1": overlap,
            "prediction": text,
            "answers": [answer.text for answer in question.answers],
        }
        for question, text, hit, overlap in rows
    ]
