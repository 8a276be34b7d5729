"""Flat rows, an object an example: the hub's data sets, and tables of one's own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tuning_curves.data.importing.drafts import NAMES, Draft, Request, labelled, of_text
from tuning_curves.data.importing.faults import Findings
from tuning_curves.util.errors import DataError, quoted

Row = tuple[str, Mapping[str, Any]]
PLACES = {"questions": ("context", "question", "answers"), "texts": ("text", "label")}


def read_rows(
    rows: Sequence[Row], request: Request, findings: Findings, name: str
) -> Iterator[Draft]:
    """The examples of rows.

    Raises:
        DataError: no row has a column for what every example has; names those that are there.
    """
    if not rows:
        return
    there = list(dict.fromkeys(key for _, row in rows for key in row))
    has_spans = request.kind == "sentences" and request.column("words", there) is None
    spans = ("text", "labels" if "labels" in request.columns else "label")
    needed = spans if has_spans else PLACES.get(request.kind, ("words", "labels"))
    for field in (*needed, *request.columns):
        column = request.column(field, there)
        if column is None:
            listed = ", ".join(map(quoted, there[:30])) or "none"
            wanted = request.columns.get(field, " or ".join(NAMES[field]))
            raise DataError(
                f"{name}: no column {wanted} for {field} (there are: {listed})",
                fix=f"name the right one: `--column {field}=…`",
            )
        if column != field and field not in request.columns:
            findings.warnings.append(f"{field} is read from the column {quoted(column)}")
    read = {"questions": _question, "texts": _text}.get(request.kind, _sentence)
    for where, row in rows:
        yield from read(where, row, request, findings)


def _question(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    values = {n: request.value(n, row) for n in ("id", "title", "context", "question")}
    try:
        answers = [] if row.get("is_impossible") is True else _pairs(row, request)
    except ValueError as error:
        findings.fault("layout", where, f"answers: {error}")
        return
    yield Draft(where, values | {"answers": answers})


def _pairs(row: Mapping[str, Any], request: Request) -> list[tuple[Any, Any]]:
    """Answers with their offsets: the hub's two lists, a list of objects, or two columns."""
    value, start = request.value("answers", row), request.value("answer_start", row)
    if start is not None and not isinstance(value, list | Mapping):
        return [(value, start)]
    value = [] if value in (None, "") else of_text(value)
    if isinstance(value, Mapping) and {"text", "answer_start"} <= set(value):
        texts, starts = value["text"], value["answer_start"]
        if isinstance(texts, str):
            return [(texts, starts)]
        if isinstance(texts, list) and isinstance(starts, list) and len(texts) == len(starts):
            return list(zip(texts, starts, strict=True))
    if isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        return [(one.get("text"), one.get("answer_start")) for one in value]
    raise ValueError(f"{quoted(str(value), 60)}, expected texts and as many offsets")


def _text(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    yield Draft(where, {n: request.value(n, row) for n in ("text", "text_pair", "label", "group")})


def _sentence(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    try:
        words = of_text(request.value("words", row))
        asked = "labels" if words is not None or "labels" in request.columns else "label"
        labels = of_text(request.value(asked, row))
    except ValueError as error:
        findings.fault("layout", where, str(error))
        return
    if words is None:
        yield from labelled(where, request.value("text", row), labels, row, request, findings)
    else:
        group = request.value("group", row)
        yield Draft(where, {"words": words, "labels": labels, "group": group})


def with_names(rows: Sequence[Row], names: Mapping[str, Sequence[str]]) -> list[Row]:
    """Rows whose classes, numbers of the hub's `ClassLabel`, have their names."""

    def named(value: Any, known: Sequence[str]) -> Any:
        if isinstance(value, list):
            return [named(one, known) for one in value]
        number = type(value) is int
        return (known[value] if 0 <= value < len(known) else None) if number else value

    def renamed(row: Any) -> Any:
        if not isinstance(row, Mapping):
            return row
        return {k: named(v, names[k]) if k in names else v for k, v in row.items()}

    return [(where, renamed(row)) for where, row in rows]


def class_names(features: Any) -> dict[str, list[str]]:
    """The names of classes by column, from the hub's `features` (a list, or by name)."""
    if isinstance(features, list):
        features = {one.get("name"): one.get("type") for one in features if isinstance(one, dict)}
    found = {}
    for name, kind in features.items() if isinstance(features, dict) else ():
        while isinstance(kind, dict) and isinstance(kind.get("feature"), dict):
            kind = kind["feature"]  # noqa: PLW2901 - a list's items
        if isinstance(kind, dict) and isinstance(kind.get("names"), list):
            found[name] = kind["names"]
    return found
