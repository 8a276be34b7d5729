"""Prodigy's JSON Lines (prodi.gy/docs/api-interfaces): what was accepted, nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request, labelled, token_places
from tuning_curves.data.importing.faults import Findings

HASHES = ("_task_hash", "_input_hash")
ANSWERS = ("accept", "reject", "ignore")


def is_prodigy(row: Mapping[str, Any]) -> bool:
    """Whether a text has Prodigy's hashes, answer or spans."""
    marked = any(name in row for name in HASHES) or row.get("answer") in ANSWERS
    return "text" in row and (marked or isinstance(row.get("spans"), list))


def read_prodigy(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    """A text with its spans, its label, or the options that were accepted.

    A text that was rejected with one label says what it is not: see `text_rows`.
    """
    answer = row.get("answer", "accept")
    label = row.get("label")
    meta = row.get("meta")
    more = {**meta, **row} if isinstance(meta, Mapping) else row
    if answer == "reject" and request.kind == "texts" and "options" not in row and label:
        values = {"text": row["text"], "rejected": label, "group": request.value("group", more)}
        yield Draft(where, values)
        return
    if answer != "accept":
        findings.left_out(f"were answered with {answer}", where, row["text"])
        return
    chosen = row.get("accept") if "options" in row else label
    label = chosen if request.kind == "texts" else row.get("spans")
    yield from labelled(where, row["text"], label, more, request, findings, token_places(row))
