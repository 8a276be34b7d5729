"""A fixed set of questions, prepared once and asked of many models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tuning_curves.encoders.batches import Feed, autocast
from tuning_curves.tasks.question_answering.decode import SpanChoice, answer_texts, decode_spans
from tuning_curves.tasks.question_answering.metric import GoldAnswers
from tuning_curves.tasks.question_answering.windows import WindowSet

PACK_TOKENS = {"cpu": 4_096, "cuda": 65_536}


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Per question: exact match, bool [Q]; F1 in 0 to 1, float64 [Q]; the answer's text."""

    exact: np.ndarray
    f1: np.ndarray
    answers: list[str]


class Predictor:
    """Questions of one split with their windows, sorted by length, to be answered by models."""

    def __init__(
        self,
        features: WindowSet,
        questions: np.ndarray,
        contexts: Sequence[str],
        *,
        n_best: int,
        max_answer_tokens: int,
    ) -> None:
        """Args: questions: sorted numbers of the questions to ask, int64 [Q]; contexts: the
        texts of all the split's paragraphs."""
        self.features, self.questions, self.contexts = features, questions, contexts
        self.n_best, self.max_answer_tokens = n_best, max_answer_tokens
        windows = features.features_of(questions)
        counts = np.diff(features.feature_bounds)[questions]
        owner = np.repeat(np.arange(len(questions)), counts)
        order = np.argsort(-features.lengths[windows], kind="stable")
        self.windows, self.owner = windows[order], owner[order]
        self.bounds = np.concatenate(([0], np.cumsum(features.lengths[self.windows])))
        self._lay_out_characters()

    def _lay_out_characters(self) -> None:
        """Where each token of each window begins and ends in its paragraph; 0 outside of it."""
        self.char_start = np.zeros(self.bounds[-1], np.int64)
        self.char_end = np.zeros(self.bounds[-1], np.int64)
        self.context_start = np.empty(len(self.windows), np.int64)
        tail = len(self.features.template.after)
        for row, window in enumerate(self.windows):
            size = int(self.features.window_tokens[window])
            last = int(self.bounds[row + 1]) - tail
            first = int(self.features.context_token(window))
            self.context_start[row] = last - size - self.bounds[row]
            self.char_start[last - size : last] = self.features.char_start[first : first + size]
            self.char_end[last - size : last] = self.features.char_end[first : first + size]

    def choose(self, feed: Feed, precision: str) -> SpanChoice:
        """Let a model choose each question's span.

        Raises:
            FloatingPointError: its logits are not finite.
        """
        return self.decode(self.logits(feed, precision))

    def decode(self, logits: np.ndarray) -> SpanChoice:
        """The spans that start and end logits choose, float32 [T, 2] as `logits` gives them.

        Raises:
            FloatingPointError: they are not finite.
        """
        if not np.isfinite(logits).all():
            raise FloatingPointError("the model's logits are not finite")
        return decode_spans(
            logits[:, 0],
            logits[:, 1],
            self.bounds,
            self.context_start,
            self.owner,
            questions=len(self.questions),
            n_best=self.n_best,
            max_answer_tokens=self.max_answer_tokens,
        )

    def texts(self, choice: SpanChoice) -> list[str]:
        """The chosen spans as text, one a question; "" where there is none."""
        paragraphs = self.features.paragraph_of_question[self.questions]
        return answer_texts(choice, self.contexts, paragraphs, self.char_start, self.char_end)

    @torch.inference_mode()
    def logits(self, feed: Feed, precision: str) -> np.ndarray:
        """Start and end logits of all tokens, in the windows' order: float32 [T, 2]."""
        feed.model.eval()
        rows = []
        for group in self._groups(PACK_TOKENS[feed.device.type]):
            with autocast(feed.device, precision):
                batch = feed.batch(self.windows[group])
                rows.append(feed.model(batch.hidden, batch.packing, feed.first))
        return torch.cat(rows).cpu().numpy()

    def _groups(self, budget: int) -> Iterator[slice]:
        """Neighbouring windows with at most `budget` tokens, or one window."""
        first = 0
        while first < len(self.windows):
            last = int(np.searchsorted(self.bounds, self.bounds[first] + budget, side="right")) - 1
            last = max(last, first + 1)
            yield slice(first, last)
            first = last


class Evaluator(Predictor):
    """Questions of one split with their gold answers."""

    def __init__(
        self, features: WindowSet, questions: np.ndarray, *, n_best: int, max_answer_tokens: int
    ) -> None:
        """Args: questions: sorted numbers of the questions to ask, int64 [Q]."""
        contexts, answers = features.texts()
        limits = {"n_best": n_best, "max_answer_tokens": max_answer_tokens}
        super().__init__(features, questions, contexts, **limits)
        self.gold = GoldAnswers([answers[q] for q in questions])

    def take(self, feed: Feed, precision: str) -> Outcomes:
        """Ask a model, and mark its answers.

        Raises:
            FloatingPointError: its logits are not finite.
        """
        return self.mark(self.logits(feed, precision))

    def mark(self, logits: np.ndarray) -> Outcomes:
        """Decode and score start and end logits, float32 [T, 2] as `logits` gives them.

        Raises:
            FloatingPointError: they are not finite.
        """
        answers = self.texts(self.decode(logits))
        exact, f1 = self.gold.score(answers)
        return Outcomes(exact=exact, f1=f1, answers=answers)
