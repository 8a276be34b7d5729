"""A proposed study as the text of its file: every choice with its reason in a comment."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tuning_curves.study.propose import Proposal

WIDTH = 110


def text_of(proposal: Proposal, opening: str) -> str:
    """The file's text, which reads back as the proposal's mapping.

    Args:
        opening: what stands above all, without comment signs.
    """
    lines = [*_comment(opening, "")]
    for key, value in proposal.config.items():
        if isinstance(value, Mapping) or key in ("methods", "sizes", "budgets", "seeds"):
            lines.append("")
        lines += _entry(key, value, proposal.reasons, "")
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, reasons: Mapping[str, str], above: str) -> Iterator[str]:
    """A key with its value, its reason above it."""
    place, indent = f"{above}{key}", "  " * above.count(".")
    if place in reasons:
        yield from _comment(reasons[place], indent)
    if isinstance(value, Mapping) and place != "data.format":
        yield f"{indent}{key}:"
        for name, part in value.items():
            yield from _entry(name, part, reasons, f"{place}.")
    elif key in ("methods", "budgets"):
        yield f"{key}:"
        for item in value:
            yield from _comment(reasons.get(f"{key}.{item['name']}", ""), "  ")
            yield f"  - {_flow(item)}"
    elif isinstance(value, list) and len(_flow(value)) > WIDTH:
        yield f"{indent}{key}:"
        yield from (f"{indent}  - {_flow(item)}" for item in value)
    else:
        yield f"{indent}{key}: {_flow(value)}"


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in textwrap.wrap(text, WIDTH - len(indent) - 2, break_long_words=False):
        yield f"{indent}# {line}"


def _flow(value: Any) -> str:
    """A value on one line; `1e-05` would be read as text."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text.removesuffix("...\n").strip()
