"""bfloat16 without units for it: the products of float32, rounded."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tuning_curves.encoders import precision as arithmetic
from tuning_curves.encoders.precision import RoundedProducts, settle_arithmetic
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.training.run import RunContext

CPU = torch.device("cpu")
Operation = Callable[[Tensor, Tensor], Tensor]


@pytest.fixture(autouse=True)
def _left_as_found() -> Iterator[None]:
    yield
    settle_arithmetic(CPU, "float32")


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape))).bfloat16()


def attention(left: Tensor, right: Tensor) -> Tensor:
    return functional.scaled_dot_product_attention(left[None], right[None], right[None])[0]


@pytest.mark.parametrize("asking", ["gradients", "inference"])
@pytest.mark.parametrize(
    ("operation", "left", "right"),
    [
        (torch.mm, (48, 32), (32, 48)),
        (torch.bmm, (3, 48, 32), (3, 32, 48)),
        (torch.matmul, (3, 48, 32), (32, 48)),
        (lambda x, w: functional.linear(x, w, w[:, 0]), (48, 32), (48, 32)),
        (attention, (2, 48, 32), (2, 48, 32)),
    ],
)
def test_each_result_is_the_exact_one_rounded_once(
    operation: Operation, left: tuple[int, ...], right: tuple[int, ...], asking: str
) -> None:
    """float64 holds these sums to far more digits than bfloat16 keeps."""
    a, b = drawn(*left), drawn(*right)
    exact = operation(a.double(), b.double()).bfloat16()
    with torch.inference_mode(asking == "inference"), RoundedProducts():
        found = operation(a, b)
    assert found.dtype == torch.bfloat16
    assert (found == exact).float().mean() > 0.999  # the rest lay on the edge between two


def test_gradients_are_those_of_the_exact_product_rounded() -> None:
    a, b = drawn(48, 32).requires_grad_(), drawn(48, 32).requires_grad_()
    wide = [x.detach().double().requires_grad_() for x in (a, b)]
    with RoundedProducts():
        functional.linear(a, b).sum().backward()
    functional.linear(*wide).sum().backward()
    for half, exact in zip((a, b), wide, strict=True):
        assert (half.grad == exact.grad.bfloat16()).float().mean() > 0.999


def test_other_formats_are_left_alone() -> None:
    a, b = drawn(64, 64).float(), drawn(64, 64, 1)[..., 0].float()
    with RoundedProducts():
        found = a @ b
    assert torch.equal(found, a @ b)
    assert found.dtype == torch.float32


def counts(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A function that tells how many products were rounded since it was asked last."""
    met: list[Any] = []
    own = RoundedProducts.__torch_dispatch__

    def count(self: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in arithmetic.PRODUCTS:
            met.append(func)
        return own(self, func, types, args, kwargs)

    monkeypatch.setattr(RoundedProducts, "__torch_dispatch__", count)

    def since() -> int:
        found = len(met)
        met.clear()
        return found

    return since


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
    monkeypatch: pytest.MonkeyPatch, device: str, precision: str, units: bool | None, rounded: bool
) -> None:
    since = counts(monkeypatch)
    monkeypatch.setattr(arithmetic, "has_units", lambda kind: units)
    for _ in range(2):  # settled twice is settled once
        settle_arithmetic(torch.device(device), precision)
    drawn(8, 8) @ drawn(8, 8)
    assert since() == int(rounded)
    settle_arithmetic(CPU, "float32")
    drawn(8, 8) @ drawn(8, 8)
    assert since() == 0


@pytest.mark.parametrize("method", ["full", "bitfit", "head", "prefix-4"])
def test_a_training_learns_the_same_with_units_and_without(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch, method: str
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
    since, losses = counts(monkeypatch), {}
    for units in (True, False):
        monkeypatch.setattr(arithmetic, "has_units", lambda kind, units=units: units)
        settle_arithmetic(CPU, "bfloat16")
        prepared = RunContext(study.settings, places, CPU).prepare(study.unique[0])
        prepared.trainer.train(lambda step, loss: None)
        losses[units] = [loss for _, loss in prepared.trainer.trace.losses]
        assert (since() > 0) is not units
    assert losses[False] == pytest.approx(losses[True], rel=0.01)
