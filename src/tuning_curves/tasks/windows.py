"""Windows: the stretches of tokens that an encoder reads, made once for each encoder and data set.

On disk a part of the data is a handful of flat arrays that open memory-mapped, with a manifest
written last that carries their hashes. Nothing is padded. A task that keeps its tokens otherwise
(question answering tokenises a context once for all its questions) has a class of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tuning_curves.tasks.ceiling import (
    Limit,
    limits_to_json,
    lines,
    unknown_tokens,
    warnings_of,
)
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import MANIFEST, read_json, sha256_of_file, write_json, write_whole

if TYPE_CHECKING:
    from tuning_curves.tasks.base import Task
    from tuning_curves.tasks.dataset import Dataset

LAYOUT = 2  # raised whenever the files below change their meaning
SPLITS = ("train", "test")


@dataclass(frozen=True, kw_only=True)
class PackedWindows:
    """Windows laid side by side: what a packed batch is made of.

    Attributes:
        tokens, positions, types: int64 [T]; positions restart at each window.
        lengths: tokens of each window.
        labels: int64, as `Windows.labels_of` gives them.
    """

    tokens: np.ndarray
    positions: np.ndarray
    types: np.ndarray
    lengths: list[int]
    labels: np.ndarray


class Windows:
    """The windows of one part of the data: the arrays below, memory-mapped files or in memory."""

    ARRAYS: ClassVar[tuple[str, ...]] = (
        "tokens",
        "token_bounds",
        "types",
        "labels",
        "window_bounds",
        "group_sizes",
    )
    tokens: np.ndarray  # unsigned [all tokens of all windows]
    token_bounds: np.ndarray  # int64 [windows + 1]
    types: np.ndarray  # unsigned, beside `tokens`: the segment of each
    labels: np.ndarray  # int32 [windows, ...]: what the loss and the metrics compare with
    window_bounds: np.ndarray  # int64 [examples + 1]: the windows of each example
    group_sizes: np.ndarray  # int64 [groups]: examples of each

    def __init__(
        self,
        arrays: Mapping[str, np.ndarray],
        *,
        about: Mapping[str, Any] | None = None,
        texts: Any = None,
        notes: Sequence["Note"] = (),
        folder: Path | None = None,
    ) -> None:
        """Args:
        about: what else must be known of them, as JSON; the manifest keeps it.
        notes: what people should know of them; kept there too.
        texts: what predictions are made of or compared with, as JSON, where a task needs it.
        folder: where `texts` are kept, instead.
        """
        self.about: Mapping[str, Any] = about or {}
        self.notes = notes
        self.folder = folder
        self._texts = texts
        for name in self.ARRAYS:
            setattr(self, name, arrays[name])
        self.lengths: np.ndarray = self.count_tokens()

    def count_tokens(self) -> np.ndarray:
        """Tokens of each window: int64 [windows]."""
        return np.diff(self.token_bounds)

    @property
    def texts(self) -> Any:
        """What a task keeps beside the arrays; read anew each time where it lies on disk."""
        if self.folder is None:
            return self._texts
        return read_json(self.folder / "texts.json", what="the part's texts")

    def text_tokens(self) -> Iterator[np.ndarray]:
        """All tokens that are read, special ones too, each as often as its text is tokenised."""
        yield self.tokens

    def example_of_window(self) -> np.ndarray:
        """The example of each window: int64 [windows]."""
        counts = np.diff(self.window_bounds)
        return np.repeat(np.arange(len(counts)), counts)

    def windows_of(self, examples: np.ndarray) -> np.ndarray:
        """All windows of these examples, in the examples' order: int64."""
        return numbers_within(self.window_bounds, examples)

    def labels_of(self, windows: Sequence[int] | np.ndarray) -> np.ndarray:
        """The labels of these windows: int64 [windows, ...], unless a task's class says else."""
        return np.asarray(self.labels[windows], np.int64)

    def lay_out(self, windows: Sequence[int] | np.ndarray) -> PackedWindows:
        """Assemble these windows, in this order."""
        places = numbers_within(self.token_bounds, windows)
        lengths = self.lengths[windows].tolist()
        return PackedWindows(
            tokens=self.tokens[places].astype(np.int64),
            positions=np.concatenate([np.arange(length) for length in lengths]),
            types=self.types[places].astype(np.int64),
            lengths=lengths,
            labels=self.labels_of(windows),
        )


@dataclass(frozen=True, kw_only=True)
class Note:
    """What people should know of windows.

    Attributes:
        says: a sentence, or what is said of so many examples.
        count: of how many; total: of all. Without a total it is said of no number.
    """

    says: str
    count: int = 0
    total: int = 0

    def __str__(self) -> str:
        return f"{self.count} of {self.total} {self.says}" if self.total else self.says


def sentences(notes: Iterable[Note]) -> list[str]:
    """Notes of any number of windows, each thing said once; what is so of no example is not."""
    sums: dict[str, Note] = {}
    for note in notes:
        known = sums.get(note.says, Note(says=note.says))
        count, total = known.count + note.count, known.total + note.total
        sums[note.says] = Note(says=note.says, count=count, total=total)
    return [str(note) for note in sums.values() if note.count or not note.total]


def numbers_within(bounds: np.ndarray, chosen: Sequence[int] | np.ndarray) -> np.ndarray:
    """All numbers from `bounds[i]` to `bounds[i + 1]` (exclusive) for each chosen i: int64."""
    chosen = np.asarray(chosen, np.int64)
    ends = zip(bounds[chosen], bounds[chosen + 1], strict=True)
    return np.concatenate([np.arange(first, last) for first, last in ends])


def bounds_of(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Where stretches of these lengths begin and end, side by side: int64 [lengths + 1]."""
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


def neighbours(bounds: np.ndarray, most: int) -> Iterator[slice]:
    """Stretches of neighbouring windows with at most `most` tokens together, or of one window.

    Args:
        bounds: where each window's tokens stand among those of all, [windows + 1].
    """
    first, windows = 0, len(bounds) - 1
    while first < windows:
        last = int(np.searchsorted(bounds, bounds[first] + most, side="right")) - 1
        last = max(last, first + 1)
        yield slice(first, last)
        first = last


def make_windows(
    task: "Task",
    data: Mapping[str, "Dataset"],
    encoder: Path,
    folder: Path,
    *,
    max_length: int,
    stride: int | None,
) -> list[str]:
    """Cut both parts into windows and write them below `folder`, the manifest last.

    Returns:
        what people should know: each part's notes (`Windows.notes`), what limits its scores, and
        warnings of what is far from usual.

    Raises:
        DataError: an example that cannot be cut so, or data from which nothing can be learnt.
    """
    tokenizer = open_tokenizer(encoder)
    parts = {
        split: task.encode(data[split], tokenizer, max_length=max_length, stride=stride)
        for split in SPLITS
    }
    limits = find_limits(task, data, parts, tokenizer)
    notes = {split: sentences(windows.notes) for split, windows in parts.items()}
    told = [f"{split}: {line}" for split, found in notes.items() for line in found]
    told += [*lines(limits), *warnings_of(limits, tokenizer)]
    files: dict[str, str] = {}
    for split, windows in parts.items():
        files |= _write(windows, folder, split)
    manifest = {
        "layout": LAYOUT,
        "task": task.name,
        "labels": list(getattr(task, "labels", ())),
        "about": parts["train"].about,
        "tokenizer_sha256": sha256_of_file(encoder / "tokenizer.json"),
        "content": {split: data[split].content_sha256() for split in SPLITS},
        "max_length": max_length,
        "stride": stride,
        "notes": notes,
        "limits": limits_to_json(limits),
        "files": files,
    }
    write_json(folder / MANIFEST, manifest)
    return told


def find_limits(
    task: "Task", data: Mapping[str, "Dataset"], parts: Mapping[str, Windows], tokenizer: Any
) -> dict[str, list[Limit]]:
    """What no method can get right of either part, and what the encoder does not know of it."""
    found = task.find_limits(data, parts)
    unknown = {split: unknown_tokens(windows, tokenizer) for split, windows in parts.items()}
    return {
        split: [*([] if limit is None else [limit]), *found[split]]
        for split, limit in unknown.items()
    }


def _write(windows: Windows, folder: Path, split: str) -> dict[str, str]:
    """Write a part's arrays and texts; returns the files' sha256 by name."""
    names = [f"{split}/{name}.npy" for name in windows.ARRAYS]
    for name, path in zip(windows.ARRAYS, names, strict=True):
        with write_whole(folder / path) as stream:
            np.save(stream, getattr(windows, name))
    if windows.texts is not None:
        names.append(f"{split}/texts.json")
        write_json(folder / names[-1], windows.texts, indent=None)
    return {name: sha256_of_file(folder / name) for name in names}


def open_windows(folder: Path) -> dict[str, Any]:
    """Open both parts, `train` and `test`, after checking every file against the manifest.

    Returns:
        the task's own `Windows`, by part.

    Raises:
        DataError: a missing, torn or altered file.
    """
    from tuning_curves.tasks import task_class

    manifest = read_manifest(folder)
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file() or sha256_of_file(path) != expected:
            raise DataError(
                f"{path}: missing or altered since it was made (expected sha256 {expected[:12]}…)",
                fix=_fix(folder),
            )
    kind = task_class(manifest["task"], str(folder)).windows
    return {split: _open(kind, folder / split, manifest["about"]) for split in SPLITS}


def _open(kind: type[Windows], folder: Path, about: Mapping[str, Any]) -> Windows:
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in kind.ARRAYS}
    return kind(arrays, about=about, folder=folder)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The windows' manifest: layout, task, content hashes, settings, file hashes."""
    fix = _fix(folder)
    manifest = read_json(folder / MANIFEST, what="the windows' manifest", fix=fix)
    if manifest.get("layout") != LAYOUT:
        raise DataError(
            f"{folder}: windows of layout {manifest.get('layout')} (expected {LAYOUT})", fix=fix
        )
    return manifest


def _fix(folder: Path) -> str:
    return f"delete {folder} and run again: windows are made anew"


def open_tokenizer(encoder: Path) -> Any:
    """The tokenizer of an encoder's tokenizer.json and of no other file; neither cuts nor pads.

    The model library would build some classes' tokenizers anew, from the vocabulary and defaults
    of its own, whatever tokenizer.json says.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
