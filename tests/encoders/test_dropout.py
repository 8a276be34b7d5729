import copy

import pytest
import torch
from torch import nn

from tuning_curves.encoders import dropout
from tuning_curves.encoders.dropout import BitSource, Dropout, replace_dropouts
from tuning_curves.util.errors import UsageError


def test_masks_follow_from_seed_and_step_alone() -> None:
    source = BitSource()
    layer, ones = Dropout(0.1, source), torch.ones(1000)
    source.restart(7, 3)
    first = layer(ones)
    second = layer(ones)
    source.restart(7, 3)
    assert torch.equal(layer(ones), first)
    assert not torch.equal(first, second)
    source.restart(7, 4)
    assert not torch.equal(layer(ones), first)


def test_the_rate_and_the_mean_are_as_asked() -> None:
    source = BitSource()
    out = Dropout(0.1, source)(torch.ones(1_000_000))
    # four standard deviations of a share of a million draws at rate 0.1
    assert abs((out == 0).float().mean().item() - 0.1) < 4 * 0.0003
    assert abs(out.mean().item() - 1.0) < 4 * 0.00034


def test_the_gradient_passes_where_the_value_did() -> None:
    layer = Dropout(0.5, BitSource())
    hidden = torch.ones(64, requires_grad=True)
    out = layer(hidden)
    out.sum().backward()
    assert torch.equal(hidden.grad, out.detach())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_what_is_dropped_is_plain_zero_to_the_bit(dtype: torch.dtype) -> None:
    """Whatever stood there, and all else is scaled as the library scales it; strided, too."""
    bits = dropout.WHOLE[torch.finfo(dtype).bits // 8]
    values = torch.randn(3, 40, 8, generator=torch.Generator().manual_seed(0)).to(dtype)
    values[0, 0], values[0, 1], values[0, 2] = float("nan"), -float("inf"), -0.0
    drop = torch.rand(3, 8, 40, generator=torch.Generator().manual_seed(1)) < 0.5
    for given, mask in ((values, drop.transpose(1, 2)), (values.transpose(1, 2), drop)):
        expected = given.mul(1.25).masked_fill_(mask, 0.0)
        found = dropout._thinned(given, mask, 1.25)
        assert torch.equal(found.view(bits), expected.view(bits))
        assert not torch.equal(given, expected)


def test_nothing_is_dropped_in_evaluation() -> None:
    layer = Dropout(0.5, BitSource()).eval()
    hidden = torch.randn(8)
    assert layer(hidden) is hidden


def test_a_copied_model_has_one_source_of_its_own() -> None:
    model = nn.Sequential(nn.Dropout(0.1), nn.Linear(2, 2), nn.Dropout(0.2))
    model.bits = replace_dropouts(model)
    other = copy.deepcopy(model)
    assert [model[0].p, model[2].p] == [0.1, 0.2]
    assert other[0].source is other[2].source is other.bits
    assert other.bits is not model.bits


PIECES = ((5, 2), (1, 1), (8, 3))  # tokens and windows of each; 14 and 6 in all


def masks_of(source: BitSource, tokens: int, windows: int, width: int) -> list[torch.Tensor]:
    """Four masks, as a model of two widths asks for them: three over tokens, one over windows."""
    shapes = ((1, tokens, width), (1, tokens, 2 * width), (1, tokens, width), (1, windows, width))
    return [source.below(20_000, torch.Size(shape))[0] for shape in shapes]


@pytest.mark.parametrize("width", [1, 3, 8, 31])  # odd ones: a piece ends within a word
@pytest.mark.parametrize("block", [1, 2, 1 << 18])
def test_the_masks_of_pieces_are_those_of_one_pass(
    width: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropout, "BLOCK", block)
    source = BitSource()
    source.restart(7, 3)
    whole = masks_of(source, 14, 6, width)
    source.restart(7, 3)
    parts = []
    for tokens, windows in PIECES:
        source.enter((tokens, 14), (windows, 6))
        parts.append(masks_of(source, tokens, windows, width))
    for mask, *pieces in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat(pieces), mask)
    source.restart(7, 3)
    assert torch.equal(masks_of(source, 14, 6, width)[0], whole[0])


def test_a_mask_over_anything_else_is_refused_in_pieces() -> None:
    source = BitSource()
    source.enter((50, 140), (2, 6))
    with pytest.raises(UsageError) as told:
        source.below(20_000, torch.Size((1, 9, 4)))
    assert "9 rows" in told.value.message and "50 or 2" in told.value.message
    assert "training.pass_tokens" in (told.value.fix or "")
