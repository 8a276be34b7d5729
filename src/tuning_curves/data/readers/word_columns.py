"""Column files of the CoNLL tasks: a line a word, a label in a column, blank lines end sentences.

A line of white space is blank too. `-DOCSTART-` lines hold no word; where they stand, they open
groups, which are named by their numbers.
"""

import re
from collections.abc import Iterator
from typing import Any

from tuning_curves.data.formats import WordColumns
from tuning_curves.data.readers.sentences import Sentence, numbered
from tuning_curves.util.errors import DataError, plural, quoted

DOCUMENT = "-DOCSTART-"
BLANKS = re.compile(r"[ \t]+")


def read_word_columns(
    text: str, name: str, form: WordColumns, split: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sentences of a file; see `read_rows`.

    Raises:
        DataError: a line with more or fewer columns than the first one, or without the one asked
            for.
    """
    sentence, group, documents, width = Sentence(), None, 0, 0
    for where, line in numbered(text, name):
        found = _columns(line, form)
        opens = line.startswith(DOCUMENT)
        if not line.strip() or opens:
            if sentence.words:
                yield sentence.row(group)
            sentence = Sentence()
            documents += opens
            group = f"{split} document {documents}" if documents and form.documents else None
            continue
        width = width or len(found)
        _check_width(found, width, form, where, line)
        word, label = (found[form.columns[name] - 1] for name in ("words", "labels"))
        sentence.add(word, label, where)
    if sentence.words:
        yield sentence.row(group)


def _columns(line: str, form: WordColumns) -> list[str]:
    if form.separator == "tab":
        return line.split("\t")
    return BLANKS.split(line.strip(" \t"))  # a word may hold other white space


def _check_width(found: list[str], width: int, form: WordColumns, where: str, line: str) -> None:
    beyond = max(form.columns.values())
    if beyond > width:
        raise DataError(
            f"{where}: no column {beyond} (there are {width}): {quoted(line, 60)}",
            fix="correct `columns` (numbers from 1) or `separator` of data.format",
        )
    if len(found) != width:
        raise DataError(
            f"{where}: {plural(len(found), 'column')}, expected {width} as in the first line: "
            f"{quoted(line, 60)}",
            fix="end sentences with blank lines, and part columns by data.format.separator",
        )
