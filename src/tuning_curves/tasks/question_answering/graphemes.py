"""Where a text may be cut: never before a mark that belongs to the letter before it.

Tokenizers drop combining marks, or part them from their letters, so that a token may end inside of
what a reader takes for one character (a grapheme cluster: Unicode Standard Annex 29). Covered are
combining marks of every kind, joined and modified emoji, flags, Hangul in pieces, and the vowels of
Thai and Lao that are written as letters. Consonants that a virama joins may be parted, as before
Unicode 15.1, and so may a word and a joiner without width behind it.
"""

import unicodedata
from collections.abc import Set

import numpy as np

JOINER = "\u200d"
EXTENDING = "\u0e33\u0eb3\uff9e\uff9f"  # no marks by their category


def joined_places(text: str) -> Set[int]:
    """The places between two characters at which a text must not be cut, counted from 0."""
    if text.isascii():
        return frozenset()
    extending = {c for c in set(text) if _extends(c)}
    places = {place for place in range(1, len(text)) if text[place] in extending}
    if JOINER in text:
        for place in range(1, len(text) - 1):
            if text[place] == JOINER and unicodedata.category(text[place + 1]) == "So":
                places |= {place, place + 1}
    return places | set(_inside_flags(text))


def _extends(character: str) -> bool:
    """Whether it belongs to the character before it."""
    return (
        unicodedata.category(character).startswith("M")
        or character in EXTENDING
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # tones of skin
        or "\U000e0020" <= character <= "\U000e007f"  # tags of flags
        or "\u1160" <= character <= "\u11ff"  # Hangul: a syllable's vowel and last consonant
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _inside_flags(text: str) -> list[int]:
    """The middles of flags, which are pairs of regional letters."""
    middles: list[int] = []
    before = 0
    for place, character in enumerate(text):
        before = before + 1 if _is_regional(character) else 0
        if before and before % 2 == 0:
            middles.append(place)
    return middles


def widen(text: str, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tokens' places in a text, widened until they begin and end where it may be cut.

    Args:
        starts, ends: int [tokens], the ends exclusive. They are left as they are.
    """
    joined = joined_places(text)
    if not joined:
        return starts, ends
    starts, ends = starts.copy(), ends.copy()
    for token in np.flatnonzero(np.isin(starts, list(joined)) | np.isin(ends, list(joined))):
        while int(starts[token]) in joined:
            starts[token] -= 1
        while int(ends[token]) in joined:
            ends[token] += 1
    return starts, ends
