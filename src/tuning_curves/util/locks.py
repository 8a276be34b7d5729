"""Locks between processes of one machine (or of one shared file system that has flock)."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def try_lock(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold an exclusive lock while inside; yields whether it was had.

    The kernel frees it when the process ends, however it ends. The file itself stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock now; asking needs no right to write."""
    try:
        with path.open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def clear_stale_lock(folder: Path) -> TextIO | None:
    """Remove the lock that a killed Snakemake left in `folder` (its `.snakemake`), if it is dead.

    Every Snakemake of this workflow shares the lock on one file while it lives, and the kernel
    frees it when the process ends, however it ends: whoever has it alone knows that none lives.
    On a file system without such locks nothing is removed, and `snakemake --unlock` stays the way.

    Returns:
        the open file, which the caller must keep for as long as it lives.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / "alive.lock").open("a")
    except OSError:  # a read-only checkout: Snakemake says so itself
        return None
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for lock in (folder / "locks").glob("*.lock"):
                lock.unlink(missing_ok=True)
        fcntl.flock(stream, fcntl.LOCK_SH)
    except OSError:
        stream.close()
        return None
    return stream
