import copy

import torch
from torch import nn

from tuning_curves.encoders.dropout import BitSource, Dropout, replace_dropouts


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
