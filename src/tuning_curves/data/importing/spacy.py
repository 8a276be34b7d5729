"""spaCy's JSON: `Doc.to_json` of version 3, training tuples and the JSON format of version 2.

Its binary `DocBin` (`.spacy`) needs spaCy itself, and is refused with the way out (spacy.io/api).
A document that lacks what is looked for was never labelled, and is left out: one that somebody
has looked at and found no entity in has an empty list of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request, labelled, only, token_places
from tuning_curves.data.importing.faults import Findings
from tuning_curves.util.errors import quoted

OF_TOKENS = ("tag", "pos", "morph", "dep", "lemma")  # what `to_json` writes of each that has it
LAID_OUT = {"id", "start", "end", "head"}  # what it writes of them besides
LABELS = {"label", "labels"}  # keys of other programs' rows


def is_spacy(row: Any) -> bool:
    """Whether an item is a pair of a text and its annotations, or an object of either version."""
    if isinstance(row, list):
        return len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], Mapping)
    if not isinstance(row, Mapping):
        return False
    made = isinstance(row.get("ents"), list) or any(
        isinstance(row.get(name), dict) for name in ("cats", "spans")
    )
    made = made or _has_bare_tokens(row)
    return (isinstance(row.get("text"), str) and made) or isinstance(row.get("paragraphs"), list)


def _has_bare_tokens(row: Mapping[str, Any]) -> bool:
    """Whether there are tokens as `to_json` writes them: places in the text, and no texts."""
    if not token_places(row) or LABELS & {*row}:
        return False
    return not any("text" in one for one in row["tokens"])


def read_spacy(where: str, row: Any, request: Request, findings: Findings) -> Iterator[Draft]:
    """A text with its entities, tags or categories, or the sentences of version 2's paragraphs."""
    if isinstance(row, list):
        text, made = row
        found = made.get("cats" if request.kind == "texts" else "entities")
        if found is None:
            _leave_out(where, text, made, request, findings)
            return
        label = _category(found) if request.kind == "texts" else found
        yield from labelled(where, text, label, made, request, findings)
    elif "paragraphs" in row:
        for number, paragraph in enumerate(row["paragraphs"], 1):
            yield from _paragraph(f"{where}, paragraph {number}", paragraph, request, row)
    else:
        yield from _document(where, row, request, findings)


def _document(
    where: str, row: Mapping[str, Any], request: Request, findings: Findings
) -> Iterator[Draft]:
    """A document of version 3."""
    found = row.get("cats") if request.kind == "texts" else _spans(row, request)
    if found is not None:
        label = _category(found) if request.kind == "texts" else found
        yield from labelled(where, row["text"], label, row, request, findings, token_places(row))
    elif request.kind == "sentences" and request.columns.get("labels") in _tagged(row):
        yield _of_tokens(where, row, request)
    else:
        _leave_out(where, row["text"], row, request, findings)


def _spans(row: Mapping[str, Any], request: Request) -> Any:
    """The entities; or the spans of the group asked for, or of the only one; None without any."""
    asked, groups = request.columns.get("labels"), row.get("spans")
    if asked in (None, "ents") and "ents" in row:
        return row["ents"]
    if not isinstance(groups, Mapping):
        return None
    return groups.get(asked) if asked is not None else only(groups, "labels")


def _tagged(row: Mapping[str, Any]) -> list[str]:
    """What all of a document's tokens have that may be their labels."""
    tokens = row["tokens"] if _has_bare_tokens(row) else ()
    return [name for name in OF_TOKENS if tokens and all(name in one for one in tokens)]


def _of_tokens(where: str, row: Mapping[str, Any], request: Request) -> Draft:
    """A document's tokens that are no white space, with what is asked for of each."""
    text, column = row["text"], request.columns["labels"]
    read = [(text[one["start"] : one["end"]], one[column]) for one in row["tokens"]]
    read = [(word, label) for word, label in read if word.strip()]
    words, labels = [word for word, _ in read], [label for _, label in read]
    values = {"words": words, "labels": labels, "group": request.value("group", row)}
    return Draft(where, values, open=True)


def _leave_out(
    where: str, text: Any, made: Mapping[str, Any], request: Request, findings: Findings
) -> None:
    """Report a text without what is looked for, with what it has; and what would help."""
    pair, asked = "text" not in made, request.columns.get("labels")
    wanted = "`entities`" if pair else "`ents` and no `spans`"
    if request.kind == "texts":
        wanted = "`cats`"
    elif asked is not None and not pair:
        wanted = f"{quoted(asked)} among their spans or their tokens' keys"
    findings.left_out(f"have no {wanted} (they have {_held(made)})", where, text)
    findings.remedy = _remedy(made, request)


def _held(made: Mapping[str, Any]) -> str:
    """The keys of a document, with those of its tokens and of its groups of spans."""
    told = []
    for key, value in made.items():
        inner: list[str] = []
        if key == "tokens" and isinstance(value, list) and value and isinstance(value[0], Mapping):
            inner = [name for name in value[0] if name not in LAID_OUT]
        elif key == "spans" and isinstance(value, Mapping):
            inner = list(value)
        told.append(f"{key}: {', '.join(inner)}" if inner else key)
    return "; ".join(told) or "nothing"


def _remedy(made: Mapping[str, Any], request: Request) -> str:
    """How the documents come by what is looked for, or what else they can be read as."""
    if request.kind == "texts":
        own, other = "`doc.cats`", {"ents", "spans", "entities"}
    else:
        own, other = "`doc.ents` or `doc.spans`", {"cats"}
    steps = [f"set {own} of what was labelled, and write `doc.to_json()` again"]
    groups = made.get("spans")
    if request.kind == "sentences":
        names = [*(groups if isinstance(groups, Mapping) else ()), *_tagged(made)]
        steps += [f"or read what they have: `--column labels={names[0]}`"] if names else []
    if other & {*made} and not (request.kind == "sentences" and groups):
        task = "token" if request.kind == "texts" else "text"
        steps.append(f"or choose what they are labelled for: `--task {task}-classification`")
    return ", ".join(steps)


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
