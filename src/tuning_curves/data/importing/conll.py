"""Files of a word a line: CoNLL's columns, and CoNLL-U."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tuning_curves.data.formats import CONLLU
from tuning_curves.data.importing.drafts import Draft, Request
from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.readers.conllu import NEW_DOCUMENT, NO_WORD
from tuning_curves.data.readers.sentences import Sentence
from tuning_curves.data.readers.word_columns import DOCUMENT
from tuning_curves.util.errors import DataError, UsageError, quoted

LOOKED_AT = 1000  # lines that decide on the number of columns
LINE_END = re.compile(r"\r?\n|\r")


def is_conllu(text: str) -> bool:
    """Whether lines have CoNLL-U's ten columns, the first a number."""
    lines = [line for line in LINE_END.split(text[:20_000]) if line.strip() and line[0] != "#"][:20]
    return bool(lines) and all(
        len(found) == len(CONLLU) and found[0][:1].isdigit()
        for found in (line.split("\t") for line in lines[:-1] or lines)
    )


def read_conll(
    text: str, name: str, universal: bool, request: Request, findings: Findings
) -> Iterator[Draft]:
    """The sentences; `-DOCSTART-` and `# newdoc` open groups.

    Words are the first column (FORM), labels the last one (UPOS), unless columns are named. A line
    above a sentence that begins with # is a comment if it has other columns than words have. A
    sentence with a line of another width is none.

    Raises:
        UsageError: no such column. DataError: one column alone.
    """
    word, label = _columns(universal, request)
    lines = LINE_END.split(text)
    width = _width(lines, name)
    sentence, sound = Sentence(), True
    opened_by = [_opens(line, universal) for line in lines]
    documents, group = 0, None if set(opened_by) == {None} else "document 0"
    for number, (line, opened) in enumerate(zip(lines, opened_by, strict=True), 1):
        if not line.strip() or opened is not None:
            yield from _finished(sentence, group, sound)
            sentence, sound = Sentence(), True
            if opened is not None:
                documents += 1
                group = opened or f"document {documents}"
            continue
        found = _parts(line)
        comment = line.startswith("#") and not sentence.words and len(found) != width
        if comment or (universal and line.startswith("#")):
            continue
        if len(found) != width or max(word, label) >= width:
            findings.fault("columns", f"line {number}", f"{len(found)}, {quoted(line, 40)}")
            sound = False
        elif not (universal and NO_WORD.fullmatch(found[0])):
            sentence.add(found[word].strip(), found[label].strip(), f"line {number}")
    yield from _finished(sentence, group, sound)


def _width(lines: Sequence[str], name: str) -> int:
    """How many columns most lines have that may be words."""
    there = {
        number: line
        for number, line in enumerate(lines[:LOOKED_AT], 1)
        if line.strip() and not line.startswith(("#", DOCUMENT))
    }
    widths = Counter(len(_parts(line)) for line in there.values())
    width = widths.most_common(1)[0][0] if widths else 0
    if width < 2:
        number, line = next(iter(there.items()), (1, lines[0]))
        raise DataError(
            f"{name}: line {number}: neither JSON nor columns of words and labels: "
            f"{quoted(line, 40)}",
            fix="part words and labels by tabs or blanks, or export it as JSON Lines",
        )
    return width


def _parts(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _finished(sentence: Sentence, group: str | None, sound: bool) -> Iterator[Draft]:
    if sentence.words and sound:
        where, row = sentence.row(group)
        yield Draft(where, row)


def _opens(line: str, universal: bool) -> str | None:
    """The name of a document that opens here, empty if it has none; else None."""
    if not universal:
        return "" if line.startswith(DOCUMENT) else None
    found = NEW_DOCUMENT.fullmatch(line)
    return None if found is None else found["id"] or ""


def _columns(universal: bool, request: Request) -> tuple[int, int]:
    """The places of words and labels, from 0 (-1: the last)."""
    defaults = {"words": "FORM", "labels": "UPOS"} if universal else {"words": "1", "labels": "0"}
    places = []
    for name, usual in defaults.items():
        asked = request.columns.get(name, usual)
        if universal and asked in CONLLU:
            places.append(CONLLU.index(asked))
        elif asked.isdigit():
            places.append(int(asked) - 1)
        else:
            known = ", ".join(CONLLU) if universal else "numbers from 1"
            raise UsageError(
                f"--column {name}={asked}: no such column (there are {known})",
                fix=f"write `--column {name}=…` with one of them",
            )
    return places[0], places[1]
