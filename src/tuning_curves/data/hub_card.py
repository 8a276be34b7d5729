"""The card of a data set repository: its README, which may begin with YAML about its files."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

CARD = "README.md"


def files_of(card: str, configuration: str) -> list[str]:
    """The patterns of a configuration's files, where the card lists them; else none."""
    parts = re.split(r"^---\s*$", card, maxsplit=2, flags=re.MULTILINE)
    try:
        head = yaml.safe_load(parts[1]) if len(parts) == 3 else None
    except yaml.YAMLError:
        return []  # `datasets` says what is wrong with it
    configs = head.get("configs") if isinstance(head, dict) else None
    for one in configs if isinstance(configs, list) else ():
        if isinstance(one, dict) and one.get("config_name") == configuration:
            return list(_texts(one.get("data_files")))
    return []


def _texts(value: Any) -> Iterator[str]:
    """The paths in a `data_files` entry, which may be a text, a list, or either by split."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([value["path"]] if "path" in value else [*value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
