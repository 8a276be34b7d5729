"""A trained bias added to each layer's value projection, for encoders without biases.

BEFT (2025) finds that of the attention's three biases b_v is the one worth tuning, and adds it
where an encoder has none: v = W_v x + b with b zero at the start, d numbers a layer. Attention
weights sum to one, so b is what it adds to each head's output. Where queries, keys and values come
from one matrix, the bias is added to its last third, the values.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuning_curves.encoders.families.base import replace_part
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.base import Implementation


class ValueBiased(nn.Linear):
    """W x + b of a projection whose last outputs are values; b is zero for all others."""

    def __init__(self, linear: nn.Linear, width: int) -> None:
        super().__init__(linear.in_features, linear.out_features, bias=False, device="meta")
        self.weight = linear.weight
        self.value_bias = nn.Parameter(torch.zeros(width))

    def forward(self, inputs: Tensor) -> Tensor:
        others = self.out_features - len(self.value_bias)
        return functional.linear(inputs, self.weight, functional.pad(self.value_bias, (others, 0)))


def _extend(model: EncoderModel) -> None:
    parts = model.family.parts
    path = parts["v"] if "v" in parts else parts["qkv"]
    for layer in model.layers:
        biased = ValueBiased(layer.get_submodule(path), model.setting("width"))
        replace_part(layer, path, biased)


def _reset(model: EncoderModel, _generator: torch.Generator) -> None:
    for module in model.modules():
        if isinstance(module, ValueBiased):
            nn.init.zeros_(module.value_bias)


VALUE_BIAS = Implementation(extend=_extend, initialise=_reset)
