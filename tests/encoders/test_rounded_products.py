"""bfloat16 without units for it: the products of float32, rounded."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from tuning_curves.encoders import precision as arithmetic
from tuning_curves.encoders.batches import autocast
from tuning_curves.encoders.precision import RoundedProducts, products
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.training.run import RunContext

CPU = torch.device("cpu")
Operation = Callable[..., Tensor]
KERNELS = ("mm", "addmm", "bmm", "baddbmm", "linear", "matmul", "dot_product", "einsum")


class Beneath(TorchDispatchMode):
    """What products the processor is given, below all else: their number formats."""

    def __init__(self) -> None:
        super().__init__()
        self.formats: list[torch.dtype] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(name in str(func) for name in KERNELS):
            self.formats += [x.dtype for x in args if isinstance(x, Tensor)]
        return func(*args, **(kwargs or {}))


@pytest.fixture
def beneath() -> Iterator[Beneath]:
    with Beneath() as mode:
        yield mode


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape))).bfloat16()


def attention(left: Tensor, right: Tensor) -> Tensor:
    return functional.scaled_dot_product_attention(left[None], right[None], right[None])[0]


def masked(left: Tensor, right: Tensor) -> Tensor:
    near = torch.ones(left.shape[1], right.shape[1], dtype=torch.bool).tril(3)
    q, k = left[None], right[None]
    return functional.scaled_dot_product_attention(q, k, k, attn_mask=near)[0]


def biased(left: Tensor, right: Tensor) -> Tensor:
    return functional.linear(left, right, right[:, 0].contiguous())


CASES = pytest.mark.parametrize(
    ("operation", "left", "right"),
    [
        pytest.param(torch.mm, (48, 32), (32, 48), id="mm"),
        pytest.param(lambda x, w: torch.addmm(w[0], x, w), (48, 32), (32, 48), id="addmm"),
        pytest.param(torch.bmm, (3, 48, 32), (3, 32, 48), id="bmm"),
        pytest.param(torch.matmul, (3, 48, 32), (32, 48), id="matmul"),
        pytest.param(biased, (3, 48, 32), (48, 32), id="linear"),
        pytest.param(lambda x, w: torch.einsum("btd,de->bte", x, w), (3, 48, 32), (32, 48),
                     id="einsum"),
        pytest.param(attention, (2, 48, 32), (2, 40, 32), id="attention"),
        pytest.param(masked, (2, 48, 32), (2, 40, 32), id="attention with a mask"),
    ],
)  # fmt: skip


@CASES
@pytest.mark.parametrize("asking", ["gradients", "inference"])
def test_each_result_is_the_exact_one_rounded_once_and_no_kernel_sees_bfloat16(
    operation: Operation,
    left: tuple[int, ...],
    right: tuple[int, ...],
    asking: str,
    beneath: Beneath,
) -> None:
    """float64 holds these sums to far more digits than bfloat16 keeps."""
    a, b = drawn(*left), drawn(*right)
    exact = operation(a.double(), b.double()).bfloat16()
    beneath.formats.clear()
    with torch.inference_mode(asking == "inference"), RoundedProducts():
        found = operation(a, b)
    assert found.dtype == torch.bfloat16
    assert (found == exact).float().mean() > 0.999  # the rest lay on the edge between two
    assert set(beneath.formats) <= {torch.float32, torch.bool} and beneath.formats


@CASES
def test_gradients_are_those_of_the_exact_operation_rounded(
    operation: Operation, left: tuple[int, ...], right: tuple[int, ...], beneath: Beneath
) -> None:
    half = [drawn(*shape).requires_grad_() for shape in (left, right)]
    wide = [x.detach().double().requires_grad_() for x in half]
    operation(*wide).sum().backward()
    beneath.formats.clear()
    with RoundedProducts():
        operation(*half).sum().backward()
    assert set(beneath.formats) <= {torch.float32, torch.bool} and beneath.formats
    for x, exact in zip(half, wide, strict=True):
        assert x.grad is not None and exact.grad is not None
        assert x.grad.dtype == torch.bfloat16
        assert (x.grad.double() - exact.grad).norm() < 0.01 * exact.grad.norm()


def test_other_formats_and_what_torch_refuses_are_left_to_it(beneath: Beneath) -> None:
    a, b = drawn(64, 64).float(), drawn(64, 64)
    with RoundedProducts():
        found = a @ a
        with pytest.raises(RuntimeError, match="same dtype"):
            torch.mm(a, b)
    assert torch.equal(found, a @ a)


def test_operations_are_counted_once() -> None:
    counted = []
    for rounding in (RoundedProducts(), torch.no_grad()):
        with rounding, FlopCounterMode(display=False) as counter:
            functional.linear(drawn(48, 32), drawn(16, 32))
            attention(drawn(2, 48, 32), drawn(2, 40, 32))
        counted.append(counter.get_total_flops())
    assert counted[0] == counted[1] > 0


@pytest.mark.parametrize(
    ("device", "precision", "units", "rounded"),
    [
        ("cpu", "bfloat16", False, True),
        ("cpu", "bfloat16", True, False),
        ("cpu", "bfloat16", None, False),  # the processor does not tell: torch's own way
        ("cpu", "float32", False, False),
        ("cuda", "bfloat16", False, False),
    ],
)
def test_only_a_processor_without_units_rounds(
    monkeypatch: pytest.MonkeyPatch,
    beneath: Beneath,
    device: str,
    precision: str,
    units: bool | None,
    rounded: bool,
) -> None:
    monkeypatch.setattr(arithmetic, "has_units", lambda kind: units)
    with products(torch.device(device), precision), products(torch.device(device), precision):
        drawn(8, 8) @ drawn(8, 8)
    assert set(beneath.formats) == {torch.float32 if rounded else torch.bfloat16}
    beneath.formats.clear()
    drawn(8, 8) @ drawn(8, 8)
    assert set(beneath.formats) == {torch.bfloat16}


def test_mixed_precision_brings_its_products_along(
    monkeypatch: pytest.MonkeyPatch, beneath: Beneath
) -> None:
    monkeypatch.setattr(arithmetic, "has_units", lambda kind: False)
    with torch.inference_mode(), autocast(CPU, "bfloat16"):
        found = functional.linear(torch.ones(8, 8), torch.ones(8, 8))
    assert found.dtype == torch.bfloat16
    assert set(beneath.formats) == {torch.float32}


@pytest.mark.parametrize("method", ["full", "bitfit", "prefix-4", "fisher-mask"])
def test_a_training_learns_the_same_with_units_and_without(
    make_study: Any,
    places: WorkerPaths,
    monkeypatch: pytest.MonkeyPatch,
    beneath: Beneath,
    method: str,
) -> None:
    study = make_study(
        {
            "methods": [{"name": method, "learning_rates": [1e-3]}],
            "sizes": [8],
            "budgets": [{"name": "floor", "epochs": 1, "min_steps": 6}],
            "training": {"precision": "bfloat16", "hidden_dropout": 0.0},
            "analysis": {"contrasts": []},
        }
    )
    losses = {}
    for units in (True, False):
        monkeypatch.setattr(arithmetic, "has_units", lambda kind, units=units: units)
        beneath.formats.clear()
        prepared = RunContext(study.settings, places, CPU).prepare(study.unique[0])
        prepared.trainer.train(lambda step, loss: None)
        losses[units] = [loss for _, loss in prepared.trainer.trace.losses]
        assert (torch.bfloat16 in beneath.formats) is units
    assert losses[False] == pytest.approx(losses[True], rel=0.01)
