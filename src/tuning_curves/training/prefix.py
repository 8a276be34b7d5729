"""The frozen lower part of a method: run once a window, kept, and shared by all that need it.

A method whose lowest `first` layers (and embeddings) are frozen never needs them again for a
window that was seen before: their output is kept in float16, without dropout, and serves every
seed, rate and size, for training and for evaluation. On a CPU each window passes the frozen part
alone, so that what is kept does not depend on which cells share the process.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tuning_curves.attention import Packing
from tuning_curves.features import FeatureSet
from tuning_curves.model import SpanModel
from tuning_curves.training.inputs import Batch, autocast, embed_windows
from tuning_curves.training.store import Store, shuffled

PACK_TOKENS = 16_384  # windows that pass the frozen part together on a GPU
WARM_WINDOWS = {"cpu": 16, "cuda": 256}  # made ahead in one go


@dataclass
class Room:
    """Bytes of memory that all prefixes of a process may still take."""

    left: int


class FrozenPrefix:
    """The output of a frozen lower part, window by window, made on demand.

    It is kept on disk where there is a store with room. On a GPU, and where there is no such
    store, it is kept in memory; a CPU's processes share what the system has cached of the file.
    """

    def __init__(
        self,
        model: SpanModel,
        features: FeatureSet,
        first: int,
        precision: str,
        room: Room,
        store: Store | None = None,
    ) -> None:
        """Args: model: untouched, in eval mode. room: where to keep; without it, made each time."""
        self.model, self.features = model, features
        self.first, self.precision, self.room, self.store = first, precision, room, store
        self.device = next(model.parameters()).device
        self.kept: dict[int, Tensor] = {}

    def batch(self, chosen: np.ndarray) -> Batch:
        """These windows at the entrance of layer `first`."""
        windows = self.features.lay_out(chosen)
        wanted = [int(window) for window in chosen]
        found = {window: self._find(window) for window in wanted}
        made = self._make([window for window, states in found.items() if states is None])
        rows = [made[w] if (states := found[w]) is None else states for w in wanted]
        hidden = torch.cat([row.float() for row in rows])[None]
        return Batch(
            hidden=hidden, packing=Packing.of(windows.lengths, self.device), windows=windows
        )

    def warm(self, chosen: np.ndarray) -> None:
        """Make and keep these windows' output, in groups, until the room is taken."""
        size = WARM_WINDOWS[self.device.type]
        order = shuffled([int(window) for window in chosen])
        for first in range(0, len(order), size):
            if self._is_full():
                return
            group = order[first : first + size]
            self._make([window for window in group if self._find(window) is None])

    def _find(self, window: int) -> Tensor | None:
        if window in self.kept:
            return self.kept[window]
        states = None if self.store is None else self.store.get(window)
        if states is not None and self.device.type == "cuda":
            states = states.to(self.device)
            self._keep(window, states)
        return states

    @torch.inference_mode()
    def _make(self, missing: list[int]) -> dict[int, Tensor]:
        made: dict[int, Tensor] = {}
        for group in self._groups(missing):
            with autocast(self.device, self.precision):
                batch = embed_windows(self.model, self.features, np.array(group), self.device)
                hidden = self.model.run_layers(batch.hidden, batch.packing, 0, self.first)
            parts = hidden[0].half().split(batch.windows.lengths)
            made.update(zip(group, (part.clone() for part in parts), strict=True))
        for window, states in made.items():
            stored = self.store is not None and self.store.put(window, states)
            if not stored or self.device.type == "cuda":
                self._keep(window, states)
        return made

    def _keep(self, window: int, states: Tensor) -> None:
        size = states.numel() * states.element_size()
        if size <= self.room.left:
            self.kept[window] = states
            self.room.left -= size
        else:
            self.room.left = 0

    def _is_full(self) -> bool:
        return self.room.left <= 0 and (self.store is None or self.store.full)

    def _groups(self, missing: list[int]) -> list[list[int]]:
        if self.device.type == "cpu":
            return [[window] for window in missing]
        longest = int(self.features.lengths.max())
        size = max(1, PACK_TOKENS // longest)
        return [missing[i : i + size] for i in range(0, len(missing), size)]
