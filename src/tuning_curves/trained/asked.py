"""What is asked of a trained model: the texts of the command line, or the examples of a file.

A file is JSON Lines, JSON (a list of objects, or SQuAD's layout, with answers or without), or a
table; which one is told from its content. What is wrong with one example stays with that example:
the others are read. A line of a table with another number of fields than the header, or with a
quotation mark that is never closed, is one such; the next line is read as if it were not there.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tuning_curves.data.importing.decode import decoded
from tuning_curves.data.importing.drafts import NAMES
from tuning_curves.data.importing.recognise import GZIP
from tuning_curves.data.importing.squad import is_squad
from tuning_curves.data.importing.tables import SEPARATORS
from tuning_curves.data.readers.columns import LONGEST_FIELD, as_field, check_header
from tuning_curves.data.sources import read_bytes, unzipped
from tuning_curves.tasks.base import Field, Task
from tuning_curves.util.errors import DataError, UsageError, plural, quoted
from tuning_curves.util.files import parse_json

SHOWN = 30  # columns named in a message
ID = Field(name="id", what="its id", required=False, kind="any")
Found = tuple[str, Mapping[str, Any] | str]  # a place; what stands there, or what is wrong with it


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An example of which a prediction is asked for.

    Attributes:
        id: its own, or its number among all from 1.
        where: its place, for messages.
        row: by the task's field names.
        error: what is wrong with it; "" where nothing is.
    """

    id: str
    where: str
    row: Mapping[str, Any]
    error: str = ""


def read_texts(task: Task, texts: Mapping[str, str | None]) -> Asked:
    """The example that is given on the command line.

    Args:
        texts: by the task's `inputs`.

    Raises:
        UsageError: a text that is missing or empty, or that UTF-8 cannot write.
    """
    row: dict[str, Any] = {}
    for field in task.asked_fields():
        name = field.name.replace("_", "-")
        text = texts.get(name)
        if text is None and not field.required:
            continue
        if text is None or not text.strip():
            state = "missing" if text is None else "empty"
            raise UsageError(f"--{name} is {state}, expected some text", fix=f"give --{name} TEXT")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            message = f"--{name} holds half a surrogate pair at offset {error.start}"
            raise UsageError(message, fix="write it as UTF-8") from None
        row[field.name] = text.split() if field.kind == "words" else text
    return Asked(id="1", where="the command line", row=row)


def read_file(
    task: Task, path: Path, columns: Mapping[str, str], encoding: str | None
) -> tuple[list[Asked], list[str]]:
    """The examples of a file, each sound or with what is wrong with it; and what must be told.

    Args:
        columns: by field, the column or key that it is read from, where it has another name.

    Raises:
        ResourceError: no such file.
        DataError: it cannot be read, or has no example at all, or no column for what is asked.
        UsageError: no such encoding.
    """
    content = read_bytes(path)
    content = unzipped(content, str(path)) if content.startswith(GZIP) else content
    text, _, told = decoded(content, str(path), encoding)
    if not text.strip():
        raise DataError(f"{path}: empty, expected examples", fix="give a file of examples")
    is_json = text.lstrip()[0] in "{["
    found = [*(_of_json(text, task) if is_json else _of_table(text, path, task, columns))]
    there = list(dict.fromkeys(key for _, row in found if isinstance(row, Mapping) for key in row))
    if not there:
        where, wrong = found[0] if found else ("the file", "no examples")
        raise DataError(f"{path}: nothing in it can be read; {where}: {wrong}", fix=FIX)
    chosen = _columns(str(path), task, there, columns)
    told += [
        f"{field.name} is read from the column {quoted(column)}"
        for field, column in chosen.items()
        if column not in (field.name, columns.get(field.name))
    ]
    asked = [_asked(n, entry, chosen, task) for n, entry in enumerate(found, 1)]
    return _all_or_none(asked, task), told


FIX = "write JSON Lines, CSV or TSV; `tuning-curves predict --help` has the names of columns"


def _columns(
    name: str, task: Task, there: Sequence[str], columns: Mapping[str, str]
) -> dict[Field, str]:
    """The column of each field that has one."""
    chosen = {}
    for field in (*task.asked_fields(), ID):
        wanted = _names(field, columns)
        column = next((one for one in wanted if one in there), None)
        if column is not None:
            chosen[field] = column
        elif field.required or field.name in columns:
            listed = ", ".join(map(quoted, there[:SHOWN]))
            more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
            raise DataError(
                f"{name}: no column {' or '.join(wanted)} for {field.name} (there are: "
                f"{listed}{more})",
                fix=f"name the right one: `--column {field.name}=…`",
            )
    return chosen


def _names(field: Field, columns: Mapping[str, str]) -> Sequence[str]:
    """The columns that a field may be read from, the first that is there."""
    if field.name in columns:
        return (columns[field.name],)
    return NAMES.get(field.name, (field.name,))


def _asked(number: int, entry: Found, chosen: Mapping[Field, str], task: Task) -> Asked:
    where, row = entry
    asked = Asked(id=str(number), where=where, row={})
    if isinstance(row, str):
        return replace(asked, error=f"{where}: {row}")
    try:
        asked = replace(asked, id=_id(row.get(chosen.get(ID, "")), number, where))
        read = {f.name: _value(row.get(key), f, where) for f, key in chosen.items() if f != ID}
        task.read_unlabelled([(where, read)])
    except DataError as error:
        return replace(asked, error=error.message)
    return replace(asked, row=read)


def _id(value: Any, number: int, where: str) -> str:
    """An example's own id, or its number where it has none."""
    if value is None or value == "":
        return str(number)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(f"{where}: id is {value!r}, expected text or an integer")
    if re.search("[\ud800-\udfff]", str(value)):
        raise DataError(f"{where}: id holds half a surrogate pair")
    return str(value)


def _value(value: Any, field: Field, where: str) -> Any:
    """A value as the task wants it; words are a list, a list as JSON, or a text with blanks."""
    if value is None or (value == "" and not field.required):
        return None
    if field.kind == "words" and isinstance(value, str):
        return _listed(value) or value.split()
    return as_field(value, field, where)


def _listed(text: str) -> list[str] | None:
    """The texts of a cell that is a list of them, as JSON; None where it is not."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return value if is_list else None


def _all_or_none(asked: Sequence[Asked], task: Task) -> list[Asked]:
    """What some examples have and others lack: those that are fewer are at fault."""
    checked = list(asked)
    for field in task.asked_fields():
        sound = [n for n, one in enumerate(checked) if not one.error]
        lacking = [n for n in sound if checked[n].row.get(field.name) is None]
        having = [n for n in sound if n not in {*lacking}]
        few, state = (lacking, "no") if len(lacking) <= len(having) else (having, "a")
        for number in few:
            others = "have one" if state == "no" else "have none"
            where = checked[number].where
            error = f"{where}: {state} {field.name}, while most examples {others}"
            checked[number] = replace(checked[number], error=error)
    return checked


# Forms of files


def _of_json(text: str, task: Task) -> Iterator[Found]:
    """The objects of JSON Lines, of a list, or of a task's own layout."""
    try:
        value = parse_json(text, "the file", what="it")
    except DataError:
        yield from _of_lines(text)
        return
    inside = value.get("data") if isinstance(value, Mapping) else value
    if task.layout == "squad" and isinstance(inside, list) and is_squad(inside):
        yield from _of_squad(inside)
        return
    items = inside if isinstance(inside, list) else [value]
    yield from ((f"item {n}", _object(item)) for n, item in enumerate(items, 1))


def _of_lines(text: str) -> Iterator[Found]:
    for number, line in enumerate(text.split("\n"), 1):  # texts may hold Unicode's other line ends
        if line.strip():
            try:
                yield f"line {number}", _object(parse_json(line, "", what="the line"))
            except DataError as error:
                yield f"line {number}", error.message.removeprefix(": ")


def _object(value: Any) -> Mapping[str, Any] | str:
    return value if isinstance(value, Mapping) else f"{type(value).__name__}, expected an object"


def _of_squad(articles: Sequence[Any]) -> Iterator[Found]:
    """The questions of SQuAD's layout, with answers or without."""
    for number, article in enumerate(articles, 1):
        for place, paragraph in _items(article, "paragraphs", f"article {number}, paragraph"):
            if isinstance(paragraph, str):
                yield place, paragraph
                continue
            for here, question in _items(paragraph, "qas", f"{place}, question"):
                row = {**question} if isinstance(question, Mapping) else question
                if isinstance(row, dict):
                    row["context"] = paragraph.get("context")
                yield here, row


def _items(holder: Any, key: str, what: str) -> Iterator[tuple[str, Any]]:
    """The objects of a list in an object, numbered from 1; a text says what is wrong."""
    items = holder.get(key) if isinstance(holder, Mapping) else None
    if not isinstance(items, list):
        yield what, f"no list {key!r}"
        return
    yield from ((f"{what} {n}", _object(item)) for n, item in enumerate(items, 1))


def _of_table(text: str, path: Path, task: Task, columns: Mapping[str, str]) -> Iterator[Found]:
    """The rows of a table by the names in its first line, or by numbers where these are asked for.

    Raises:
        DataError: no header, or one in which a name stands twice.
    """
    csv.field_size_limit(LONGEST_FIELD)
    separator = _separator(text, task, columns)
    records = _records(text, separator, quotes=True)
    if separator == "\t":  # there a quotation mark mostly is a character
        plain = _records(text, separator, quotes=False)
        records = plain if _faults(plain) < _faults(records) else records
    where, first = records[0]
    if isinstance(first, str):
        raise DataError(f"{path}: {where}: {first}", fix=FIX)
    names = [name.strip() for name in first]
    numbers = [str(number + 1) for number in range(len(names))]
    bare = bool(columns) and {*columns.values()} <= {*numbers} - {*names}
    names = numbers if bare else names
    check_header(names, str(path))
    for where, found in records if bare else records[1:]:
        yield where, found if isinstance(found, str) else dict(zip(names, found, strict=True))


def _separator(text: str, task: Task, columns: Mapping[str, str]) -> str:
    """What parts the columns: of what finds the fields in the first line, the most frequent.

    A file of one column has none; there a character that is nowhere in it is taken.
    """
    first = text.lstrip("\r\n").partition("\n")[0].rstrip("\r")
    wanted = {name for field in (*task.asked_fields(), ID) for name in _names(field, columns)}

    def fits(separator: str) -> tuple[int, int]:
        cells = [cell.strip(' "') for cell in first.split(separator)]
        return len({*cells} & wanted), len(cells)

    best = max(SEPARATORS, key=fits)
    return best if best in first else "\x1f"


Record = tuple[str, list[str] | str]  # a place; its fields, or what is wrong


def _records(text: str, separator: str, *, quotes: bool) -> list[Record]:
    """The records of a table; behind one whose quotes do not match, the next line is read."""
    lines = io.StringIO(text, newline="").readlines()  # at no other ends than those of files
    records: list[Record] = []
    begin = 0
    while begin < len(lines):
        rest = (lines[number] for number in range(begin, len(lines)))
        reader = csv.reader(
            rest,
            delimiter=separator,
            strict=True,
            quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        )
        at = begin
        try:
            for found in reader:
                if found:
                    records.append((f"line {at + 1}", _even(found, records)))
                at = begin + reader.line_num
        except csv.Error as error:
            records.append((f"line {at + 1}", UNCLOSED.get(str(error), str(error))))
            at += 1
        begin = at
    return records


UNCLOSED = {"unexpected end of data": "a quotation mark that is never closed"}


def _even(found: list[str], records: Sequence[Record]) -> list[str] | str:
    """A record, or what is wrong with it: it has not as many fields as the first one."""
    first = records[0][1] if records else found
    if isinstance(first, str) or len(found) == len(first):
        return found
    return (
        f"{plural(len(found), 'field')}, expected {len(first)} (it begins {quoted(found[0], 40)})"
    )


def _faults(records: Sequence[Record]) -> int:
    return sum(isinstance(found, str) for _, found in records)
