"""Predictions files: a JSON object that maps question ids to answer texts.

It is what the official scorer reads and what the Hugging Face example writes.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.tasks.base import Scored
from tuning_curves.tasks.question_answering.data import Question, SquadData, read_squad
from tuning_curves.tasks.question_answering.metric import GoldAnswers, percent
from tuning_curves.util.errors import DataError, ResourceError, UsageError, quoted
from tuning_curves.util.files import read_json, write_json

FIX_OBJECT = 'write one JSON object: {"<question id>": "<answer text>", ...}'
FIX_LIST = "convert it: jq 'map({(.id): .prediction_text}) | add' old.json > new.json"
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


def write_predictions(path: Path, ids: Sequence[str], texts: Sequence[str]) -> None:
    """Write a predictions file; it appears whole or not at all."""
    write_json(path, dict(zip(ids, texts, strict=True)))


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
    """Score a predictions file on a SQuAD file; a question without a prediction counts as wrong.

    Raises:
        DataError, ResourceError: see `read_squad` and `read_predictions`.
    """
    squad = read_squad(data)
    aligned = align(read_predictions(predictions), [q.id for q in squad.questions])
    golds = GoldAnswers([[answer.text for answer in q.answers] for q in squad.questions])
    exact, f1 = golds.score(aligned.texts)
    return Scored(
        scores={"exact_match": percent(exact), "f1": percent(f1), "total": len(squad.questions)},
        rows=_scored_rows(squad, aligned.texts, exact, f1),
        warnings=[
            *_warning(aligned.missing, "questions have no prediction and count as wrong"),
            *_warning(aligned.unknown, "predictions are not in the data and are left out"),
        ],
    )


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


FIX_LINE = '{"question": "...", "context": "..."}, and "id" if there are ids, on a line of its own'


def one_question(question: str | None, context: str | None) -> SquadData:
    """The question and context of the command line.

    Raises:
        UsageError: one of the two is missing, empty, or not UTF-8.
    """
    for name, text in (("question", question), ("context", context)):
        if text is None or not text.strip():
            state = "missing" if text is None else "empty"
            raise UsageError(f"--{name} is {state}, expected some text", fix=f"give --{name} TEXT")
        if wrong := _half(text):
            raise UsageError(f"--{name} {wrong}", fix="write it as UTF-8")
    return _unanswered([("0", question, context)])


def read_questions(path: Path) -> SquadData:
    """Questions of a file: SQuAD's layout, with answers or without, or (`.jsonl`) an object a line.

    Raises:
        ResourceError: no such file.
        DataError: see `read_squad`; a line that is no object, lacks a text that UTF-8 can write,
            has another id than text or an integer, or repeats one.
    """
    if path.suffix != ".jsonl":
        return read_squad(path, answered=False)
    try:
        lines = path.read_text("utf-8").split("\n")  # JSON's texts may hold Unicode's line ends
    except FileNotFoundError:
        raise ResourceError(f"{path}: no such file", fix="correct the path") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error})", fix="write it as UTF-8") from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    rows = [_row(f"{path}: line {number}", number, line) for number, line in numbered]
    if not rows:
        raise DataError(f"{path}: no questions", fix=f"write {FIX_LINE}")
    _check_ids(path, [identity for identity, _, _ in rows])
    return _unanswered(rows)


def _half(text: str) -> str | None:
    """What a text has that UTF-8 cannot write; None where it can write all."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"holds half a surrogate pair at offset {error.start}"
    return None


def _check_ids(path: Path, ids: list[str]) -> None:
    twice = [identity for identity, count in Counter(ids).items() if count > 1]
    if twice:
        raise DataError(f"{path}: the id {twice[0]!r} is there twice", fix="give each its own id")


def _row(where: str, number: int, line: str) -> tuple[str, str, str]:
    """Id (the line's number where it has none), question and context of a line."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise DataError(f"{where}: not JSON ({error})", fix=f"write {FIX_LINE}") from None
    if not isinstance(entry, dict):
        raise DataError(f"{where}: {type(entry).__name__}, not an object", fix=f"write {FIX_LINE}")
    for key in ("question", "context"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise DataError(
                f"{where}: {key!r} is {entry.get(key)!r}, expected some text",
                fix=f"write {FIX_LINE}",
            )
    row = (_id(entry.get("id", number), where), entry["question"], entry["context"])
    for key, text in zip(("id", "question", "context"), row, strict=True):
        if wrong := _half(text):
            raise DataError(f"{where}: {key!r} {wrong}", fix="write the file anew, as UTF-8")
    return row


def _id(value: Any, where: str) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise DataError(
            f"{where}: 'id' is {value!r}, expected text or an integer",
            fix="give it one, or leave the key out",
        )
    return str(value)


def _unanswered(rows: Iterable[tuple[Any, Any, Any]]) -> SquadData:
    """Rows (id, question, context) as one article, each with a paragraph of its own."""
    listed = list(rows)
    return SquadData(
        titles=("asked",),
        contexts=tuple(context for _, _, context in listed),
        questions=tuple(
            Question(identity, question, number, 0, ())
            for number, (identity, question, _) in enumerate(listed)
        ),
        paragraph_article=(0,) * len(listed),
    )
