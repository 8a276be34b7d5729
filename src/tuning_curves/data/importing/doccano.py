"""doccano's JSON Lines (github.com/doccano/doccano: docs, and the export examples in its threads).

Names have changed over its versions: `text` or `data`; `label`, `labels`, `entities` or
`annotations`. Of intents and slots, the intents are `cats`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request, labelled
from tuning_curves.data.importing.faults import Findings

LABELS = ("entities", "labels", "label", "annotations")


def is_doccano(row: Mapping[str, Any]) -> bool:
    """Whether a text has a list of labels beside it, and no tokens."""
    lists = any(isinstance(row.get(name), list) for name in LABELS)
    return isinstance(_text(row), str) and lists and "tokens" not in row and "words" not in row


def _text(row: Mapping[str, Any]) -> Any:
    return row.get("text", row.get("data"))


def read_doccano(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    """A text with its labels or spans."""
    names = ("cats", *LABELS) if request.kind == "texts" else LABELS
    label = next((row[name] for name in names if isinstance(row.get(name), list)), None)
    if request.kind == "texts" and isinstance(label, list):
        label = [one.get("label") if isinstance(one, Mapping) else one for one in label]
    meta = row.get("meta")
    more = {**meta, **row} if isinstance(meta, Mapping) else row
    text = request.value("text", row) if "text" in request.columns else _text(row)
    yield from labelled(where, text, label, more, request, findings)
