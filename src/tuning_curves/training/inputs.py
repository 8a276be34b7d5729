"""What enters the lowest trained layer: token embeddings, or the frozen part's cached output.

A method whose lowest `first` layers (and embeddings) are frozen never needs them again for a
window it has seen: their output is kept in float16, without dropout, and serves every seed, rate
and size. On a CPU each window passes the frozen part alone, so that what is kept does not depend
on which cells share the process.
"""

import contextlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tuning_curves.attention import Packing
from tuning_curves.features import FeatureSet, Windows
from tuning_curves.model import SpanModel

PACK_TOKENS = 16_384  # windows that pass the frozen part together on a GPU
WARM_WINDOWS = 256  # made ahead in one go


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A packed row at the entrance of layer `first`.

    hidden: [1, T, width]; windows: their places and labels.
    """

    hidden: Tensor
    packing: Packing
    windows: Windows


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager:
    """Mixed precision as the study says: matrix products in bfloat16, or all in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def embed_windows(
    model: SpanModel, features: FeatureSet, chosen: np.ndarray, device: torch.device
) -> Batch:
    """Lay out windows and embed their tokens with the model as it is now."""
    windows = features.lay_out(chosen)
    rows = np.stack((windows.tokens, windows.positions, windows.types))
    tokens, positions, types = torch.from_numpy(rows).to(device, non_blocking=True)[:, None]
    hidden = model.embed(tokens, positions, types)
    return Batch(hidden=hidden, packing=Packing.of(windows.lengths, device), windows=windows)


@dataclass
class Room:
    """Bytes that all prefixes of a process may still take."""

    left: int


class FrozenPrefix:
    """The output of a frozen lower part, window by window, made on demand and kept in memory."""

    def __init__(
        self, model: SpanModel, features: FeatureSet, first: int, precision: str, room: Room
    ) -> None:
        """Args: model: untouched, in eval mode. room: where to keep; without it, made each time."""
        self.model, self.features = model, features
        self.first, self.precision, self.room = first, precision, room
        self.device = next(model.parameters()).device
        self.kept: dict[int, Tensor] = {}

    def batch(self, chosen: np.ndarray) -> Batch:
        """These windows at the entrance of layer `first`."""
        windows = self.features.lay_out(chosen)
        made = self._make([int(f) for f in chosen if int(f) not in self.kept])
        rows = [self.kept[int(f)] if int(f) in self.kept else made[int(f)] for f in chosen]
        hidden = torch.cat([row.float() for row in rows])[None]
        return Batch(
            hidden=hidden, packing=Packing.of(windows.lengths, self.device), windows=windows
        )

    def warm(self, chosen: np.ndarray) -> None:
        """Make and keep these windows' output, in groups, until the room is taken."""
        missing = [int(f) for f in chosen if int(f) not in self.kept]
        for first in range(0, len(missing), WARM_WINDOWS):
            if self.room.left <= 0:
                return
            self._make(missing[first : first + WARM_WINDOWS])

    @torch.inference_mode()
    def _make(self, missing: list[int]) -> dict[int, Tensor]:
        made: dict[int, Tensor] = {}
        for group in self._groups(list(dict.fromkeys(missing))):
            with autocast(self.device, self.precision):
                batch = embed_windows(self.model, self.features, np.array(group), self.device)
                hidden = self.model.run_layers(batch.hidden, batch.packing, 0, self.first)
            parts = hidden[0].half().split(batch.windows.lengths)
            made.update(zip(group, (part.clone() for part in parts), strict=True))
        for feature, part in made.items():
            size = part.numel() * part.element_size()
            if size <= self.room.left:
                self.kept[feature] = part
                self.room.left -= size
            else:
                self.room.left = 0
        return made

    def _groups(self, missing: list[int]) -> list[list[int]]:
        if self.device.type == "cpu":
            return [[feature] for feature in missing]
        longest = int(self.features.lengths.max())
        size = max(1, PACK_TOKENS // longest)
        return [missing[i : i + size] for i in range(0, len(missing), size)]


class Feed:
    """Batches of one split for one model: embedded now, or from the frozen prefix."""

    def __init__(self, model: SpanModel, features: FeatureSet, prefix: FrozenPrefix | None) -> None:
        self.model, self.features, self.prefix = model, features, prefix
        self.first = 0 if prefix is None else prefix.first
        self.device = next(model.parameters()).device

    def warm(self, questions: np.ndarray) -> None:
        """Make the frozen part's output for these questions, as far as there is room for it."""
        if self.prefix is not None:
            self.prefix.warm(self.features.features_of(questions))

    def batch(self, chosen: np.ndarray) -> Batch:
        """These windows, ready for the model's layers from `first` on."""
        if self.prefix is not None:
            return self.prefix.batch(chosen)
        return embed_windows(self.model, self.features, chosen, self.device)
