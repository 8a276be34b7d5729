"""The frozen lower part of a method: run once a window, kept, and shared by all that need it.

A method whose lowest `first` layers (and embeddings) are frozen never needs them again for a
window that was seen before: their output is kept in float16, without dropout, and serves every
seed, rate and size, for training and for evaluation. What is kept does not depend on which runs
share the process: on a GPU a window passes the frozen part in one block of neighbours, always the
same. On a CPU it passes alone. Short ones, which are slow so, pass together as far as that changes
no bit. With MKL that hangs on a window's length alone: it has kernels of their own for one to three
rows, and one for all others. The first window of each length is passed both ways all the same, and
those of a length that differs pass alone.
"""

import contextlib
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tuning_curves.encoders.disk_cache import Store, shuffled
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.encoders.packing import Packing, to_device
from tuning_curves.encoders.precision import products
from tuning_curves.tasks.windows import Windows, bounds_of, neighbours
from tuning_curves.util.provenance import has_tiles

BLOCK = {"cpu": 1, "cuda": 8}  # neighbouring windows that pass the frozen part as one
SHORT = range(4, 65)  # on a CPU: tokens of windows that may pass in company
TOGETHER = 1_024  # and of what passes so at a time
WARM_WINDOWS = 64  # made ahead between two looks at the room that is left


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A packed row at the entrance of layer `first`: hidden states [1, T, width]."""

    hidden: Tensor
    packing: Packing


@contextlib.contextmanager
def autocast(device: torch.device, precision: str) -> Iterator[None]:
    """Mixed precision as the study says: matrix products in bfloat16, or all in float32."""
    mixed = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
    with products(device, precision), mixed:
        yield


def embed_windows(
    model: EncoderModel, windows: Windows, chosen: np.ndarray, device: torch.device
) -> Batch:
    """Lay out windows and embed their tokens with the model as it is now."""
    packed = windows.lay_out(chosen)
    rows = np.stack((packed.tokens, packed.positions, packed.types))
    tokens, positions, types = to_device(torch.from_numpy(rows), device)[:, None]
    hidden = model.embed(tokens, positions, types)
    return Batch(hidden=hidden, packing=Packing.of(packed.lengths, device))


@dataclass
class Room:
    """Bytes of memory that a process's caches may still take; full at the first refusal."""

    left: int
    full: bool = False


class ActivationCache:
    """The output of a frozen lower part, window by window, made on demand.

    It is kept on disk where there is a store with room. On a GPU, and where there is no such
    store, it is kept in memory; a CPU's processes share what the system has cached of the file.
    """

    def __init__(
        self,
        model: EncoderModel,
        windows: Windows,
        first: int,
        precision: str,
        room: Room,
        store: Store | None = None,
    ) -> None:
        """Args: model: untouched, in eval mode. room: where to keep; without it, made each time."""
        self.model, self.windows = model, windows
        self.first, self.precision, self.room, self.store = first, precision, room, store
        self.device = next(model.parameters()).device
        self.block = BLOCK[self.device.type]
        self.kept: dict[int, Tensor] = {}
        self.alike: dict[int, bool] = {}  # of which lengths company changes no bit
        # In tiles what comes out hangs on a window's place among the others, too.
        self.short = range(0) if precision == "bfloat16" and has_tiles() else SHORT

    def batch(self, chosen: np.ndarray) -> Batch:
        """These windows at the entrance of layer `first`."""
        states = self._states(chosen)
        rows = [states[int(window)] for window in chosen]
        with torch.autocast(self.device.type, enabled=False):  # it would not take half precision
            hidden = torch.cat(rows)[None].float()
        lengths = [len(row) for row in rows]
        return Batch(hidden=hidden, packing=Packing.of(lengths, self.device))

    def holding(self, chosen: np.ndarray) -> "ActivationCache":
        """The same cache with these windows' output at hand, whatever room there is for it."""
        held = copy.copy(self)
        held.kept = self._states(chosen)
        return held

    def _states(self, chosen: np.ndarray) -> dict[int, Tensor]:
        """The output of these windows, found or else made."""
        found = {int(window): self._find(int(window)) for window in chosen}
        made = self._make([window for window, states in found.items() if states is None])
        return {w: made[w] if states is None else states for w, states in found.items()}

    def warm(self, chosen: np.ndarray) -> None:
        """Make and keep these windows' output, in groups, until the room is taken."""
        blocks: dict[int, list[int]] = {}
        for window in chosen:
            blocks.setdefault(int(window) // self.block, []).append(int(window))
        order, together = shuffled(list(blocks)), WARM_WINDOWS // self.block
        for first in range(0, len(order), together):
            if self._is_full():
                return
            group = [
                window for number in order[first : first + together] for window in blocks[number]
            ]
            self._make([window for window in group if not self._has(window)])

    def _has(self, window: int) -> bool:
        return window in self.kept or (self.store is not None and self.store.has(window))

    def _find(self, window: int) -> Tensor | None:
        if window in self.kept:
            return self.kept[window]
        states = None if self.store is None else self.store.get(window)
        if states is not None and self.device.type == "cuda":
            states = to_device(states, self.device)
            self._keep(window, states)
        return states

    @torch.inference_mode()
    def _make(self, missing: list[int]) -> dict[int, Tensor]:
        made: dict[int, Tensor] = {}
        wanted = set(missing)
        for chosen in self._passes(missing):
            whole, lengths = self._pass(chosen)
            if self.block == 1 and len(chosen) > 1:
                came_out = zip(chosen, whole.split(lengths), strict=True)
                whole = torch.cat([self._as_alone(window, states) for window, states in came_out])
            here = whole.half()
            on_host = here if self.store is None else here.cpu()
            rows = (row.split(lengths) for row in (here, on_host))
            for window, states, hosted in zip(chosen, *rows, strict=True):
                if window not in wanted:
                    continue
                made[window] = states.clone()
                stored = self.store is not None and self.store.put(window, hosted)
                if not stored or self.device.type == "cuda":
                    self._keep(window, made[window])
        return made

    def _pass(self, chosen: Sequence[int]) -> tuple[Tensor, list[int]]:
        """The output of these windows in one row, [T, width], and their lengths."""
        with autocast(self.device, self.precision):
            batch = embed_windows(self.model, self.windows, np.array(chosen), self.device)
            hidden = self.model.run_layers(batch.hidden, batch.packing, 0, self.first)
        return hidden[0], batch.packing.lengths

    def _passes(self, missing: list[int]) -> Iterator[Sequence[int]]:
        """The windows that pass at a time: a block, or several short windows on a CPU."""
        blocks = self._blocks(missing)
        if self.block > 1:
            yield from blocks
            return
        lengths = {window: int(self.windows.lengths[window]) for (window,) in blocks}
        short = [w for w, n in lengths.items() if n in self.short and self.alike.get(n, True)]
        together = set(short)
        yield from ([window] for window in lengths if window not in together)
        for piece in neighbours(bounds_of([lengths[window] for window in short]), TOGETHER):
            yield short[piece]

    def _as_alone(self, window: int, states: Tensor) -> Tensor:
        """A window's output alone, of which `states`, from company, may differ: by its length."""
        if self.alike.get(len(states), False):
            return states
        alone, _ = self._pass([window])
        self.alike.setdefault(len(states), torch.equal(states, alone))
        return alone

    def _keep(self, window: int, states: Tensor) -> None:
        size = states.numel() * states.element_size()
        if self.room.full or size > self.room.left:
            self.room.full = True
            return
        self.kept[window] = states
        self.room.left -= size

    def _is_full(self) -> bool:
        return self.room.full and (self.store is None or self.store.full)

    def _blocks(self, missing: list[int]) -> list[range]:
        """The blocks that these windows lie in, in the order in which they are first asked for."""
        firsts = dict.fromkeys(window // self.block * self.block for window in missing)
        windows = len(self.windows.lengths)
        return [range(first, min(first + self.block, windows)) for first in firsts]


class Feed:
    """Batches of one split for one model: embedded now, or from the cache of what is frozen."""

    def __init__(
        self, model: EncoderModel, windows: Windows, cache: ActivationCache | None
    ) -> None:
        self.model, self.windows, self.cache = model, windows, cache
        self.first = 0 if cache is None else cache.first
        self.device = next(model.parameters()).device

    def warm(self, examples: np.ndarray) -> None:
        """Make the frozen part's output for these examples, as far as there is room for it."""
        if self.cache is not None:
            self.cache.warm(self.windows.windows_of(examples))

    def holding(self, examples: np.ndarray) -> "Feed":
        """The same feed, with the frozen part's output for these examples at hand."""
        if self.cache is None:
            return self
        cache = self.cache.holding(self.windows.windows_of(examples))
        return Feed(self.model, self.windows, cache)

    def batch(self, chosen: np.ndarray) -> Batch:
        """These windows, ready for the model's layers from `first` on."""
        if self.cache is not None:
            return self.cache.batch(chosen)
        return embed_windows(self.model, self.windows, chosen, self.device)
