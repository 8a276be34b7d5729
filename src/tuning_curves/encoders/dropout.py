"""Dropout whose mask is a function of the run's seed and the step.

On a CPU the library draws one 64-bit number for each element, which takes a fifteenth of a training
step; here an element takes 16 bits of a counter-seeded stream, so the rate is exact to 1/65536 and
the scale is that of the rate used. Nothing has to be saved to resume: a step's masks follow from
(seed, step). On a GPU this is the library's own dropout, with the library's random state.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuning_curves.util.streams import dropout_stream

LEVELS = 1 << 16


class BitSource:
    """The random bits of one training step, shared by all dropouts of a model."""

    def __init__(self) -> None:
        self.restart(0, 0)

    def restart(self, seed: int, step: int) -> None:
        """Begin a step's stream."""
        self.generator = dropout_stream(seed, step)

    def below(self, threshold: int, shape: torch.Size) -> Tensor:
        """A bool tensor, true with probability threshold / 65536."""
        bits = np.frombuffer(self.generator.bytes(2 * shape.numel()), dtype="<u2")
        return torch.from_numpy(bits < threshold).view(shape)


class Dropout(nn.Module):
    """Zeroes elements at rate p while training, and scales the rest so that the mean stays."""

    def __init__(self, p: float, source: BitSource) -> None:
        super().__init__()
        self.p, self.source = p, source

    def forward(self, hidden: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return hidden
        if hidden.is_cuda:
            return functional.dropout(hidden, self.p)
        threshold = round(self.p * LEVELS)
        drop = self.source.below(threshold, hidden.shape)
        return _Masked.apply(hidden, drop, LEVELS / (LEVELS - threshold))


class _Masked(torch.autograd.Function):
    """Keeps one byte an element for the backward pass."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, drop: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(drop)
        ctx.scale = scale
        return hidden.mul(scale).masked_fill_(drop, 0.0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (drop,) = ctx.saved_tensors
        return gradients[0].mul(ctx.scale).masked_fill_(drop, 0.0), None, None


def replace_dropouts(model: nn.Module) -> BitSource:
    """Put `Dropout` in place of every `nn.Dropout` of a model; returns their shared source."""
    source = BitSource()
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, Dropout(child.p, source))
    return source
