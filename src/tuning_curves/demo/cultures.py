"""Word lists that invented names are put together from (names.json): one culture a sound.

No culture is a real one; each keeps to one way of sounding, so that the names of a passage fit
together.
"""

import functools
from pathlib import Path
from typing import Annotated

from pydantic import Field, Strict

from tuning_curves.util.files import read_json
from tuning_curves.util.validation import ONCE, Section, validate

NAMES = Path(__file__).with_name("names.json")
FIX = "correct the file as tuning_curves/demo/cultures.py describes it"

LIST = Strict(False)  # JSON's lists become tuples
Start = Annotated[str, Field(pattern=r"^[A-Z][a-z]+$")]
End = Annotated[str, Field(pattern=r"^[a-z]+$")]
Starts = Annotated[tuple[Start, ...], LIST, Field(min_length=1), ONCE]
Ends = Annotated[tuple[End, ...], LIST, Field(min_length=1), ONCE]


class Culture(Section):
    """The building blocks of one way of naming.

    Attributes:
        heads, tails: what names of places begin and end with.
        stems, ends: what surnames begin and end with.
        women, men: first names.
    """

    heads: Starts
    tails: Ends
    stems: Starts
    ends: Ends
    women: Starts
    men: Starts


class NameParts(Section):
    """All cultures, in the order that draws know them by, and words before a place's name."""

    prefixes: Starts
    cultures: Annotated[dict[str, Culture], Field(min_length=1)]


def read_names(path: Path) -> NameParts:
    """Read and check a file of word lists.

    Raises:
        ResourceError: no such file.
        DataError: no JSON.
        UsageError: a list that names cannot be made of; names the file and the key.
    """
    found = read_json(path, what="the file of names", fix=FIX)
    parts: NameParts = validate(NameParts, found, str(path), "the file of names", FIX)
    return parts


@functools.cache
def name_parts() -> NameParts:
    """The package's own word lists."""
    return read_names(NAMES)


def cultures() -> tuple[Culture, ...]:
    """The package's own cultures."""
    return tuple(name_parts().cultures.values())
