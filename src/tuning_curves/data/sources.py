"""The files of a section `data`: a name for messages, and the bytes when they are asked for."""

import gzip
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuning_curves.data.section import PathData
from tuning_curves.tasks.windows import SPLITS
from tuning_curves.util.errors import DataError, ResourceError

if TYPE_CHECKING:
    from tuning_curves.data.section import FileData

LARGEST_BYTES = 1 << 29  # reading takes several times a file's size; SQuAD's own has 30 MB


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file to be read; a name that ends in `.gz` means that it is compressed.

    Attributes:
        name: opens messages.
        content: its bytes.
        path: where it lies, if it is a file on this machine.
    """

    name: str
    content: Callable[[], bytes]
    path: Path | None = None

    @property
    def compressed(self) -> bool:
        return self.name.endswith(".gz")

    def read(self) -> bytes:
        """Its bytes, decompressed.

        Raises:
            ResourceError, DataError, PassingError: it is not there, or not what it must be.
        """
        content = self.content()
        return unzipped(content, self.name) if self.compressed else content


def source_files(data: "FileData") -> dict[str, SourceFile]:
    """The files of each part; without a test file, of `train` alone."""
    assert isinstance(data, PathData)
    named = {split: name for split in SPLITS if (name := getattr(data, split)) is not None}
    return {split: _on_disk(Path(name)) for split, name in named.items()}


def _on_disk(path: Path) -> SourceFile:
    return SourceFile(name=str(path), content=lambda: read_bytes(path), path=path)


def read_bytes(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ResourceError: no such file.
        DataError: a folder, or a file that is too large to be read whole.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST_BYTES else b""
    except FileNotFoundError:
        fix = "correct the path, which is relative to the project's root"
        raise ResourceError(f"{path}: no such file", fix=fix) from None
    except IsADirectoryError:
        raise DataError(f"{path}: a folder, expected a file", fix="name a file in it") from None
    check_size(size, str(path))
    return content


def check_size(size: int, name: str) -> None:
    """Refuse what is too large to be read whole."""
    if size > LARGEST_BYTES:
        raise DataError(
            f"{name}: {size:,} bytes or more, expected {LARGEST_BYTES:,} or fewer",
            fix="write the examples that are to be used into a file of their own",
        )


def unzipped(content: bytes, name: str) -> bytes:
    """What a gzip-compressed file holds.

    Raises:
        DataError: torn, no gzip, or too large.
    """
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            found = stream.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: not a whole gzip file ({error})", fix="fetch it again") from None
    check_size(len(found), name)
    return found
