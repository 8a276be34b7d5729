"""A member of a tar or zip archive, and of archives inside it, read by its exact name.

Nothing is written to disk, so that no member's path matters beyond its name.
"""

import difflib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Sequence

from tuning_curves.data.sizes import check_size
from tuning_curves.util.errors import DataError

DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)
FIX = "give the whole name of the member, as `tar -tf` or `unzip -l` lists it"


def member(content: bytes, inside: Sequence[str], name: str) -> bytes:
    """The bytes of a member.

    Args:
        content: the outermost archive.
        inside: the member's name; of one in an archive in an archive, each one's in turn.
        name: the archive's, for messages.

    Raises:
        DataError: no archive, no such member, or one that is too large.
    """
    for step in inside:
        try:
            is_zip = zipfile.is_zipfile(io.BytesIO(content))
            content = _of_zip(content, step, name) if is_zip else _of_tar(content, step, name)
        except DAMAGED as error:
            message = f"{name}: not a whole tar or zip archive ({error})"
            raise DataError(message, fix="fetch it again, or correct `inside`") from None
        name = step
    return content


def _of_tar(content: bytes, step: str, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
        found = {one.name: one for one in archive.getmembers() if one.isfile()}
        if step not in found:
            raise _no_member(step, list(found), name)
        check_size(found[step].size, f"{name}: {step}")
        stream = archive.extractfile(found[step])
        assert stream is not None, "it is a file"
        return stream.read()


def _of_zip(content: bytes, step: str, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = {one.filename: one for one in archive.infolist() if not one.is_dir()}
        if step not in found:
            raise _no_member(step, list(found), name)
        check_size(found[step].file_size, f"{name}: {step}")
        return archive.read(found[step])


def _no_member(step: str, names: Sequence[str], name: str) -> DataError:
    near = difflib.get_close_matches(step, names, n=3, cutoff=0.4) or sorted(names)[:3]
    hint = ", ".join(near) or "nothing"
    return DataError(f"{name}: no member {step!r} among {len(names)} (nearest: {hint})", fix=FIX)
