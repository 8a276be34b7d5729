"""Windows of labelled words: a sentence, or overlapping stretches of one that is too long.

A word's first piece carries its label (Devlin et al. 2019, section 5.3). Where two windows hold a
word, the one in which it has more context on its narrower side reads it, the first on a tie; so
every word is learnt and judged once. A word that the tokenizer makes nothing of is read as [UNK].
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuning_curves.tasks.ceiling import unknown_token
from tuning_curves.tasks.token_classification.data import LabelledWords
from tuning_curves.tasks.windows import Note, Windows, bounds_of, numbers_within
from tuning_curves.util.errors import DataError, UsageError

NOT_COUNTED = -100  # the label of a token that is no word's first piece here


class TaggedWindows(Windows):
    """Windows whose labels stand beside their tokens; labels: int32 [all tokens]."""

    def labels_of(self, windows: Sequence[int] | np.ndarray) -> np.ndarray:
        """The labels of these windows' tokens, one behind the other: int64 [T]."""
        return np.asarray(self.labels[numbers_within(self.token_bounds, windows)], np.int64)


@dataclass(frozen=True, kw_only=True)
class Template:
    """The special tokens around a sentence, and its segment number."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    type: int


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """A sentence in tokens: their ids, and of each word the place of its first one."""

    ids: np.ndarray  # int64 [tokens]
    firsts: np.ndarray  # int64 [words], ascending


def cut_sentences(
    data: LabelledWords,
    tokenizer: Any,
    numbers: Mapping[str, int],
    *,
    max_length: int,
    stride: int,
) -> TaggedWindows:
    """All windows of one part, in memory.

    Args:
        numbers: of the labels; where sentences have none, each word counts as the first one.
        stride: tokens that neighbouring windows of one sentence share.

    Raises:
        UsageError: windows that would not get ahead.
        DataError: a tokenizer that cannot be used on words.
    """
    tokenizer = for_words(tokenizer)
    template = find_template(tokenizer)
    room = max_length - len(template.before) - len(template.after)
    if stride >= room:
        raise UsageError(
            f"windows.stride is {stride}, expected less than {room}: a window of {max_length} "
            "tokens has so many beside the special ones",
            fix="lower windows.stride, or raise windows.max_length",
        )
    windows: list[np.ndarray] = []  # [2, tokens]: their ids and their labels
    counts = []
    for row, pieces in zip(data.rows, _tokenise(data, tokenizer), strict=True):
        labels = np.zeros(len(row[1]), np.int64)
        if row[2] is not None:
            labels = np.array([numbers[label] for label in row[2]])
        cut = [_around(part, template) for part in cut_pieces(pieces, labels, room, stride)]
        counts.append(len(cut))
        windows += cut
    tokens, labels = np.concatenate(windows, axis=1)
    arrays = {
        "tokens": tokens.astype(np.uint16 if tokenizer.get_vocab_size() <= 2**16 else np.uint32),
        "token_bounds": bounds_of([window.shape[1] for window in windows]),
        "types": np.full(len(tokens), template.type, np.uint8),
        "labels": labels.astype(np.int32),
        "window_bounds": bounds_of(counts),
        "group_sizes": data.group_sizes,
    }
    return TaggedWindows(arrays, notes=[_note(counts, max_length)])


def cut_pieces(pieces: Pieces, labels: np.ndarray, room: int, stride: int) -> Iterator[np.ndarray]:
    """A sentence's windows without special tokens, [2, tokens]: ids, and labels or NOT_COUNTED.

    Args:
        labels: [words]. room: tokens of a window at most, more than `stride`.
    """
    total = len(pieces.ids)
    starts = np.arange(0, max(1, total - stride), room - stride)
    ends = np.minimum(starts + room, total)
    narrower = np.minimum(pieces.firsts - starts[:, None], ends[:, None] - 1 - pieces.firsts)
    reader = narrower.argmax(0)  # of each word; the first window on a tie
    for window, (start, end) in enumerate(zip(starts, ends, strict=True)):
        own = np.full(end - start, NOT_COUNTED)
        read = reader == window
        own[pieces.firsts[read] - start] = labels[read]
        yield np.stack((pieces.ids[start:end], own))


def for_words(tokenizer: Any) -> Any:
    """A tokenizer that takes a word as it stands in a text: behind a blank, where that matters."""
    if "add_prefix_space" not in tokenizer.to_str():
        return tokenizer
    spec = json.loads(tokenizer.to_str())
    _set_prefix(spec["pre_tokenizer"])
    return type(tokenizer).from_str(json.dumps(spec))


def _set_prefix(step: dict[str, Any]) -> None:
    for inner in step.get("pretokenizers", []):
        _set_prefix(inner)
    if step["type"] == "ByteLevel":
        step["add_prefix_space"] = True


def find_template(tokenizer: Any) -> Template:
    """Read off the tokenizer's own encoding which special tokens stand around a sentence."""
    one = tokenizer.encode(["a"], is_pretokenized=True)
    inside = [place for place, word in enumerate(one.word_ids) if word is not None]
    if not inside:
        raise DataError(
            f"the tokenizer makes {one.tokens} of the word 'a', expected a token of it",
            fix="put the tokenizer.json there with which the encoder was trained",
        )
    return Template(
        before=tuple(one.ids[: inside[0]]),
        after=tuple(one.ids[inside[-1] + 1 :]),
        type=one.type_ids[inside[0]],
    )


def _tokenise(data: LabelledWords, tokenizer: Any) -> Iterator[Pieces]:
    read = tokenizer.encode_batch(
        [row[1] for row in data.rows], is_pretokenized=True, add_special_tokens=False
    )
    unknown = unknown_token(tokenizer)
    for row, one in zip(data.rows, read, strict=True):
        ids = np.array(one.ids, np.int64)
        owners = np.array(one.word_ids, np.int64)
        empty = np.setdiff1d(np.arange(len(row[1])), owners)
        if len(empty):
            if unknown is None:
                raise DataError(
                    f"the tokenizer makes nothing of the word {row[1][empty[0]]!r}",
                    fix="leave it out of the sentence, or put something in its place",
                )
            places = np.searchsorted(owners, empty)
            ids, owners = np.insert(ids, places, unknown), np.insert(owners, places, empty)
        yield Pieces(ids=ids, firsts=np.searchsorted(owners, np.arange(len(row[1]))))


def _around(window: np.ndarray, template: Template) -> np.ndarray:
    """A window with its special tokens: [2, tokens]."""
    before, after = (
        np.array([ids, [NOT_COUNTED] * len(ids)], np.int64).reshape(2, -1)
        for ids in (template.before, template.after)
    )
    return np.concatenate((before, window, after), axis=1)


def _note(counts: Sequence[int], max_length: int) -> Note:
    cut = sum(count > 1 for count in counts)
    says = f"sentences are longer than {max_length} tokens: cut in windows"
    return Note(says=says, count=cut, total=len(counts))
