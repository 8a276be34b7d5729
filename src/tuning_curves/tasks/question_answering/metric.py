"""Exact match and F1 by the rules of SQuAD v1.1 (Rajpurkar et al., 2016, section 6.1).

Bug-compatible with the official scorer: an answer that is nothing but an article has no tokens
left, so gold "a" and prediction "a" are an exact match with an F1 of 0.
"""

import re
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tuning_curves.util.errors import DataError

if TYPE_CHECKING:
    import evaluate

UNSPACED = re.compile(  # letters of scripts that put no blanks between words
    "[\u0e01-\u0eff\u0f40-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
MANY_UNSPACED = 0.5  # of the answers
ARTICLES = re.compile(r"\b(a|an|the)\b")
DROP_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without ASCII punctuation and articles, words parted by one space.

    Punctuation goes first, so that "a." loses its article and "the-end" becomes one word.
    """
    bare = text.lower().translate(DROP_PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", bare).split())


def misfit(answers: Sequence[str]) -> str | None:
    """What is to be said where the rules, which are made for English, do not fit the answers.

    None where they fit as far as scripts tell: that a language has other articles does not show.
    """
    unspaced = sum(UNSPACED.search(text) is not None for text in answers)
    if unspaced <= MANY_UNSPACED * len(answers):
        return None
    return (
        f"{unspaced} of {len(answers)} gold answers are in a script without blanks between words "
        "(Chinese, Japanese, Thai, ...), which the English rules of SQuAD v1.1 do not fit: an "
        "answer is one word to them, F1 is 100 or 0 percent, and so it says what exact match says"
    )


class GoldAnswers:
    """The gold answers of a set of questions, normalised once to score many predictions."""

    def __init__(self, golds: Sequence[Sequence[str]]) -> None:
        """Take the accepted answers of each question.

        Raises:
            DataError: a question without an answer.
        """
        self._golds = [tuple(dict.fromkeys(map(normalise, answers))) for answers in golds]
        if () in self._golds:
            raise DataError(
                f"question number {self._golds.index(())} (from 0) has no gold answer",
                fix="score only questions that have an answer",
            )

    def __len__(self) -> int:
        return len(self._golds)

    def score(self, predictions: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
        """Score one prediction a question; None (no prediction) is wrong.

        Returns:
            exact match, bool [questions], and F1, float64 [questions] in 0 to 1: each the best
            over the question's gold answers.

        Raises:
            DataError: not as many predictions as questions.
        """
        if len(predictions) != len(self):
            raise DataError(f"{len(predictions)} predictions for {len(self)} questions")
        exact, f1 = np.zeros(len(self), bool), np.zeros(len(self))
        for number, (prediction, golds) in enumerate(zip(predictions, self._golds, strict=True)):
            if prediction is not None:
                exact[number], f1[number] = _best(normalise(prediction), golds)
        return exact, f1


def percent(scores: np.ndarray) -> float:
    """The mean of per-question scores, times 100.

    Summed in order, as the official scorer does: the last digit agrees too.
    """
    return 100.0 * sum(scores.tolist()) / len(scores)


def _best(prediction: str, golds: Iterable[str]) -> tuple[bool, float]:
    """Exact match and F1 of normalised texts."""
    words = prediction.split()
    if words and prediction in golds:
        return True, 1.0
    return prediction in golds, max(_overlap_f1(words, gold.split()) for gold in golds)


def _overlap_f1(prediction: list[str], gold: list[str]) -> float:
    """F1 of two bags of words; 0 when they share none, also when both are empty."""
    rest = list(gold)
    for word in prediction:
        if word in rest:
            rest.remove(word)
    shared = len(gold) - len(rest)
    if shared == 0:
        return 0.0
    precision, recall = shared / len(prediction), shared / len(gold)
    return 2 * precision * recall / (precision + recall)


def load_metric(experiment_id: str | None = None) -> "evaluate.Metric":
    """The metric as an `evaluate` module, loaded from this package, so without the hub.

    `evaluate` copies the module's code and keeps pending predictions under HF_HOME (by default
    ~/.cache/huggingface): set that variable before Python starts where the home directory is
    shared, read-only or small. Nothing is set here.

    Args:
        experiment_id: names the file of pending predictions; give each of several parallel
            processes its own.
    """
    import evaluate

    options = {} if experiment_id is None else {"experiment_id": experiment_id}
    return evaluate.load(str(Path(__file__).with_name("squad_metric")), **options)
