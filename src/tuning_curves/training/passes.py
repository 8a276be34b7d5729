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
from tuning_curves.encoders.packing import to_device
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.windows import bounds_of, neighbours


def losses_of(
    task: Task, model: EncoderModel, feed: Feed, examples: np.ndarray, precision: str, most: int
) -> Iterator[Tensor]:
    """The parts of the mean loss, in nats, that passes of at most `most` tokens give.

    Their sum is the mean over all windows of these examples; each is a scalar with its graph. Each
    is made when it is asked for, so that the one before it may go backward, and its graph go,
    first. `model.dropout_bits` stands at the beginning of the step.
    """
    pieces = _cut(task, feed, examples, most)
    tokens = [int(feed.windows.lengths[windows].sum()) for windows, _ in pieces]
    total = sum(len(windows) for windows, _ in pieces)
    for (windows, share), own in zip(pieces, tokens, strict=True):
        if len(pieces) > 1:
            model.dropout_bits.enter((own, sum(tokens)), (len(windows), total))
        yield _part(task, model, feed, windows, precision, share)
        if len(pieces) > 1 and feed.device.type == "cpu":
            give_back_memory()


def bounded_loss(
    task: Task, model: EncoderModel, feed: Feed, examples: np.ndarray, precision: str, most: int
) -> Tensor:
    """The mean loss, of a model in evaluation mode, whose graph keeps no more than a piece.

    Pieces of at most `most` tokens go forward a second time when gradients pass through them.
    """
    (first, share), *others = pieces = _cut(task, feed, examples, most)
    if not others:
        return _part(task, model, feed, first, precision, share)
    parts = [
        checkpoint(_part, task, model, feed, windows, precision, share, use_reentrant=False)
        for windows, share in pieces
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


def _cut(task: Task, feed: Feed, examples: np.ndarray, most: int) -> list[tuple[np.ndarray, float]]:
    """Pieces of at most `most` tokens: their windows, and their share of the mean's terms."""
    chosen = feed.windows.windows_of(examples)
    bounds = bounds_of(feed.windows.lengths[chosen])
    pieces = [chosen[piece] for piece in neighbours(bounds, most)]
    if len(pieces) == 1:
        return [(chosen, 1.0)]
    terms = [task.count_terms(feed.windows.labels_of(piece)) for piece in pieces]
    return [(piece, counted / sum(terms)) for piece, counted in zip(pieces, terms, strict=True)]


def _part(
    task: Task, model: EncoderModel, feed: Feed, chosen: np.ndarray, precision: str, share: float
) -> Tensor:
    """What these windows add to a mean, of whose terms they have this share."""
    with autocast(feed.device, precision):
        batch = feed.batch(chosen)
        logits = model(batch.hidden, batch.packing, feed.first)
    if share == 0.0:  # a mean over nothing is no number
        return logits.sum() * 0.0
    labels = to_device(torch.from_numpy(feed.windows.labels_of(chosen)), logits.device)
    loss = task.loss(logits, batch.packing, labels)
    return loss if share == 1.0 else loss * share
