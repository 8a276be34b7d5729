"""What of a section `data` only shows beside the task: fields, columns, labels from numbers."""

import itertools
import math
from collections.abc import Iterable, Mapping

from tuning_curves.data.formats import (
    Bin,
    Conllu,
    Delimited,
    Format,
    Own,
    WordColumns,
)
from tuning_curves.data.section import DataSection, FileData, GeneratedData, HubData
from tuning_curves.tasks.base import Task
from tuning_curves.util.errors import UsageError

FIX_COLUMNS = "config/README.md explains data.format"


def check_data(task: Task, data: DataSection, source: str) -> None:
    """Check a section against its task, before anything is fetched.

    Raises:
        UsageError: opens with `source`, and names the key and what was expected.
    """
    if isinstance(data, GeneratedData):
        _check_generated(task, source)
        return
    if (data.test is None) == (data.test_from_train is None):
        both = "neither" if data.test is None else "both"
        raise UsageError(
            f"{source}: data has {both} of test and test_from_train, expected one of the two",
            fix="give test: a file, or test_from_train: so many examples of the training file",
        )
    if isinstance(data, FileData):
        _check_format(task, data.format, source)
    if isinstance(data, HubData):
        _check_columns(task, data.columns, f"{source}: data")
        if data.exclude is not None and data.content_sha256 is None:
            raise UsageError(
                f"{source}: data.exclude without content_sha256: nothing says what is left out",
                fix="`tuning-curves pin --study` prints the hashes",
            )
    if data.label_bins is not None:
        _check_bins(task, data.label_bins, source)


def _check_generated(task: Task, source: str) -> None:
    from tuning_curves.demo import LAYOUT, MADE

    if task.layout != LAYOUT:
        raise UsageError(
            f"{source}: data.source is 'generated', which makes {MADE}: {task.name} does not read "
            "these",
            fix="use another source",
        )


def _check_format(task: Task, form: Format | None, source: str) -> None:
    if form is None or isinstance(form, Own):
        if form is not None and form.kind != task.layout:
            raise UsageError(
                f"{source}: data.format.kind is {form.kind!r}, which {task.name} does not read",
                fix=FIX_COLUMNS,
            )
        if not task.layout and task.fields:
            raise UsageError(
                f"{source}: data lacks the key 'format': {task.name} has no file layout of its own",
                fix="say how the files are written, for example `format: {kind: csv, header: "
                "true}`; " + FIX_COLUMNS,
            )
        return
    where = f"{source}: data.format"
    if isinstance(form, Conllu | WordColumns):
        _check_sentences(task, form, where)
        return
    lists = [field.name for field in task.fields if field.kind != "text"]
    if isinstance(form, Delimited) and lists:
        raise UsageError(
            f"{where}.kind is {form.kind!r}, which holds no lists: {task.name} reads "
            f"{' and '.join(lists)}",
            fix="use jsonl, json, conllu or columns",
        )
    if isinstance(form, Delimited):
        _check_header(form, where)
    _check_columns(task, form.columns, where)


def _check_sentences(task: Task, form: Conllu | WordColumns, where: str) -> None:
    names = {field.name for field in task.fields}
    if not {"words", "labels"} <= names:
        raise UsageError(
            f"{where}.kind is {form.kind!r}, whose labels belong to words: {task.name} reads "
            f"{', '.join(field.name for field in task.fields)}",
            fix="use csv, tsv, jsonl or json",
        )
    if isinstance(form, WordColumns) and set(form.columns) != {"words", "labels"}:
        raise UsageError(
            f"{where}.columns has {', '.join(form.columns)}, expected words and labels",
            fix="write `columns: {words: 1, labels: 2}`",
        )


def _check_header(form: Delimited, where: str) -> None:
    """Without a header, columns have numbers."""
    for name, column in (form.columns or {"": ""}).items():
        if not form.header and not isinstance(column, int):
            shown = f"columns.{name} is {column!r}" if name else "columns is not given"
            raise UsageError(
                f"{where}: {shown}, expected a number: there is no header that names columns",
                fix="write the column's number, from 1, or `header: true`",
            )


def _check_columns(task: Task, columns: Mapping[str, int | str] | None, where: str) -> None:
    """The study's columns are of fields that the task has, and of all that it needs."""
    known = [field.name for field in task.fields]
    listed = f"{task.name} reads {', '.join(known) or 'none'}"
    for name in columns or ():
        if name not in known:
            raise UsageError(
                f"{where}.columns names the field {name!r}: {listed}", fix="correct the name"
            )
    needed = [field.name for field in task.fields if field.required]
    lacking = [name for name in needed if columns is not None and name not in columns]
    if not known or lacking:
        raise UsageError(
            f"{where}.columns lacks {', '.join(lacking) or 'everything'}: {listed}",
            fix="name a column for each field that every example has",
        )


def _check_bins(task: Task, bins: Iterable[Bin], source: str) -> None:
    if "label" not in {field.name for field in task.fields}:
        raise UsageError(
            f"{source}: data.label_bins with {task.name}, which reads no label of an example",
            fix="leave the key out",
        )
    for one in bins:
        low, high = _ends(one)
        if (one.at_least is None and one.at_most is None) or low > high:
            raise UsageError(
                f"{source}: data.label_bins: {one.label!r} holds no number, or all of them",
                fix="give at_least, at_most or both, the lower one as at_least",
            )
    ordered = sorted(bins, key=_ends)
    for one, other in itertools.pairwise(ordered):
        if _ends(one)[1] >= _ends(other)[0]:
            raise UsageError(
                f"{source}: data.label_bins: {one.label!r} and {other.label!r} both hold "
                f"{_ends(other)[0]:g}",
                fix="part them: both ends of a bin belong to it",
            )


def _ends(one: Bin) -> tuple[float, float]:
    low = -math.inf if one.at_least is None else one.at_least
    return low, math.inf if one.at_most is None else one.at_most
