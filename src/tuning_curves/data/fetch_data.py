"""Bring a study's examples onto this machine: generated, from files, or from the hub.

Whatever the source, they are read by the task, checked in full and written in its own layout, with
a manifest of the content's hashes; a study that pins its content accepts no other.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tuning_curves.data.leakage import check_leakage
from tuning_curves.data.subsets import split_groups
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.dataset import Dataset
from tuning_curves.tasks.windows import SPLITS
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import MANIFEST, read_json, write_json

if TYPE_CHECKING:
    from tuning_curves.data.section import DataSection, GeneratedData, HubData, PathData

HUB_SPLITS = {"train": "train", "test": "validation"}


def fetch_data(task: type[Task], data: "DataSection", folder: Path) -> None:
    """Write `train.json`, `test.json` and, last, `manifest.json` into `folder`.

    Args:
        task: what reads the examples.
        data: the study's `data` section.

    Raises:
        PassingError: the hub is down or slow.
        ResourceError: the source cannot be reached.
        DataError: content that does not hold together, a group that stands in two places, or
            other content than the study pins.
    """
    parts = read_parts(task, data)
    content = content_of(parts)
    _check_pins(data, content)
    check_leakage(parts, data.name, task.nouns)
    for split in SPLITS:
        write_json(folder / f"{split}.json", parts[split].to_json(), indent=None)
    counts = {split: len(parts[split]) for split in SPLITS}
    write_json(
        folder / MANIFEST,
        {
            "data": data.model_dump(exclude_none=True),
            "task": task.name,
            "content_sha256": content,
            "examples": counts,
        },
    )
    print(
        f"{data.name}: {counts['train']} train and {counts['test']} test {task.nouns.examples}",
        file=sys.stderr,
    )


def open_data(task: type[Task], folder: Path) -> dict[str, Dataset]:
    """Read what `fetch_data` wrote, and check it against its manifest.

    Raises:
        DataError: a missing, torn or altered file, or a group that stands in two places.
    """
    fix = f"delete {folder} and run again: the data is fetched anew"
    manifest = read_json(folder / MANIFEST, what="the data's manifest", fix=fix)
    parts = {split: task.read_file(folder / f"{split}.json") for split in SPLITS}
    for split, found in content_of(parts).items():
        if found != manifest["content_sha256"][split]:
            raise DataError(f"{folder / split}.json: altered since it was fetched", fix=fix)
    check_leakage(parts, str(folder), task.nouns)
    return parts


def content_of(parts: dict[str, Dataset]) -> dict[str, str]:
    """The hashes of both parts' content."""
    return {split: parts[split].content_sha256() for split in SPLITS}


def read_parts(task: type[Task], data: "DataSection") -> dict[str, Dataset]:
    """Both parts of a `data` section, checked.

    Raises:
        see `fetch_data`; UsageError: too few groups to set a test part aside.
    """
    if data.source == "generated":
        return _generate(task, data)
    return _from_hub(task, data) if data.source == "hub" else _from_files(task, data)


def _generate(task: type[Task], data: "GeneratedData") -> dict[str, Dataset]:
    """The generator's passages and questions, read as any other file would be."""
    from tuning_curves.demo import generate

    keys = ("seed", "train_articles", "test_articles", "questions_per_article")
    made = generate(**{key: getattr(data, key) for key in keys})
    return {split: task.parse(made[split], f"generated {split} data") for split in SPLITS}


def _from_files(task: type[Task], data: "PathData") -> dict[str, Dataset]:
    """The two files of a `path` source, or its one file in two parts."""
    train = task.read_file(Path(data.train))
    if data.test is not None:
        return {"train": train, "test": task.read_file(Path(data.test))}
    assert data.test_from_train is not None, "checked with the study"
    return split_groups(train, data.test_from_train, data.train)


def _from_hub(task: type[Task], data: "HubData") -> dict[str, Dataset]:
    from tuning_curves.data.hub import download_rows

    name = data.repository
    rows = download_rows(name, data.revision, list(HUB_SPLITS.values()))
    return {
        split: task.read_rows(rows[there], f"{name} ({there})")
        for split, there in HUB_SPLITS.items()
    }


def _check_pins(data: "DataSection", content: dict[str, str]) -> None:
    pinned = data.content_sha256
    for split in SPLITS:
        if pinned is not None and content[split] != getattr(pinned, split):
            raise DataError(
                f"{data.name}: the content of {split} has sha256 {content[split]}, the study "
                f"pins {getattr(pinned, split)}",
                fix="records of other data must not be mixed with it: give the study a name of its "
                f"own, and pin {content[split]} under data.content_sha256.{split}",
            )
