"""What tasks share of files on disk: examples by line, predictions by id, and their rows."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.util.errors import DataError, quoted
from tuning_curves.util.files import read_json
from tuning_curves.util.json_lines import read_json_lines

Examples = tuple[list[str], list[tuple[str, dict[str, Any]]]]
NAMED = 3  # ids that a warning names
EXPECTED: dict[type, str] = {str: "a text", list: "a list of texts"}


def read_examples(path: Path, line: str, fix: str) -> Examples:
    """The ids and, each with its place, the rows of a JSON Lines file.

    An example without an id has its number among the lines.

    Raises:
        ResourceError, DataError: see `read_json_lines`; an id that is no text or stands twice.
    """
    rows = read_json_lines(path, line, fix)
    ids = [_id(row.get("id", number), where) for number, (where, row) in enumerate(rows, 1)]
    twice = [identity for identity, count in Counter(ids).items() if count > 1]
    if twice:
        raise DataError(f"{path}: the id {twice[0]!r} is there twice", fix="give each its own id")
    return ids, rows


def _id(value: Any, where: str) -> str:
    if isinstance(value, str) or type(value) is int:
        return str(value)
    raise DataError(
        f"{where}: 'id' is {value!r}, expected text or an integer",
        fix="give it one, or leave the key out",
    )


def gold_label(value: Any, where: str, fix: str) -> str:
    """A label of the data; a number or a boolean as JSON writes it, as studies read it.

    Raises:
        DataError: anything else, or an empty text.
    """
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    if isinstance(value, str) and value.strip():
        return value
    shown = quoted(value) if isinstance(value, str) else json.dumps(value)
    raise DataError(f"{where}: label is {shown}, expected some text", fix=fix)


def read_by_id(path: Path, what: str, kind: type) -> dict[str, Any]:
    """A predictions file: a JSON object from id to `what`, a value of this kind.

    Raises:
        ResourceError: no such file.
        DataError: anything else; the id is named.
    """
    fix = f'write one JSON object: {{"<id>": <{what}>, ...}}'
    value = read_json(path, what="predictions file", fix=fix)
    if not isinstance(value, dict):
        name = type(value).__name__
        raise DataError(f"{path}: the top level is a {name}, expected an object", fix=fix)
    for identity, one in value.items():
        if not isinstance(one, kind):
            raise DataError(
                f"{path}: the {what} of {quoted(identity)} is {json.dumps(one)}, "
                f"expected {EXPECTED[kind]}",
                fix=fix,
            )
    return value


def row_of(
    asked: Mapping[str, Any], best: Sequence[Mapping[str, Any]], top: int | None
) -> dict[str, Any]:
    """A prediction's row: what was asked, the best of what is predicted and, if asked for, more."""
    listed = {} if top is None else {"top": [*best[:top]]}
    return {**asked, **best[0], **listed}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Shares of one, along the last axis: float64."""
    shifted = np.exp(np.float64(logits - logits.max(-1, keepdims=True)))
    return shifted / shifted.sum(-1, keepdims=True)


def probability(share: float) -> float:
    """As a row has it."""
    return round(float(share), 6)


def misfits(ids: Sequence[str], given: Mapping[str, Any], examples: str) -> list[str]:
    """Warnings: examples without a prediction, and predictions of no example."""
    known = {*ids}
    missing = [identity for identity in ids if identity not in given]
    beyond = [identity for identity in given if identity not in known]
    return [
        *_warning(missing, f"{examples} have no prediction and count as wrong"),
        *_warning(beyond, "predictions are not in the data and are left out"),
    ]


def _warning(ids: Sequence[str], trouble: str) -> list[str]:
    if not ids:
        return []
    named = ", ".join(quoted(one)[1:-1] for one in ids[:NAMED])
    return [f"{len(ids)} {trouble}: {named}{', ...' if len(ids) > NAMED else ''}"]
