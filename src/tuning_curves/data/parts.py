"""Both parts of a section `data`, read and checked: from a source's bytes to the task's data sets.

What a study leaves out (rows outside the bins of its labels, listed examples, repeated texts) is
gone before the content is hashed, so that the hash says what was trained on; and it is counted.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tuning_curves.data.duplicates import find_repeats
from tuning_curves.data.filters import EXCLUDED, Place, Row, binned, read_exclusions, without_rows
from tuning_curves.data.formats import Own
from tuning_curves.data.readers import read_rows
from tuning_curves.data.sources import SourceFile, source_files
from tuning_curves.data.subsets import split_groups
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.dataset import Dataset
from tuning_curves.tasks.windows import SPLITS
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import parse_json

if TYPE_CHECKING:
    from tuning_curves.data.section import (
        DataSection,
        FileData,
        GeneratedData,
        HubData,
        RealData,
    )


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A data set in two parts.

    Attributes:
        data: by part, `train` and `test`.
        told: by part, how many examples were left out for what reason, or are repeats.
    """

    data: dict[str, Dataset]
    told: Mapping[str, Counter[str]] = field(default_factory=dict)

    @property
    def content(self) -> dict[str, str]:
        """The hashes of both parts' content."""
        return {split: self.data[split].content_sha256() for split in SPLITS}


def read_parts(task: Task, data: "DataSection") -> Parts:
    """Both parts of a `data` section.

    Raises:
        PassingError, ResourceError: the source cannot be reached now, or not at all.
        DataError: content that is not what it must be.
        UsageError: too few groups to set a test part aside.
    """
    if data.source == "generated":
        return Parts(data=_generate(task, data))
    told: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    exclusions = _exclusions(data)
    if data.source == "hub":
        parts = _from_hub(task, data, exclusions, told)
    else:
        files = source_files(data)
        parts = {s: _read(task, data, f, s, exclusions[s], told[s]) for s, f in files.items()}
    if data.test_from_train is not None:
        parts = split_groups(parts["train"], data.test_from_train, data.name)
    if data.duplicates != "refuse":
        parts = _without_repeats(parts, data, told)
    return Parts(data=parts, told=told)


def _generate(task: Task, data: "GeneratedData") -> dict[str, Dataset]:
    """What the generator writes, read as any other file would be."""
    from tuning_curves.demo import generate

    made = generate(**data.arguments)
    return {split: task.parse(made[split], f"generated {split} data") for split in SPLITS}


def _exclusions(data: "RealData") -> dict[str, tuple[Place, ...]]:
    if data.exclude is None:
        return dict.fromkeys(SPLITS, ())
    places = read_exclusions(Path(data.exclude))
    if places["test"] and data.test_from_train is not None:
        raise DataError(
            f"{data.exclude}: test has entries, and data.test_from_train means one file",
            fix="list them under train: places are those of the file",
        )
    return places


def _read(
    task: Task,
    data: "FileData",
    file: SourceFile,
    split: str,
    places: Sequence[Place],
    told: Counter[str],
) -> Dataset:
    """One part of a source of files."""
    if data.format is None or isinstance(data.format, Own):
        if file.path is not None and not file.compressed:
            whole = task.read_file(file.path)
        else:
            whole = task.parse(parse_json(file.read(), file.name, what="the data"), file.name)
        return _leave_out(task, whole, places, f"{data.exclude}: {split}", told)
    rows = read_rows(file.read(), file.name, data.format, task.fields, split)
    return _from_rows(task, data, rows, file.name, split, places, told)


def _from_rows(
    task: Task,
    data: "RealData",
    rows: Iterable[Row],
    name: str,
    split: str,
    places: Sequence[Place],
    told: Counter[str],
) -> Dataset:
    where = f"{data.exclude}: {split}"
    numbered = [place for place in places if set(place) == {"row"}]
    if numbered:
        rows = without_rows(rows, numbered, where, told)
    if data.label_bins is not None:
        rows = binned(rows, data.label_bins, told)
    found = task.read_rows(rows, name)
    return _leave_out(task, found, [p for p in places if p not in numbered], where, told)


def _leave_out(
    task: Task, whole: Dataset, places: Sequence[Place], where: str, told: Counter[str]
) -> Dataset:
    if not places:
        return whole
    kept = task.leave_out(whole, places, where)
    told[EXCLUDED] += len(whole) - len(kept)
    return kept


def _from_hub(
    task: Task,
    data: "HubData",
    exclusions: Mapping[str, Sequence[Place]],
    told: Mapping[str, Counter[str]],
) -> dict[str, Dataset]:
    from tuning_curves.data.hub import download_rows

    splits = {split: there for split in SPLITS if (there := getattr(data, split)) is not None}
    rows = download_rows(data, [*splits.values()], task.fields)
    return {
        split: _from_rows(
            task,
            data,
            rows[there],
            f"{data.repository} ({there})",
            split,
            exclusions[split],
            told[split],
        )
        for split, there in splits.items()
    }


def _without_repeats(
    parts: dict[str, Dataset], data: "RealData", told: Mapping[str, Counter[str]]
) -> dict[str, Dataset]:
    """Both parts, the training one without repeats where they are to be dropped; all are told."""
    found, train = find_repeats(parts), parts["train"]
    kept = train.without(found.in_test | found.in_train)
    if not len(kept):
        raise DataError(
            f"{data.name}: every text of the training part stands in the test part too",
            fix="give parts of different texts",
        )
    done = "left out" if data.duplicates == "drop" else "kept"
    of_train = {
        "stand in the test part too": found.in_test,
        "repeat an earlier one": found.in_train,
    }
    for what, places in of_train.items():
        _tell(told["train"], f"{what}, {done}", train, places)
    _tell(told["test"], "repeat an earlier one, kept", parts["test"], found.within_test)
    return {**parts, "train": kept} if data.duplicates == "drop" else parts


def _tell(
    told: Counter[str], what: str, part: Dataset, places: Collection[tuple[str, int]]
) -> None:
    if places:
        told[what] += len(part) - len(part.without(places))
