"""Dropout whose mask is a function of the run's seed and the step.

On a CPU the library draws one 64-bit number for each element, which takes a fifteenth of a training
step; here an element takes 16 bits of a counter-seeded stream, so the rate is exact to 1/65536 and
the scale is that of the rate used. Nothing has to be saved to resume: a step's masks follow from
(seed, step). On a GPU this is the library's own dropout, with the library's random state.

A step may go through the model in pieces (`training/passes.py`), and its masks are those of one
pass. The stream cannot jump: at each dropout the first piece draws its rows, notes where the stream
stands, and draws on to where the next dropout begins in one pass; a later piece takes the stream up
where the piece before has left it. That costs twice the draws at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuning_curves.util.errors import UsageError
from tuning_curves.util.streams import dropout_stream

LEVELS = 1 << 16
WORD = 4  # bytes that the generator gives at once; what is left of the last word is lost
WHOLE = {2: torch.int16, 4: torch.int32, 8: torch.int64}  # by bytes of a number
BLOCK = 1 << 18  # words that are passed over at once


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where in the stream a dropout goes on: a state, and bytes that were used of its next word."""

    state: Mapping[str, Any]
    used: int


class BitSource:
    """The random bits of one training step, shared by all dropouts of a model."""

    def __init__(self) -> None:
        self.restart(0, 0)

    def restart(self, seed: int, step: int) -> None:
        """Begin a step's stream; the step is one pass, unless it `enter`s pieces."""
        self.generator = dropout_stream(seed, step)
        self.rows: tuple[tuple[int, int], ...] = ()
        self.places: list[_Place] = []  # of each dropout, in the order in which they are called
        self.called = 0

    def enter(self, *rows: tuple[int, int]) -> None:
        """Begin the next piece of the step, whose rows follow those of the piece before.

        Args:
            rows: what a mask may have a row of (tokens, windows): how many of them the piece has,
                and how many the step.
        """
        self.rows, self.called = rows, 0

    def below(self, threshold: int, shape: torch.Size) -> Tensor:
        """A bool tensor, true with probability threshold / 65536."""
        size = 2 * shape.numel()
        drawn = self._draw_slice(size, shape) if self.rows else self.generator.bytes(size)
        return torch.from_numpy(np.frombuffer(drawn, dtype="<u2") < threshold).view(shape)

    def _draw_slice(self, size: int, shape: torch.Size) -> bytes:
        """The piece's part of a dropout's bytes."""
        if self.called < len(self.places):
            place = self.places[self.called]
            self.generator.bit_generator.state = place.state
            drawn, self.places[self.called] = self._draw(size, place.used)
        else:
            drawn, place = self._draw(size, 0)
            self.places.append(place)
            rows = shape.numel() // shape[-1]
            self._pass_over(_words(size // rows * self._rows_of_step(rows)) - _words(size))
        self.called += 1
        return drawn

    def _draw(self, size: int, used: int) -> tuple[bytes, _Place]:
        """So many bytes behind the `used` ones of the next word, and where they end."""
        words, over = divmod(used + size, WORD)
        drawn = self.generator.bytes(WORD * words) if words else b""  # 0 bytes would take a word
        place = _Place(state=self.generator.bit_generator.state, used=over)
        if over:
            drawn += self.generator.bytes(WORD)
        return drawn[used : used + size], place

    def _rows_of_step(self, rows: int) -> int:
        """How many rows the step has of what the piece has `rows` of.

        Where all windows are of one token these might be tokens or windows; the only mask over
        windows is the last one of a step, and how far the stream is drawn behind it is no matter.

        Raises:
            UsageError: neither tokens nor windows.
        """
        for piece, step in self.rows:
            if rows == piece:
                return step
        told = " or ".join(f"{piece:,}" for piece, _ in self.rows)
        raise UsageError(
            f"a dropout of {rows:,} rows in a piece of a step, expected {told} (tokens, windows): "
            "others cannot be drawn as in one pass",
            fix="raise training.pass_tokens, so that the step is one pass",
        )

    def _pass_over(self, words: int) -> None:
        """Draw 32-bit words that nobody reads."""
        for first in range(0, words, BLOCK):
            self.generator.bytes(WORD * min(BLOCK, words - first))


def _words(size: int) -> int:
    """Words that are drawn for so many bytes."""
    return -(-size // WORD)


class Dropout(nn.Module):
    """Zeroes elements at rate p while training, and scales the rest so that the mean stays."""

    def __init__(self, p: float, source: BitSource) -> None:
        super().__init__()
        self.p, self.source = p, source

    def forward(self, hidden: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return hidden
        if hidden.is_cuda:
            return functional.dropout(hidden, self.p)
        threshold = round(self.p * LEVELS)
        drop = self.source.below(threshold, hidden.shape)
        return _Masked.apply(hidden, drop, LEVELS / (LEVELS - threshold))


class _Masked(torch.autograd.Function):
    """Keeps one byte an element for the backward pass."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, drop: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(drop)
        ctx.scale = scale
        return _thinned(hidden, drop, scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (drop,) = ctx.saved_tensors
        return _thinned(gradients[0], drop, ctx.scale), None, None


def _thinned(values: Tensor, drop: Tensor, scale: float) -> Tensor:
    """The values times the scale, +0.0 where they are dropped.

    Bits are taken away by a whole number, -1 or 0, which is three to five times as quick as
    `masked_fill_` and gives the same bits.
    """
    bits = WHOLE[values.element_size()]
    keep = drop.to(bits).sub_(1)
    return values.mul(scale).view(bits).bitwise_and_(keep).view(values.dtype)


def replace_dropouts(model: nn.Module) -> BitSource:
    """Put `Dropout` in place of every `nn.Dropout` of a model; returns their shared source."""
    source = BitSource()
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, Dropout(child.p, source))
    return source
