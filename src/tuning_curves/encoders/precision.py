"""How numbers are computed: threads, precision, and what of a model is kept in which."""

import contextlib
import functools
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode_stack

from tuning_curves.util.log import say
from tuning_curves.util.provenance import has_units

TRIAL = (512, 384)  # rows and width of the products that the two precisions are tried on
SLOW = 1.5  # so many times the time of float32 is worth a warning


def settle_arithmetic(precision: str) -> None:
    """One thread, so that sums have one order, and no shortcuts for a study in float32."""
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # recurrences are in float32 in every study
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")


aten = torch.ops.aten
PRODUCTS = {aten.mm.default, aten.addmm.default, aten.bmm.default, aten.baddbmm.default}
ATTENTION = {  # of tensors with four axes, and of the log of the weights' sums, in float32
    aten._scaled_dot_product_flash_attention_for_cpu.default,
    aten._scaled_dot_product_flash_attention_for_cpu_backward.default,
}


class RoundedProducts(TorchDispatchMode):
    """Matrix products in bfloat16, quick on a processor that has no units for them.

    Units for bfloat16 multiply numbers of 8 significant bits, add up in float32 and round the sum
    to bfloat16. The same happens here with the instructions for float32, which holds the product
    of two such numbers exactly: a product differs in the order of its sum alone. Fused attention
    (where no gradient is asked for) is rounded once, at its end, and not in between as well.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in PRODUCTS and func not in ATTENTION:
            if not _is_composite(func):
                return func(*args, **kwargs)
            with self:  # in inference mode `linear` and others come whole: take them apart
                return func.decompose(*args, **kwargs)
        axes = {4} if func in ATTENTION else {1, 2, 3}
        factors = [x for x in args if isinstance(x, Tensor) and x.dim() in axes]
        if any(x.dtype != torch.bfloat16 for x in factors):  # torch has its own word on others
            return func(*args, **kwargs)
        options = {name: _widened(value) for name, value in kwargs.items()}  # a mask is one
        found = func(*map(_widened, args), **options)
        if isinstance(found, Tensor):
            return found.bfloat16()
        return tuple(x.bfloat16() if x.dim() in axes else x for x in found)


@functools.cache
def _is_composite(func: Any) -> bool:
    """Whether an operation is made of others."""
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd")


def _widened(value: Any) -> Any:
    half = isinstance(value, Tensor) and value.dtype == torch.bfloat16
    return value.float() if half else value


def products(device: torch.device, precision: str) -> contextlib.AbstractContextManager:
    """Where matrix products are made as a study in this precision asks for.

    In bfloat16, on a processor that says that it has no units for it, by `RoundedProducts`.
    """
    if device.type != "cpu" or precision != "bfloat16" or has_units("bfloat16") is not False:
        return contextlib.nullcontext()
    if any(isinstance(mode, RoundedProducts) for mode in _get_current_dispatch_mode_stack()):
        return contextlib.nullcontext()  # of a step that goes on around this
    return RoundedProducts()


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
    """Say so where a study asks for bfloat16 and this processor is slow in it."""
    if precision != "bfloat16" or device.type != "cpu":
        return
    with products(device, precision):
        times = slowness_of_bfloat16()
    if times > SLOW:
        say(
            f"warning: this processor takes {times:.0f} times as long for matrix products in "
            "bfloat16 as in float32; a study of its own with `precision: float32` is done sooner "
            "here"
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
