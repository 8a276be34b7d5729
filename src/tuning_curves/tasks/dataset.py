"""One part of a data set, as its task has read and checked it."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Self

import numpy as np

from tuning_curves.util.files import sha256_of


class Dataset(ABC):
    """One part of a data set: checked examples, those of a group side by side."""

    @property
    @abstractmethod
    def group_names(self) -> Sequence[str]:
        """A name for each group, by which one that stands in two parts is found."""

    @property
    @abstractmethod
    def group_sizes(self) -> np.ndarray:
        """Examples of each group: int64 [groups], summing to all of them."""

    @abstractmethod
    def texts(self) -> Iterator[tuple[str, int]]:
        """Each text that must not stand in two groups, with its group's number."""

    @abstractmethod
    def content_sha256(self) -> str:
        """Hex sha256 of all that is material to a run, whatever form it was read from."""

    @abstractmethod
    def select(self, groups: Collection[int], source: str) -> Self:
        """These groups alone, in the order in which they stand; `source` opens error messages."""

    @abstractmethod
    def to_json(self) -> Any:
        """A JSON value that `Task.parse` reads back."""

    def __len__(self) -> int:
        return int(self.group_sizes.sum())


class GroupedRows(Dataset):
    """Examples that are plain rows of JSON: a group's name, a text, and whatever labels it."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        """Args: rows: those of a group side by side, as the task has checked them."""
        self.rows = rows
        self._sizes = Counter(row[0] for row in rows)  # in the order of the first of each

    @property
    def group_names(self) -> Sequence[str]:
        return tuple(self._sizes)

    @property
    def group_sizes(self) -> np.ndarray:
        return np.array(list(self._sizes.values()), np.int64)

    def texts(self) -> Iterator[tuple[str, int]]:
        numbers = {name: number for number, name in enumerate(self._sizes)}
        return ((row[1], numbers[row[0]]) for row in self.rows)

    def content_sha256(self) -> str:
        return sha256_of([list(row) for row in self.rows])

    def select(self, groups: Collection[int], source: str) -> Self:
        chosen = {self.group_names[number] for number in groups}
        return type(self)([row for row in self.rows if row[0] in chosen])

    def to_json(self) -> Any:
        return [list(row) for row in self.rows]
