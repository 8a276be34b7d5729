"""Bottleneck adapters: two small layers put into a frozen encoder.

`adapter-houlsby` (Houlsby et al. 2019, section 2.1; google-research/adapter-bert): h + A(h) after
the attention's and after the feed-forward's projection and its dropout, before the residual sum and
LayerNorm. GELU; weights from a normal of deviation 0.01 cut off at two deviations, biases zero.
All LayerNorms are trained, as in the paper.

`adapter-pfeiffer` (Pfeiffer et al. 2021, as AdapterHub's `SeqBnConfig` has it): one after the
feed-forward block; it reads the block's normalised sum z' = LN(z) and the same LayerNorm closes:
LN(z + A(z')). ReLU; weights from a normal of deviation 0.02, biases zero. LayerNorms stay frozen.

A(h) = W_up f(W_down h + b_down) + b_up: 2md + d + m parameters at width d and bottleneck m.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from tuning_curves.encoders.families.base import replace_part
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.base import Implementation
from tuning_curves.methods.extent import HOULSBY_SIZE, PFEIFFER_REDUCTION
from tuning_curves.util.errors import UsageError


class Bottleneck(nn.Module):
    """A(h): [.., d] to [.., d] by way of m numbers; without the residual sum."""

    def __init__(self, width: int, size: int, activation: nn.Module) -> None:
        super().__init__()
        self.down = nn.Linear(width, size)
        self.activation = activation
        self.up = nn.Linear(size, width)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.up(self.activation(self.down(hidden)))


class AdaptedDropout(nn.Module):
    """Stands where a dropout stood (which has no parameters): dropout, then h + A(h)."""

    def __init__(self, dropout: nn.Module, adapter: Bottleneck) -> None:
        super().__init__()
        self.dropout = dropout
        self.adapter = adapter

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = self.dropout(hidden)
        return hidden + self.adapter(hidden)


class AdaptedLinear(nn.Linear):
    """h + A(h) of h = W x + b, with the weights (and their names) of the projection it replaces."""

    def __init__(self, linear: nn.Linear, adapter: Bottleneck) -> None:
        super().__init__(linear.in_features, linear.out_features, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.adapter = adapter

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = super().forward(inputs)
        return hidden + self.adapter(hidden)


class AdaptedLayerNorm(nn.LayerNorm):
    """LN(z + A(LN(z))), with the weights (and their names) of the LayerNorm it replaces."""

    def __init__(self, norm: nn.LayerNorm, adapter: Bottleneck) -> None:
        super().__init__(norm.normalized_shape, eps=norm.eps)
        self.weight, self.bias = norm.weight, norm.bias
        self.adapter = adapter

    def forward(self, total: Tensor) -> Tensor:
        return super().forward(total + self.adapter(super().forward(total)))


def houlsby(size: int | None = None) -> Implementation:
    """The method `adapter-houlsby`, with bottleneck 64 unless a size is given."""
    bottleneck = HOULSBY_SIZE if size is None else _check_size(size)

    def extend(model: EncoderModel) -> None:
        width = model.setting("width")
        for layer in model.layers:
            for slot in model.family.adapter_slots:
                adapter, old = Bottleneck(width, bottleneck, nn.GELU()), layer.get_submodule(slot)
                kind = AdaptedLinear if isinstance(old, nn.Linear) else AdaptedDropout
                replace_part(layer, slot, kind(old, adapter))

    def initialise(model: EncoderModel, generator: torch.Generator) -> None:
        for weight in _adapter_weights(model):
            nn.init.trunc_normal_(weight, std=0.01, a=-0.02, b=0.02, generator=generator)

    return Implementation(extend=extend, initialise=initialise)


def pfeiffer(size: int | None = None) -> Implementation:
    """The method `adapter-pfeiffer`, with a sixteenth of the width unless a size is given."""
    if size is not None:
        _check_size(size)

    def extend(model: EncoderModel) -> None:
        width = model.setting("width")
        bottleneck = width // PFEIFFER_REDUCTION if size is None else size
        closing = model.family.parts["LN2"]
        for layer in model.layers:
            adapter = Bottleneck(width, bottleneck, nn.ReLU())
            replace_part(layer, closing, AdaptedLayerNorm(layer.get_submodule(closing), adapter))

    def initialise(model: EncoderModel, generator: torch.Generator) -> None:
        for weight in _adapter_weights(model):
            nn.init.normal_(weight, std=0.02, generator=generator)

    return Implementation(extend=extend, initialise=initialise)


def _adapter_weights(model: EncoderModel) -> Iterator[Tensor]:
    """The adapters' matrices, lowest first; their biases are set to zero on the way."""
    for module in model.modules():
        if isinstance(module, Bottleneck):
            for linear in (module.down, module.up):
                nn.init.zeros_(linear.bias)
                yield linear.weight


def _check_size(size: int) -> int:
    if size < 1:
        raise UsageError(
            f"adapter bottleneck {size}: expected a whole number of 1 or more",
            fix="write the size behind the method's name, such as adapter-houlsby-64",
        )
    return size
