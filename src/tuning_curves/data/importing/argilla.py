"""Argilla's records: version 2's JSON, nested or flat, and version 1's (docs.argilla.io)."""

from collections.abc import Iterator, Mapping
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request, labelled, only, text_of
from tuning_curves.data.importing.faults import Findings

UNSAID = "these records do not say which responses were submitted: all are taken"
DONE = ("submitted", "completed", "validated", "default", None)  # records and responses to take


def is_argilla(row: Mapping[str, Any]) -> bool:
    """Whether a row is a record of either version."""
    nested = isinstance(row.get("fields"), Mapping) and isinstance(row.get("responses"), Mapping)
    flat = any(key.endswith(".responses") for key in row)
    first = "annotation" in row and ("prediction" in row or "annotation_agent" in row)
    return nested or flat or first


def read_argilla(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    """A record's one response (or annotation); suggestions and predictions are not read."""
    if "annotation" in row:
        yield from _first_version(where, row, request, findings)
        return
    nested = isinstance(row.get("fields"), Mapping)
    fields = row["fields"] if nested else _fields(row)
    metadata = row.get("metadata") if nested else row
    if nested and UNSAID not in findings.warnings:
        findings.warnings.append(UNSAID)
    answers = _nested(row["responses"], request) if nested else _flat(row, request)
    if not answers:
        findings.left_out("have no submitted response", where, fields)
    elif any(one != answers[0] for one in answers):
        findings.fault("annotators", where, f"{len(answers)} responses")
    else:
        more = {**fields, **metadata} if isinstance(metadata, Mapping) else fields
        yield from labelled(where, text_of(fields, request), answers[0], more, request, findings)


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    own = ("id", "_server_id", "status")
    return {key: value for key, value in row.items() if "." not in key and key not in own}


def _question(names: list[str], request: Request) -> str | None:
    """The question whose answers are the labels: the one asked for, `label`, or the only one."""
    wanted = request.columns.get(request.labels)
    if wanted is None and "label" not in names:
        return only({name: name for name in names}, request.labels)
    return wanted or "label"


def _nested(responses: Mapping[str, Any], request: Request) -> list[Any]:
    given = responses.get(_question(list(responses), request) or "") or ()
    return [
        one.get("value")
        for one in given
        if isinstance(one, Mapping) and one.get("status") in DONE and one.get("value") is not None
    ]


def _flat(row: Mapping[str, Any], request: Request) -> list[Any]:
    names = [key.removesuffix(".responses") for key in row if key.endswith(".responses")]
    name = _question(names, request)
    given = row.get(f"{name}.responses") or []
    status = row.get(f"{name}.responses.status") or [None] * len(given)
    pairs = zip(given, status, strict=False)
    return [value for value, said in pairs if said in DONE and value is not None]


def _first_version(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    inputs = row.get("inputs")
    fields = inputs if isinstance(inputs, Mapping) else row
    text = row["text"] if isinstance(row.get("text"), str) else text_of(fields, request)
    done = str(row.get("status", "default")).lower() in DONE
    if row["annotation"] is None or not done:
        findings.left_out("have no validated annotation", where, text)
        return
    metadata = row.get("metadata")
    more = {**row, **metadata} if isinstance(metadata, Mapping) else row
    tokens = _places(text, row.get("tokens")) if request.kind == "sentences" else None
    yield from labelled(where, text, row["annotation"], more, request, findings, tokens)


def _places(text: Any, tokens: Any) -> list[tuple[int, int]] | None:
    """Where a record's tokens stand in its text; None where they are not its pieces in order."""
    if not isinstance(text, str) or not isinstance(tokens, list):
        return None
    places, end = [], 0
    for token in tokens:
        start = text.find(token, end) if isinstance(token, str) and token else -1
        if start < 0:
            return None
        end = start + len(token)
        places.append((start, end))
    return places
