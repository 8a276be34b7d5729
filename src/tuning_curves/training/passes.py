"""A step's forward passes: over all of its windows at once, or over pieces of bounded size.

What a forward pass keeps for its backward pass grows with the tokens of its windows, and a few long
documents are as many windows as hundreds of sentences. A step whose windows have more tokens than a
pass may have (`training.pass_tokens`) goes forward and backward piece by piece; gradients add up to
those of one pass but for the rounding of float32 sums. On a CPU its dropout masks are those of one
pass, to the bit. On a GPU, and where attention is dropped, the library draws the masks, pass by
pass: they are then a draw of their own.
"""

import ctypes
import functools
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from tuning_curves.encoders.batches import Feed, autocast
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.encoders.packing import Packing, to_device
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.windows import bounds_of


def neighbours(bounds: np.ndarray, most: int) -> Iterator[slice]:
    """Stretches of neighbouring windows with at most `most` tokens together, or of one window.

    Args:
        bounds: where each window's tokens stand among those of all, [windows + 1].
    """
    first, windows = 0, len(bounds) - 1
    while first < windows:
        last = int(np.searchsorted(bounds, bounds[first] + most, side="right")) - 1
        last = max(last, first + 1)
        yield slice(first, last)
        first = last


def loss_of(
    task: Task, model: EncoderModel, feed: Feed, examples: np.ndarray, precision: str
) -> Tensor:
    """The mean loss over all windows of these examples, in nats: a scalar with its graph."""
    return _loss(task, model, feed, feed.windows.windows_of(examples), precision)


def losses_of(
    task: Task, model: EncoderModel, feed: Feed, examples: np.ndarray, precision: str, most: int
) -> Iterator[Tensor]:
    """The parts of the mean loss that passes of at most `most` tokens give; their sum is the mean.

    Each is made when it is asked for, so that the one before it may go backward, and its graph go,
    first. `model.dropout_bits` stands at the beginning of the step.
    """
    chosen = feed.windows.windows_of(examples)
    bounds = bounds_of(feed.windows.lengths[chosen])
    pieces = list(neighbours(bounds, most))
    if len(pieces) == 1:
        yield _loss(task, model, feed, chosen, precision)
        return
    terms = [task.count_terms(feed.windows.labels_of(chosen[piece])) for piece in pieces]
    for piece, counted in zip(pieces, terms, strict=True):
        tokens, windows = int(bounds[piece.stop] - bounds[piece.start]), piece.stop - piece.start
        model.dropout_bits.enter((tokens, int(bounds[-1])), (windows, len(chosen)))
        yield _part(task, model, feed, chosen[piece], precision, counted, sum(terms))
        if feed.device.type == "cpu":
            give_back_memory()


def bounded_loss(
    task: Task, model: EncoderModel, feed: Feed, examples: np.ndarray, precision: str, most: int
) -> Tensor:
    """As `loss_of`, of a model in evaluation mode, whose graph keeps no more than a piece.

    Pieces of at most `most` tokens go forward a second time when gradients pass through them.
    """
    chosen = feed.windows.windows_of(examples)
    pieces = [chosen[p] for p in neighbours(bounds_of(feed.windows.lengths[chosen]), most)]
    if len(pieces) == 1:
        return _loss(task, model, feed, chosen, precision)
    terms = [task.count_terms(feed.windows.labels_of(piece)) for piece in pieces]
    parts = [
        checkpoint(
            _part, task, model, feed, piece, precision, counted, sum(terms), use_reentrant=False
        )
        for piece, counted in zip(pieces, terms, strict=True)
    ]
    return torch.stack(parts).sum()


def backward(losses: Iterable[Tensor]) -> Tensor:
    """Go backward from each loss before the next one is made.

    Returns:
        their sum, without a graph.
    """
    total: Tensor | None = None
    for loss in losses:
        loss.backward()
        total = loss.detach() if total is None else total + loss.detach()
    assert total is not None, "a step has examples"
    return total


def give_back_memory() -> None:
    """Give the system what the allocator of a CPU's tensors has free, where that is GNU's.

    It keeps blocks of up to 32 MB to itself, in pieces that larger ones do not fit between: after
    three passes of 4,096 tokens a process held half as much again as after one.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return None


def _loss(
    task: Task, model: EncoderModel, feed: Feed, chosen: np.ndarray, precision: str
) -> Tensor:
    """The mean loss over these windows."""
    return task.loss(*_read(model, feed, chosen, precision))


def _part(
    task: Task,
    model: EncoderModel,
    feed: Feed,
    chosen: np.ndarray,
    precision: str,
    counted: int,
    terms: int,
) -> Tensor:
    """What these windows add to a mean over `terms`, of which they have `counted`."""
    logits, packing, labels = _read(model, feed, chosen, precision)
    if counted == 0:  # a mean over nothing is no number
        return logits.sum() * 0.0
    return task.loss(logits, packing, labels) * (counted / terms)


def _read(
    model: EncoderModel, feed: Feed, chosen: np.ndarray, precision: str
) -> tuple[Tensor, Packing, Tensor]:
    """The logits of these windows, where they lie, and their labels."""
    with autocast(feed.device, precision):
        batch = feed.batch(chosen)
        logits = model(batch.hidden, batch.packing, feed.first)
    labels = to_device(torch.from_numpy(feed.windows.labels_of(chosen)), logits.device)
    return logits, batch.packing, labels
