"""What one training step costs, and where its gradient goes: measured on a run's first step.

Measuring changes no bit of the step. Floating-point operations are the useful ones, two a
multiply-add of the matrix products that the step really does, attention included (its backward
pass counts twice its forward pass, whatever the kernel computes again). A recurrent layer
is one kernel, whose products are those of its runs' matrices at every place, the idle places of
shorter sequences too.
"""

import contextlib
import importlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.biases import bias_terms
from tuning_curves.training.passes import backward


@dataclass(frozen=True, kw_only=True)
class StepProfile:
    """One step's cost.

    Attributes:
        step_tokens: tokens of the batch.
        flops_per_step: of its forward and backward pass.
        activation_bytes: kept for the backward pass, parameters left out; the most at one time
            where the step goes in pieces.
        activation_bytes_one: the same for the batch's first example alone.
        gradient_bytes: of all gradients.
        bias_gradients: mean absolute gradient of each trained bias term (`families.base.TERMS`)
            in each layer, before clipping.
    """

    step_tokens: int
    flops_per_step: int
    activation_bytes: int
    activation_bytes_one: int
    gradient_bytes: int
    bias_gradients: dict[str, list[float | None]]


Losses = Callable[[np.ndarray], Iterable[Tensor]]


def profile_step(
    model: EncoderModel, losses_of: Losses, examples: np.ndarray, tokens: int
) -> tuple[StepProfile, Tensor]:
    """Measure one step's forward and backward pass, and leave its gradients on the parameters.

    Args:
        model: in training mode, without gradients.
        losses_of: the mean loss of some examples in parts, each made when it is asked for, drawing
            the same dropout each time it is called; what it makes is counted.
        examples: int64 [batch], whose windows have `tokens` tokens.

    Returns:
        What was measured, and the loss in nats, a scalar.
    """
    device = model.head.weight.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        one, _ = _kept(model, losses_of(examples[:1]))
    model.zero_grad(set_to_none=True)
    with FlopCounterMode(display=False, custom_mapping=_attention_formulas()) as counter:
        whole, loss = _kept(model, losses_of(examples))
    gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    profile = StepProfile(
        step_tokens=tokens,
        flops_per_step=counter.get_total_flops(),
        activation_bytes=whole,
        activation_bytes_one=one,
        gradient_bytes=tensor_bytes(gradients),
        bias_gradients=bias_terms(gradients, model),
    )
    return profile, loss


def _kept(model: nn.Module, losses: Iterable[Tensor]) -> tuple[int, Tensor]:
    """The most bytes that a forward pass keeps, and the losses' sum, all of them gone backward."""
    kept: list[int] = []
    loss = backward(_watched(model, losses, kept))
    return max(kept), loss


def _watched(model: nn.Module, losses: Iterable[Tensor], kept: list[int]) -> Iterator[Tensor]:
    """The losses as they are made; what each one's forward pass keeps is added to `kept`."""
    made = iter(losses)
    while True:
        meter = ActivationMeter(model)
        with meter.watching():
            loss = next(made, None)
        if loss is None:
            return
        kept.append(meter.bytes)
        yield loss


def _attention_formulas() -> dict[Any, Any]:
    """Operations of the attention kernels that torch's own table lacks."""
    aten = torch.ops.aten
    formulas: dict[Any, Any] = {
        aten._scaled_dot_product_flash_attention_for_cpu: _fused,
        aten._scaled_dot_product_flash_attention_for_cpu_backward: _fused_backward,
        aten._cudnn_rnn: _recurrent_cuda,
        aten._cudnn_rnn_backward: _recurrent_cuda_backward,
        aten.mkldnn_rnn_layer: _recurrent,
        aten.mkldnn_rnn_layer_backward: _recurrent_backward,
    }
    if torch.cuda.is_available():
        importlib.import_module("torch.nn.attention.varlen")  # registers the two kernels
        formulas[torch.ops.torch_attn._varlen_attn] = _variable
        formulas[torch.ops.torch_attn._varlen_attn_backward] = _variable_backward
    return formulas


def _fused(query: Any, key: Any, *_: Any, **__: Any) -> int:
    batch, heads, length, width = query  # shapes, not tensors
    return int(4 * batch * heads * length * key[2] * width)


def _fused_backward(_gradient: Any, query: Any, key: Any, *_: Any, **__: Any) -> int:
    return 2 * _fused(query, key)


def _recurrent(places: Any, outer: Any, inner: Any, *_: Any, **__: Any) -> int:
    """Args: shapes of the input, [longest, B, width], and of a direction's two matrices."""
    return 2 * math.prod(places[:-1]) * (math.prod(outer) + math.prod(inner))


def _recurrent_backward(places: Any, outer: Any, inner: Any, *_: Any, **__: Any) -> int:
    return 2 * _recurrent(places, outer, inner)


def _recurrent_cuda(places: Any, weights: Any, *_: Any, **__: Any) -> int:
    return _recurrent(places, *weights[:2])


def _recurrent_cuda_backward(places: Any, weights: Any, *_: Any, **__: Any) -> int:
    return 2 * _recurrent_cuda(places, weights)


def _variable(
    query: Tensor,
    _key: Tensor,
    _value: Tensor,
    bounds: Tensor,
    key_bounds: Tensor,
    *_: Any,
    **__: Any,
) -> int:
    heads, width = query.shape[1:]
    return 4 * heads * width * int((bounds.diff().long() * key_bounds.diff().long()).sum())


def _variable_backward(
    _gradient: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _out: Tensor,
    _lse: Tensor,
    bounds: Tensor,
    key_bounds: Tensor,
    *_: Any,
    **__: Any,
) -> int:
    return 2 * _variable(query, key, value, bounds, key_bounds)


_variable._get_raw = True  # type: ignore[attr-defined]  # lengths are needed, not only shapes
_variable_backward._get_raw = True  # type: ignore[attr-defined]


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

    There the process's own peak is that of all runs it has trained so far, and of an allocator
    that gives little back: no run's number.
    """
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def reset_peak_memory(device: torch.device) -> None:
    """Let `peak_memory` begin at what is allocated now."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def allocated(device: torch.device) -> int:
    """Bytes that the device's allocator holds now; 0 on a CPU."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


def tensor_bytes(tensors: dict[str, Tensor]) -> int:
    """Bytes of these tensors."""
    return sum(t.numel() * t.element_size() for t in tensors.values())
