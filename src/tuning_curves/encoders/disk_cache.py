"""Hidden states of windows on disk, shared by every process and every study that can use them.

A store holds one split's windows at the entrance of one layer, float16. Each window has its own
place in one sparse file, and a checksum in another that is written after it, so that a window is
there whole or not at all: a torn or damaged one is a missing one, and is made again. Writers need
no lock: whoever makes a window makes the same bytes.
"""

import contextlib
import os
import random
import shutil
import weakref
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tuning_curves.util.files import GIB, write_json
from tuning_curves.util.log import say

MEASURE_AFTER = 64 << 20  # bytes written between two looks at what the folder takes
SPARE = GIB  # what a store leaves free on the disk


class Store:
    """Windows of one split at the entrance of one layer."""

    def __init__(self, root: Path, name: str, lengths: np.ndarray, width: int, limit: int) -> None:
        """Open, or begin, the store `root/name`.

        Args:
            lengths: tokens of each window of the split. width: numbers of a token.
            limit: bytes that all stores below `root` may take; what exceeds it is not kept.

        Raises:
            OSError: the folder is not writable, or its disk is full.
        """
        self.root, self.width, self.limit = root, width, limit
        self.bounds = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))) * width
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        about = {"windows": len(lengths), "width": width, "dtype": "float16"}
        write_json(folder / ABOUT, about)
        self._states = _sized(folder / "states.f16", int(self.bounds[-1]) * 2)
        self._sums = _sized(folder / "sums.u32", len(lengths) * 4)
        for handle in (self._states, self._sums):
            weakref.finalize(self, os.close, handle)
        os.posix_fallocate(self._sums, 0, len(lengths) * 4)  # read before any of it was written
        self.states = np.memmap(folder / "states.f16", np.float16, "r")
        self.sums = np.memmap(folder / "sums.u32", np.uint32, "r")
        self.checked: set[int] = set()
        self.until_measured = 0
        self.full = False

    def has(self, window: int) -> bool:
        """Whether the window was put here; that it is sound is checked when it is asked for."""
        return bool(self.sums[window])

    def get(self, window: int) -> Tensor | None:
        """The window's states, [tokens, width], or None; checked when first asked for."""
        if not self.has(window):
            return None
        states = self.states[self.bounds[window] : self.bounds[window + 1]]
        if window not in self.checked:
            if zlib.crc32(states.tobytes()) != int(self.sums[window]):
                return None
            self.checked.add(window)
        with torch.no_grad():
            return torch.from_numpy(np.array(states)).view(-1, self.width)

    def put(self, window: int, states: Tensor) -> bool:
        """Keep a window's states, float16 [tokens, width] on the host; whether there was room."""
        data = states.numpy().tobytes()
        try:
            if self.full or not self._has_room():
                return False
            _write(self._states, data, int(self.bounds[window]) * 2)
            _write(self._sums, np.uint32(zlib.crc32(data)).tobytes(), window * 4)
        except OSError:  # a full disk or an exhausted quota costs time, and nothing else
            self.full = True
        self.until_measured -= len(data)
        return not self.full

    def _has_room(self) -> bool:
        if self.until_measured <= 0:
            self.until_measured = MEASURE_AFTER
            room = self.limit - bytes_below(self.root)
            free = shutil.disk_usage(self.root).free - SPARE
            self.full = min(room, free) <= 0
            if self.full:
                say(
                    f"the cache {self.root} is full ({self.limit / GIB:g} GiB, or its disk): what "
                    "does not fit is made again each time; raise cache_gib, or empty it with "
                    "`tuning-curves cache --remove`"
                )
        return not self.full


def _sized(path: Path, size: int) -> int:
    """A file of this many bytes, zeros where nothing was written: its descriptor, for writing."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    if os.fstat(handle).st_size != size:
        os.ftruncate(handle, size)
    return handle


def _write(handle: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, at)
        view, at = view[written:], at + written


def shuffled(numbers: Sequence[int]) -> list[int]:
    """The same numbers in an order of this process's own: two that fill one store share the work.

    What is made of a window does not depend on the order.
    """
    order = list(numbers)
    random.Random(os.getpid()).shuffle(order)
    return order


ABOUT = "about.json"  # a folder that has it is a store


def sizes_of_stores(root: Path) -> dict[str, int]:
    """Bytes on disk of each store below a folder, by its name."""
    return {path.name: bytes_below(path) for path in _stores(root)}


def remove_stores(root: Path) -> None:
    """Remove all stores below a folder, and nothing else. Processes that use one go on with it."""
    for path in _stores(root):
        shutil.rmtree(path)


def bytes_below(root: Path) -> int:
    """Bytes that the files below a folder take; the unwritten parts of sparse files take none."""
    return sum(512 * blocks for blocks in _blocks(root))


def _stores(root: Path) -> list[Path]:
    return sorted(path.parent for path in root.glob(f"*/{ABOUT}"))


def _blocks(root: Path) -> Iterator[int]:
    for folder, _, names in os.walk(root):  # which passes over folders that were removed meanwhile
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                yield (Path(folder) / name).stat().st_blocks
