"""How numbers are computed: threads, precision, and what of a model is kept in which."""

import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize
from torch.utils._python_dispatch import TorchDispatchMode

from tuning_curves.util.log import say
from tuning_curves.util.provenance import has_units

TRIAL = (512, 384)  # rows and width of the products that the two precisions are tried on
SLOW = 1.5  # so many times the time of float32 is worth a warning


aten = torch.ops.aten
PRODUCTS = {
    aten.mm.default,
    aten.addmm.default,
    aten.bmm.default,
    aten.baddbmm.default,
    aten.linear.default,  # these three come undivided where no gradient is asked for
    aten.matmul.default,
    aten.scaled_dot_product_attention.default,
    aten._scaled_dot_product_flash_attention_for_cpu.default,
    aten._scaled_dot_product_flash_attention_for_cpu_backward.default,
}


class RoundedProducts(TorchDispatchMode):
    """Matrix products in bfloat16, quick on a processor that has no units for them.

    Units for bfloat16 multiply numbers of 8 significant bits, add up in float32 and round the sum
    to bfloat16. The same happens here with the instructions for float32, which holds the product
    of two such numbers exactly: sums are added up in another order, and no more is different.

    torch's own way takes up to fifteen times as long there.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in PRODUCTS or args[0].dtype != torch.bfloat16:
            return func(*args, **kwargs)
        widened = {name: _widened(value) for name, value in kwargs.items()}
        found = func(*map(_widened, args), **widened)
        if isinstance(found, Tensor):
            return found.bfloat16()
        half = [x.bfloat16() if x.shape == args[0].shape else x for x in found]
        return tuple(half)


def _widened(value: Any) -> Any:
    half = isinstance(value, Tensor) and value.dtype == torch.bfloat16
    return value.float() if half else value


_rounded = RoundedProducts()
_entered: list[RoundedProducts] = []


def settle_arithmetic(device: torch.device, precision: str) -> None:
    """For this process: one thread, so that sums have one order, and products as the study says.

    A study in float32 has no shortcuts; in bfloat16, on a processor without units for it,
    `RoundedProducts` holds from here on.
    """
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # recurrences are in float32 in every study
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")
    rounded = device.type == "cpu" and precision == "bfloat16" and has_units("bfloat16") is False
    if rounded and not _entered:
        _entered.append(_rounded.__enter__())
    if _entered and not rounded:
        _entered.pop().__exit__(None, None, None)


def store_frozen(model: nn.Module, precision: str) -> None:
    """In bfloat16 keep frozen weights of linear layers so, which autocast would make of them.

    A weight with chosen entries stays in float32, where small changes are not lost.
    """
    if precision != "bfloat16":
        return
    for module in model.modules():
        if not isinstance(module, nn.Linear) or parametrize.is_parametrized(module, "weight"):
            continue
        if not module.weight.requires_grad:
            module.weight.data = module.weight.data.bfloat16()


def warn_of_slow_bfloat16(device: torch.device, precision: str) -> None:
    """Say so where a study asks for bfloat16 and this processor has no units for it."""
    if precision != "bfloat16" or device.type != "cpu":
        return
    times = slowness_of_bfloat16()
    if times > SLOW:
        say(
            f"warning: this processor takes {times:.0f} times as long for matrix products in "
            "bfloat16 as in float32, since it has no units for them; a study of its own with "
            "`precision: float32` is done sooner here"
        )


def slowness_of_bfloat16() -> float:
    """How many times as long as in float32 the processor takes for matrix products in bfloat16."""
    return _seconds(torch.bfloat16) / _seconds(torch.float32)


def _seconds(kind: torch.dtype) -> float:
    """Seconds of one matrix product, the best of five."""
    rows, width = TRIAL
    left, right = torch.ones(rows, width, dtype=kind), torch.ones(width, width, dtype=kind)
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        functional.linear(left, right)
        best = min(best, time.perf_counter() - begin)
    return best
