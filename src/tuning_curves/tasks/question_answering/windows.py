"""Question answering's windows: question and context, as much of it as fits.

Each question and each context is tokenised once. A window holds the whole question and as much
context as fits (`max_length`); the windows of a long context overlap by `stride` tokens, as in
the library's question-answering example. A window's label is where the answer lies in it, and the
first position (CLS) where it does not lie wholly inside (Devlin et al. 2019, section 4.2 and code).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from tuning_curves.tasks.question_answering.data import Question, SquadData, article_sizes
from tuning_curves.tasks.question_answering.metric import misfit
from tuning_curves.tasks.windows import Note, PackedWindows, Windows, bounds_of
from tuning_curves.util.errors import DataError


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
class PackedQuestions(PackedWindows):
    """Windows laid side by side, and where their contexts are.

    Attributes:
        labels: int64 [B, 2], start and end position in the window.
        context_start: int64 [B], position of the first context token in its window.
        first_token: int64 [B], where that token stands in the part's `context_tokens`.
    """

    context_start: np.ndarray
    first_token: np.ndarray


class WindowSet(Windows):
    """One part's windows; `texts` has `contexts`, and the `answers` of each question."""

    ARRAYS: ClassVar[tuple[str, ...]] = (
        "question_tokens",
        "question_bounds",
        "context_tokens",
        "context_bounds",
        "char_start",
        "char_end",
        "paragraph_of_question",
        "group_sizes",
        "window_bounds",
        "window_first",
        "window_tokens",
        "labels",
    )
    question_tokens: np.ndarray  # unsigned [all tokens of all questions]
    question_bounds: np.ndarray  # int64 [questions + 1]
    context_tokens: np.ndarray  # unsigned [all tokens of all paragraphs]
    context_bounds: np.ndarray  # int64 [paragraphs + 1]
    char_start: np.ndarray  # uint32, beside context_tokens: where the token begins in its paragraph
    char_end: np.ndarray  # uint32: where it ends
    paragraph_of_question: np.ndarray  # int32 [questions]
    window_first: np.ndarray  # int32 [windows]: first context token, counted in its paragraph
    window_tokens: np.ndarray  # int32 [windows]: context tokens
    labels: np.ndarray  # int32 [windows, 2]: start and end position in the window; 0 is CLS

    @property
    def template(self) -> Template:
        """What stands around question and context."""
        return Template(**self.about["template"])

    def text_tokens(self) -> Iterator[np.ndarray]:
        """Of questions and of contexts, each once."""
        yield self.question_tokens
        yield self.context_tokens

    def count_tokens(self) -> np.ndarray:
        """Tokens of each window: int64 [windows]."""
        questions = np.diff(self.question_bounds)[self.example_of_window()]
        return questions + self.window_tokens + self.template.specials

    def context_token(self, window: int) -> int:
        """Where the first context token of a window stands in `context_tokens`."""
        question = int(np.searchsorted(self.window_bounds, window, side="right")) - 1
        paragraph = self.paragraph_of_question[question]
        return int(self.context_bounds[paragraph] + self.window_first[window])

    def lay_out(self, windows: Sequence[int] | np.ndarray) -> PackedQuestions:
        """Assemble these windows, in this order."""
        form = self.template
        owner = np.searchsorted(self.window_bounds, windows, side="right") - 1
        rows = [self._tokens_of(int(w), int(q), form) for w, q in zip(windows, owner, strict=True)]
        lengths = [len(tokens) for tokens, _, _ in rows]
        context_start = np.array([start for _, start, _ in rows], np.int64)
        types = [_types_of(n, s, form) for n, s in zip(lengths, context_start, strict=True)]
        return PackedQuestions(
            tokens=np.concatenate([tokens for tokens, _, _ in rows]),
            positions=np.concatenate([np.arange(n) for n in lengths]),
            types=np.concatenate(types),
            lengths=lengths,
            labels=self.labels_of(windows),
            context_start=context_start,
            first_token=np.array([first for _, _, first in rows], np.int64),
        )

    def _tokens_of(self, window: int, question: int, form: Template) -> tuple[np.ndarray, int, int]:
        """The window's tokens, where its context begins in them, and in `context_tokens`."""
        asked = self.question_tokens[
            self.question_bounds[question] : self.question_bounds[question + 1]
        ]
        first = self.context_token(window)
        read = self.context_tokens[first : first + self.window_tokens[window]]
        tokens = np.concatenate((form.before, asked, form.between, read, form.after))
        start = len(form.before) + len(asked) + len(form.between)
        return tokens.astype(np.int64), start, first


def _types_of(length: int, context_start: int, form: Template) -> np.ndarray:
    """The segment of each token of a window: int64 [length]."""
    types = np.full(length, form.context_type, np.int64)
    types[:context_start] = form.question_type
    return types


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


def cut_windows(data: SquadData, tokenizer: Any, max_length: int, stride: int) -> WindowSet:
    """All windows of one part, in memory.

    A question without answers, as those that are asked of a trained model, is labelled CLS.

    Raises:
        DataError: a question too long to leave room for context.
    """
    template = find_template(tokenizer)
    asked = tokenizer.encode_batch(
        [q.question.strip() for q in data.questions], add_special_tokens=False
    )
    read = tokenizer.encode_batch(list(data.contexts), add_special_tokens=False)
    kind = np.uint16 if tokenizer.get_vocab_size() <= 2**16 else np.uint32
    offsets = [np.array(context.offsets, np.uint32).reshape(-1, 2) for context in read]
    arrays = {
        "question_tokens": np.concatenate([np.array(q.ids, kind) for q in asked]),
        "question_bounds": bounds_of([len(q.ids) for q in asked]),
        "context_tokens": np.concatenate([np.array(c.ids, kind) for c in read]),
        "context_bounds": bounds_of([len(c.ids) for c in read]),
        "char_start": np.concatenate([pairs[:, 0] for pairs in offsets]),
        "char_end": np.concatenate([pairs[:, 1] for pairs in offsets]),
        "paragraph_of_question": np.array([q.paragraph for q in data.questions], np.int32),
        "group_sizes": article_sizes(data),
        **_cut(data, asked, offsets, template, max_length, stride),
    }
    answers = [[answer.text for answer in q.answers] for q in data.questions]
    texts = {"contexts": list(data.contexts), "answers": answers}
    language = misfit([text for golds in answers for text in golds])
    notes = [Note(says=language)] if language else []
    return WindowSet(arrays, about={"template": asdict(template)}, texts=texts, notes=notes)


def _cut(
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
                f"{max(room, 0)} tokens of context (expected more than the overlap, {stride})",
                fix="raise windows.max_length, lower windows.stride, or shorten the question",
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
    columns = np.array(rows, np.int32)
    return {
        "window_bounds": bounds_of(counts),
        "window_first": columns[:, 0],
        "window_tokens": columns[:, 1],
        "labels": columns[:, 2:],
    }


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
    return token_span(pairs, answer.start, answer.start + len(answer.text))


def token_span(pairs: np.ndarray, begin: int, end: int) -> tuple[int, int]:
    """First and last token that touch the characters from `begin` to `end` (exclusive)."""
    first = int(np.searchsorted(pairs[:, 1], begin, side="right"))
    last = int(np.searchsorted(pairs[:, 0], end, side="left")) - 1
    return first, max(first, last)


def _label(span: tuple[int, int] | None, first: int, size: int, ahead: int) -> tuple[int, int]:
    """The answer's place in a window whose context begins at position `ahead`, or (0, 0)."""
    if span is None or span[0] < first or span[1] >= first + size:
        return 0, 0
    return span[0] - first + ahead, span[1] - first + ahead
