"""Adapters stand where their papers put them, and begin as almost nothing."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.methods import apply_method, resolve_method
from tuning_curves.methods.adapters import Bottleneck, houlsby, pfeiffer
from tuning_curves.util.errors import UsageError

PACKING = Packing.of([11, 6], torch.device("cpu"))
HIDDEN = torch.randn(1, 17, 32, generator=torch.Generator().manual_seed(0))


def plain(folder: Path) -> EncoderModel:
    return load_encoder(folder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0).eval()


def adapted(folder: Path, name: str) -> EncoderModel:
    model = plain(folder)
    apply_method(resolve_method(name), model, torch.Generator().manual_seed(0))
    return model.eval()


def bottlenecks(model: nn.Module) -> list[Bottleneck]:
    return [module for module in model.modules() if isinstance(module, Bottleneck)]


def enlarge(model: nn.Module) -> None:
    """Give every adapter weights and biases that matter."""
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for adapter in bottlenecks(model):
            for parameter in adapter.parameters():
                parameter.normal_(0.0, 0.5, generator=generator)


@pytest.mark.parametrize("name", ["adapter-houlsby", "adapter-houlsby-2", "adapter-pfeiffer"])
def test_a_fresh_adapter_is_near_the_identity(tiny_encoder: Path, name: str) -> None:
    with torch.inference_mode():
        before = plain(tiny_encoder).run_layers(HIDDEN, PACKING, 0)
        after = adapted(tiny_encoder, name).run_layers(HIDDEN, PACKING, 0)
    assert 0 < (after - before).abs().max() < 2e-2
    assert (after - before).norm() < 1e-2 * before.norm()


@pytest.mark.parametrize("name", ["adapter-houlsby", "adapter-pfeiffer"])
def test_an_adapter_of_zeros_is_the_identity(tiny_encoder: Path, name: str) -> None:
    model = adapted(tiny_encoder, name)
    with torch.inference_mode():
        for adapter in bottlenecks(model):
            adapter.up.weight.zero_()
        assert torch.equal(
            model.run_layers(HIDDEN, PACKING, 0),
            plain(tiny_encoder).run_layers(HIDDEN, PACKING, 0),
        )


def adapter_by_hand(adapter: Bottleneck, hidden: Tensor, kind: str) -> Tensor:
    """W_up f(W_down h + b_down) + b_up."""
    down = hidden @ adapter.down.weight.T + adapter.down.bias
    if kind == "gelu":
        active = down * 0.5 * (1 + torch.erf(down / math.sqrt(2)))
    else:
        active = down.clamp(min=0)
    return active @ adapter.up.weight.T + adapter.up.bias


def norm(layer_norm: nn.LayerNorm, total: Tensor) -> Tensor:
    return functional.layer_norm(
        total, layer_norm.normalized_shape, layer_norm.weight, layer_norm.bias, layer_norm.eps
    )


def test_houlsby_stands_before_both_residual_sums(tiny_encoder: Path) -> None:
    """LN(x + h + A(h)), for h the attention's and then the feed-forward's projection."""
    model = adapted(tiny_encoder, "adapter-houlsby-5")
    enlarge(model)
    layer = model.layers[1]
    first, second = bottlenecks(layer)
    with torch.inference_mode():
        context = layer.attention.self(HIDDEN, None, packing=PACKING)[0]
        projected = layer.attention.output.dense(context)
        total = HIDDEN + projected + adapter_by_hand(first, projected, "gelu")
        middle = norm(layer.attention.output.LayerNorm, total)
        projected = layer.output.dense(functional.gelu(layer.intermediate.dense(middle)))
        total = middle + projected + adapter_by_hand(second, projected, "gelu")
        expected = norm(layer.output.LayerNorm, total)
        found = model.run_layers(HIDDEN, PACKING, 1, 2)
    assert (found - expected).abs().max() < 1e-5


def test_pfeiffer_stands_between_two_passes_of_the_last_layernorm(tiny_encoder: Path) -> None:
    """LN(z + A(LN(z))), for z the residual sum of the feed-forward block."""
    model = adapted(tiny_encoder, "adapter-pfeiffer-5")
    enlarge(model)
    layer = model.layers[1]
    (adapter,) = bottlenecks(layer)
    with torch.inference_mode():
        context = layer.attention.self(HIDDEN, None, packing=PACKING)[0]
        total = HIDDEN + layer.attention.output.dense(context)
        middle = norm(layer.attention.output.LayerNorm, total)
        total = middle + layer.output.dense(functional.gelu(layer.intermediate.dense(middle)))
        inner = adapter_by_hand(adapter, norm(layer.output.LayerNorm, total), "relu")
        expected = norm(layer.output.LayerNorm, total + inner)
        found = model.run_layers(HIDDEN, PACKING, 1, 2)
    assert (found - expected).abs().max() < 1e-5


def test_houlsby_acts_behind_the_dropout(tiny_encoder: Path) -> None:
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.5, attention_dropout=0.0)
    apply_method(resolve_method("adapter-houlsby"), model, None)
    block = model.layers[0].output.dropout.train()
    with torch.no_grad():
        block.adapter.up.weight.zero_()
        block.adapter.up.bias.fill_(1.0)
    out = block(torch.full((1000, 32), 3.0))
    assert set(out.unique().tolist()) == {1.0, 7.0}  # dropped or doubled, and then plus one


def weights(model: EncoderModel) -> Tensor:
    return torch.cat(
        [part.weight.detach().flatten() for a in bottlenecks(model) for part in (a.down, a.up)]
    )


def test_houlsby_weights_are_a_truncated_normal(tiny_encoder: Path) -> None:
    """A normal of deviation 0.01 cut off at two deviations has deviation 0.0088."""
    drawn = weights(adapted(tiny_encoder, "adapter-houlsby"))
    assert len(drawn) == 3 * 2 * 2 * 64 * 32
    assert drawn.abs().max() <= 0.02
    assert drawn.std().item() == pytest.approx(0.0088, rel=0.03)


def test_pfeiffer_weights_are_a_normal(tiny_encoder: Path) -> None:
    drawn = weights(adapted(tiny_encoder, "adapter-pfeiffer-64"))
    assert drawn.std().item() == pytest.approx(0.02, rel=0.03)
    assert drawn.abs().max() > 0.06  # not cut off


@pytest.mark.parametrize("name", ["adapter-houlsby", "adapter-pfeiffer"])
def test_fresh_biases_are_zero(tiny_encoder: Path, name: str) -> None:
    for adapter in bottlenecks(adapted(tiny_encoder, name)):
        assert not adapter.down.bias.any()
        assert not adapter.up.bias.any()


def test_sizes_by_default_and_by_name(tiny_encoder: Path) -> None:
    def sizes(name: str) -> set[int]:
        return {a.down.out_features for a in bottlenecks(adapted(tiny_encoder, name))}

    assert sizes("adapter-houlsby") == {64}
    assert sizes("adapter-houlsby-7") == {7}
    assert sizes("adapter-pfeiffer") == {2}  # 32 / 16
    assert sizes("adapter-pfeiffer-7") == {7}
    assert len(bottlenecks(adapted(tiny_encoder, "adapter-houlsby"))) == 6
    assert len(bottlenecks(adapted(tiny_encoder, "adapter-pfeiffer"))) == 3


@pytest.mark.parametrize("make", [houlsby, pfeiffer])
@pytest.mark.parametrize("size", [0, -3])
def test_a_bottleneck_below_one_is_refused(make, size: int) -> None:
    with pytest.raises(UsageError) as caught:
        make(size)
    assert str(caught.value) == (
        f"adapter bottleneck {size}: expected a whole number of 1 or more\n"
        "fix: write the size behind the method's name, such as adapter-houlsby-64"
    )


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("bitfitt", "bitfit"),
        ("Full", "full"),
        ("adapter-housby", "adapter-houlsby"),
        ("adapter-houlsby-0", "adapter-houlsby"),
        ("adapter-houlsby-08", "adapter-houlsby"),
        ("adapter-pfeiffer-", "adapter-pfeiffer"),
        ("adapter-pfeiffer-4.5", "adapter-pfeiffer"),
        ("adapter-pfeiffer--4", "adapter-pfeiffer"),
        ("bitfit-8", "bitfit-v"),  # it has no size
        ("bitfit ", "bitfit"),
        ("top-0", "top-1"),
        ("top", "top-1"),
        ("layernorm-2", "layernorm"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_method(name)
    message = str(caught.value)
    assert message.startswith(f"unknown method {name!r} (expected one of full, head, bitfit")
    assert message.endswith(f"fix: did you mean {near!r}?")
    assert caught.value.exit_status == 2


def test_a_name_near_nothing_points_to_the_help() -> None:
    with pytest.raises(UsageError, match="fix: see `tuning-curves methods --help`"):
        resolve_method("xyzzy")
