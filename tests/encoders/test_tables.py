"""A table that writes its own gradient, against the library's: no bit may differ."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tuning_curves.encoders.tables import RowTable, stop_writing, write_rows

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


def test_a_table_that_does_more_than_read_stays_the_librarys() -> None:
    frozen, masked = nn.Embedding(ROWS, WIDTH), nn.Embedding(ROWS, WIDTH)
    frozen.weight.requires_grad_(False)
    parametrize.register_parametrization(masked, "weight", nn.Identity())
    others = [nn.Embedding(ROWS, WIDTH, max_norm=1.0), nn.Embedding(ROWS, WIDTH, sparse=True)]
    others.append(nn.Embedding(ROWS, WIDTH, scale_grad_by_freq=True))
    write_rows(nn.ModuleList([frozen, masked, *others]))
    assert not any(isinstance(table, RowTable) for table in (frozen, masked, *others))
    masked(torch.tensor([1])).sum().backward()
    (original,) = masked.parameters()
    assert original.grad is not None


def test_afterwards_it_is_the_librarys_again_and_holds_nothing() -> None:
    plain, own = tables()
    for table in (plain, own):
        table(torch.tensor([[0, 7]])).sum().backward()
    stop_writing(own)
    assert type(own) is nn.Embedding
    assert vars(own).keys() == vars(plain).keys()
    assert own.weight.grad is None
    own(torch.tensor([[0, 7]])).sum().backward()
    assert torch.equal(own.weight.grad, plain.weight.grad)
