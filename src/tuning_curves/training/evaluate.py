"""A fixed set of examples, prepared once and predicted by many models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tuning_curves.encoders.batches import ActivationCache, Feed, Room, autocast
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods import count_frozen_layers
from tuning_curves.tasks.base import Sample, Task
from tuning_curves.tasks.windows import Windows, neighbours

PACK_TOKENS = {"cpu": 4_096, "cuda": 65_536}


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What became of E examples: each of the task's parts by name, [E], and the predictions."""

    parts: Mapping[str, np.ndarray]
    predictions: Any


class Predictor:
    """Examples of one part with their windows, sorted by length, to be predicted by models."""

    def __init__(self, task: Task, windows: Windows, examples: np.ndarray) -> None:
        """Args: examples: sorted numbers of the examples, int64 [E]."""
        self.task, self.sample = task, sample_of(windows, examples)

    def predict(self, feed: Feed, precision: str) -> Any:
        """What a model says of the examples, in their order.

        Raises:
            FloatingPointError: its logits are not finite.
        """
        return self.read(self.logits(feed, precision))

    def read(self, logits: np.ndarray) -> Any:
        """What logits, as `logits` gives them, say of the examples.

        Raises:
            FloatingPointError: they are not finite.
        """
        check_finite(logits)
        return self.task.predict(logits, self.sample)

    @torch.inference_mode()
    def logits(self, feed: Feed, precision: str) -> np.ndarray:
        """The head's logits, in the windows' order: float32 [T or windows, outputs]."""
        feed.model.eval()
        rows = []
        for group in neighbours(self.sample.bounds, PACK_TOKENS[feed.device.type]):
            with autocast(feed.device, precision):
                batch = feed.batch(self.sample.windows[group])
                rows.append(feed.model(batch.hidden, batch.packing, feed.first))
        return torch.cat(rows).cpu().numpy()


class Evaluator(Predictor):
    """Labelled examples of one part."""

    def __init__(self, task: Task, windows: Windows, examples: np.ndarray) -> None:
        """Args: examples: sorted numbers of the examples, int64 [E]."""
        super().__init__(task, windows, examples)
        task.prepare(self.sample)

    def evaluate(self, feed: Feed, precision: str) -> Outcomes:
        """Let a model predict, and score what it says.

        Raises:
            FloatingPointError: its logits are not finite.
        """
        return self.score(self.logits(feed, precision))

    def percent(self, feed: Feed, precision: str) -> float:
        """The study's metric of a model, in percent.

        Raises:
            FloatingPointError: its logits are not finite.
        """
        parts, metric = self.score(self.logits(feed, precision)).parts, self.task.metric
        return float(100 * metric.value(metric.sums(parts).sum(axis=0)))

    def score(self, logits: np.ndarray) -> Outcomes:
        """Score logits, as `logits` gives them.

        Raises:
            FloatingPointError: they are not finite.
        """
        predictions = self.read(logits)
        parts = self.task.measure(predictions, self.sample)
        return Outcomes(parts=parts, predictions=predictions)


def check_finite(logits: np.ndarray) -> None:
    """Refuse what no prediction can be made of.

    Raises:
        FloatingPointError: logits that are not finite.
    """
    if not np.isfinite(logits).all():
        raise FloatingPointError("the model's logits are not finite")


def make_feed(
    model: EncoderModel, pristine: EncoderModel, windows: Windows, precision: str, room: Room
) -> Feed:
    """A model's batches: what is frozen below is the untouched encoder's, in half precision.

    Args:
        room: for what is kept of that; it is made each time where there is none.
    """
    first = count_frozen_layers(model)
    if first == 0:
        return Feed(model, windows, None)
    return Feed(model, windows, ActivationCache(pristine, windows, first, precision, room))


def sample_of(windows: Windows, examples: np.ndarray) -> Sample:
    """Examples with their windows, the longest first: little is lost where a GPU pads or waits."""
    numbers = windows.windows_of(examples)
    counts = np.diff(windows.window_bounds)[examples]
    owner = np.repeat(np.arange(len(examples)), counts)
    order = np.argsort(-windows.lengths[numbers], kind="stable")
    chosen = numbers[order]
    bounds = np.concatenate(([0], np.cumsum(windows.lengths[chosen])))
    return Sample(
        source=windows, examples=examples, windows=chosen, owner=owner[order], bounds=bounds
    )
