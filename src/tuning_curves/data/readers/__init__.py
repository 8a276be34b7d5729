"""Readers of files of labelled examples: bytes in, rows by the task's field names out.

A row comes with its place, which opens messages about it (`reviews.csv: line 12`). Readers check
what belongs to the format (encoding, columns, quotes, JSON); the task checks what an example is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tuning_curves.data.formats import Conllu, Delimited, Format, JsonRows, WordColumns
from tuning_curves.data.readers.conllu import read_conllu
from tuning_curves.data.readers.delimited import read_delimited
from tuning_curves.data.readers.json_rows import read_json_rows
from tuning_curves.data.readers.text import decoded
from tuning_curves.data.readers.word_columns import read_word_columns
from tuning_curves.tasks.base import Field

Rows = Iterator[tuple[str, Mapping[str, Any]]]


def read_rows(content: bytes, name: str, form: Format, fields: Sequence[Field], split: str) -> Rows:
    """The rows of a file.

    Args:
        name: the file's, for messages.
        fields: what the task wants to know of an example.
        split: `train` or `test`: names documents that have no name, so that two parts share none.

    Raises:
        DataError: while it is read: names the file, the line and the value.
    """
    text = decoded(content, name)
    if isinstance(form, Delimited):
        return read_delimited(text, name, form, fields)
    if isinstance(form, JsonRows):
        return read_json_rows(text, name, form, fields)
    if isinstance(form, Conllu):
        return read_conllu(text, name, form, split)
    assert isinstance(form, WordColumns), "a task's own layout has no rows"
    return read_word_columns(text, name, form, split)
