"""spaCy's JSON: `Doc.to_json` of version 3, training tuples and the JSON format of version 2.

Its binary `DocBin` (`.spacy`) needs spaCy itself, and is refused with the way out (spacy.io/api).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request, labelled, only, token_places
from tuning_curves.data.importing.faults import Findings


def is_spacy(row: Any) -> bool:
    """Whether an item is a pair of a text and its annotations, or an object of either version."""
    if isinstance(row, list):
        return len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], Mapping)
    if not isinstance(row, Mapping):
        return False
    made = isinstance(row.get("ents"), list) or any(
        isinstance(row.get(name), dict) for name in ("cats", "spans")
    )
    return (isinstance(row.get("text"), str) and made) or isinstance(row.get("paragraphs"), list)


def read_spacy(where: str, row: Any, request: Request, findings: Findings) -> Iterator[Draft]:
    """A text with its entities or categories, or the sentences of version 2's paragraphs."""
    if isinstance(row, list):
        text, made = row
        label = _category(made.get("cats")) if request.kind == "texts" else made.get("entities")
        yield from labelled(where, text, label, made, request, findings)
    elif "paragraphs" in row:
        for number, paragraph in enumerate(row["paragraphs"], 1):
            yield from _paragraph(f"{where}, paragraph {number}", paragraph, request, row)
    else:
        label = _category(row.get("cats")) if request.kind == "texts" else _spans(row, request)
        yield from labelled(where, row["text"], label, row, request, findings, token_places(row))


def _spans(row: Mapping[str, Any], request: Request) -> Any:
    """The entities; or the spans of the group asked for, or of the only one."""
    groups = row.get("spans")
    asked = request.columns.get("labels")
    if isinstance(groups, Mapping) and (asked is not None or "ents" not in row):
        return groups.get(asked) if asked is not None else only(groups, "labels")
    return row.get("ents")


def _category(value: Any) -> list[str] | None:
    """The categories that hold: those above one half."""
    if isinstance(value, list):  # version 2's
        value = {one.get("label"): one.get("value") for one in value if isinstance(one, Mapping)}
    if not isinstance(value, Mapping):
        return None
    numbers = {label: holds for label, holds in value.items() if isinstance(holds, int | float)}
    return [label for label, holds in numbers.items() if holds > 0.5]


def _paragraph(
    where: str, paragraph: Mapping[str, Any], request: Request, row: Mapping[str, Any]
) -> Iterator[Draft]:
    group = request.value("group", row)
    if request.kind == "texts":
        label = _category(paragraph.get("cats"))
        values = {"text": paragraph.get("raw"), "label": label, "group": group}
        yield Draft(where, values, open=True)
        return
    column = request.columns.get("labels", "ner")
    for number, sentence in enumerate(paragraph.get("sentences", ()), 1):
        tokens = [one for one in sentence.get("tokens", ()) if str(one.get("orth")).strip()]
        words, labels = [one.get("orth") for one in tokens], [one.get(column) for one in tokens]
        labels = [None if label == "-" else label for label in labels]  # spaCy's "not known"
        here = f"{where}, sentence {number}"
        yield Draft(here, {"words": words, "labels": labels, "group": group}, open=True)
