"""What one training step costs, and where its gradient goes: a step measured before the first.

The probe runs forward and backward on the first batch and leaves no trace: no parameter moves, and
the loop sets its own random state afterwards. Floating-point operations are the useful ones, two a
multiply-add of the matrix products that the step really does, attention included (its backward
pass counts twice its forward pass, whatever the kernel computes again). A recurrent layer's are
those of its cells' matrices: on a CPU it falls apart into products that are counted one by one (no
gradient of the zero state before the first token), on a GPU it is one kernel (`_recurrent`).
"""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tuning_curves.methods.biases import bias_terms
from tuning_curves.model import SpanModel
from tuning_curves.training.cost import ActivationMeter, tensor_bytes


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One step's cost.

    Attributes:
        step_tokens: tokens of the batch.
        flops_per_step: of its forward and backward pass.
        activation_bytes: kept for the backward pass, parameters left out.
        activation_bytes_one: the same for the batch's first question alone.
        gradient_bytes: of all gradients.
        bias_gradients: mean absolute gradient of each trained bias term (`methods.biases.TERMS`)
            in each layer, before clipping.
    """

    step_tokens: int
    flops_per_step: int
    activation_bytes: int
    activation_bytes_one: int
    gradient_bytes: int
    bias_gradients: dict[str, list[float | None]]


Loss = Callable[[np.ndarray], Tensor]


def probe_step(model: SpanModel, loss_of: Loss, questions: np.ndarray, tokens: int) -> Probe:
    """Measure one step on `questions`, int64 [batch], whose windows have `tokens` tokens."""
    model.train()
    with torch.no_grad():
        loss_of(questions)  # what is cached on first use is no cost of a step
    one = _kept(model, lambda: loss_of(questions[:1]))
    with FlopCounterMode(display=False, custom_mapping=_attention_formulas()) as counter:
        whole = _kept(model, lambda: loss_of(questions))
    gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    probe = Probe(
        step_tokens=tokens,
        flops_per_step=counter.get_total_flops(),
        activation_bytes=whole,
        activation_bytes_one=one,
        gradient_bytes=tensor_bytes(gradients),
        bias_gradients=bias_terms(gradients, len(model.layers)),
    )
    model.zero_grad(set_to_none=True)
    return probe


def _kept(model: nn.Module, forward: Callable[[], Tensor]) -> int:
    """Bytes that a forward pass keeps; its backward pass is run too."""
    model.zero_grad(set_to_none=True)
    meter = ActivationMeter(model)
    with meter.watching():
        loss = forward()
    loss.backward()
    return meter.bytes


def _attention_formulas() -> dict[Any, Any]:
    """Operations of the attention kernels that torch's own table lacks."""
    aten = torch.ops.aten
    formulas: dict[Any, Any] = {
        aten._scaled_dot_product_flash_attention_for_cpu: _fused,
        aten._scaled_dot_product_flash_attention_for_cpu_backward: _fused_backward,
        aten._cudnn_rnn: _recurrent,
        aten._cudnn_rnn_backward: _recurrent_backward,
    }
    if torch.cuda.is_available():
        importlib.import_module("torch.nn.attention.varlen")  # registers the two kernels
        formulas[torch.ops.torch_attn._varlen_attn] = _variable
        formulas[torch.ops.torch_attn._varlen_attn_backward] = _variable_backward
    return formulas


def _fused(query: Any, key: Any, *_: Any, **__: Any) -> int:
    batch, heads, length, width = query
    return 4 * batch * heads * length * key[2] * width


def _fused_backward(_gradient: Any, query: Any, key: Any, *_: Any, **__: Any) -> int:
    return 2 * _fused(query, key)


def _recurrent(row: Any, weights: Any, *_: Any, **__: Any) -> int:
    """Args: row: shape of the input, [tokens, width], of packed sequences. weights: shapes."""
    return 2 * row[0] * sum(math.prod(shape) for shape in weights if len(shape) == 2)


def _recurrent_backward(row: Any, weights: Any, *_: Any, **__: Any) -> int:
    return 2 * _recurrent(row, weights)


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
