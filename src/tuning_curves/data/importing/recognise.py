"""What a file is, told from its content, and the reader that reads it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tuning_curves.data.importing import (
    argilla,
    conll,
    doccano,
    fasttext,
    label_studio,
    prodigy,
    rasa,
    rows,
    spacy,
    squad,
    tables,
)
from tuning_curves.data.importing.decode import decoded
from tuning_curves.data.importing.drafts import Draft, Request
from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.readers.text import check_no_archive
from tuning_curves.data.sources import unzipped
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import parse_json
from tuning_curves.util.json_lines import values_of_lines

Is = Callable[[Any], bool]
Read = Callable[[str, Any, Request, Findings], Iterator[Draft]]
TOOLS: Sequence[tuple[str, Is, Read]] = (  # the first that knows one of the first items
    ("Label Studio's JSON", label_studio.is_label_studio, label_studio.read_label_studio),
    ("Label Studio's JSON_MIN", label_studio.is_minimal, label_studio.read_minimal),
    ("Argilla's records", argilla.is_argilla, argilla.read_argilla),
    ("spaCy's JSON", spacy.is_spacy, spacy.read_spacy),
    ("Prodigy's JSON Lines", prodigy.is_prodigy, prodigy.read_prodigy),
    ("Rasa's JSON", rasa.is_rasa, rasa.read_rasa),
    ("doccano's JSON Lines", doccano.is_doccano, doccano.read_doccano),
)
LOOKED_AT = 20  # items that decide on the tool
GZIP = b"\x1f\x8b"
PACKED = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")  # how zlib's streams begin
FIX_JSON = "export it again: a download may have been cut short"
FIX_BINARY = (
    "in Python: write `[doc.to_json() for doc in DocBin().from_disk(…).get_docs(vocab)]` as JSON"
)


def recognise(
    content: bytes, name: str, request: Request, findings: Findings
) -> tuple[str, Iterable[Draft]]:
    """What a file is, in words, and its examples.

    Raises:
        DataError: it cannot be read, or is nothing that is known.
    """
    packed = "gzip, " if content.startswith(GZIP) else ""
    if packed:
        content = unzipped(content, name)
    if content.startswith(tables.PARQUET):
        found = tables.read_parquet(content, name)
        what, drafts = _of_items("parquet", found, request, findings, name)
        return packed + what, drafts
    if content.startswith(PACKED):
        raise DataError(f"{name}: packed binary data, as spaCy's DocBin is", fix=FIX_BINARY)
    check_no_archive(content, name)
    text, encoding, told = decoded(content, name, request.encoding)
    findings.warnings += told
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        fix = "export it as JSON, JSON Lines, CSV or parquet"
        raise DataError(f"{name}: line {line}: a NUL byte, expected text", fix=fix)
    if not text.strip():
        raise DataError(f"{name}: the file is empty", fix="give a file of labelled examples")
    what, drafts = _of_text(text, name, request, findings)
    return f"{packed}{what}, {encoding.upper()}", drafts


def _of_text(
    text: str, name: str, request: Request, findings: Findings
) -> tuple[str, Iterable[Draft]]:
    if text.lstrip()[0] in "{[":
        return _of_json(text, name, request, findings)
    if request.kind == "sentences" and conll.is_conllu(text):
        return "CoNLL-U", conll.read_conll(text, name, True, request, findings)
    if request.kind == "sentences" and not _names_columns(text, request):
        return "columns, a word a line", conll.read_conll(text, name, False, request, findings)
    if request.kind == "texts" and fasttext.is_fasttext(text):
        return "fastText's lines", fasttext.read_fasttext(text)
    what, found = tables.read_table(text, name, request.header, findings)
    if found and label_studio.is_minimal(found[0][1]):
        items = [(where, label_studio.of_cells(row)) for where, row in found]
        _, drafts = _of_items("", items, request, findings, name)
        return f"Label Studio's {what}", drafts
    return what, rows.read_rows(found, request, findings, name)


def _names_columns(text: str, request: Request) -> bool:
    """Whether the first line names columns of a table that holds whole sentences."""
    first = text.lstrip().splitlines()[0]
    cells = {cell.strip(' "') for mark in tables.SEPARATORS for cell in first.split(mark)}
    found = [request.column(field, cells) for field in ("words", "text", "labels", "label")]
    return any(found[:2]) and any(found[2:])


def _of_json(
    text: str, name: str, request: Request, findings: Findings
) -> tuple[str, Iterable[Draft]]:
    try:
        value = parse_json(text, name, what="the file", fix=FIX_JSON)
    except DataError:
        lines = text.split("\n", LOOKED_AT)[:LOOKED_AT]
        if not any(map(_whole, lines)):
            raise
        items = [*_lines(text, findings)]
        return _of_items("JSON Lines", items, request, findings, name)
    if isinstance(value, Mapping):
        value, names = _inside(value)
    else:
        names = {}
    if squad.is_squad(value):
        if request.kind != "questions":
            raise _other_task(name, "SQuAD's layout", request)
        return "SQuAD's layout", squad.read_squad(value, findings)
    items = [(f"item {number}", item) for number, item in enumerate(value, 1)]
    if names:
        items = rows.with_names(items, names)
    return _of_items("JSON", items, request, findings, name)


def _whole(line: str) -> bool:
    """Whether a line is an item of JSON Lines: a whole value that is not set in."""
    if line[:1] not in ("{", "["):
        return False
    try:
        return isinstance(parse_json(line, "", what="line"), list | Mapping)
    except DataError:
        return False


def _lines(text: str, findings: Findings) -> Iterator[tuple[str, Any]]:
    """The values of all lines that hold one; the others are faults."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            yield from ((where, value) for _, value in values_of_lines(line, where, FIX_JSON))
        except DataError as error:
            findings.fault("json", where, error.message.removeprefix(f"{where}: line 1: "))


def _inside(value: Mapping[str, Any]) -> tuple[list[Any], dict[str, list[str]]]:
    """The list that an object wraps, or itself as the only item; and the names of its classes."""
    if isinstance(value.get("rows"), list):  # as the hub's server gives them
        items = [one.get("row") if isinstance(one, Mapping) else one for one in value["rows"]]
        return items, rows.class_names(value.get("features"))
    if isinstance(value.get("data"), list):
        return value["data"], {}
    outer, inner = rasa.WRAPPED
    wrapped = value.get(outer)
    if isinstance(wrapped, Mapping) and isinstance(wrapped.get(inner), list):
        return wrapped[inner], {}
    pairs = value.get("annotations")
    if isinstance(pairs, list) and any(isinstance(one, list) for one in pairs):
        return [one for one in pairs if one is not None], {}  # null: a text that was passed over
    return [value], {}


def _of_items(
    form: str, items: Sequence[tuple[str, Any]], request: Request, findings: Findings, name: str
) -> tuple[str, Iterable[Draft]]:
    tool = _tool([item for _, item in items[:LOOKED_AT]], request)
    if tool is not None and request.kind == "questions":
        raise _other_task(name, tool[0], request)
    if tool is None:
        sound = [(where, item) for where, item in items if isinstance(item, Mapping)]
        for where, item in items:
            if not isinstance(item, Mapping):
                findings.fault("layout", where, f"{type(item).__name__}, expected an object")
        return f"rows as {form}", rows.read_rows(sound, request, findings, name)
    what, known, read = tool
    return what, _read_all(items, known, read, request, findings, name)


def _tool(items: Sequence[Any], request: Request) -> tuple[str, Is, Read] | None:
    for what, known, read in TOOLS:
        for item in items:
            if _readable(item, read) and known(item):
                plain = request.kind == "questions" and "question" in item
                return None if plain else (what, known, read)
    return None


def _readable(item: Any, read: Read) -> bool:
    """Whether an item is what a reader takes: an object, or spaCy's pairs."""
    return isinstance(item, Mapping) or (isinstance(item, list) and read is spacy.read_spacy)


def _read_all(
    items: Iterable[tuple[str, Any]],
    known: Is,
    read: Read,
    request: Request,
    findings: Findings,
    name: str,
) -> Iterator[Draft]:
    for where, item in items:
        if isinstance(item, Mapping) or (_readable(item, read) and known(item)):
            try:
                yield from read(where, item, request, findings)
            except DataError as error:  # something to be chosen by hand
                raise DataError(f"{name}: {where}: {error.message}", fix=error.fix) from None
            except (KeyError, TypeError, AttributeError) as error:
                findings.fault("layout", where, f"{type(error).__name__} {error}")
        else:
            findings.fault("layout", where, f"{type(item).__name__}, expected an object")


def _other_task(name: str, what: str, request: Request) -> DataError:
    others = "text-classification or token-classification"
    other = "question-answering" if request.kind != "questions" else others
    return DataError(
        f"{name}: {what} holds no examples of {request.task.name}", fix=f"choose --task: {other}"
    )
