"""Out of memory: how it is told from other errors, and what is kept of it."""

import errno
import os
import resource
from typing import Any

import torch

from tuning_curves.util.errors import ResourceError, one_line
from tuning_curves.study.config import Planned

# What torch's CPU allocator and CUDA's libraries say in a plain RuntimeError.
SIGNS = (
    "DefaultCPUAllocator: can't allocate memory",
    "_STATUS_ALLOC_FAILED",
    "CUDA error: out of memory",
)


class OutOfMemory(ResourceError):
    """A cell that memory, the machine's or the device's, was not enough for."""


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory, the machine's or the device's, was not enough."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):  # of a mapping, a thread or a process that found no room
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


def shortage(error: BaseException, device: torch.device) -> dict[str, Any]:
    """What a failure tells of it.

    Returns:
        `needed`: the allocator's own words, which name the bytes asked for; `held_bytes`: the most
        that this process held so far; `limit_bytes`: what the device or the process may have.
    """
    needed = one_line(error) or type(error).__name__
    held, limit = _on_cuda(device) if device.type == "cuda" else _on_cpu()
    return {"needed": needed, "device": device.type, "held_bytes": held, "limit_bytes": limit}


def shortage_error(planned: Planned, failure: dict[str, Any]) -> OutOfMemory:
    """What a cell's failure says, as an error."""
    held, limit = failure["held_bytes"] / 1e9, failure["limit_bytes"] / 1e9
    return OutOfMemory(
        f"cell {planned.cell.path} ran out of memory (at most {held:.1f} GB held of {limit:.1f} "
        f"GB): {failure['needed']}",
        fix="give it more memory (on a cluster: mem_mb of rule train_chunk, or a larger GPU) and "
        "run again, which tries it again; all other cells of the job have been attended to",
    )


def _on_cuda(device: torch.device) -> tuple[int, int]:
    total = torch.cuda.get_device_properties(device).total_memory
    return torch.cuda.max_memory_allocated(device), total


def _on_cpu() -> tuple[int, int]:
    """Peak of resident memory, and the least of the machine's memory and the process's limit."""
    held = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return held, machine if limit == resource.RLIM_INFINITY else min(machine, limit)
