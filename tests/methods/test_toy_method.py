"""A further method is one entry, and an implementation where it adds something."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from tuning_curves.encoders.families.base import replace_part
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.methods import Implementation, apply_method, resolve_method, trained_tensors
from tuning_curves.methods.counting import count_entry, page
from tuning_curves.methods.entry import MethodEntry
from tuning_curves.methods.extent import trains_parts
from tuning_curves.methods.registry import list_names, register, unregister
from tuning_curves.report import style
from tuning_curves.util.errors import UsageError

TOY = MethodEntry(
    name="gate",
    label="gated values",
    order=(99, 0),
    group="toys",
    colour="#123456",
    marker="8",
    equation="g ⊙ LN2(x) and b_v of each layer",
    source="this test",
    trains=trains_parts("v", kinds=("bias",)),
    adds=lambda shape, _size: shape.layers * shape.width,
)


class Gated(nn.LayerNorm):
    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__(norm.normalized_shape, eps=norm.eps)
        self.weight, self.bias = norm.weight, norm.bias
        self.gate = nn.Parameter(torch.ones(norm.normalized_shape))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.gate * super().forward(hidden)


def extend(model: EncoderModel) -> None:
    for layer in model.layers:
        closing = model.family.parts["LN2"]
        replace_part(layer, closing, Gated(layer.get_submodule(closing)))


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    register(TOY, Implementation(extend=extend))
    yield
    unregister("gate")


def test_it_trains_one_step_and_nothing_else_moves(tiny_encoder: Path) -> None:
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    method, shape = resolve_method("gate"), model.shape()
    counts = apply_method(method, model, torch.Generator().manual_seed(0))
    assert (counts.backbone, counts.added) == (3 * 32, 3 * 32) == count_entry(method.entry, shape)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    tokens = torch.arange(8)[None]
    hidden = model.embed(tokens, tokens, torch.zeros_like(tokens))
    model(hidden, Packing.of([8], torch.device("cpu"))).square().mean().backward()
    torch.optim.AdamW(model.parameters(), lr=0.1).step()
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == set(trained_tensors(model))


def test_it_is_in_legends_and_on_the_page() -> None:
    assert list_names()[-1] == "gate"
    assert style.line_options("gate")["color"] == "#123456"
    assert style.families(["gate", "full"]) == {"main methods": ["full"], "toys": ["gate"]}
    assert "| `gate` | g ⊙ LN2(x) and b_v of each layer | this test | 18,432" in page()


def test_a_name_or_label_that_is_taken_is_refused() -> None:
    with pytest.raises(UsageError, match="another method has this name or label"):
        register(TOY)
