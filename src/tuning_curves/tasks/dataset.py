"""One part of a data set, as its task has read and checked it."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from tuning_curves.util.errors import DataError
from tuning_curves.util.files import sha256_of


class Dataset(ABC):
    """One part of a data set: checked examples, those of a group side by side."""

    @property
    @abstractmethod
    def group_names(self) -> Sequence[str]:
        """A name for each group, by which one that stands in two parts is found.

        An empty name is none: that of an example which is a group of its own.
        """

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
    def without(self, texts: Collection[tuple[str, int]]) -> Self:
        """All but the examples that belong to these `texts` of these groups."""

    @abstractmethod
    def to_json(self) -> Any:
        """A JSON value that `Task.parse` reads back."""

    def __len__(self) -> int:
        return int(self.group_sizes.sum())


class GroupedRows(Dataset):
    """Examples that are plain rows of JSON: a group's name, a text, and whatever labels it.

    A row whose group is None is a group of its own.
    """

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        """Args: rows: those of a group side by side, as the task has checked them."""
        self.rows = rows
        opens = [
            number == 0 or row[0] is None or row[0] != rows[number - 1][0]
            for number, row in enumerate(rows)
        ]
        self.group_of = np.cumsum(opens, dtype=np.int64) - 1  # of each row

    @property
    def group_names(self) -> Sequence[str]:
        firsts = np.unique(self.group_of, return_index=True)[1]
        return tuple(self.rows[first][0] or "" for first in firsts)

    @property
    def group_sizes(self) -> np.ndarray:
        return np.bincount(self.group_of)

    def texts(self) -> Iterator[tuple[str, int]]:
        return ((self.text(row), int(group)) for row, group in self._with_groups())

    def text(self, row: Sequence[Any]) -> str:
        """The text of a row that must not stand in two groups."""
        return row[1]

    def content_sha256(self) -> str:
        return sha256_of(self.to_json())

    def select(self, groups: Collection[int], source: str) -> Self:
        chosen = set(groups)
        return type(self)([row for row, group in self._with_groups() if int(group) in chosen])

    def without(self, texts: Collection[tuple[str, int]]) -> Self:
        places = zip(self.rows, self.texts(), strict=True)
        return type(self)([row for row, place in places if place not in texts])

    def to_json(self) -> Any:
        return [list(row) for row in self.rows]

    def _with_groups(self) -> Iterator[tuple[Sequence[Any], int]]:
        return zip(self.rows, self.group_of.tolist(), strict=True)


def side_by_side(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Rows with those of a group behind its first one, else in their order."""
    groups: dict[Any, list[Sequence[Any]]] = {}
    for number, row in enumerate(rows):
        groups.setdefault((row[0], number if row[0] is None else 0), []).append(row)
    return [row for group in groups.values() for row in group]


def rows_of_json(
    value: Iterable[Sequence[Any]], keys: Sequence[str], source: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What `GroupedRows.to_json` gave, as rows by name, each with its place."""
    for number, row in enumerate(value, 1):
        yield f"{source}: row {number}", dict(zip(keys, row, strict=True))


def check_all_or_none(
    rows: Sequence[Sequence[Any]], place: int, name: str, examples: str, source: str
) -> None:
    """What stands at this place of a row must stand in every row or in none.

    Raises:
        DataError: it stands in some; `source` opens the message.
    """
    given = sum(row[place] is not None for row in rows)
    if given not in (0, len(rows)):
        raise DataError(
            f"{source}: {given} of {len(rows)} {examples} have a {name}, expected all or none",
            fix=f"give every {examples.removesuffix('s')} a {name}, or none",
        )


def group_of(row: Mapping[str, Any], where: str) -> str | None:
    """A row's group, or None where it is its own.

    Raises:
        DataError: an empty one, or something that is no name.
    """
    value = row.get("group")
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: group is {value!r}, expected a name", fix="give it one")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(
            f"{where}: group holds half a surrogate pair", fix="write the file anew, as UTF-8"
        ) from None
    return value
