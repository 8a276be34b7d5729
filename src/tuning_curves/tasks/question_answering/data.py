"""Read SQuAD v1.1 (Rajpurkar et al., 2016), or anything in its layout, and check all of it.

Three doors lead to the same `SquadData`: a JSON file (`read_squad`), the same layout in memory
(`parse_squad`) and the hub's flat rows (`from_rows`). Nothing is repaired: what is wrong is
refused with the article, the question and the mending step. Offsets count characters (code
points), not bytes. SQuAD 2.0 is refused, since its unanswerable questions need another scorer.
"""

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.tasks.dataset import Dataset
from tuning_curves.util.errors import DataError, ResourceError, quoted
from tuning_curves.util.files import read_json, sha256_of

LAYOUT = (
    '{"version": "1.1", "data": [{"title", "paragraphs": [{"context", "qas": '
    '[{"id", "question", "answers": [{"text", "answer_start"}]}]}]}]}'
)
IMPORT = "`tuning-curves import FILE --task question-answering --out data.jsonl`"
FIX_LAYOUT = f"use a file in the layout of SQuAD v1.1: {LAYOUT}; {IMPORT} reads others"
FIX_VERSION = (
    "use SQuAD v1.1 (train-v1.1.json, dev-v1.1.json), where every question has an answer, or "
    f"{IMPORT}, which reads 2.0 and with --impossible drop leaves out what has none"
)
FIX_OFFSET = (
    "set answer_start to the character offset (not the byte offset) of the answer text; "
    f"{IMPORT} lists all that are wrong, and with --fix mends what is safe"
)
FIX_EMPTY = f"remove what holds it, or fill it; {IMPORT} passes over paragraphs without questions"
FIX_TORN = (
    "fetch the file again (a download may have been cut short), and keep it as UTF-8; "
    f"{IMPORT} reads JSON Lines and tables"
)
LARGEST_BYTES = 1 << 29  # reading takes about five times a file's size; SQuAD's own has 30 MB


@dataclass(frozen=True, slots=True)
class Answer:
    """One human answer: context[start : start + len(text)] == text."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `paragraph` and `article` are numbers into the `SquadData` that holds it."""

    id: str
    question: str
    paragraph: int
    article: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class SquadData(Dataset):
    """A checked data set in file order, so that the questions of an article are neighbours.

    `titles` has one entry an article; `contexts` and `paragraph_article` (the number of its
    article) one a paragraph. Every article has a paragraph and every paragraph a question.
    """

    titles: tuple[str, ...]
    contexts: tuple[str, ...]
    questions: tuple[Question, ...]
    paragraph_article: tuple[int, ...]

    @property
    def group_names(self) -> Sequence[str]:
        """The articles' titles."""
        return self.titles

    @property
    def group_sizes(self) -> np.ndarray:
        """Questions of each article: int64 [articles]."""
        return article_sizes(self)

    def texts(self) -> Iterator[tuple[str, int]]:
        """Each paragraph's context, with the number of its article."""
        return zip(self.contexts, self.paragraph_article, strict=True)

    def content_sha256(self) -> str:
        """See the function of that name."""
        return content_sha256(self)

    def select(self, groups: Collection[int], source: str) -> "SquadData":
        """These articles alone, in the file's order."""
        chosen = set(groups)
        articles = [a for i, a in enumerate(to_squad(self)["data"]) if i in chosen]
        return parse_squad({"version": "1.1", "data": articles}, source)

    def without(self, texts: Collection[tuple[str, int]]) -> "SquadData":
        """All but the paragraphs with these contexts in these articles."""
        return keep_questions(
            self,
            [
                number
                for number, question in enumerate(self.questions)
                if (self.contexts[question.paragraph], question.article) not in texts
            ],
        )

    def to_json(self) -> dict[str, Any]:
        """The official layout."""
        return to_squad(self)


def read_squad(path: Path) -> SquadData:
    """Read a JSON file in the layout of SQuAD v1.1.

    Raises:
        ResourceError: no such file.
        DataError: a torn file, another encoding or layout, SQuAD 2.0, or content that does not
            hold together; the message names the file, the article and the question.
    """
    try:
        _check_size(path)
        value = read_json(path, what="SQuAD file", fix=FIX_TORN)
    except FileNotFoundError:
        raise ResourceError(
            f"{path}: no such SQuAD file", fix="correct the path, or put the file there"
        ) from None
    except OSError as error:
        message = f"{path}: cannot be read as SQuAD ({error.strerror})"
        raise DataError(message, fix=FIX_LAYOUT) from None
    return parse_squad(value, str(path))


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise DataError(
            f"{path}: {size:,} bytes, expected {LARGEST_BYTES:,} or fewer",
            fix="choose the articles that are to be used, and write them into a file of their own",
        )


def parse_squad(value: Any, source: str) -> SquadData:
    """Check the official layout in memory; `source` opens every message of a `DataError`."""
    _check_version(value, source)
    builder = _Builder()
    for number, article in enumerate(_list(value, "data", source), 1):
        where = f"{source}: article {number}"
        builder.titles.append(_text(article, "title", where))
        where = f"{where} {quoted(builder.titles[-1])}"
        for position, paragraph in enumerate(_list(article, "paragraphs", where), 1):
            _parse_paragraph(builder, paragraph, f"{where}, paragraph {position}")
    return builder.build()


def _parse_paragraph(builder: "_Builder", paragraph: Any, where: str) -> None:
    builder.add_paragraph(_text(paragraph, "context", where))
    for position, question in enumerate(_list(paragraph, "qas", where), 1):
        here = f"{where}, question {position}"
        answers = _list(question, "answers", here)
        pairs = [(_get(a, "text", here), _get(a, "answer_start", here)) for a in answers]
        builder.add_question(question, pairs, here)


def from_rows(rows: Iterable[tuple[str, Mapping[str, Any]]], source: str) -> SquadData:
    """Build the same from flat rows, as the hub has them: id, title, context, question, answers.

    Each comes with its place, which opens messages about it; `answers` is
    {"text": [...], "answer_start": [...]} in plain Python values. Neighbouring rows of equal title
    form an article, those of equal context a paragraph.

    Raises:
        DataError: as `parse_squad`; also a title that comes back after another one, since
            intervals are drawn by article and shuffled rows have lost the articles.
    """
    builder = _Builder()
    for place, row in rows:
        title, context = _text(row, "title", place), _text(row, "context", place)
        where = f"{place}, article {quoted(title)}"
        builder.continue_with(title, context, where)
        answers = _get(row, "answers", where)
        texts, starts = _list(answers, "text", where), _list(answers, "answer_start", where)
        if len(texts) != len(starts):
            fix = "give every answer text its offset"
            raise DataError(f"{where}: {len(texts)} answer texts, {len(starts)} offsets", fix=fix)
        builder.add_question(row, list(zip(texts, starts, strict=True)), where)
    if not builder.questions:
        raise DataError(f"{source}: no rows", fix="give at least one row")
    return builder.build()


def unanswered(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> SquadData:
    """Questions that are only asked, as one article: rows of question and context.

    Each comes with its place, which is its id; questions of one context share a paragraph.

    Raises:
        DataError: a text that is missing, empty, or not to be written as UTF-8.
    """
    paragraphs: dict[str, int] = {}
    questions = []
    for place, row in rows:
        text, context = _text(row, "question", place), _text(row, "context", place)
        paragraph = paragraphs.setdefault(context, len(paragraphs))
        questions.append(Question(place, text, paragraph, 0, ()))
    return SquadData(
        titles=("asked",),
        contexts=tuple(paragraphs),
        questions=tuple(questions),
        paragraph_article=(0,) * len(paragraphs),
    )


def to_squad(data: SquadData) -> dict[str, Any]:
    """The official layout, ready for JSON; `parse_squad` gives `data` back."""
    articles: list[dict[str, Any]] = [{"title": title, "paragraphs": []} for title in data.titles]
    paragraphs: list[dict[str, Any]] = [{"context": c, "qas": []} for c in data.contexts]
    for paragraph, article in zip(paragraphs, data.paragraph_article, strict=True):
        articles[article]["paragraphs"].append(paragraph)
    for question in data.questions:
        answers = [{"text": a.text, "answer_start": a.start} for a in question.answers]
        entry = {"id": question.id, "question": question.question, "answers": answers}
        paragraphs[question.paragraph]["qas"].append(entry)
    return {"version": "1.1", "data": articles}


def keep_questions(data: SquadData, numbers: Iterable[int]) -> SquadData:
    """These questions alone; a paragraph or an article that has no other goes with the rest."""
    kept = [data.questions[number] for number in numbers]
    paragraphs = {old: new for new, old in enumerate(sorted({q.paragraph for q in kept}))}
    articles = {old: new for new, old in enumerate(sorted({q.article for q in kept}))}
    return SquadData(
        titles=tuple(data.titles[article] for article in articles),
        contexts=tuple(data.contexts[paragraph] for paragraph in paragraphs),
        questions=tuple(
            replace(q, paragraph=paragraphs[q.paragraph], article=articles[q.article]) for q in kept
        ),
        paragraph_article=tuple(articles[data.paragraph_article[p]] for p in paragraphs),
    )


def content_sha256(data: SquadData) -> str:
    """Hex sha256 of titles, contexts, questions and answers in order.

    It does not depend on the JSON's formatting, nor on the door: a file and the hub's rows of the
    same questions hash alike. Nor does it depend on ids, which change no number.
    """
    contexts = [hashlib.sha256(context.encode("utf-8")).hexdigest() for context in data.contexts]
    return sha256_of([_hash_row(data, contexts, question) for question in data.questions])


def _hash_row(data: SquadData, contexts: Sequence[str], question: Question) -> list[Any]:
    answers = [[answer.text, answer.start] for answer in question.answers]
    place = [data.titles[question.article], contexts[question.paragraph]]
    return [*place, question.question, answers]


def article_sizes(data: SquadData) -> np.ndarray:
    """Questions of each article: int64 [articles], summing to the number of questions."""
    owners = np.fromiter((q.article for q in data.questions), np.int64, len(data.questions))
    return np.bincount(owners, minlength=len(data.titles)).astype(np.int64)


class _Builder:
    """The tables under construction; each addition is checked against what is there."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.contexts: list[str] = []
        self.paragraph_article: list[int] = []
        self.questions: list[Question] = []
        self.taken: set[str] = set()  # the titles
        self.seen: dict[str, str] = {}  # question id -> where it was first

    def continue_with(self, title: str, context: str, where: str) -> None:
        """Stay in the last article and paragraph where they are the same, else open new ones."""
        same = bool(self.titles) and self.titles[-1] == title
        if not same and title in self.taken:
            fix = "pass the rows in the data set's own order, unshuffled"
            raise DataError(f"{where}: the article comes back after another one", fix=fix)
        if not same:
            self.titles.append(title)
            self.taken.add(title)
        if not same or self.contexts[-1] != context:
            self.add_paragraph(context)

    def add_paragraph(self, context: str) -> None:
        self.contexts.append(context)
        self.paragraph_article.append(len(self.titles) - 1)

    def add_question(self, entry: Any, pairs: Sequence[tuple[Any, Any]], where: str) -> None:
        """Check a question of the last paragraph; `pairs` are its answers' texts and offsets."""
        identity = _text(entry, "id", where)
        here = f"{where}, id {quoted(identity)}"
        if identity in self.seen:
            message = f"{here}: the id was taken before, at {self.seen[identity]}"
            raise DataError(message, fix="give every question an id of its own")
        self.seen[identity] = where
        if entry.get("is_impossible"):
            raise DataError(f"{here}: is_impossible marks SQuAD 2.0", fix=FIX_VERSION)
        text = _text(entry, "question", here)
        if not pairs:
            raise DataError(f"{here}: no answers, expected at least one", fix=FIX_VERSION)
        answers = tuple(_answer(self.contexts[-1], *pair, here) for pair in pairs)
        paragraph = len(self.contexts) - 1
        article = self.paragraph_article[-1]
        self.questions.append(Question(identity, text, paragraph, article, answers))

    def build(self) -> SquadData:
        return SquadData(
            titles=tuple(self.titles),
            contexts=tuple(self.contexts),
            questions=tuple(self.questions),
            paragraph_article=tuple(self.paragraph_article),
        )


def _answer(context: str, text: Any, start: Any, where: str) -> Answer:
    """Check that the answer is what the context reads at its offset."""
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: answer text {text!r}, expected some text", fix=FIX_LAYOUT)
    if type(start) is not int:  # a bool is an int to isinstance
        raise DataError(f"{where}: answer_start {start!r}, expected an integer", fix=FIX_OFFSET)
    if start < 0 or not context.startswith(text, start):
        raise DataError(_misplaced(context, text, start, where), fix=FIX_OFFSET)
    return Answer(text, start)


def _misplaced(context: str, text: str, start: int, where: str) -> str:
    """What the context reads at the offset instead, and where the answer does occur."""
    if 0 <= start < len(context):
        found = f"there the context reads {context[start : start + max(len(text), 20)]!r}"
    else:
        found = f"the context has offsets 0 to {len(context) - 1}"
    places = _places(context, text)
    occurs = f"it occurs at {', '.join(places)}" if places else "it occurs nowhere in the context"
    if not places and _plain(text) in _plain(context):
        occurs += f" but with other white space or in another Unicode form than {text!a}"
    return f"{where}: answer {text!r} is not at its offset {start}: {found}; {occurs}"


def _plain(text: str) -> str:
    """In one Unicode form, with one blank for white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _places(context: str, text: str, most: int = 5) -> list[str]:
    """Offsets of the text's first occurrences, with dots where there are more."""
    found = (place.start() for place in re.finditer(f"(?={re.escape(text)})", context))
    places = [str(start) for start in itertools.islice(found, most + 1)]
    return places if len(places) <= most else [*places[:most], "..."]


def _check_version(value: Any, source: str) -> None:
    """A missing version is let through: the content is checked in full, and hub exports lack it."""
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise DataError(f"{source}: the top level is a {kind}, expected an object", fix=FIX_LAYOUT)
    version = value.get("version", "1.1")
    if not isinstance(version, str) or not version.removeprefix("v").startswith("1"):
        raise DataError(f"{source}: version {version!r}, expected '1.1'", fix=FIX_VERSION)


def _get(entry: Any, key: str, where: str) -> Any:
    if not isinstance(entry, Mapping):
        message = f"{where}: {type(entry).__name__} where an object with {key!r} was expected"
        raise DataError(message, fix=FIX_LAYOUT)
    if key not in entry:
        keys = ", ".join(map(repr, entry)) or "none"
        raise DataError(f"{where}: no {key!r} (its keys: {keys})", fix=FIX_LAYOUT)
    return entry[key]


def _list(entry: Any, key: str, where: str) -> list[Any]:
    value = _get(entry, key, where)
    if not isinstance(value, list):
        message = f"{where}: {key!r} is a {type(value).__name__}, expected a list"
        raise DataError(message, fix=FIX_LAYOUT)
    if not value and key in ("data", "paragraphs", "qas"):
        raise DataError(f"{where}: {key!r} is empty", fix=FIX_EMPTY)
    return value


def _text(entry: Any, key: str, where: str) -> str:
    """A text that says something and can be written as UTF-8."""
    value = _get(entry, key, where)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: {key!r} is {value!r}, expected some text", fix=FIX_LAYOUT)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"{where}: {key!r} holds half a surrogate pair at offset {error.start}"
        raise DataError(message, fix="write the file anew, as UTF-8") from None
    return value
