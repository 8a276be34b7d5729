"""Questions to be answered: one of the command line, a SQuAD file, or JSON Lines."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tuning_curves.util.errors import DataError, ResourceError, UsageError
from tuning_curves.tasks.question_answering.data import Question, SquadData, read_squad

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
