"""Rasa's training data as JSON (github.com/RasaHQ/rasa, data/examples/rasa/demo-rasa.json)."""

from collections.abc import Iterator, Mapping
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request, labelled
from tuning_curves.data.importing.faults import Findings

WRAPPED = ("rasa_nlu_data", "common_examples")


def is_rasa(row: Mapping[str, Any]) -> bool:
    """Whether a text has an intent beside it."""
    return isinstance(row.get("text"), str) and "intent" in row and "entities" in row


def read_rasa(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    """A text with its intent, or with its entities; an entity's value need not be its words."""
    label = row["intent"]
    if request.kind == "sentences":
        found = row["entities"] if isinstance(row["entities"], list) else [row["entities"]]
        label = [_span(one) for one in found]
    yield from labelled(where, row["text"], label, row, request, findings)


def _span(one: Any) -> Any:
    if not isinstance(one, Mapping):
        return one
    return {"start": one.get("start"), "end": one.get("end"), "label": one.get("entity")}
