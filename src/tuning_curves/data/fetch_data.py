"""Bring a study's examples onto this machine: generated, or real ones of any source.

Whatever the source, they are read by the task, checked in full and written in its own layout, with
a manifest of the content's hashes; a study that pins its content accepts no other.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuning_curves.data.check import check_data
from tuning_curves.data.leakage import check_leakage, count_alike
from tuning_curves.data.parts import Parts, read_parts
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.dataset import Dataset
from tuning_curves.tasks.windows import SPLITS
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import MANIFEST, read_json, write_json

if TYPE_CHECKING:
    from tuning_curves.data.section import DataSection


def fetch_data(task: Task, data: "DataSection", folder: Path) -> None:
    """Write `train.json`, `test.json` and, last, `manifest.json` into `folder`.

    Args:
        task: what reads the examples.
        data: the study's `data` section.

    Raises:
        PassingError: a server is down or slow.
        ResourceError: the source cannot be reached.
        UsageError: a section that does not suit the task.
        DataError: content that does not hold together, a group that stands in two places, or
            other content than the study pins.
    """
    check_data(task, data, data.name)
    parts = read_parts(task, data)
    content = parts.content
    _check_pins(data, content)
    notes = check_together(task, data, parts)
    for split in SPLITS:
        write_json(folder / f"{split}.json", parts.data[split].to_json(), indent=None)
    write_json(
        folder / MANIFEST,
        {
            "data": data.model_dump(exclude_none=True),
            "task": task.name,
            "content_sha256": content,
            "examples": {split: len(parts.data[split]) for split in SPLITS},
            "told": parts.told,
            "notes": list(notes),
        },
    )
    for line in (*_summary(parts, data.name, task), *notes):
        print(line, file=sys.stderr)


def check_together(task: Task, data: "DataSection", parts: Parts) -> Sequence[str]:
    """Check both parts beside each other: leakage, and whether there is anything to learn.

    Returns:
        what people should know, as sentences.

    Raises:
        DataError: see `check_leakage` and `Task.check_parts`.
    """
    check_leakage(parts.data, data.name, task.nouns, texts_too=_texts_too(data.duplicates))
    named = f"{data.name} ({data.train})" if data.source == "path" else data.name
    alike = count_alike(parts.data) if data.duplicates == "drop" else 0
    texts = "text stands" if alike == 1 else "texts stand"
    told = f"{alike} training {texts} in the test part with other white space or Unicode form"
    return [*([told] if alike else []), *task.check_parts(parts.data, named)]


def open_data(task: Task, folder: Path) -> dict[str, Dataset]:
    """Read what `fetch_data` wrote, and check it against its manifest.

    Raises:
        DataError: a missing, torn or altered file, or a group that stands in two places.
    """
    fix = f"delete {folder} and run again: the data is fetched anew"
    manifest = read_json(folder / MANIFEST, what="the data's manifest", fix=fix)
    parts = {}
    for split in SPLITS:
        path = folder / f"{split}.json"
        parts[split] = task.parse(read_json(path, what="the data", fix=fix), str(path))
        if parts[split].content_sha256() != manifest["content_sha256"][split]:
            raise DataError(f"{folder / split}.json: altered since it was fetched", fix=fix)
    policy = manifest["data"].get("duplicates", "refuse")
    check_leakage(parts, str(folder), task.nouns, texts_too=_texts_too(policy))
    return parts


def _texts_too(duplicates: str) -> bool:
    """Whether a text that stands twice is refused."""
    return duplicates == "refuse"


def _summary(parts: Parts, name: str, task: Task) -> list[str]:
    """How many examples there are, and what was left out or stands twice."""
    called = task.nouns.examples
    train, test = (len(parts.data[split]) for split in SPLITS)
    told = [
        f"{name}: {split}: {n} {called} {what}"
        for split, counts in parts.told.items()
        for what, n in counts.items()
    ]
    return [*told, f"{name}: {train} train and {test} test {called}"]


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
