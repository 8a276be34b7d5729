"""From padded logits to scores, question by question, as the field does it.

The same work as the example's post-processing, in words of our own: for every question a loop over
its windows, over the 20 highest starts and the 20 highest ends of each; every valid pair is kept
as an entry with its offsets, the entries are sorted, the best 20 cut out as texts and given a
probability. Then exact match and F1 by the official script's arithmetic, which normalises
prediction and gold answers anew for each comparison.
"""

import collections
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset

N_BEST, LONGEST = 20, 30


def choose_answers(
    examples: Dataset, windows: Dataset, starts: np.ndarray, ends: np.ndarray
) -> dict[str, str]:
    """The best text of each question.

    Args:
        examples: rows with `id` and `context`. windows: rows with `example_id` and
            `offset_mapping`. starts, ends: float [windows, length].
    """
    numbers = {identity: number for number, identity in enumerate(examples["id"])}
    of_example: dict[int, list[int]] = collections.defaultdict(list)
    for i, window in enumerate(windows):
        of_example[numbers[window["example_id"]]].append(i)
    chosen = {}
    for number, example in enumerate(examples):
        entries: list[dict[str, Any]] = []
        for i in of_example[number]:
            entries += _pairs(windows[i]["offset_mapping"], starts[i], ends[i])
        best = sorted(entries, key=lambda entry: entry["score"], reverse=True)[:N_BEST]
        for entry in best:
            begin, end = entry.pop("offsets")
            entry["text"] = example["context"][begin:end]
        _add_probabilities(best)
        chosen[example["id"]] = best[0]["text"] if best else ""
    return chosen


def _pairs(offsets: Sequence[Any], starts: np.ndarray, ends: np.ndarray) -> list[dict[str, Any]]:
    """Every valid pair of the highest starts and ends of one window."""
    found = []
    high_ends = np.argsort(ends)[: -N_BEST - 1 : -1].tolist()
    for start in np.argsort(starts)[: -N_BEST - 1 : -1].tolist():
        for end in high_ends:
            if start >= len(offsets) or end >= len(offsets):
                continue
            if offsets[start] is None or offsets[end] is None:
                continue
            if end < start or end - start + 1 > LONGEST:
                continue
            found.append(
                {
                    "offsets": (offsets[start][0], offsets[end][1]),
                    "score": starts[start] + ends[end],
                    "start_logit": starts[start],
                    "end_logit": ends[end],
                }
            )
    return found


def _add_probabilities(entries: list[dict[str, Any]]) -> None:
    if not entries:
        return
    scores = np.array([entry.pop("score") for entry in entries])
    weights = np.exp(scores - scores.max())
    for entry, share in zip(entries, weights / weights.sum(), strict=True):
        entry["probability"] = share


def score(golds: Mapping[str, Sequence[str]], chosen: Mapping[str, str]) -> dict[str, float]:
    """Exact match and F1 in percent, each the best over a question's gold answers."""
    exact = f1 = 0.0
    for identity, answers in golds.items():
        exact += max(_exact(chosen[identity], gold) for gold in answers)
        f1 += max(_f1(chosen[identity], gold) for gold in answers)
    return {"exact_match": 100 * exact / len(golds), "f1": 100 * f1 / len(golds)}


def _normal(text: str) -> str:
    kept = "".join(character for character in text.lower() if character not in PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


PUNCTUATION = set(string.punctuation)


def _exact(prediction: str, gold: str) -> bool:
    return _normal(prediction) == _normal(gold)


def _f1(prediction: str, gold: str) -> float:
    ours, theirs = _normal(prediction).split(), _normal(gold).split()
    shared = sum((collections.Counter(ours) & collections.Counter(theirs)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(ours), shared / len(theirs)
    return 2 * precision * recall / (precision + recall)


def golds_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Gold answers by question."""
    return {row["id"]: row["answers"]["text"] for row in rows}
