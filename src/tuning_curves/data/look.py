"""A file of labelled examples of which only the name is known: its format, columns and labels.

What cannot be told from the file is asked for by the name of an option of `tuning-curves new`.
"""

import contextlib
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from tuning_curves.data.readers.columns import LONGEST_FIELD
from tuning_curves.data.readers.text import decoded
from tuning_curves.data.readers.word_columns import DOCUMENT
from tuning_curves.data.sources import SourceFile, read_bytes
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.token_classification.tags import is_bio
from tuning_curves.util.errors import DataError, UsageError, plural, quoted
from tuning_curves.util.files import parse_json

KINDS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".json": "json", ".conllu": "conllu", ".conll": "columns", ".iob": "columns",
    ".iob2": "columns", ".bio": "columns", ".txt": "columns",
}  # fmt: skip
OF_WORDS = ("conllu", "columns")
MOST_LABELS, FEW, LEAST = 500, 20, 3  # distinct ones; so many need five examples each, others three
SHOWN = 5
LOOKED_AT = 50  # objects whose keys are looked at
FIX_ENTRY = (
    'write an object for each example, such as {"text": "…", "label": "…"}; what another '
    "program exported is read by `tuning-curves import`"
)


class Missing(UsageError):
    """A column that nobody has named: `field` is the task's, `there` what the file has."""

    def __init__(self, field: str, name: str, there: Sequence[str]) -> None:
        self.field, self.there = field, list(there)
        listed = ", ".join(map(quoted, there)) or "none"
        option = "--" + field.replace("_", "-")
        super().__init__(
            f"{name}: no column is called {field!r}, which the task reads (there are: {listed})",
            fix=f"name one with {option}; what another program exported is read by "
            "`tuning-curves import`, which writes a file that needs no names",
        )


def content_of(path: Path) -> bytes:
    """A file's bytes, decompressed, once they are known to be a text.

    Raises:
        ResourceError, DataError: not there, not UTF-8, or empty.
    """
    file = SourceFile(name=str(path), content=lambda: read_bytes(path.expanduser()))
    content = file.read()
    decoded(content, str(path))
    return content


def guess_format(
    task: type[Task], name: str, content: bytes, columns: Mapping[str, str]
) -> dict[str, Any] | None:
    """A study's `data.format` of a file, by its name and its first line.

    Args:
        columns: by the task's field, the column that a person named.

    Returns:
        None for the task's own layout.

    Raises:
        Missing: a column that the task needs, and that is not there.
        UsageError: a kind of file that is not read.
    """
    kind, text = _kind(task, name), decoded(content, name)
    if kind == "json" and task.layout and text.lstrip().startswith("{"):
        return None
    if kind == "conllu":
        return {"kind": kind, "labels": columns.get("labels", "UPOS")}
    if kind == "columns":
        return _of_words(name, text, columns)
    if kind in ("csv", "tsv"):
        return _of_lines(task, name, text, kind, columns)
    there = _keys(name, text, kind, [field.name for field in task.fields if field.required])
    return {"kind": kind, "columns": _chosen(task, name, there, columns)}


def _kind(task: type[Task], name: str) -> str:
    suffix = Path(name.removesuffix(".gz")).suffix.lower()
    by_words = any(field.name == "words" for field in task.fields)
    lists = any(field.kind != "text" for field in task.fields)
    known = KINDS | ({".tsv": "columns", ".tab": "columns"} if by_words else {})
    left_out = (() if by_words else OF_WORDS) + (("csv", "tsv") if lists else ())
    fits = {end: kind for end, kind in known.items() if kind not in left_out}
    if suffix not in fits:
        raise UsageError(
            f"{name}: a file whose name ends in {suffix or 'nothing'!r}, expected one that "
            f"{task.name} reads: {', '.join(fits)}",
            fix="`tuning-curves import` reads other files; rename it where its name alone is wrong",
        )
    return fits[suffix]


def _of_lines(
    task: type[Task], name: str, text: str, kind: str, columns: Mapping[str, str]
) -> dict[str, Any]:
    """Columns by name or, where all that a person named are numbers, in a file without a header."""
    first = text.lstrip("\r\n").partition("\n")[0].strip("\r")
    separator = "," if kind == "csv" else "\t"
    other = max(",;\t|", key=first.count)
    if first.count(other) > 0 and separator not in first:
        raise UsageError(
            f"{name}: the first line has no {_called(separator)} and {_called(other)}s: "
            f"{quoted(first, 60)}",
            fix="let its name end in .tsv" if other == "\t" else "`tuning-curves import` reads it",
        )
    plain = {"quoting": False} if _quotes_are_plain(text, separator) else {}
    style: dict[str, Any] = {"quoting": csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL}
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, **style)
    there = next(row for row in rows if row)
    numbers = bool(columns) and all(one.isdecimal() for one in columns.values())
    if numbers and not set(columns.values()) <= set(there):
        chosen = {field: int(column) for field, column in columns.items()}
        return {"kind": kind, "header": False, "columns": chosen, **plain}
    chosen_names = _chosen(task, name, there, columns)
    return {"kind": kind, "header": True, "columns": chosen_names, **plain}


def _quotes_are_plain(text: str, separator: str) -> bool:
    """Whether every line has as many fields only where a quotation mark is a character."""

    def widths(quoting: Literal[0, 3]) -> set[int]:
        rows = csv.reader(
            io.StringIO(text, newline=""), delimiter=separator, strict=True, quoting=quoting
        )
        try:
            return {len(row) for row in rows if row}
        except csv.Error:
            return set()

    csv.field_size_limit(LONGEST_FIELD)
    return len(widths(csv.QUOTE_MINIMAL)) != 1 and len(widths(csv.QUOTE_NONE)) == 1


def _called(separator: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[separator]


def _keys(name: str, text: str, kind: str, needed: Sequence[str]) -> list[str]:
    """The keys of the first objects, of which some may lack what others have.

    Args:
        needed: keys that an object has, for messages.

    Raises:
        DataError: torn, or its first entry is no object.
    """
    entries = _lines(name, text) if kind == "jsonl" else _entries(name, text)
    first = next(iter(entries), None)
    if not first or not isinstance(first, Mapping):
        raise DataError(
            f"{name}: its first entry is {json.dumps(first)[:40]}, expected an object with "
            f"{', '.join(needed)}",
            fix=FIX_ENTRY,
        )
    return list(dict.fromkeys(key for one in entries if isinstance(one, Mapping) for key in one))


def _lines(name: str, text: str) -> list[Any]:
    """The values of the first lines; of a torn one behind the first the reader tells the place."""
    first, *others = text.strip().split("\n", LOOKED_AT)[:LOOKED_AT]
    values = [parse_json(first, f"{name}: the first line", what="it", fix=FIX_ENTRY)]
    for line in others:
        with contextlib.suppress(DataError):
            values.append(parse_json(line, "", what=""))
    return values


def _entries(name: str, text: str) -> list[Any]:
    """The first items of a list; or what else the file is, as the only one."""
    value = parse_json(text, name, what="the file", fix=FIX_ENTRY)
    return value[:LOOKED_AT] if isinstance(value, list) else [value]


def _chosen(
    task: type[Task], name: str, there: Sequence[str], columns: Mapping[str, str]
) -> dict[str, str]:
    """A column for each field that a person named one for, or that has the field's own name.

    `group` and `text_pair` change what is measured: they are taken only where they are asked for.
    """
    chosen = {}
    for field in task.fields:
        column = columns.get(field.name, field.name if field.required else None)
        if column is None:
            continue
        if column not in there and field.name not in columns:
            raise Missing(field.name, name, there)
        if column not in there:
            listed = ", ".join(map(quoted, there)) or "none"
            option = "--" + field.name.replace("_", "-")
            raise UsageError(
                f"{name}: no column {quoted(column)} (there are: {listed})",
                fix=f"correct {option}",
            )
        chosen[field.name] = column
    _check_different(name, {f.name: chosen[f.name] for f in task.fields if f.required})
    return chosen


def _check_different(name: str, chosen: Mapping[str, str]) -> None:
    """No column is read as two fields that every example has."""
    fields: dict[str, str] = {}
    for field, column in chosen.items():
        other = fields.setdefault(column, field)
        if other != field:
            raise UsageError(
                f"{name}: {other} and {field} are both read from the column {quoted(column)}",
                fix=f"name another column with --{other.replace('_', '-')} or "
                f"--{field.replace('_', '-')}",
            )


def _of_words(name: str, text: str, columns: Mapping[str, str]) -> dict[str, Any]:
    """A line a word: its label is the last column, unless a person says otherwise."""
    lines = (line.strip("\r") for line in text.split("\n"))
    first = next((one for one in lines if one.strip() and not one.startswith(DOCUMENT)), "")
    found = first.split("\t") if "\t" in first else first.split()
    if len(found) < 2:
        raise UsageError(
            f"{name}: the first word's line has one column: {quoted(first, 60)}",
            fix="write a word and its label on each line, a blank line behind each sentence",
        )
    chosen = {"words": columns.get("words", "1"), "labels": columns.get("labels", str(len(found)))}
    for field, column in chosen.items():
        if not column.isdecimal() or not 1 <= int(column) <= len(found):
            raise UsageError(
                f"--{field} is {column!r}, expected a column's number from 1 to {len(found)}",
                fix=f"{name} has no names of columns: count them",
            )
    numbers = {field: int(column) for field, column in chosen.items()}
    separator = "tab" if "\t" in first else "space"
    return {"kind": "columns", "columns": numbers, "separator": separator}


def count_labels(rows: Iterable[tuple[str, Mapping[str, Any]]], name: str) -> Counter[str]:
    """How often each label occurs, of texts or of words.

    Raises:
        DataError: examples without a label, with the first places.
    """
    counts: Counter[str] = Counter()
    empty = []
    for where, row in rows:
        found = row["labels"] if "labels" in row else [row.get("label")]
        for label in found:
            if isinstance(label, str) and label.strip():
                counts[label] += 1
            else:
                empty.append(where)
    if empty:
        places = ", ".join(where.removeprefix(f"{name}: ") for where in empty[:SHOWN])
        raise DataError(
            f"{name}: {plural(len(empty), 'label')} of {len(empty) + counts.total():,} "
            f"{'is' if len(empty) == 1 else 'are'} empty ({places}"
            f"{', …' if len(empty) > SHOWN else ''})",
            fix="label these examples, or leave them out of the file",
        )
    return counts


def check_labels(counts: Mapping[str, int], name: str, column: str) -> None:
    """Refuse what is no set of labels: one alone, or nearly as many as examples.

    Raises:
        DataError: names the column, how many labels it has, and a few of them.
    """
    total = sum(counts.values())
    if total == 0:
        raise DataError(f"{name}: no examples", fix="give a file of labelled examples")
    shown = ", ".join(quoted(label, 30) for label in list(counts)[:SHOWN])
    if len(counts) < 2:
        raise DataError(
            f"{name}: every label in {column} is {shown}, expected two labels or more",
            fix="give examples of the other labels too, or name another column",
        )
    each = total / len(counts)
    least = 5 if len(counts) > FEW else LEAST
    if len(counts) <= MOST_LABELS and (each >= least or len(counts) == 2):
        return
    numbers = all(_is_number(label) for label in counts)
    raise DataError(
        f"{name}: {len(counts):,} distinct labels in {total:,} examples of {column} "
        f"({shown}, …): these are {'numbers' if numbers else 'free texts'}, not labels",
        fix="add a column with a few labels for ranges of them (such as low and high) and name it"
        if numbers
        else "name the column that holds labels, a few of which stand for all examples",
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def in_order(labels: Iterable[str]) -> list[str]:
    """Labels as a study lists them: sorted, numbers by their value, of entities `O` first."""
    found = sorted(labels)
    if all(_is_number(label) for label in found):
        return sorted(found, key=float)
    if is_bio(found):
        return ["O", *sorted((one for one in found if one != "O"), key=lambda s: (s[2:], s[0]))]
    return found
