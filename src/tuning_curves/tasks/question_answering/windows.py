"""Features: the token windows an encoder reads, made once for each encoder and data set.

Each question and each context is tokenised once. A window holds the whole question and as much
context as fits (`max_length`); the windows of a long context overlap by `stride` tokens, as in
the library's question-answering example. A window's label is where the answer lies in it, and the
first position (CLS) where it does not lie wholly inside (Devlin et al. 2019, section 4.2 and code).

On disk a split is a handful of flat arrays that open memory-mapped, with a manifest written last
that carries their hashes. Nothing is padded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuning_curves.tasks.question_answering.data import (
    Question,
    SquadData,
    article_sizes,
    content_sha256,
)
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import read_json, sha256_of_file, write_json, write_whole

LAYOUT = 1  # raised whenever the files below change their meaning
SPLITS = ("train", "test")


@dataclass(frozen=True, kw_only=True)
class Template:
    """The special tokens around question and context, with the segment number of each part."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    question_type: int
    context_type: int

    @property
    def specials(self) -> int:
        """Special tokens of a window."""
        return len(self.before) + len(self.between) + len(self.after)


@dataclass(frozen=True, kw_only=True)
class PackedWindows:
    """Windows laid side by side: what a packed batch is made of.

    Attributes:
        tokens, positions, types: int64 [T].
        lengths: tokens of each window.
        context_start: int64 [B], position of the first context token in its window.
        first_token: int64 [B], where that token stands in the split's `context_tokens`.
        label_start, label_end: int64 [B], positions in the window.
    """

    tokens: np.ndarray
    positions: np.ndarray
    types: np.ndarray
    lengths: list[int]
    context_start: np.ndarray
    first_token: np.ndarray
    label_start: np.ndarray
    label_end: np.ndarray


class WindowSet:
    """One split's features: the arrays below, memory-mapped files of their names or in memory."""

    question_tokens: np.ndarray  # unsigned [all tokens of all questions]
    question_bounds: np.ndarray  # int64 [questions + 1]
    context_tokens: np.ndarray  # unsigned [all tokens of all paragraphs]
    context_bounds: np.ndarray  # int64 [paragraphs + 1]
    char_start: np.ndarray  # uint32, beside context_tokens: where the token begins in its paragraph
    char_end: np.ndarray  # uint32: where it ends
    paragraph_of_question: np.ndarray  # int32 [questions]
    article_sizes: np.ndarray  # int64 [articles]: questions of each
    feature_bounds: np.ndarray  # int64 [questions + 1]: the windows of each question
    window_first: np.ndarray  # int32 [features]: first context token, counted in its paragraph
    window_tokens: np.ndarray  # int32 [features]
    label_start: np.ndarray  # int32 [features]: position in the window; 0 is CLS
    label_end: np.ndarray  # int32 [features]

    def __init__(
        self, arrays: Mapping[str, np.ndarray], template: Template, folder: Path | None = None
    ) -> None:
        """Args: folder: where the split's texts are kept; none for features in memory."""
        self.template = template
        self.folder = folder
        for name in ARRAYS:
            setattr(self, name, arrays[name])
        questions = np.diff(self.question_bounds)[self.question_of_feature()]
        self.lengths: np.ndarray = questions + self.window_tokens + template.specials

    def question_of_feature(self) -> np.ndarray:
        """The question of each feature: int64 [features]."""
        counts = np.diff(self.feature_bounds)
        return np.repeat(np.arange(len(counts)), counts)

    def features_of(self, questions: np.ndarray) -> np.ndarray:
        """All features of these questions, in the questions' order: int64."""
        spans = zip(self.feature_bounds[questions], self.feature_bounds[questions + 1], strict=True)
        return np.concatenate([np.arange(first, last) for first, last in spans])

    def context_token(self, feature: int) -> int:
        """Where the first context token of a window stands in `context_tokens`."""
        question = int(np.searchsorted(self.feature_bounds, feature, side="right")) - 1
        paragraph = self.paragraph_of_question[question]
        return int(self.context_bounds[paragraph] + self.window_first[feature])

    def lay_out(self, features: Sequence[int] | np.ndarray) -> PackedWindows:
        """Assemble these features, in this order."""
        owner = np.searchsorted(self.feature_bounds, features, side="right") - 1
        rows = [self._tokens_of(int(f), int(q)) for f, q in zip(features, owner, strict=True)]
        lengths = [len(tokens) for tokens, _, _ in rows]
        context_start = np.array([start for _, start, _ in rows], np.int64)
        types = [self._types_of(n, s) for n, s in zip(lengths, context_start, strict=True)]
        return PackedWindows(
            tokens=np.concatenate([tokens for tokens, _, _ in rows]),
            positions=np.concatenate([np.arange(n) for n in lengths]),
            types=np.concatenate(types),
            lengths=lengths,
            context_start=context_start,
            first_token=np.array([first for _, _, first in rows], np.int64),
            label_start=np.asarray(self.label_start[features], np.int64),
            label_end=np.asarray(self.label_end[features], np.int64),
        )

    def _tokens_of(self, feature: int, question: int) -> tuple[np.ndarray, int, int]:
        """The window's tokens, where its context begins in them, and in `context_tokens`."""
        asked = self.question_tokens[
            self.question_bounds[question] : self.question_bounds[question + 1]
        ]
        first = self.context_token(feature)
        read = self.context_tokens[first : first + self.window_tokens[feature]]
        form = self.template
        tokens = np.concatenate((form.before, asked, form.between, read, form.after))
        start = len(form.before) + len(asked) + len(form.between)
        return tokens.astype(np.int64), start, first

    def _types_of(self, length: int, context_start: int) -> np.ndarray:
        types = np.full(length, self.template.context_type, np.int64)
        types[:context_start] = self.template.question_type
        return types

    def texts(self) -> tuple[list[str], list[list[str]]]:
        """The paragraphs' texts, and each question's gold answers, of features on disk."""
        if self.folder is None:
            raise ValueError("features in memory keep no texts")
        stored = read_json(self.folder / "texts.json", what="the split's texts")
        return stored["contexts"], stored["answers"]


ARRAYS = tuple(WindowSet.__annotations__)


def make_windows(
    data: dict[str, SquadData], encoder: Path, folder: Path, *, max_length: int, stride: int
) -> None:
    """Tokenise both splits and write them below `folder`, the manifest last.

    Raises:
        DataError: a question too long to leave room for context.
    """
    backend = open_tokenizer(encoder)
    template = find_template(backend)
    files: dict[str, str] = {}
    for split in SPLITS:
        arrays = tokenise(data[split], backend, template, max_length, stride)
        for name in ARRAYS:
            path = folder / split / f"{name}.npy"
            with write_whole(path) as stream:
                np.save(stream, arrays[name])
            files[f"{split}/{name}.npy"] = sha256_of_file(path)
        texts = {
            "contexts": list(data[split].contexts),
            "answers": [[a.text for a in q.answers] for q in data[split].questions],
        }
        write_json(folder / split / "texts.json", texts, indent=None)
        files[f"{split}/texts.json"] = sha256_of_file(folder / split / "texts.json")
    manifest = {
        "layout": LAYOUT,
        "template": vars(template),
        "tokenizer_sha256": sha256_of_file(encoder / "tokenizer.json"),
        "content": {split: content_sha256(data[split]) for split in SPLITS},
        "max_length": max_length,
        "stride": stride,
        "files": files,
    }
    write_json(folder / "manifest.json", manifest)


def open_windows(folder: Path) -> dict[str, WindowSet]:
    """Open both splits, after checking every file against the manifest.

    Raises:
        DataError: a missing, torn or altered file.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file() or sha256_of_file(path) != expected:
            raise DataError(
                f"{path}: missing or altered since it was made (expected sha256 {expected[:12]}…)",
                fix=f"delete {folder} and run again: features are made anew",
            )
    template = Template(**manifest["template"])
    return {
        split: WindowSet(_map_arrays(folder / split), template, folder / split) for split in SPLITS
    }


def _map_arrays(folder: Path) -> dict[str, np.ndarray]:
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The features' manifest: layout, template, content hashes, window settings, file hashes."""
    fix = f"delete {folder} and run again: features are made anew"
    manifest = read_json(folder / "manifest.json", what="the features' manifest", fix=fix)
    if manifest.get("layout") != LAYOUT:
        raise DataError(
            f"{folder}: features of layout {manifest.get('layout')} (expected {LAYOUT})", fix=fix
        )
    return manifest


def open_tokenizer(encoder: Path) -> Any:
    """The backend of an encoder's fast tokenizer, which neither cuts nor pads."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(
        encoder, local_files_only=True, use_fast=True, trust_remote_code=False
    )
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    return backend


def find_template(backend: Any) -> Template:
    """Read off the tokenizer's own pair encoding where it puts special tokens and segments.

    Raises:
        DataError: a tokenizer that puts none before, between or after the two.
    """
    pair = backend.encode("a", "b")
    parts = pair.sequence_ids
    if not {0, 1} <= set(parts) or parts[0] is not None or parts[-1] is not None:
        raise DataError(
            f"the tokenizer makes {pair.tokens} of the pair 'a', 'b', expected special tokens "
            "around both, as BERT's [CLS] a [SEP] b [SEP]",
            fix="put the tokenizer.json there with which the encoder was trained",
        )
    question, context = parts.index(0), parts.index(1)
    last_question = len(parts) - 1 - parts[::-1].index(0)
    last_context = len(parts) - 1 - parts[::-1].index(1)
    return Template(
        before=tuple(pair.ids[:question]),
        between=tuple(pair.ids[last_question + 1 : context]),
        after=tuple(pair.ids[last_context + 1 :]),
        question_type=pair.type_ids[question],
        context_type=pair.type_ids[context],
    )


def tokenise(
    data: SquadData, backend: Any, template: Template, max_length: int, stride: int
) -> dict[str, np.ndarray]:
    """All arrays of one split, by the names in `ARRAYS`.

    A question without answers, as those that are asked of a trained model, is labelled CLS.
    """
    asked = backend.encode_batch(
        [q.question.strip() for q in data.questions], add_special_tokens=False
    )
    read = backend.encode_batch(list(data.contexts), add_special_tokens=False)
    kind = np.uint16 if backend.get_vocab_size() <= 2**16 else np.uint32
    offsets = [np.array(context.offsets, np.uint32).reshape(-1, 2) for context in read]
    windows = _cut_windows(data, asked, offsets, template, max_length, stride)
    return {
        "question_tokens": np.concatenate([np.array(q.ids, kind) for q in asked]),
        "question_bounds": _bounds([len(q.ids) for q in asked]),
        "context_tokens": np.concatenate([np.array(c.ids, kind) for c in read]),
        "context_bounds": _bounds([len(c.ids) for c in read]),
        "char_start": np.concatenate([pairs[:, 0] for pairs in offsets]),
        "char_end": np.concatenate([pairs[:, 1] for pairs in offsets]),
        "paragraph_of_question": np.array([q.paragraph for q in data.questions], np.int32),
        "article_sizes": article_sizes(data),
        **windows,
    }


def _cut_windows(
    data: SquadData,
    asked: list[Any],
    offsets: list[np.ndarray],
    template: Template,
    max_length: int,
    stride: int,
) -> dict[str, np.ndarray]:
    counts, rows = [], []
    for question, tokens in zip(data.questions, asked, strict=True):
        room = max_length - template.specials - len(tokens.ids)
        if room <= stride:
            raise DataError(
                f"question {question.id!r} has {len(tokens.ids)} tokens, which leaves room for "
                f"{room} tokens of context (expected more than the overlap, {stride})",
                fix="raise features.max_length, lower features.stride, or shorten the question",
            )
        pairs = offsets[question.paragraph]
        span = _answer_span(question, pairs)
        ahead = len(template.before) + len(tokens.ids) + len(template.between)
        windows = [
            (first, size, *_label(span, first, size, ahead))
            for first, size in _place_windows(len(pairs), room, stride)
        ]
        counts.append(len(windows))
        rows.extend(windows)
    columns = np.array(rows, np.int32).T
    names = ("window_first", "window_tokens", "label_start", "label_end")
    return {"feature_bounds": _bounds(counts), **dict(zip(names, columns, strict=True))}


def _place_windows(tokens: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """(first, size) of each window over a context; the last one ends with the context."""
    windows = [(0, min(room, tokens))]
    while windows[-1][0] + windows[-1][1] < tokens:
        first = windows[-1][0] + room - overlap
        windows.append((first, min(room, tokens - first)))
    return windows


def _answer_span(question: Question, pairs: np.ndarray) -> tuple[int, int] | None:
    """First and last token of the first answer in its context; None without answers."""
    if not question.answers:
        return None
    answer = question.answers[0]
    return _token_span(pairs, answer.start, answer.start + len(answer.text))


def _token_span(pairs: np.ndarray, begin: int, end: int) -> tuple[int, int]:
    """First and last token that touch the characters from `begin` to `end` (exclusive)."""
    first = int(np.searchsorted(pairs[:, 1], begin, side="right"))
    last = int(np.searchsorted(pairs[:, 0], end, side="left")) - 1
    return first, max(first, last)


def _label(span: tuple[int, int] | None, first: int, size: int, ahead: int) -> tuple[int, int]:
    """The answer's place in a window whose context begins at position `ahead`, or (0, 0)."""
    if span is None or span[0] < first or span[1] >= first + size:
        return 0, 0
    return span[0] - first + ahead, span[1] - first + ahead


def _bounds(lengths: Sequence[int]) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
