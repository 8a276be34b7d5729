"""Files of a word a line: CoNLL's columns, and CoNLL-U."""

import re
from collections.abc import Iterator

from tuning_curves.data.formats import CONLLU
from tuning_curves.data.importing.drafts import Draft, Request
from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.readers.conllu import NEW_DOCUMENT, NO_WORD
from tuning_curves.data.readers.sentences import Sentence
from tuning_curves.data.readers.word_columns import DOCUMENT
from tuning_curves.util.errors import DataError, UsageError, quoted

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

    Words are the first column (FORM), labels the last one (UPOS), unless columns are named.

    Raises:
        UsageError: no such column. DataError: one column alone.
    """
    word, label = _columns(universal, request)
    sentence, group, documents, width = Sentence(), None, 0, 0
    for number, line in enumerate(LINE_END.split(text), 1):
        opened = _opens(line, universal)
        if not line.strip() or opened is not None:
            yield from _finished(sentence, group)
            sentence = Sentence()
            if opened is not None:
                documents += 1
                group = opened or f"document {documents}"
            continue
        if universal and line.startswith("#"):
            continue
        found = line.split("\t") if universal or "\t" in line else line.split()
        width = width or len(found)
        if width < 2:
            raise DataError(
                f"{name}: line {number}: neither JSON nor columns of words and labels: "
                f"{quoted(line, 40)}",
                fix="part words and labels by tabs or blanks, or export it as JSON Lines",
            )
        if len(found) != width or max(word, label) >= width:
            findings.fault("fields", f"line {number}", f"{len(found)} columns, {quoted(line, 40)}")
        elif not (universal and NO_WORD.fullmatch(found[0])):
            sentence.add(found[word].strip(), found[label].strip(), f"line {number}")
    yield from _finished(sentence, group)


def _finished(sentence: Sentence, group: str | None) -> Iterator[Draft]:
    if sentence.words:
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
