"""What a cell costs, measured while it runs: time, memory, bytes."""

import contextlib
import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Stopwatch:
    """Adds up wall time in seconds over several stretches; waits for the device at both ends."""

    def __init__(self, device: torch.device, seconds: float = 0.0) -> None:
        self.device, self.seconds = device, seconds
        self.begin = 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self._wait()
        self.begin = time.perf_counter()
        try:
            yield
        finally:
            self._wait()
            self.seconds = self.so_far()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out a stretch while running; inside it `seconds` is what was counted before."""
        self._wait()
        self.seconds = self.so_far()
        try:
            yield
        finally:
            self.begin = time.perf_counter()

    def so_far(self) -> float:
        """Seconds up to now, while running."""
        return self.seconds + time.perf_counter() - self.begin

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class ActivationMeter:
    """Counts the bytes that autograd keeps for the backward pass, parameters left out."""

    def __init__(self, model: nn.Module) -> None:
        self.own = {p.untyped_storage().data_ptr() for p in model.parameters()}
        self.seen: dict[int, int] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch one forward pass; each storage counts once, however many tensors share it."""
        hooks = torch.autograd.graph.saved_tensors_hooks(self._note, lambda tensor: tensor)
        with hooks:
            yield

    def _note(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.own:
            self.seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    @property
    def bytes(self) -> int:
        return sum(self.seen.values())


def peak_memory(device: torch.device) -> int | None:
    """Peak bytes of the device's allocator on CUDA; None on a CPU.

    There the process's own peak is that of all cells it has trained so far, and of an allocator
    that gives little back: no cell's number.
    """
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def allocated(device: torch.device) -> int:
    """Bytes that the device's allocator holds now; 0 on a CPU."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


def tensor_bytes(tensors: dict[str, Tensor]) -> int:
    """Bytes of these tensors."""
    return sum(t.numel() * t.element_size() for t in tensors.values())
