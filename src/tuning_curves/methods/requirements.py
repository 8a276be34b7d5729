"""Whether a method applies to an encoder: some families lack the parts that it trains or alters.

ModernBERT, say, has no biases, one matrix for queries, keys and values, and no LayerNorm that
closes a layer. A method is never put in with a part of what it is: it applies, or is refused.
"""

from collections.abc import Iterable

from tuning_curves.encoders.families.base import NORMS, EncoderShape
from tuning_curves.methods.entry import MethodEntry
from tuning_curves.methods.registry import describe, list_names
from tuning_curves.util.errors import UsageError


def check_applies(entry: MethodEntry, shape: EncoderShape) -> None:
    """Refuse a method that does not apply to an encoder.

    Raises:
        UsageError: names the method, the family and a method that applies in its place.
    """
    reason = why_not(entry, shape)
    if reason is not None:
        raise UsageError(f"method {entry.name}: {reason}", fix=_fix(entry))


def why_not(entry: MethodEntry, shape: EncoderShape) -> str | None:
    """Why a method does not apply to an encoder, in words; None if it does."""
    encoders = f"encoders of type {shape.family}"
    held = [part for part in entry.replaces if _has(shape, part)]
    if held:
        return f"{encoders} have {_signs(held)} already, which it would add"
    needed = (*entry.needs, *(describe(entry.like).needs if entry.like is not None else ()))
    missing = [part for part in needed if not _has(shape, part)]
    if not missing:
        return None
    if all(part.endswith(".bias") for part in missing) and not _has_biases(shape):
        return f"{encoders} have no biases"
    return f"{encoders} have no {_signs(missing)}"


def applicable_names(shape: EncoderShape) -> list[str]:
    """The methods that apply to an encoder, in the order of legends and tables."""
    return [name for name in list_names() if why_not(describe(name), shape) is None]


def _has(shape: EncoderShape, part: str) -> bool:
    """Whether the encoder, or some layer of it, has a parameter, named as `q.bias`."""
    return any(part == f"{p.part}.{p.kind}" for p in shape.tensors)


def _has_biases(shape: EncoderShape) -> bool:
    return any(place.kind == "bias" for place in shape.tensors)


def _signs(parts: Iterable[str]) -> str:
    """`b_q, W_v, LN2` of `q.bias`, `v.weight` and `LN2.weight`, as equations have them."""
    pairs = [part.split(".") for part in parts]
    signs = {"bias": "b_", "weight": "W_"}
    return ", ".join(
        name if name in NORMS and kind == "weight" else signs[kind] + name for name, kind in pairs
    )


def _fix(entry: MethodEntry) -> str:
    instead = entry.instead
    if not instead and entry.like is not None:
        instead = describe(entry.like).instead
    return f"use {instead}" if instead else "choose another method"
