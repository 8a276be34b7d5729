"""Labelled stretches of characters to words with BIO labels, by one rule.

A word is a stretch of letters, digits, underscores and the marks that belong to them; every other
character that is not white space is a word of its own, and so is every Chinese or Japanese
character. Where an export has tokens, these are the words. A span covers whole words: its first one
is B-, the others I-. White space at its ends does not count; a span that cuts a word, or overlaps
another one, is a fault.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.importing.offsets import place_all
from tuning_curves.util.errors import quoted

ALONE = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F))
JOINERS = "\u200c\u200d"
STARTS, ENDS = ("start", "start_offset"), ("end", "end_offset")


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` (excluded) of a text; `text` is what they read, where told."""

    start: int
    end: int
    label: str
    text: str | None = None


def parse_spans(value: Any) -> list[Span]:
    """Spans as annotation tools write them: objects, or lists of two offsets and a label.

    Raises:
        ValueError: something else; says what.
    """
    if not isinstance(value, list | tuple):
        raise ValueError(f"{type(value).__name__} where a list of spans was expected")
    return [_of_object(one) if isinstance(one, Mapping) else _of_list(one) for one in value]


def _of_object(one: Mapping[str, Any]) -> Span:
    start, end = (next((one[key] for key in keys if key in one), None) for keys in (STARTS, ENDS))
    label = one.get("label", one.get("labels"))
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    text = one.get("text")
    return _checked(start, end, label, text if isinstance(text, str) else None, one)


def _of_list(one: Any) -> Span:
    parts = one if isinstance(one, list | tuple) else ()
    numbers = [part for part in parts if type(part) is int]
    texts = [part for part in parts if isinstance(part, str)]
    if len(numbers) != 2 or not texts:
        raise ValueError(f"a span is {quoted(str(one), 60)}, expected two offsets and a label")
    text = texts[1] if len(texts) > 1 else None
    return _checked(numbers[0], numbers[1], texts[0], text, one)


def _checked(start: Any, end: Any, label: Any, text: str | None, one: Any) -> Span:
    if type(label) is int:
        label = str(label)
    sound = type(start) is int and type(end) is int and isinstance(label, str) and label.strip()
    if not sound:
        raise ValueError(f"a span is {quoted(str(one), 60)}, expected two offsets and one label")
    return Span(start, end, label.strip(), text or None)


def split_words(text: str) -> list[tuple[int, int]]:
    """Where the words of a text begin and end, by the rule above."""
    words: list[tuple[int, int]] = []
    open_word = False
    for place, character in enumerate(text):
        goes_on = _within(character)
        if goes_on and open_word:
            words[-1] = (words[-1][0], place + 1)
        elif not character.isspace():
            words.append((place, place + 1))
        open_word = goes_on
    return words


def _within(character: str) -> bool:
    """Whether neighbours of this kind form one word."""
    if any(low <= ord(character) <= high for low, high in ALONE):
        return False
    mark = character in JOINERS or unicodedata.category(character).startswith("M")
    return mark or character.isalnum() or character == "_"


def to_bio(
    text: str,
    spans: Sequence[Span],
    words: Sequence[tuple[int, int]],
    where: str,
    findings: Findings,
) -> list[str]:
    """A label for each word; O outside of spans. What does not fit is a fault."""
    labels = ["O"] * len(words)
    last: Span | None = None
    for span in sorted(set(_mended(text, spans, where, findings)), key=lambda one: one.start):
        shown = f"{span.label} {span.start} to {span.end}"
        stripped = _stripped(text, span)
        if not 0 <= span.start < span.end <= len(text) or stripped is None:
            findings.fault("outside", where, f"{shown} of {len(text)} characters")
        elif last is not None and stripped.start < last.end:
            over = f"{last.label} {last.start} to {last.end}"
            findings.fault("overlap", where, f"{shown} and {over}")
        else:
            last = stripped
            _write(labels, stripped, words, text, where, findings)
    return labels


def _write(
    labels: list[str],
    span: Span,
    words: Sequence[tuple[int, int]],
    text: str,
    where: str,
    findings: Findings,
) -> None:
    covered = [n for n, (start, end) in enumerate(words) if start < span.end and end > span.start]
    if not covered or words[covered[0]][0] < span.start or words[covered[-1]][1] > span.end:
        around = text[max(0, span.start - 10) : span.end + 10]
        reads = quoted(text[span.start : span.end], 40)
        findings.fault("cut", where, f"{span.label} {reads} in {quoted(around, 60)}")
    for number in covered:
        labels[number] = f"{'B' if number == covered[0] else 'I'}-{span.label}"


def _stripped(text: str, span: Span) -> Span | None:
    """The span without white space at its ends; None where nothing is left."""
    reads = text[max(span.start, 0) : span.end]
    start = span.start + len(reads) - len(reads.lstrip())
    return replace(span, start=start, end=start + len(reads.strip())) if reads.strip() else None


def _mended(text: str, spans: Sequence[Span], where: str, findings: Findings) -> Iterable[Span]:
    """Spans at their place, where the export says what they read."""
    told = [span for span in spans if span.text is not None and span.text.strip()]
    if all(text[s.start : s.end] == s.text for s in told):
        return spans
    placed = place_all(text, [(span.text or "", span.start) for span in told])
    found = dict(zip(told, placed, strict=True))
    return [_moved(span, found.get(span), text, where, findings) for span in spans]


def _moved(span: Span, there: Any, text: str, where: str, findings: Findings) -> Span:
    if span.text is None or text[span.start : span.end] == span.text:
        return span
    if there is None:
        reads = quoted(text[max(span.start, 0) : span.end], 40)
        findings.fault(
            "place", where, f"{span.label} {quoted(span.text, 40)}: there it reads {reads}"
        )
        return span
    kind = "counting" if there.counting else "form"
    before, after = [span.start, span.end], [there.start, there.start + len(there.text)]
    if before != after:
        what = f"{span.label}, {there.counting or 'text'}:"
        findings.mend(kind, where, what, before, after)
    return replace(span, start=after[0], end=after[1])
