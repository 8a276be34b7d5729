"""The card of a data set repository: its README, which may begin with YAML about its files."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

CARD = "README.md"


def files_of(card: str, configuration: str) -> list[str]:
    """The patterns of a configuration's files, where the card lists them; else none."""
    return [
        text for one in _named(_head(card), configuration) for text in _texts(one["data_files"])
    ]


def card_of(card: str, configuration: str) -> str:
    """The card with this configuration alone, if it lists it: `datasets` looks for all files."""
    head = _head(card)
    own = _named(head, configuration)
    if not own:
        return card
    return f"---\n{yaml.safe_dump({**head, 'configs': own}, sort_keys=False)}---\n"


def _head(card: str) -> dict[str, Any]:
    """The YAML that the card begins with; empty where there is none that can be read."""
    parts = re.split(r"^---\s*$", card, maxsplit=2, flags=re.MULTILINE)
    try:
        head = yaml.safe_load(parts[1]) if len(parts) == 3 else None
    except yaml.YAMLError:
        return {}  # `datasets` says what is wrong with it
    return head if isinstance(head, dict) else {}


def _named(head: dict[str, Any], configuration: str) -> list[dict[str, Any]]:
    """The configurations of this name that say which files are theirs."""
    configs = head.get("configs")
    return [
        one
        for one in (configs if isinstance(configs, list) else ())
        if isinstance(one, dict)
        and one.get("config_name") == configuration
        and any(_texts(one.get("data_files")))
    ]


def _texts(value: Any) -> Iterator[str]:
    """The paths in a `data_files` entry, which may be a text, a list, or either by split."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([value["path"]] if "path" in value else [*value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
