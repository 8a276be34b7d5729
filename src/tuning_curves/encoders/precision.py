"""How numbers are computed: threads, precision, and what of a model is kept in which."""

import time

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize

from tuning_curves.util.log import say

TRIAL = (512, 384)  # rows and width of the products that the two precisions are tried on
SLOW = 1.5  # so many times the time of float32 is worth a warning


def settle_arithmetic(precision: str) -> None:
    """One thread, so that sums have one order, and no shortcuts for a study in float32."""
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # recurrences are in float32 in every study
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")


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
