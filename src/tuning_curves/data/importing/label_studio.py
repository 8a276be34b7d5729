"""Label Studio's JSON, JSON_MIN, CSV and TSV (labelstud.io/guide/export, guide/task_format)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request, labelled, only, text_of
from tuning_curves.data.importing.faults import Findings

ITS_OWN = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")  # JSON_MIN's keys


def is_label_studio(row: Mapping[str, Any]) -> bool:
    """Whether a task holds annotations with results."""
    found = row.get("annotations", row.get("completions"))
    return isinstance(row.get("data"), Mapping) and isinstance(found, list)


def read_label_studio(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    """A task's one annotation; cancelled ones and predictions are not read."""
    data = row["data"]
    found = row.get("annotations", row.get("completions"))
    made = [one for one in found if isinstance(one, Mapping) and not one.get("was_cancelled")]
    if not made:
        findings.left_out("have no annotation", where, data)
        return
    labels = [_label(one.get("result"), request) for one in made]
    if any(one != labels[0] for one in labels):
        findings.fault("annotators", where, f"{len(labels)} annotations")
        return
    yield from labelled(where, text_of(data, request), labels[0], data, request, findings)


def _label(results: Any, request: Request) -> list[Any]:
    """Choices, or spans, of the control asked for; relations and ratings are passed over."""
    asked = request.columns.get(request.labels)
    values = [
        one["value"]
        for one in results or ()
        if isinstance(one, Mapping)
        and isinstance(one.get("value"), Mapping)
        and asked in (None, one.get("from_name"))
    ]
    if request.kind == "texts":
        return [choice for value in values for choice in value.get("choices", ())]
    return [value for value in values if "start" in value and "labels" in value]


def is_minimal(row: Mapping[str, Any]) -> bool:
    """Whether a row is JSON_MIN's: a task's data with its labels beside it."""
    return "annotation_id" in row and "annotator" in row


def of_cells(row: Mapping[str, str]) -> dict[str, Any]:
    """A line of its CSV or TSV as JSON_MIN's: JSON in cells is read, empty cells are left out."""
    return {key: _cell(value) for key, value in row.items() if value}


def _cell(value: str) -> Any:
    try:
        return json.loads(value) if value[0] in "[{" else value
    except ValueError:
        return value


def read_minimal(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    """A row; its labels stand under the name that the labelling control has."""
    own = {key: value for key, value in row.items() if key not in ITS_OWN and key != "id"}
    label = own.get(request.columns.get(request.labels, "label"))
    if label is None and request.labels not in request.columns:
        label = _only(own, request)
    if isinstance(label, Mapping):
        label = label.get("choices")
    yield from labelled(where, text_of(own, request), label, row, request, findings)


def _only(own: Mapping[str, Any], request: Request) -> Any:
    """Without a control named `label`: the one value that is a choice or a list of spans."""
    text = request.column("text", own)
    kinds: tuple[type, ...] = (str, Mapping) if request.kind == "texts" else (list,)
    found = {key: v for key, v in own.items() if key != text and isinstance(v, kinds)}
    return only(found, request.labels)
