"""A table that writes its own gradient, against the library's: no bit may differ."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tuning_curves.encoders.tables import RowTable, write_rows

ROWS, WIDTH, PAD = 50, 8, 3


def tables(**options: int) -> tuple[nn.Embedding, nn.Embedding]:
    """The same table twice, the second of which writes its own gradient."""
    torch.manual_seed(0)
    plain, own = (nn.Embedding(ROWS, WIDTH, **options) for _ in range(2))
    own.load_state_dict(plain.state_dict())
    write_rows(own)
    assert isinstance(own, RowTable)
    return plain, own


def step(table: nn.Embedding, optimizer: torch.optim.Optimizer, passes: list[Tensor]) -> Tensor:
    """One step over some passes, with clipping; its gradient before that."""
    for number, tokens in enumerate(passes):
        weights = torch.linspace(-1.0, 2.0, tokens.numel() * WIDTH).reshape(*tokens.shape, WIDTH)
        ((table(tokens) + number) * weights).square().sum().backward()
    assert table.weight.grad is not None
    gradient = table.weight.grad.clone()
    nn.utils.clip_grad_norm_([table.weight], 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return gradient


@pytest.mark.parametrize("options", [{}, {"padding_idx": PAD}])
def test_training_is_the_librarys_to_the_bit(options: dict[str, int]) -> None:
    """Passes add up, rows that recur add up, and a row's gradient is gone at the next step."""
    generator = torch.Generator().manual_seed(1)
    steps = [
        [torch.randint(0, ROWS, (1, size), generator=generator) for size in sizes]
        for sizes in ([40], [5, 30], [1], [60, 2, 9], [12])
    ]
    steps[1][0][0, 0] = PAD
    both = [(table, torch.optim.AdamW([table.weight], lr=0.1)) for table in tables(**options)]
    for passes in steps:
        expected, found = (step(*one, passes) for one in both)
        assert torch.equal(found, expected)
        untouched = torch.ones(ROWS, dtype=torch.bool)
        untouched[torch.cat([tokens.flatten() for tokens in passes])] = False
        assert untouched.any()
        assert not found[untouched].any()
    assert torch.equal(both[1][0].weight, both[0][0].weight)


def test_a_frozen_table_and_one_under_a_parametrisation_stay_the_librarys() -> None:
    frozen, masked = nn.Embedding(ROWS, WIDTH), nn.Embedding(ROWS, WIDTH)
    frozen.weight.requires_grad_(False)
    parametrize.register_parametrization(masked, "weight", nn.Identity())
    write_rows(nn.ModuleList([frozen, masked]))
    assert type(frozen) is nn.Embedding
    masked(torch.tensor([1])).sum().backward()
    (original,) = masked.parameters()
    assert original.grad is not None


def test_without_gradients_it_only_reads() -> None:
    plain, own = tables()
    tokens = torch.tensor([[0, 49, 7]])
    with torch.inference_mode():
        assert torch.equal(own(tokens), plain(tokens))
