"""LoRA, IA3 and prefix tuning: the tuner layers of the `peft` library inside the packed encoder.

The layers are peft's own, put into the encoder in place, so that they run without padding; what
they hold is drawn again from the run's generator. peft is imported where a method is put into a
model and nowhere else. Its dropout is off: the encoder's own is all there is.

`lora` (Hu et al. 2021, sections 4.1 and 4.2): W x + (α / r) B A x on the query and value matrices;
A uniform in ±1 / √d as in the authors' code and peft, B zero, so that training starts from the
encoder itself. Rank 8 unless a size gives another rank; α stays 8. 4 d r numbers a layer.
`lora-all` is the same on every matrix of a layer: 18 d r numbers with a feed-forward part of 4 d.

`ia3` (Liu et al. 2022, section 3.3): l_k ⊙ K, l_v ⊙ V and l_ff ⊙ γ(W_1 x) in each layer, all ones
at the start; 2 d + 4 d numbers a layer. peft's own default for BERT names `output.dense` by the end
of the name and so scales the input of `attention.output.dense` too (64,512 numbers in BERT-base):
here modules are named exactly (55,296). peft stores a vector as a matrix of one row or column,
which weight decay would pull towards zero; here it stays a vector, and vectors are never decayed.

`prefix` (Li and Liang 2021, section 4): P trained keys and values ahead of each sequence's own, in
every layer; 2 P d numbers a layer, from a normal of deviation 1 as peft draws them. P is 10 unless
a size is given. peft's own model for it asks BERT for `past_key_values`, which the installed
`transformers` no longer names so, and refuses: only its encoder of the prefix is used here.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.base import Implementation
from tuning_curves.methods.extent import IA3_PARTS, LINEAR, LORA_PARTS, RANK, VIRTUAL_TOKENS
from tuning_curves.util.errors import ResourceError

ADAPTER = "default"  # peft's name for the only adapter in a model
ALPHA = 8


def import_peft() -> Any:
    """The `peft` package.

    Raises:
        ResourceError: it is not installed.
    """
    try:
        import peft
    except ImportError as error:
        raise ResourceError(
            f"the methods lora, lora-all, ia3 and prefix need the package peft ({error})",
            fix="pip install -c constraints.txt peft, or take these methods out of the study",
        ) from None
    return peft


def lora(size: int | None = None) -> Implementation:
    """The method `lora`, of rank 8 unless a size is given."""
    return _lora(LORA_PARTS, size)


def lora_all(size: int | None = None) -> Implementation:
    """The method `lora-all`, of rank 8 unless a size is given."""
    return _lora(LINEAR, size)


def _lora(parts: tuple[str, ...], size: int | None) -> Implementation:
    rank = RANK if size is None else size

    def extend(model: EncoderModel) -> None:
        peft = import_peft()
        config = peft.LoraConfig(
            r=rank,
            lora_alpha=ALPHA,
            lora_dropout=0.0,
            target_modules=model.family.pattern(*parts),
        )
        peft.inject_adapter_in_model(config, model.encoder, ADAPTER)

    return Implementation(extend=extend, initialise=_draw_lora)


def _draw_lora(model: EncoderModel, generator: torch.Generator) -> None:
    for layer in _layers_with(model, "lora_A"):
        down, up = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
        nn.init.kaiming_uniform_(down, a=math.sqrt(5), generator=generator)
        nn.init.zeros_(up)


def _layers_with(model: EncoderModel, part: str) -> list[Any]:
    """peft's tuner layers of one kind, lowest first."""
    return [module for module in model.modules() if hasattr(module, part)]


def _extend_by_ia3(model: EncoderModel) -> None:
    peft = import_peft()
    family = model.family
    config = peft.IA3Config(
        target_modules=family.pattern(*IA3_PARTS, "m3"), feedforward_modules=family.pattern("m3")
    )
    peft.inject_adapter_in_model(config, model.encoder, ADAPTER)
    for layer in _layers_with(model, "ia3_l"):
        layer.ia3_l[ADAPTER] = nn.Parameter(layer.ia3_l[ADAPTER].detach().flatten())


def _reset_ia3(model: EncoderModel, _generator: torch.Generator) -> None:
    for layer in _layers_with(model, "ia3_l"):
        nn.init.ones_(layer.ia3_l[ADAPTER])


IA3 = Implementation(extend=_extend_by_ia3, initialise=_reset_ia3)


class Prefix(nn.Module):
    """One layer's trained keys and values, held by peft's `PrefixEncoder` of a single layer.

    The encoders' weights side by side are peft's weight for the whole model.
    """

    def __init__(self, tokens: int, width: int, heads: int) -> None:
        super().__init__()
        peft = import_peft()
        config = peft.PrefixTuningConfig(
            num_virtual_tokens=tokens,
            token_dim=width,
            num_layers=1,
            num_attention_heads=heads,
            num_transformer_submodules=1,
            encoder_hidden_size=width,
        )
        self.encoder = peft.PrefixEncoder(config)
        self.heads = heads
        self.register_buffer("numbers", torch.arange(tokens), persistent=False)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Keys and values, each [1, heads, P, head width]."""
        rows = self.encoder(self.numbers)  # [P, 2 width]
        keys, values = rows.view(len(rows), 2, self.heads, -1).permute(1, 2, 0, 3)[:, None]
        return keys, values


def prefix(size: int | None = None) -> Implementation:
    """The method `prefix`, with 10 virtual tokens a layer unless a size is given."""
    tokens = VIRTUAL_TOKENS if size is None else size

    def extend(model: EncoderModel) -> None:
        for layer in model.layers:
            own = Prefix(tokens, model.setting("width"), model.setting("heads"))
            calling = layer.get_submodule(model.family.attention)
            calling.prefix = own  # `attend_packed` looks for it there

    return Implementation(extend=extend, initialise=_draw_prefixes)


def _draw_prefixes(model: EncoderModel, generator: torch.Generator) -> None:
    for module in model.modules():
        if isinstance(module, Prefix):
            nn.init.normal_(module.encoder.embedding.weight, generator=generator)
