"""Bytes to text: UTF-8 with or without a byte order mark, nothing else."""

from tuning_curves.util.errors import DataError

FIX_ENCODING = (
    "write it as UTF-8: `tuning-curves import` does, or `iconv -f <its encoding> -t UTF-8`"
)

ARCHIVES = {
    b"PK\x03\x04": "a zip archive, as Excel's workbooks are",
    b"\xd0\xcf\x11\xe0": "an old Office document, as Excel's .xls are",
    b"%PDF": "a PDF",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
}  # by the bytes that they begin with


def check_no_archive(content: bytes, name: str) -> None:
    """Refuse what is known to hold no text as such.

    Raises:
        DataError: says what it is.
    """
    for head, what in ARCHIVES.items():
        if content.startswith(head):
            raise DataError(
                f"{name}: {what}, expected text",
                fix="save its sheet as CSV (UTF-8), or unpack the file that it holds",
            )


def decoded(content: bytes, name: str) -> str:
    """A file's text.

    Raises:
        DataError: another encoding, a NUL byte, or nothing in it; names the line.
    """
    check_no_archive(content, name)
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
