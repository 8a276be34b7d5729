"""Files that are either whole or absent: atomic writes, hashes, canonical JSON."""

import collections
import contextlib
import glob
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tuning_curves.util.errors import DataError, ResourceError

PARTIAL = ".partial"  # how the names of files end that are being written


@contextlib.contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears at `path` only when it is complete and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(partial).chmod(0o666 & ~_umask())  # mkstemp makes files that only their owner reads
        Path(partial).replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        Path(partial).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise


def remove_partials(path: Path) -> None:
    """Remove what killed writers of `path` left behind; for the one process that may write it."""
    for partial in path.parent.glob(f".{glob.escape(path.name)}.*{PARTIAL}"):
        partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Have the folder's entries on disk too, where its file system can be asked for that."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write text (UTF-8) atomically."""
    with write_whole(path) as stream:
        stream.write(text.encode("utf-8"))


def write_json(path: Path, value: Any, *, indent: int | None = 1) -> None:
    """Write JSON atomically, keys in the order given; NaN is refused, since it is not JSON."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: Path, *, what: str, fix: str | None = None) -> Any:
    """Read JSON (UTF-8, -16 or -32, as its standards know it), or say what is wrong with it.

    Raises:
        ResourceError: no such file.
        DataError: see `parse_json`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ResourceError(f"{path}: {what} is missing", fix=fix) from None
    return parse_json(content, str(path), what=what, fix=fix)


def parse_json(content: str | bytes, source: str, *, what: str, fix: str | None = None) -> Any:
    """The value of a JSON text; `source` opens messages.

    Raises:
        DataError: not a JSON text, or one with a key twice in an object, of which readers would
            take one or the other; names the place.
    """
    try:
        return json.loads(content, object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise DataError(f"{source}: {what} is not valid JSON ({error})", fix=fix) from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = collections.Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"an object has the key {twice[:60]!r} twice")
    return found


def canonical(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces. Equal values give equal texts."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_of(value: Any) -> str:
    """Hex sha256 of a value's canonical JSON."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


GIB = 1 << 30
MANIFEST = "manifest.json"  # written last into a folder: then the folder is whole
