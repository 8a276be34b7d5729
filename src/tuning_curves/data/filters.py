"""Rows on their way to the task: examples to leave out, and labels from numbers."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tuning_curves.data.formats import Bin
from tuning_curves.tasks.windows import SPLITS
from tuning_curves.util.errors import DataError, quoted
from tuning_curves.util.files import read_json
from tuning_curves.util.yaml_files import read_yaml

Row = tuple[str, Mapping[str, Any]]
Place = Mapping[str, int]
OUTSIDE = "lie outside the bins, left out"
EXCLUDED = "are listed, left out"
FIX_ENTRY = "write `train: [{row: 17}, …]` with numbers from 1, or the places that the task counts"


def read_exclusions(path: Path) -> dict[str, tuple[Place, ...]]:
    """The places of the examples to leave out of either part.

    Raises:
        ResourceError: no such file.
        UsageError, DataError: not YAML or JSON, or something else than lists of places.
    """
    missing = "no such file of examples to leave out"
    is_json = path.suffix == ".json"
    value = read_json(path, what=missing) if is_json else read_yaml(path, missing)
    if not isinstance(value, Mapping) or not value or set(value) - set(SPLITS):
        raise DataError(f"{path}: expected lists named train or test", fix=FIX_ENTRY)
    return {split: _places(value.get(split, []), f"{path}: {split}") for split in SPLITS}


def _places(value: Any, where: str) -> tuple[Place, ...]:
    if not isinstance(value, list):
        raise DataError(f"{where} is a {type(value).__name__}, expected a list", fix=FIX_ENTRY)
    for number, entry in enumerate(value, 1):
        sound = isinstance(entry, Mapping) and entry
        if not sound or any(type(n) is not int or n < 1 for n in entry.values()):
            message = f"{where}: entry {number} is {quoted(str(entry))}, expected numbers from 1"
            raise DataError(message, fix=FIX_ENTRY)
    return tuple(value)


def without_rows(
    rows: Iterable[Row], places: Sequence[Place], where: str, counts: Counter[str]
) -> Iterator[Row]:
    """The rows but those that entries `{row: n}` name; rows count from 1.

    Raises:
        DataError: at the end, an entry that left nothing out.
    """
    numbers = [place["row"] for place in places if set(place) == {"row"}]
    left = set(numbers)
    last = 0
    for last, row in enumerate(rows, 1):
        if last in left:
            counts[EXCLUDED] += 1
        else:
            yield row
    twice = [n for n, count in Counter(numbers).items() if count > 1]
    if twice or any(n > last for n in left):
        said = f"row {twice[0]} is listed twice" if twice else f"no row {max(left)}, the last is "
        raise DataError(
            f"{where}: {said}{'' if twice else last}", fix="remove the entry, or correct its number"
        )


def binned(rows: Iterable[Row], bins: Sequence[Bin], counts: Counter[str]) -> Iterator[Row]:
    """Rows whose label, a number, lies in a bin; that bin's label stands in its place.

    Raises:
        DataError: a label that is no number.
    """
    for where, row in rows:
        value = _number(row.get("label"), where)
        label = next((one.label for one in bins if one.holds(value)), None)
        if label is None:
            counts[OUTSIDE] += 1
        else:
            yield where, {**row, "label": label}


def _number(label: Any, where: str) -> float:
    try:
        value = float(label)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{where}: label {quoted(str(label))}, expected a number for data.label_bins",
            fix="correct it, or choose another column for label",
        )
    return value
