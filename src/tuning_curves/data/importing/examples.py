"""Labelled texts and sentences checked and mended: rows as the tasks read them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request
from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.importing.spans import split_words, to_bio
from tuning_curves.data.readers.columns import as_text
from tuning_curves.util.errors import DataError, plural, quoted

SCHEME = re.compile(r"O|[BIESLU]-.+")
TO_BIO = {"S": "B", "U": "B", "E": "I", "L": "I"}  # BIOES and BILUO
Placed = list[tuple[str, dict[str, Any]]]


def sound_text(value: Any, name: str, where: str, findings: Findings) -> str | None:
    """A text that says something and can be written as UTF-8; else None and a fault."""
    if not isinstance(value, str) or not value.strip():
        findings.fault("text", where, f"{name} is {quoted(str(value), 40)}")
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        findings.fault("surrogate", where, name)
        return None
    return value


def text_rows(
    drafts: Iterable[Draft], request: Request, findings: Findings
) -> list[dict[str, Any]]:
    """Every sound text with its label; those that were rejected see `_with_rejected`."""
    rows: Placed = []
    for draft in _with_rejected([*drafts], findings):
        values, where = draft.values, draft.where
        if draft.open and values.get("label") in (None, "", []):
            findings.left_out("have no label", where, values.get("text"))
            continue
        text = sound_text(_plain(values.get("text")), "text", where, findings)
        label = _label(values.get("label"), where, findings)
        pair = _plain(values.get("text_pair"))
        second = None if pair is None else sound_text(pair, "text_pair", where, findings)
        if text is not None and label is not None:
            row = {"text": text, "text_pair": second, "label": label}
            rows.append((where, row | {"group": _group(values, where, findings)}))
    _warn_of_one_label({row["label"] for _, row in rows}, findings)
    return _all_or_none(rows, findings)


def _warn_of_one_label(labels: set[str], findings: Findings) -> None:
    if len(labels) == 1:
        (only,) = labels
        shown = quoted(only, 40)
        findings.warnings.append(f"{shown} is the only label: nothing can be learnt from it alone")


def _with_rejected(drafts: Sequence[Draft], findings: Findings) -> Iterator[Draft]:
    """Texts that were rejected with the only label that there is have the label `not …`.

    Where there are several, what was rejected may be any of the others, and is left out.
    """
    found = (draft.values.get("rejected", draft.values.get("label")) for draft in drafts)
    labels = {str(label) for label in found if label}
    only = len(labels) == 1
    if only and any("rejected" in draft.values for draft in drafts):
        label = labels.pop()
        findings.warnings.append(f'texts that were rejected as {quoted(label)} are "not {label}"')
    for draft in drafts:
        rejected = draft.values.get("rejected")
        if rejected is None:
            yield draft
        elif only:
            yield replace(draft, values={**draft.values, "label": f"not {rejected}"})
        else:
            findings.left_out("were answered with reject", draft.where, draft.values["text"])


def _plain(value: Any) -> Any:
    """A number or a truth as JSON writes it; other things as they are."""
    try:
        return as_text(value, "", "")
    except DataError:
        return value


def _label(value: Any, where: str, findings: Findings) -> str | None:
    several = isinstance(value, list | tuple)
    if several and len({*map(str, value)}) > 1:
        findings.fault("labels", where, ", ".join(map(str, value)))
        return None
    label = _plain(value[0] if several and value else None if several else value)
    if not isinstance(label, str) or not label.strip():
        findings.fault("label", where)
        return None
    if label != label.strip():
        findings.mend("margin", where, "label", label, label.strip())
    return sound_text(label.strip(), "label", where, findings)


def _group(values: Mapping[str, Any], where: str, findings: Findings) -> str | None:
    value = _plain(values.get("group"))
    return None if value in (None, "") else sound_text(value, "group", where, findings)


def sentence_rows(
    drafts: Iterable[Draft], request: Request, findings: Findings
) -> list[dict[str, Any]]:
    """Every sentence with its words and their labels; BIOES and BILUO become BIO."""
    rows: Placed = []
    for draft in drafts:
        made = _from_spans if "spans" in draft.values else _from_words
        row = made(draft, findings)
        if row is not None:
            group = _group(draft.values, draft.where, findings)
            rows.append((draft.where, row | {"group": group}))
    _to_bio([row for _, row in rows], findings)
    _warn_of_one_label({label for _, row in rows for label in row["labels"]}, findings)
    if rows and all(label.isdigit() for _, row in rows for label in row["labels"]):
        findings.warnings.append("all labels are numbers: their names are not in the file")
    return _all_or_none(rows, findings)


def _from_spans(draft: Draft, findings: Findings) -> dict[str, Any] | None:
    values, where = draft.values, draft.where
    text = sound_text(values.get("text"), "text", where, findings)
    if text is None:
        return None
    words = values["tokens"] or split_words(text)
    words = [(start, end) for start, end in words if text[start:end].strip()]
    labels = to_bio(text, values["spans"], words, where, findings)
    return {"words": [text[start:end] for start, end in words], "labels": labels}


def _from_words(draft: Draft, findings: Findings) -> dict[str, Any] | None:
    words, labels = draft.values["words"], draft.values["labels"]
    if not all(isinstance(one, list | tuple) for one in (words, labels)):
        findings.fault("layout", draft.where, "words and labels are not lists")
        return None
    if len(words) != len(labels) or not words:
        findings.fault(
            "lengths", draft.where, f"{plural(len(words), 'word')}, {plural(len(labels), 'label')}"
        )
        return None
    read = [sound_text(_plain(word), "a word", draft.where, findings) for word in words]
    named = [_label(label, draft.where, findings) for label in labels]
    return None if None in read or None in named else {"words": read, "labels": named}


def _to_bio(rows: Sequence[dict[str, Any]], findings: Findings) -> None:
    """Rewrite labels where all are O or have a prefix, and some have one that BIO has not."""
    found = {label for row in rows for label in row["labels"]}
    if not all(map(SCHEME.fullmatch, found)) or not any(label[0] in TO_BIO for label in found):
        return
    for row in rows:
        row["labels"] = [TO_BIO.get(one[0], one[0]) + one[1:] for one in row["labels"]]
    findings.warnings.append("labels of the scheme BIOES or BILUO are written as BIO")


def _all_or_none(rows: Placed, findings: Findings) -> list[dict[str, Any]]:
    """Optional fields that no row has are left out, and so is one group of all."""
    lacking: list[str] = []
    rows = findings.sound(rows)
    for name in ("text_pair", "group"):
        without = [where for where, row in rows if row.get(name) is None]
        one = name == "group" and len({row.get(name) for _, row in rows}) == 1
        if one and not without:
            shown = quoted(rows[0][1][name])
            findings.warnings.append(f"all examples have the group {shown}: left out")
        if len(without) == len(rows) or one:
            lacking.append(name)
        for where in without if 0 < len(without) < len(rows) else ():
            findings.fault("group", where, f"no {name}")
    rows = findings.sound(rows)
    return [{k: v for k, v in row.items() if k not in lacking} for _, row in rows]
