"""The sparse delta: single entries of a frozen tensor, trained, stored and optimised apart from it.

The tensor W stays as it is; the model computes with W + scatter(values), where `values` holds one
number for each chosen entry and begins at zero. So the optimizer's state, the clipped gradient, a
checkpoint and a delta know the chosen entries alone, and neither weight decay nor momentum can
reach the rest. The price is a copy of W in each forward pass, which in float32 counts as kept for
the backward pass in float32, and the whole gradient of W for a moment.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tuning_curves.encoders.model import EncoderModel

PART = re.compile(r"^(.+)\.parametrizations\.([^.]+)\.(original|0\.values|0\.index)$")


class SparseDelta(nn.Module):
    """Makes W + scatter(values) of a frozen W.

    Attributes:
        index: int32 [n], flat positions in W, each once.
        values: float32 [n], what is added to them.
    """

    index: Tensor

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.register_buffer("index", index.int())
        self.values = nn.Parameter(torch.zeros(len(index), device=index.device))

    def forward(self, frozen: Tensor) -> Tensor:
        return frozen.flatten().index_add(0, self.index, self.values).view_as(frozen)


def place_sparse(model: EncoderModel, chosen: Mapping[str, Tensor]) -> None:
    """Make these entries of a model trainable, in place; all else of their tensors is frozen.

    Args:
        chosen: flat positions, int [n], by parameter name relative to the encoder.
    """
    for name, index in chosen.items():
        path, _, kind = name.rpartition(".")
        module = model.encoder.get_submodule(path)
        tensor = getattr(module, kind).requires_grad_(False)
        if len(index):
            delta = SparseDelta(index.to(tensor.device))
            parametrize.register_parametrization(module, kind, delta, unsafe=True)


def plain_name(name: str) -> str:
    """A tensor's name in the untouched model.

    The parts of a sparse delta stand for the tensor whose they are; the tuner layers of `peft` keep
    what they wrap below `base_layer`.
    """
    match = PART.match(name)
    whole = name if match is None else f"{match[1]}.{match[2]}"
    return whole.replace(".base_layer.", ".")


def sparse_indices(model: nn.Module) -> dict[str, Tensor]:
    """The index of every tensor with chosen entries, by the buffer's name."""
    modules = model.named_modules()
    return {f"{name}.index": part.index for name, part in modules if isinstance(part, SparseDelta)}
