"""Packed attention against the textbook formula, sequence by sequence."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuning_curves.encoders.packing import PackedAttention, Packing, attend_packed

CPU = torch.device("cpu")
LENGTHS = [5, 1, 9, 3]
HEADS, WIDTH = 4, 8
SCALE = WIDTH**-0.5


def draw(seed: int, dtype: torch.dtype, lengths: list[int] = LENGTHS) -> list[Tensor]:
    """Query, key and value, each [HEADS, T, WIDTH]."""
    generator = torch.Generator().manual_seed(seed)
    shape = (HEADS, sum(lengths), WIDTH)
    return [torch.randn(shape, generator=generator).to(dtype) for _ in range(3)]


def textbook(query: Tensor, key: Tensor, value: Tensor, lengths: list[int]) -> Tensor:
    """softmax(q kT / sqrt(d)) v in float64, one head and one sequence at a time: [H, T, W]."""
    out = torch.empty(query.shape, dtype=torch.float64)
    first = 0
    for length in lengths:
        part = slice(first, first + length)
        for head in range(query.shape[0]):
            q, k, v = (x[head, part].double() for x in (query, key, value))
            out[head, part] = torch.softmax(q @ k.T * SCALE, dim=-1) @ v
        first += length
    return out


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    lengths: list[int],
    ahead: list[Tensor] | None = None,
    window: int | None = None,
) -> Tensor:
    """`attend_packed` as the library calls it, perhaps with a prefix or locally: [H, T, W]."""
    rows = (x[None] for x in (query, key, value))
    packing = Packing.of(lengths, query.device)
    caller = nn.Module() if ahead is None else WithPrefix(ahead)
    options = {"packing": packing, "scaling": SCALE, "sliding_window": window}
    out, weights = attend_packed(caller, *rows, None, **options)
    assert weights is None
    assert out.shape == (1, sum(lengths), HEADS, WIDTH)
    return out[0].transpose(0, 1)


class WithPrefix(nn.Module):
    """A calling module with keys and values for every sequence, each [HEADS, P, WIDTH]."""

    def __init__(self, ahead: list[Tensor]) -> None:
        super().__init__()
        self.prefix = lambda: tuple(x[None] for x in ahead)


def textbook_ahead(
    query: Tensor, key: Tensor, value: Tensor, ahead: list[Tensor], lengths: list[int]
) -> Tensor:
    """softmax(q [p_k; k]T / sqrt(d)) [p_v; v] in float64: [H, T, W]."""
    out = []
    for q, k, v in zip(*(x.double().split(lengths, 1) for x in (query, key, value)), strict=True):
        keys, values = (torch.cat((p.double(), x), 1) for p, x in zip(ahead, (k, v), strict=True))
        out.append(torch.softmax(q @ keys.transpose(1, 2) * SCALE, dim=-1) @ values)
    return torch.cat(out, dim=1)


def test_packing_lays_sequences_side_by_side() -> None:
    packing = Packing.of([2, 3, 1], CPU)
    assert packing.bounds == (0, 2, 5, 6)
    assert packing.device_bounds.tolist() == [0, 2, 5, 6]
    assert packing.device_bounds.dtype == torch.int32
    assert packing.longest == 3
    assert packing.lengths == [2, 3, 1]
    assert packing.pieces == [slice(0, 2), slice(2, 5), slice(5, 6)]


def test_float32_attention_is_the_textbooks() -> None:
    tensors = draw(0, torch.float32)
    difference = attend(*tensors, LENGTHS) - textbook(*tensors, LENGTHS)
    assert difference.abs().max() < 1e-6


@pytest.mark.parametrize("gradients", [True, False])
def test_bfloat16_attention_is_the_textbooks_within_its_precision(gradients: bool) -> None:
    tensors = draw(1, torch.bfloat16)
    with torch.set_grad_enabled(gradients):
        out = attend(*tensors, LENGTHS)
    assert out.dtype == torch.bfloat16
    assert (out.double() - textbook(*tensors, LENGTHS)).abs().max() < 0.02  # 8 bits: 0.004 each


def test_own_backward_pass_is_the_derivative() -> None:
    lengths = [3, 1, 4]
    tensors = [x.requires_grad_() for x in draw(2, torch.float64, lengths)]
    packing = Packing.of(lengths, CPU)
    assert torch.autograd.gradcheck(
        lambda q, k, v: PackedAttention.apply(q, k, v, packing, SCALE), tensors
    )


def test_own_bfloat16_pass_agrees_with_the_librarys_kernel() -> None:
    """Forward and backward: both within one step of bfloat16 (2^-7) of the exact result."""
    lengths = [40, 64, 17]
    gradient = draw(4, torch.bfloat16, lengths)[0]

    def backward(dtype: torch.dtype, own: bool) -> list[Tensor]:
        tensors = [x.to(dtype).requires_grad_() for x in draw(3, torch.bfloat16, lengths)]
        if own:
            out = PackedAttention.apply(*tensors, Packing.of(lengths, CPU), SCALE)
        else:
            rows = zip(*(x[None].split(lengths, dim=2) for x in tensors), strict=True)
            pieces = [functional.scaled_dot_product_attention(*r, scale=SCALE) for r in rows]
            out = torch.cat(pieces, dim=2)[0]
        out.backward(gradient.to(dtype))
        return [out.detach().double(), *(x.grad.double() for x in tensors)]

    exact = backward(torch.float64, own=False)
    library = backward(torch.bfloat16, own=False)
    own = backward(torch.bfloat16, own=True)
    for right, theirs, ours in zip(exact, library, own, strict=True):
        for found in (theirs, ours):
            assert (found - right).norm() < 2**-7 * right.norm()


def test_own_backward_pass_takes_a_gradient_that_is_only_a_view() -> None:
    packing = Packing.of(LENGTHS, CPU)
    grads = []
    for whole in (False, True):
        tensors = [x.requires_grad_() for x in draw(5, torch.float32)]
        out = PackedAttention.apply(*tensors, packing, SCALE)
        ones = torch.ones(1).expand_as(out)
        out.backward(ones.contiguous() if whole else ones)
        grads.append([x.grad for x in tensors])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_inputs_stay_as_they_were() -> None:
    tensors = [x.requires_grad_() for x in draw(6, torch.bfloat16)]
    before = [x.detach().clone() for x in tensors]
    attend(*tensors, LENGTHS).sum().backward()
    assert all(torch.equal(x.detach(), old) for x, old in zip(tensors, before, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sequence_does_not_see_its_neighbours(dtype: torch.dtype) -> None:
    tensors = draw(7, dtype)
    changed = [x.clone() for x in tensors]
    for x in changed:
        x[:, 6:15] += 1.0  # the third sequence
    before, after = attend(*tensors, LENGTHS), attend(*changed, LENGTHS)
    assert torch.equal(before[:, :6], after[:, :6])
    assert torch.equal(before[:, 15:], after[:, 15:])
    assert not torch.equal(before[:, 6:15], after[:, 6:15])


def test_attention_dropout_acts_and_keeps_sequences_apart() -> None:
    """With one token a sequence, dropout either drops the value or doubles it at rate 0.5."""
    tensors = draw(8, torch.float32, [1] * 50)
    torch.manual_seed(0)
    rows = (x[None] for x in tensors)
    packing = Packing.of([1] * 50, CPU)
    out, _ = attend_packed(nn.Module(), *rows, None, packing=packing, scaling=SCALE, dropout=0.5)
    ratio = (out[0].transpose(0, 1) / tensors[2]).mean(-1)  # [HEADS, 50]
    assert set(ratio.round(decimals=3).flatten().tolist()) == {0.0, 2.0}
    assert 60 < int((ratio > 1).sum()) < 140  # of 200, half expected


def test_a_lengthened_packing_has_room_ahead_of_each_sequence() -> None:
    packing = Packing.of([2, 3, 1], CPU).lengthened(4)
    assert packing.bounds == (0, 6, 13, 18)
    assert packing.longest == 7


PREFIX = 6


def draw_ahead(dtype: torch.dtype = torch.float32) -> list[Tensor]:
    return draw(11, dtype, [PREFIX])[:2]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gradients", [True, False])
def test_a_prefix_stands_ahead_of_every_sequence(dtype: torch.dtype, gradients: bool) -> None:
    tensors, ahead = draw(10, dtype), draw_ahead()  # trained in float32 in either case
    with torch.set_grad_enabled(gradients):
        out = attend(*tensors, LENGTHS, ahead)
    assert out.dtype == dtype
    wrong = (out.double() - textbook_ahead(*tensors, ahead, LENGTHS)).abs().max()
    assert wrong < (1e-6 if dtype == torch.float32 else 0.03)
    assert (out - attend(*tensors, LENGTHS)).abs().max() > 0.1


def test_own_backward_pass_is_the_derivative_with_more_keys_than_queries() -> None:
    lengths = [3, 1, 4]
    packing = Packing.of(lengths, CPU)
    keys = packing.lengthened(2)
    query = draw(2, torch.float64, lengths)[0].requires_grad_()
    key, value = (x.requires_grad_() for x in draw(3, torch.float64, keys.lengths)[:2])
    assert torch.autograd.gradcheck(
        lambda q, k, v: PackedAttention.apply(q, k, v, packing, SCALE, keys), (query, key, value)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_prefixs_gradient_is_the_sum_over_sequences(dtype: torch.dtype) -> None:
    ahead = [x.requires_grad_() for x in draw_ahead()]
    exact = [x.detach().clone().requires_grad_() for x in ahead]
    tensors, weight = draw(12, dtype), draw(13, torch.float32)[0]
    (attend(*tensors, LENGTHS, ahead).float() * weight).sum().backward()
    (textbook_ahead(*tensors, exact, LENGTHS) * weight).sum().backward()
    for ours, theirs in zip(ahead, exact, strict=True):
        assert theirs.grad.abs().max() > 0.1
        tolerance = 1e-5 if dtype == torch.float32 else 0.02
        assert (ours.grad - theirs.grad).norm() < tolerance * theirs.grad.norm()


def test_with_a_prefix_a_sequence_does_not_see_its_neighbours() -> None:
    tensors = draw(7, torch.float32)
    changed = [x.clone() for x in tensors]
    for x in changed:
        x[:, 6:15] += 1.0  # the third sequence
    before, after = (attend(*each, LENGTHS, draw_ahead()) for each in (tensors, changed))
    assert torch.equal(before[:, :6], after[:, :6])
    assert torch.equal(before[:, 15:], after[:, 15:])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: its kernel cannot run")
def test_the_gpus_kernel_takes_a_prefix() -> None:
    tensors, ahead = draw(9, torch.bfloat16), draw_ahead()
    out = attend(*(x.cuda() for x in tensors), LENGTHS, [x.cuda() for x in ahead])
    wrong = out.cpu().double() - textbook_ahead(*tensors, ahead, LENGTHS)
    assert wrong.abs().max() < 0.03


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: its kernel cannot run")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_gpus_kernel_is_the_textbooks(dtype: torch.dtype) -> None:
    tensors = draw(9, dtype)
    out = attend(*(x.cuda() for x in tensors), LENGTHS)
    assert out.dtype == dtype
    assert (out.cpu().double() - textbook(*tensors, LENGTHS)).abs().max() < 0.02


def textbook_near(
    query: Tensor, key: Tensor, value: Tensor, ahead: list[Tensor], reach: int, lengths: list[int]
) -> Tensor:
    """Each token alone over the prefix and its neighbours, in float64: [H, T, W]."""
    rows = []
    for q, k, v in zip(*(x.double().split(lengths, 1) for x in (query, key, value)), strict=True):
        for place in range(q.shape[1]):
            near = slice(max(0, place - reach), place + reach + 1)
            keys, values = (
                torch.cat((p.double(), x[:, near]), 1) for p, x in zip(ahead, (k, v), strict=True)
            )
            scores = q[:, place : place + 1] @ keys.transpose(1, 2) * SCALE
            rows.append(torch.softmax(scores, dim=-1) @ values)
    return torch.cat(rows, dim=1)


@pytest.mark.parametrize("prefix", [0, 3])
@pytest.mark.parametrize("reach", [0, 2, 8, 20])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-6), (torch.bfloat16, 0.02)])
def test_local_attention_sees_neighbours_and_the_prefix_alone(
    prefix: int, reach: int, dtype: torch.dtype, near: float
) -> None:
    """The library gives one more than the reach; sequences shorter than that are seen whole."""
    lengths = [5, 1, 14, 9]
    tensors = draw(6, dtype, lengths)
    ahead = [x[:, :prefix] for x in draw(7, dtype)[:2]]
    given = ahead if prefix else None
    out = attend(*tensors, lengths, given, window=reach + 1)
    assert out.dtype == dtype
    expected = textbook_near(*tensors, ahead, reach, lengths)
    assert (out.double() - expected).abs().max() < near
    everywhere = attend(*tensors, lengths, given)
    assert ((out - everywhere).abs().max() > 0.1) == (reach < 13)


def test_whom_a_token_sees_within_reach() -> None:
    seen = Packing.of([4, 2], CPU).reach_mask(4, 1, 2)
    assert seen.int().tolist() == [
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 0],
        [1, 1, 0, 1, 1, 1],
        [1, 1, 0, 0, 1, 1],
    ]


def test_positions_restart_with_each_sequence() -> None:
    assert Packing.of([3, 1, 2], CPU).positions.tolist() == [0, 1, 2, 0, 0, 1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: its kernel cannot run")
@pytest.mark.parametrize("prefix", [0, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_gpu_attends_locally_too(prefix: int, dtype: torch.dtype) -> None:
    lengths = [5, 1, 14, 9]
    tensors = draw(6, dtype, lengths)
    ahead = [x[:, :prefix] for x in draw(7, dtype)[:2]]
    given = [x.cuda() for x in ahead] if prefix else None
    out = attend(*(x.cuda() for x in tensors), lengths, given, window=3)
    wrong = out.cpu().double() - textbook_near(*tensors, ahead, 2, lengths)
    assert wrong.abs().max() < 0.03
