"""Embedding tables whose gradient is written row by row.

At each step the library fills a new gradient of the whole table with zeros, of which a batch of
sentences needs a few hundred rows. Here one gradient stays for the whole training: the rows that a
step has written are zeroed before the next one writes, and the others are zero as they were. No bit
differs.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class RowTable(nn.Embedding):
    """`nn.Embedding` that writes its own `weight.grad`; see `write_rows`.

    kept: the gradient, [rows, width] float32, zero in all rows but those of `written`.
    written: the rows that passes have written since it was all zero.
    """

    kept: Tensor | None = None
    written: tuple[Tensor, ...] = ()

    def forward(self, tokens: Tensor) -> Tensor:
        """[...] int64 to [..., width]."""
        return _Read.apply(self.weight, tokens, self)

    def add(self, tokens: Tensor, gradients: Tensor) -> None:
        """Add to `weight.grad` what a pass gives for each token that it read.

        Args:
            tokens: [T] int64.
            gradients: [T, width].
        """
        if self.weight.grad is None:  # a step's first pass
            self.weight.grad = self._zeros()
        rows, places = tokens.unique(return_inverse=True)
        sums = torch.ops.aten.embedding_dense_backward(gradients, places, len(rows), -1, False)
        if self.padding_idx is not None:
            sums[rows == self.padding_idx] = 0.0
        self.weight.grad.index_add_(0, rows, sums)
        self.written += (rows,)

    def _zeros(self) -> Tensor:
        if self.kept is None:
            self.kept = torch.zeros_like(self.weight)
        for rows in self.written:
            self.kept.index_fill_(0, rows, 0.0)
        self.written = ()
        return self.kept


class _Read(torch.autograd.Function):
    """Rows of a table; going backward, it writes the table's gradient and passes none on."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, tokens: Tensor, table: RowTable) -> Tensor:
        ctx.save_for_backward(tokens)
        ctx.table = table
        return functional.embedding(tokens, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # type: ignore[override]
        (tokens,) = ctx.saved_tensors
        ctx.table.add(tokens.reshape(-1), gradient.reshape(tokens.numel(), -1))
        return None, None, None


def write_rows(model: nn.Module) -> None:
    """Let the trained tables of a model on a CPU write their gradients, until `stop_writing`.

    For a model that only reads its tables, and whose gradients come by `backward` alone and are set
    to none between steps. `torch.autograd.grad`, a hook on the weight, or a loss that takes the
    weight itself would find less than there is. Tables under a parametrisation, and those with
    rules of their own (a largest norm, gradients by frequency), stay as they are.
    """
    for module in model.modules():
        if type(module) is not nn.Embedding or not module.weight.requires_grad:
            continue
        plain = module.max_norm is None and not module.scale_grad_by_freq and not module.sparse
        if plain and module.weight.is_leaf and module.weight.device.type == "cpu":
            module.__class__ = RowTable


def stop_writing(model: nn.Module) -> None:
    """Make the tables the library's again, and let their gradients go."""
    for module in model.modules():
        if isinstance(module, RowTable):
            module.__dict__.pop("kept", None)
            module.__dict__.pop("written", None)
            module.weight.grad = None
            module.__class__ = nn.Embedding  # type: ignore[assignment]
