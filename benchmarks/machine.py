"""What this machine is, and the fastest rate it can be expected to give: a large matrix product."""

import functools
import os

import torch

from benchmarks.clock import Turn, Work, timed
from tuning_curves.encoders.precision import SLOW, slowness_of_bfloat16
from tuning_curves.util.provenance import device_name, versions

SIDE = 2_048
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@functools.cache
def formats() -> tuple[str, ...]:
    """The number formats worth measuring on this processor, the quicker one first."""
    slowness = slowness_of_bfloat16()
    if slowness > SLOW:
        return ("float32",)
    return ("bfloat16", "float32") if slowness < 1 else ("float32", "bfloat16")


def describe() -> str:
    """Processor, cores and the packages that set the speed, in a line."""
    found = versions()
    return (
        f"{device_name(torch.device('cpu'))}, {os.cpu_count()} cores, one thread used; "
        f"torch {found['torch']}, transformers {found['transformers']}"
    )


def product(precision: str) -> Turn:
    """A turn that multiplies two square matrices of `SIDE` in this number format."""
    left, right = (torch.randn(SIDE, SIDE).to(DTYPES[precision]) for _ in range(2))

    def work() -> Work:
        torch.mm(left, right)
        return Work(units=1, gflop=2 * SIDE**3 / 1e9)

    return timed(work)
