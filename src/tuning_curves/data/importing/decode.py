"""Bytes to text: byte order marks, and the encodings that are about.

What is not UTF-8 by its mark or its bytes is told, with a line to look at: a wrong encoding shows
there. Nothing is guessed for texts that are mostly beyond ASCII, of which Windows-1252 would make
some text in any case.
"""

import codecs

from tuning_curves.util.errors import DataError, UsageError, quoted

MARKS = (  # UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
MOST_BEYOND_ASCII = 0.2  # of the bytes: western European languages have less than a tenth
MOST_BY_CHANCE = 0.05  # sequences of UTF-8 for each other byte, in text of another encoding
FIX_MIXED = "mend that line, or `--encoding cp1252` for all"
FIX = "name it: `--encoding` (such as cp1251, shift_jis, gb18030), or write the file as UTF-8"


def decoded(content: bytes, name: str, encoding: str | None) -> tuple[str, str, list[str]]:
    """A file's text, its encoding, and what must be told of it.

    Args:
        encoding: the one to take; None to find it.

    Raises:
        UsageError: no such encoding. DataError: the bytes are not of it, or of none that is known.
    """
    if encoding is not None:
        return _as(content, name, encoding), encoding, []
    for mark, found in MARKS:
        if content.startswith(mark):
            text = _as(content[len(mark) :], name, found)
            return text, found, [] if found == "utf-8" else [f"read as {found}, by its mark"]
    head = content[:2000]
    for found, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if zeros and zeros.count(0) > len(zeros) / 2:
            return _as(content, name, found), found, [f"read as {found}: every other byte is zero"]
    try:
        return content.decode("utf-8"), "utf-8", []
    except UnicodeDecodeError as error:
        return _western(content, name, error.start)


def _western(content: bytes, name: str, at: int) -> tuple[str, str, list[str]]:
    line = content.count(b"\n", 0, at) + 1
    where = f"{name}: line {line}: byte 0x{content[at]:02x} is not UTF-8"
    beyond = sum(map(content.count, (bytes([n]) for n in range(128, 256))))
    if beyond > MOST_BEYOND_ASCII * len(content):
        raise DataError(f"{where}, and the encoding cannot be told", fix=FIX)
    replaced = content.decode("utf-8", "replace")
    wrong = replaced.count("\ufffd")
    right = sum(character > "\x7f" for character in replaced) - wrong
    if right > MOST_BY_CHANCE * wrong:
        raise DataError(f"{where}, while other lines are: two encodings in one file", fix=FIX_MIXED)
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        raise DataError(f"{where}, nor is the file Windows-1252", fix=FIX) from None
    shown = quoted(text[max(0, at - 20) : at + 20], 40)
    told = f"not UTF-8, read as cp1252 (Windows-1252, Latin-1): look at line {line}, {shown}"
    return text, "cp1252", [told]


def _as(content: bytes, name: str, encoding: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise UsageError(f"--encoding {encoding}: no such encoding", fix=FIX) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{name}: line {line}: not {encoding} ({error.reason})", fix=FIX) from None
    except UnicodeError as error:  # of encodings that are no files'
        raise DataError(f"{name}: not {encoding} ({error})", fix=FIX) from None
