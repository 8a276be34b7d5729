"""Attention over a packed row of sequences: each token sees its own sequence and no other.

`attend_packed` has the signature of the `transformers` attention registry. It picks the quickest
exact way for the device and the number format:

- CUDA, 16 bits: one variable-length kernel for the row (`torch.nn.attention.varlen`), on GPUs of
  compute capability 8.0 and up, which it needs;
- CPU, bfloat16: `PackedAttention` below, since the library's fused kernel spends four times as
  long on its backward pass there (`benchmarks/` has the figures);
- float32, or with attention dropout: the library's fused attention, sequence by sequence.

Local attention (a token sees those within reach on either side) has the window of the first one,
and the last one with a mask of each length for all else.

Where the calling module has a `prefix` (prefix tuning), its keys and values stand before each
sequence's own, on every one of these ways; keys then have bounds of their own.
"""

import functools
import inspect
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

ATTENTION = "tuning_curves_packed"


@dataclass(frozen=True, kw_only=True)
class Packing:
    """Where each sequence of a row lies.

    Attributes:
        bounds: B + 1 token positions, from 0 to T, on the host.
        device_bounds: the same as an int32 tensor on the model's device.
        longest: tokens of the longest sequence.
        derived: what layers make of the places above, by name: once a row, and not once a layer.
    """

    bounds: tuple[int, ...]
    device_bounds: Tensor
    longest: int
    derived: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, lengths: list[int], device: torch.device) -> "Packing":
        """Lay sequences of these lengths (tokens) side by side."""
        bounds = [0]
        for length in lengths:
            bounds.append(bounds[-1] + length)
        on_device = to_device(torch.tensor(bounds, dtype=torch.int32), device)
        return cls(bounds=tuple(bounds), device_bounds=on_device, longest=max(lengths))

    @property
    def positions(self) -> Tensor:
        """Each token's place in its own sequence: int64 [T], on the model's device."""
        if "positions" not in self.derived:
            places = torch.cat([torch.arange(length) for length in self.lengths])
            self.derived["positions"] = to_device(places, self.device_bounds.device)
        return self.derived["positions"]

    def reach_mask(self, length: int, reach: int, ahead: int) -> Tensor:
        """Whom each token of a sequence sees: bool [length, ahead + length].

        Those at most `reach` tokens away, and all of the `ahead` trained ones before the sequence.
        """
        key = ("reach", length, reach, ahead)
        if key not in self.derived:
            places = torch.arange(length)
            near = (places[:, None] - places).abs() <= reach
            seen = functional.pad(near, (ahead, 0), value=True)
            self.derived[key] = to_device(seen, self.device_bounds.device)
        return self.derived[key]

    def lengthened(self, by: int) -> "Packing":
        """The same sequences with `by` more tokens ahead of each one's own."""
        key = ("lengthened", by)
        if key not in self.derived:
            lengths = [length + by for length in self.lengths]
            self.derived[key] = Packing.of(lengths, self.device_bounds.device)
        return self.derived[key]

    @property
    def pieces(self) -> list[slice]:
        """The sequences as slices of the row."""
        return [slice(a, b) for a, b in zip(self.bounds[:-1], self.bounds[1:], strict=True)]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence."""
        return [b - a for a, b in zip(self.bounds[:-1], self.bounds[1:], strict=True)]


def attend_packed(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    packing: Packing,
    scaling: float,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention inside each sequence of a packed row.

    Args:
        module: the caller; its `prefix`, if it has one, is a module that returns keys and values
            for every sequence, each [1, heads, P, head width].
        query, key, value: [1, heads, T, head width].
        packing: the sequences' places in the row.
        sliding_window: of local attention, one more than how many tokens away it reaches.

    Returns:
        [1, T, heads, head width], and no attention weights.
    """
    reach = None if sliding_window is None else sliding_window - 1
    if reach is not None and packing.longest <= reach + 1:
        reach = None
    keys = packing
    prefix = getattr(module, "prefix", None)
    if prefix is not None:
        ahead = prefix()
        key, value = (
            _put_ahead(part, row, packing) for part, row in zip(ahead, (key, value), strict=True)
        )
        keys = packing.lengthened(ahead[0].shape[2])
    half = query.is_cuda and query.dtype != torch.float32
    windowed = reach is None or (prefix is None and _varlen_has_windows())
    if half and dropout == 0.0 and _has_varlen(query.device) and windowed:
        return _attend_varlen(query, key, value, packing, keys, scaling, reach), None
    own = query.dtype == torch.bfloat16 and dropout == 0.0 and torch.is_grad_enabled()
    if own and reach is None:
        out = PackedAttention.apply(query[0], key[0], value[0], packing, scaling, keys)
        return out.transpose(0, 1)[None], None
    lengths = (packing.lengths, keys.lengths, keys.lengths)
    split = (x.split(each, dim=2) for x, each in zip((query, key, value), lengths, strict=True))
    pieces = []
    for q, k, v in zip(*split, strict=True):
        length, mask = q.shape[2], None
        if reach is not None and length > reach + 1:
            mask = packing.reach_mask(length, reach, k.shape[2] - length)
        pieces.append(
            functional.scaled_dot_product_attention(
                q, k, v, attn_mask=mask, dropout_p=dropout, scale=scaling
            )
        )
    return torch.cat(pieces, dim=2).transpose(1, 2), None


def _put_ahead(prefix: Tensor, row: Tensor, packing: Packing) -> Tensor:
    """[1, heads, T + B·P, width]: the prefix [1, heads, P, width] before each sequence."""
    prefix = prefix.to(row.dtype)
    return torch.cat([x for own in row.split(packing.lengths, 2) for x in (prefix, own)], dim=2)


@functools.cache
def _has_varlen(device: torch.device) -> bool:
    """Whether this GPU has the variable-length kernel: those before Ampere have not."""
    return torch.cuda.get_device_capability(device) >= (8, 0)


@functools.cache
def _varlen_has_windows() -> bool:
    """Whether this torch's variable-length kernel knows local attention."""
    from torch.nn.attention.varlen import varlen_attn

    return "window_size" in inspect.signature(varlen_attn).parameters


def _attend_varlen(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    packing: Packing,
    keys: Packing,
    scaling: float,
    reach: int | None,
) -> Tensor:
    """One variable-length kernel for the whole row; it takes 16 bits only (torch >= 2.10)."""
    from torch.nn.attention.varlen import varlen_attn

    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    bounds, key_bounds = packing.device_bounds, keys.device_bounds
    local: dict[str, Any] = {} if reach is None else {"window_size": (reach, reach)}
    out: Any = varlen_attn(
        q, k, v, bounds, key_bounds, packing.longest, keys.longest, scale=scaling, **local
    )
    return out[None]


class PackedAttention(torch.autograd.Function):
    """softmax(q kᵀ · scale) v for each sequence, with the textbook backward pass.

    Keeps the attention weights for the backward pass: heads · length² numbers a sequence.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        packing: Packing,
        scale: float,
        keys: Packing | None = None,
    ) -> Tensor:
        """Args: query [heads, T, head width]; key, value [heads, K, head width], packed as `keys`
        (as `packing`, unless given). Returns: the query's shape."""
        heads, tokens, width = query.shape
        out = query.new_empty(tokens, heads, width).transpose(0, 1)
        places = list(zip(packing.pieces, (keys or packing).pieces, strict=True))
        weights = []
        with torch.autocast(query.device.type, enabled=False):
            scaled = query * scale
            for s, k in places:
                scores = torch.bmm(scaled[:, s], key[:, k].transpose(1, 2))
                weights.append(torch.softmax(scores, dim=-1))
                out[:, s] = torch.bmm(weights[-1], value[:, k])
        ctx.save_for_backward(scaled, key, value, *weights)
        ctx.places, ctx.scale = places, scale
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        """Args: the gradient of the output, [heads, T, head width]."""
        (gradient,) = gradients
        scaled, key, value, *weights = ctx.saved_tensors
        of_query, of_key, of_value = (torch.empty_like(x) for x in (scaled, key, value))
        for (s, k), weight in zip(ctx.places, weights, strict=True):
            of_value[:, k] = torch.bmm(weight.transpose(1, 2), gradient[:, s])
            of_weight = torch.bmm(gradient[:, s], value[:, k].transpose(1, 2))
            inner = (of_weight * weight).sum(-1, keepdim=True)
            of_scores = of_weight.sub_(inner).mul_(weight)
            of_query[:, s] = torch.bmm(of_scores, key[:, k])
            of_key[:, k] = torch.bmm(of_scores.transpose(1, 2), scaled[:, s])
        return of_query.mul_(ctx.scale), of_key, of_value, None, None, None


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on the device; towards a GPU by way of pinned memory, so that nothing waits."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
