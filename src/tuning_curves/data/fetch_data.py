"""Bring a study's questions onto this machine: generated, from SQuAD files, or from the hub.

Whatever the source, it is read, checked in full and written in the official layout, with a
manifest of the content's hashes; a study that pins its content accepts no other.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.data.leakage import check_leakage
from tuning_curves.data.subsets import split_articles
from tuning_curves.tasks.question_answering.data import (
    SquadData,
    content_sha256,
    from_rows,
    parse_squad,
    read_squad,
    to_squad,
)
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import read_json, write_json

if TYPE_CHECKING:
    from tuning_curves.data.section import DataSection, GeneratedData, HubData, PathData

SPLITS = ("train", "test")
HUB_SPLITS = {"train": "train", "test": "validation"}


def fetch_data(data: "DataSection", folder: Path) -> None:
    """Write `train.json`, `test.json` and, last, `manifest.json` into `folder`.

    Args:
        data: the study's `data` section.

    Raises:
        PassingError: the hub is down or slow.
        ResourceError: the source cannot be reached.
        DataError: content that does not hold together, an article that stands in two places, or
            other content than the study pins.
    """
    read: Any = {"generated": generate_splits, "path": read_paths, "hub": _from_hub}[data.source]
    splits = read(data)
    content = {split: content_sha256(splits[split]) for split in SPLITS}
    _check_pins(data, content)
    check_leakage(splits, data.name)
    for split in SPLITS:
        write_json(folder / f"{split}.json", to_squad(splits[split]), indent=None)
    counts = {split: len(splits[split].questions) for split in SPLITS}
    write_json(
        folder / "manifest.json",
        {
            "data": data.model_dump(exclude_none=True),
            "content_sha256": content,
            "questions": counts,
        },
    )
    print(
        f"{data.name}: {counts['train']} train and {counts['test']} test questions",
        file=sys.stderr,
    )


def open_data(folder: Path) -> dict[str, SquadData]:
    """Read what `fetch_data` wrote, and check it against its manifest.

    Raises:
        DataError: a missing, torn or altered file, or an article that stands in two places.
    """
    fix = f"delete {folder} and run again: the data is fetched anew"
    manifest = read_json(folder / "manifest.json", what="the data's manifest", fix=fix)
    splits = {split: read_squad(folder / f"{split}.json") for split in SPLITS}
    for split in SPLITS:
        if content_sha256(splits[split]) != manifest["content_sha256"][split]:
            raise DataError(f"{folder / split}.json: altered since it was fetched", fix=fix)
    check_leakage(splits, str(folder))
    return splits


def generate_splits(data: "GeneratedData") -> dict[str, SquadData]:
    """The generator's passages and questions, read as any other file would be."""
    from tuning_curves.demo import generate

    keys = ("seed", "train_articles", "test_articles", "questions_per_article")
    made = generate(**{key: getattr(data, key) for key in keys})
    return {split: parse_squad(made[split], f"generated {split} data") for split in SPLITS}


def read_paths(data: "PathData") -> dict[str, SquadData]:
    """The two files of a `path` source, or its one file in two parts."""
    if data.test is not None:
        return {"train": read_squad(Path(data.train)), "test": read_squad(Path(data.test))}
    assert data.test_from_train is not None, "checked with the study"
    return split_articles(read_squad(Path(data.train)), data.test_from_train, data.train)


def _from_hub(data: "HubData") -> dict[str, SquadData]:
    from tuning_curves.data.hub import download_rows

    name = data.repository
    rows = download_rows(name, data.revision, list(HUB_SPLITS.values()))
    return {
        split: from_rows(rows[there], f"{name} ({there})") for split, there in HUB_SPLITS.items()
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
