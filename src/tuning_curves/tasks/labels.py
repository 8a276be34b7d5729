"""Labels of a classification task: the study states them, and every label is one of them.

The study's list is in its own order; a label's number is its place in it. What is stated can be
counted before the data is there, and a record says what its numbers mean.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tuning_curves.tasks.ceiling import Limit
from tuning_curves.util.errors import DataError, quoted

MOST_LABELS = 10_000
SHOWN = 12  # labels named in a message


def check_labels(value: Any) -> tuple[str, ...]:
    """The labels of a study's section `task`.

    Raises:
        ValueError: not a list of two or more texts, each once; to be opened with `task.`.
    """
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= MOST_LABELS:
        raise ValueError(f"labels is {value!r}, expected a list of two or more")
    for label in value:
        if not isinstance(label, str) or not label.strip():
            hint = f", in quotes: '{label}'" if isinstance(label, int | float) else ""
            if isinstance(label, bool):
                hint = " in quotes, as the data has it: YAML takes yes, on and true for True, no, "
                hint += "off and false for False"
            raise ValueError(f"labels has {label!r}, expected text{hint}")
    twice = [label for label, count in Counter(value).items() if count > 1]
    if twice:
        raise ValueError(f"labels has {twice[0]!r} twice, expected each once")
    return tuple(value)


def number_labels(labels: Sequence[str]) -> dict[str, int]:
    """The number of each label."""
    return {label: number for number, label in enumerate(labels)}


def check_known(label: Any, numbers: Mapping[str, int], where: str) -> str:
    """A label that is one of the study's.

    Raises:
        DataError: another one, or none; `where` opens the message.
    """
    if isinstance(label, str) and label in numbers:
        return label
    shown = quoted(label) if isinstance(label, str) else repr(label)
    raise DataError(
        f"{where}: label {shown}, expected one of task.labels: {_list(numbers)}",
        fix="correct it, or add it to task.labels of the study",
    )


def check_parts(train: Iterable[str], test: Iterable[str], name: str) -> list[str]:
    """There must be something to tell apart; labels that cannot be learnt are told, as sentences.

    Args:
        train, test: labels of either part.

    Raises:
        DataError: every training label is the same.
    """
    seen = {*train}
    if len(seen) < 2:
        raise DataError(
            f"{name}: every training example is labelled {quoted(min(seen, default=''))}, expected "
            "two labels or more",
            fix="give examples of the other labels too",
        )
    beyond = [label for label, _ in Counter(test).most_common() if label not in seen]
    if not beyond:
        return []
    what = "label stands" if len(beyond) == 1 else "labels stand"
    return [f"{len(beyond)} {what} in the test part alone and cannot be learnt: {_list(beyond)}"]


def unseen_labels(asked: np.ndarray, seen: np.ndarray, what: str) -> Limit:
    """The test part's examples or words, `what` in the plural, whose label was never trained.

    Args:
        asked: the labels' numbers of the test part; seen: those of the training part, each once.
    """
    count = int((~np.isin(asked, seen)).sum())
    name = f"{what} with a label that no training example has"
    return Limit(name=name, count=count, total=len(asked), metric="accuracy")


def count_labels(found: Iterable[str], labels: Sequence[str]) -> dict[str, int]:
    """How often each label occurs, in the study's order."""
    counts = Counter(found)
    return {label: counts[label] for label in labels}


def _list(labels: Iterable[str]) -> str:
    names = list(labels)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
