"""Which GPU a process takes where several processes share several GPUs.

Snakemake counts GPUs but does not say which one a job has, so that all jobs would land on the
first. Here a process takes a slot, a lock file for each GPU and worker, and keeps it while it
trains; the kernel frees it when the process ends, however it ends. In a scheduler's job that sees
a single GPU the scheduler has chosen already, and no slot is taken.
"""

import contextlib
import errno
import itertools
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tuning_curves.study.job import PlannedRun
from tuning_curves.util.errors import ResourceError, one_line
from tuning_curves.util.locks import try_lock

if TYPE_CHECKING:
    import torch

WAIT_SECONDS = 1.0  # between two looks for a free slot
SCHEDULERS = ("SLURM_JOB_ID", "LSB_JOBID", "PBS_JOBID", "SGE_TASK_ID", "KUBERNETES_SERVICE_HOST")


@dataclass(frozen=True, kw_only=True)
class GpuSlots:
    """Where the lock files lie, and how many processes may share a GPU."""

    folder: Path
    workers: int = 1


@contextlib.contextmanager
def chosen_device(asked: str, slots: GpuSlots | None) -> Iterator["torch.device"]:
    """The device to train on, kept from others while inside.

    Args:
        asked: `auto`, `cpu` or `cuda`.
        slots: None where nobody shares the GPUs: CUDA's first one is taken.
    """
    import torch

    device = choose_device(asked)
    count = torch.cuda.device_count() if device.type == "cuda" else 0
    if slots is None or count == 0 or chosen_already(os.environ, count):
        yield device
        return
    names = [str(torch.cuda.get_device_properties(gpu).uuid) for gpu in range(count)]
    with free_slot(names, slots) as gpu:
        torch.cuda.set_device(gpu)
        yield torch.device("cuda", gpu)


def choose_device(asked: str) -> "torch.device":
    """The device of this name; `auto` is a GPU where there is one."""
    import torch

    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(asked)


def processes(device: str) -> int:
    """How many train side by side on this machine: one a GPU, or one a core."""
    import torch

    if device == "cuda":
        return torch.cuda.device_count()
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def chosen_already(environment: Mapping[str, str], count: int) -> bool:
    """Whether this is a scheduler's job that was given one GPU, the only one of `count` it sees.

    A person who sets `CUDA_VISIBLE_DEVICES` and starts many processes has chosen for none of them.
    """
    scheduled = any(name in environment for name in SCHEDULERS)
    return count == 1 and scheduled and "CUDA_VISIBLE_DEVICES" in environment


@contextlib.contextmanager
def free_slot(names: Sequence[str], slots: GpuSlots) -> Iterator[int]:
    """Hold a slot of the least shared GPU while inside; waits until one is free.

    Args:
        names: the GPUs' own identifiers, the same for every process whatever it sees of them.

    Returns:
        the position in `names`.
    """
    with contextlib.ExitStack() as held:
        gpu = _take(names, slots, held)
        if gpu is None:
            shared = f"{len(names)} GPUs, {slots.workers} workers each"
            print(f"waiting for a free place on a GPU ({shared})", file=sys.stderr, flush=True)
        while gpu is None:
            time.sleep(WAIT_SECONDS)
            gpu = _take(names, slots, held)
        yield gpu


def _take(names: Sequence[str], slots: GpuSlots, held: contextlib.ExitStack) -> int | None:
    """Take the first free slot, every GPU's first one before any GPU's second."""
    for worker, gpu in itertools.product(range(slots.workers), range(len(names))):
        attempt = contextlib.ExitStack()
        if attempt.enter_context(try_lock(slots.folder / f"{names[gpu]}-{worker}.lock")):
            held.push(attempt)
            return gpu
        attempt.close()
    return None


# What torch's CPU allocator and CUDA's libraries say in a plain RuntimeError.
SIGNS = (
    "DefaultCPUAllocator: can't allocate memory",
    "_STATUS_ALLOC_FAILED",
    "CUDA error: out of memory",
)


class OutOfMemory(ResourceError):
    """A run that memory, the machine's or the device's, was not enough for."""


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


def shortage_error(planned: PlannedRun, failure: dict[str, Any]) -> OutOfMemory:
    """What a run's failure says, as an error."""
    held, limit = failure["held_bytes"] / 1e9, failure["limit_bytes"] / 1e9
    return OutOfMemory(
        f"run {planned.run.path} ran out of memory (at most {held:.1f} GB held of {limit:.1f} "
        f"GB): {failure['needed']}",
        fix="give it more memory (on a cluster: mem_mb of rule train_chunk, or a larger GPU) and "
        "run again, which tries it again; all other runs of the job have been attended to",
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
