"""Texts that stand in two groups: what `data.duplicates: drop` leaves out of the training part."""

from collections.abc import Mapping
from dataclasses import dataclass

from tuning_curves.tasks.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Texts in groups (a group may repeat its own), as places (text, number of its group).

    Attributes:
        in_test: of the training part, whose text stands in the test part too.
        in_train: of the training part, whose text stood in an earlier group of it.
        within_test: of the test part, whose text stood in an earlier group of it.
    """

    in_test: frozenset[tuple[str, int]]
    in_train: frozenset[tuple[str, int]]
    within_test: frozenset[tuple[str, int]]


def find_repeats(parts: Mapping[str, Dataset]) -> Repeats:
    """The repeats of both parts; texts are compared as they stand, to the letter."""
    tested = {text for text, _ in parts["test"].texts()}
    in_test = {place for place in parts["train"].texts() if place[0] in tested}
    return Repeats(
        in_test=frozenset(in_test),
        in_train=_later(parts["train"]) - in_test,
        within_test=_later(parts["test"]),
    )


def _later(data: Dataset) -> frozenset[tuple[str, int]]:
    first: dict[str, int] = {}
    places = ((text, group) for text, group in data.texts())
    return frozenset(p for p in places if first.setdefault(*p) != p[1])
