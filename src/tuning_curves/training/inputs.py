"""What enters the lowest trained layer: token embeddings, or the frozen part's cached output."""

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tuning_curves.encoders.packing import Packing
from tuning_curves.tasks.question_answering.windows import FeatureSet
from tuning_curves.encoders.model import SpanModel
from tuning_curves.transfer import to_device

if TYPE_CHECKING:
    from tuning_curves.encoders.batches import FrozenPrefix


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A packed row at the entrance of layer `first`: hidden states [1, T, width]."""

    hidden: Tensor
    packing: Packing


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager:
    """Mixed precision as the study says: matrix products in bfloat16, or all in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def embed_windows(
    model: SpanModel, features: FeatureSet, chosen: np.ndarray, device: torch.device
) -> Batch:
    """Lay out windows and embed their tokens with the model as it is now."""
    windows = features.lay_out(chosen)
    rows = np.stack((windows.tokens, windows.positions, windows.types))
    tokens, positions, types = to_device(torch.from_numpy(rows), device)[:, None]
    hidden = model.embed(tokens, positions, types)
    return Batch(hidden=hidden, packing=Packing.of(windows.lengths, device))


class Feed:
    """Batches of one split for one model: embedded now, or from the frozen prefix."""

    def __init__(
        self, model: SpanModel, features: FeatureSet, prefix: "FrozenPrefix | None"
    ) -> None:
        self.model, self.features, self.prefix = model, features, prefix
        self.first = 0 if prefix is None else prefix.first
        self.device = next(model.parameters()).device

    def warm(self, questions: np.ndarray) -> None:
        """Make the frozen part's output for these questions, as far as there is room for it."""
        if self.prefix is not None:
            self.prefix.warm(self.features.features_of(questions))

    def holding(self, questions: np.ndarray) -> "Feed":
        """The same feed, with the frozen part's output for these questions at hand."""
        if self.prefix is None:
            return self
        prefix = self.prefix.holding(self.features.features_of(questions))
        return Feed(self.model, self.features, prefix)

    def batch(self, chosen: np.ndarray) -> Batch:
        """These windows, ready for the model's layers from `first` on."""
        if self.prefix is not None:
            return self.prefix.batch(chosen)
        return embed_windows(self.model, self.features, chosen, self.device)
