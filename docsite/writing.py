"""Tables and cells in Markdown."""

import re
from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown already, but for bars and line ends, which would end them."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def code(text: object) -> str:
    """As code; nothing where there is nothing."""
    shown = str(text)
    return f"`{shown}`" if shown else ""


def plain(text: str) -> str:
    """Somebody's text, in which no character is Markdown's or HTML's."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text)


def first_sentence(docstring: str | None) -> str:
    """What a docstring's first sentence says, on one line.

    Raises:
        ValueError: there is none: what has a page must say what it is.
    """
    if not docstring:
        raise ValueError("no docstring, expected one whose first sentence says what this is")
    opening = " ".join(docstring.strip().partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", opening)[0]
