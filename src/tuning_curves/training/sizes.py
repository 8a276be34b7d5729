"""What stores take on disk; known without loading torch."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

GIB = 1 << 30
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
