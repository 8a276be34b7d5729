"""What the readers of exports hand on: examples by common names, before they are checked.

A question has `id`, `title`, `context`, `question` and `answers`, a list of (text, offset). A text
has `text`, `label` and, if there are any, `text_pair` and `group`. A sentence has `words` and
`labels`, or a `text` with its `spans` (and, where the export has them, its `tokens`: where they
begin and end), and `group`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.importing.spans import parse_spans
from tuning_curves.tasks.base import Task
from tuning_curves.util.errors import DataError, quoted

NAMES: Mapping[str, tuple[str, ...]] = {  # columns that a field is read from, the first there is
    "id": ("id", "question_id", "qid"),
    "title": ("title",),
    "context": ("context", "passage", "paragraph"),
    "question": ("question",),
    "answers": ("answers", "answer", "answer_text"),
    "answer_start": ("answer_start", "start"),
    "text": ("text", "sentence", "sentence1", "premise", "content", "review", "data"),
    "text_pair": ("text_pair", "sentence2", "hypothesis"),
    "label": ("label", "labels", "category", "class", "intent"),
    "words": ("words", "tokens"),
    "labels": ("labels", "ner_tags", "pos_tags", "upos", "tags"),
    "group": ("group",),
}


@dataclass(frozen=True)
class Draft:
    """An example, and its place in the file.

    Attributes:
        open: whether it may be without a label, since it comes from a tool in which people label.
    """

    where: str
    values: Mapping[str, Any]
    open: bool = False


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        columns: by field, the column or key that it is read from; others have `NAMES`.
        header: whether the first line of a table names its columns.
        impossible, faulty: what becomes of questions without an answer, of examples with a fault.
    """

    task: type[Task]
    columns: Mapping[str, str] = field(default_factory=dict)
    header: bool = True
    impossible: Literal["drop", "refuse"] = "refuse"
    faulty: Literal["drop", "refuse"] = "refuse"
    encoding: str | None = None

    @property
    def labels(self) -> str:
        """The field that holds labels."""
        return "labels" if self.kind == "sentences" else "label"

    @property
    def kind(self) -> str:
        """`questions`, `texts` or `sentences`, by the task's fields."""
        names = {one.name for one in self.task.fields}
        if {"context", "question", "answers"} <= names:
            return "questions"
        return "sentences" if {"words", "labels"} <= names else "texts"

    def column(self, name: str, there: Iterable[str]) -> str | None:
        """The column or key of a field among those that are there."""
        wanted = (self.columns[name],) if name in self.columns else NAMES[name]
        return next((one for one in wanted if one in there), None)

    def value(self, name: str, row: Mapping[str, Any]) -> Any:
        """A field's value in a row, or None."""
        column = self.column(name, row)
        return None if column is None else row[column]


def labelled(
    where: str,
    text: Any,
    label: Any,
    row: Mapping[str, Any],
    request: Request,
    findings: Findings,
    tokens: list[tuple[int, int]] | None = None,
) -> Iterator[Draft]:
    """An export's example: its label for a text, or its spans for a sentence.

    Args:
        label: a label or a list of labels; or spans, see `parse_spans`.
        row: where a group is looked for.
    """
    values = {"text": text, "group": request.value("group", row)}
    if request.kind == "texts":
        yield Draft(where, values | {"label": label}, open=True)
        return
    try:
        spans = parse_spans([] if label is None else label)
    except ValueError as error:
        findings.fault("layout", where, str(error))
        return
    yield Draft(where, values | {"spans": spans, "tokens": tokens}, open=True)


def text_of(data: Mapping[str, Any], request: Request) -> Any:
    """A text among other data: the column asked for, the usual ones, or the only text there is."""
    found = request.value("text", data)
    if found is not None or "text" in request.columns:
        return found
    return only({key: value for key, value in data.items() if isinstance(value, str)}, "text")


def only(found: Mapping[str, Any], field: str) -> Any:
    """The only value that there is, or None without any.

    Raises:
        DataError: several, of which one must be chosen by hand.
    """
    if len(found) > 1:
        names = ", ".join(map(quoted, list(found)[:12]))
        raise DataError(
            f"the {field} may be any of {names}", fix=f"name the right one: `--column {field}=…`"
        )
    return next(iter(found.values()), None)


def token_places(row: Mapping[str, Any]) -> list[tuple[int, int]] | None:
    """Where an export's tokens begin and end, where all of them say so (Prodigy, spaCy)."""
    tokens = row.get("tokens")
    if not isinstance(tokens, list) or not all(
        isinstance(one, Mapping) and type(one.get("start")) is type(one.get("end")) is int
        for one in tokens
    ):
        return None
    return [(one["start"], one["end"]) for one in tokens]


def of_text(value: Any) -> Any:
    """A cell of a table that holds JSON, or a list or mapping as Python prints it.

    Raises:
        ValueError: neither.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return _literal(value)


def _literal(value: str) -> Any:
    """What Python printed, with numpy's `array(...)` as lists (`DataFrame.to_csv` of the hub's)."""
    import ast
    from tokenize import TokenError

    class Lists(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            is_array = isinstance(node.func, ast.Name) and node.func.id == "array" and node.args
            return self.visit(node.args[0]) if is_array else node

    try:
        tree = ast.parse(_with_commas(value), mode="eval")
        return ast.literal_eval(Lists().visit(tree).body)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError, TokenError):
        raise ValueError("neither JSON nor a list as Python prints it") from None


def _with_commas(value: str) -> str:
    """The same with commas between values side by side, which numpy prints without: `[1 2 0]`."""
    import io
    import tokenize

    values, parts, last = (tokenize.STRING, tokenize.NUMBER, tokenize.NAME), [], tokenize.OP
    for token in tokenize.generate_tokens(io.StringIO(value).readline):
        if token.type in values and last in values:
            parts.append(",")
        if token.type not in (tokenize.NL, tokenize.NEWLINE):
            parts.append(token.string)
            last = token.type
    return " ".join(parts)
