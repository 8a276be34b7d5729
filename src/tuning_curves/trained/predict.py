"""Predictions from a delta, by the same windows, arithmetic and decoding as its run's evaluation.

Given the evaluation's examples it gives the evaluation's predictions. On another kind of device, or
with an example among other ones, sums may be rounded otherwise in their last bits.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tuning_curves.encoders.batches import ActivationCache, Feed, Room
from tuning_curves.encoders.precision import settle_arithmetic, store_frozen
from tuning_curves.methods import count_frozen_layers
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Prediction
from tuning_curves.tasks.dataset import Dataset
from tuning_curves.tasks.windows import Windows, open_tokenizer
from tuning_curves.trained.restore import restore_models
from tuning_curves.training.delta import Delta
from tuning_curves.training.evaluate import Predictor


class TrainedModel:
    """A restored model that predicts what its run was trained for."""

    def __init__(self, delta: Delta, encoder: Path, device: torch.device) -> None:
        """Raises: see `restore_models`."""
        self.settings = delta.about.settings
        self.task = make_task(self.settings.task)
        self.precision = self.settings.training.precision
        settle_arithmetic(self.precision)
        pristine, model = restore_models(delta, encoder)
        store_frozen(model, self.precision)
        self.pristine, self.model = pristine.to(device), model.to(device)
        self.tokenizer = open_tokenizer(encoder)

    def predict(self, data: Dataset) -> Any:
        """The task's predictions for all examples, in their order; labels play no part.

        Raises:
            DataError: an example that cannot be cut into windows.
        """
        windows = self.task.encode(data, self.tokenizer, **asdict(self.settings.windows))
        predictor = Predictor(self.task, windows, np.arange(len(data)))
        return predictor.predict(self._feed(windows), self.precision)

    def describe(self, data: Dataset) -> Sequence[Prediction]:
        """The same, for people: one per example."""
        return self.task.describe(self.predict(data), data)

    def _feed(self, windows: Windows) -> Feed:
        """As the worker's: what is frozen below gives half precision, here made each time."""
        first = count_frozen_layers(self.model)
        if first == 0:
            return Feed(self.model, windows, None)
        cache = ActivationCache(self.pristine, windows, first, self.precision, Room(0))
        return Feed(self.model, windows, cache)
