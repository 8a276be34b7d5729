"""Bytes to text: UTF-8 with or without a byte order mark, nothing else."""

from tuning_curves.util.errors import DataError

FIX_ENCODING = (
    "write it as UTF-8: `tuning-curves import` does, or `iconv -f <its encoding> -t UTF-8`"
)


def decoded(content: bytes, name: str) -> str:
    """A file's text.

    Raises:
        DataError: another encoding, a NUL byte, or nothing in it; names the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + 3 * content.startswith(b"\xef\xbb\xbf")  # the mark is cut off before
        line, byte = content.count(b"\n", 0, at) + 1, content[at]
        raise DataError(
            f"{name}: line {line}: byte 0x{byte:02x} is not UTF-8", fix=FIX_ENCODING
        ) from None
    if (at := text.find("\0")) >= 0:
        raise DataError(
            f"{name}: line {text.count(chr(10), 0, at) + 1}: a NUL byte, expected text",
            fix="fetch the file again, or write it as UTF-8 (UTF-16 looks like this)",
        )
    if not text.strip():
        raise DataError(f"{name}: the file is empty", fix="give a file of labelled examples")
    return text
