"""CoNLL-U: ten columns parted by tabs, sentences ended by blank lines, comments behind `#`.

Syntactic words are read: the lines of multiword ranges (`3-4`) and of empty nodes (`8.1`) are
passed over. `# newdoc id = …` opens a group, one without an id is named by its number.
"""

import re
from collections.abc import Iterator
from typing import Any

from tuning_curves.data.formats import CONLLU, Conllu
from tuning_curves.data.readers.sentences import Sentence, numbered
from tuning_curves.util.errors import DataError, plural, quoted

NEW_DOCUMENT = re.compile(r"#\s*newdoc(?:\s+id\s*=\s*(?P<id>.*\S))?\s*")
NO_WORD = re.compile(r"\d+[-.]\d+")  # a multiword range or an empty node
FIX_COLUMNS = "use CoNLL-U (ten columns parted by tabs), or another `format`"


def read_conllu(
    text: str, name: str, form: Conllu, split: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sentences of a file; see `read_rows`.

    Raises:
        DataError: a line without ten columns, an ID that is no number, or a word without a label.
    """
    sentence, group, documents = Sentence(), None, 0
    for where, line in numbered(text, name):
        if not line.strip():
            if sentence.words:
                yield sentence.row(group)
            sentence = Sentence()
        elif line.startswith("#"):
            opens = NEW_DOCUMENT.fullmatch(line) if form.documents else None
            if opens is not None:
                documents += 1
                group = opens["id"] or f"{split} document {documents}"
        else:
            _add(sentence, line, where, CONLLU.index(form.labels), form.labels)
    if sentence.words:
        yield sentence.row(group)


def _add(sentence: Sentence, line: str, where: str, column: int, called: str) -> None:
    found = line.split("\t")
    if len(found) != len(CONLLU):
        message = (
            f"{where}: {plural(len(found), 'column')}, expected {len(CONLLU)}: {quoted(line, 60)}"
        )
        raise DataError(message, fix=FIX_COLUMNS)
    if NO_WORD.fullmatch(found[0]):
        return
    if found[0] != str(len(sentence.words) + 1):
        raise DataError(
            f"{where}: the ID is {quoted(found[0])}, expected {len(sentence.words) + 1}",
            fix="number a sentence's words from 1, and end it with a blank line",
        )
    if found[column] in ("", "_"):
        raise DataError(
            f"{where}: the word {quoted(found[1])} has no {called}",
            fix="choose a column that is filled: `labels: …`",
        )
    sentence.add(found[1], found[column], where)
