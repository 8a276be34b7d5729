"""Predictions from a delta, by the same windows, arithmetic and decoding as its run's evaluation.

Given the evaluation's examples it gives the evaluation's predictions. On another kind of device, or
with an example among other ones, sums may be rounded otherwise in their last bits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from tuning_curves.encoders.batches import Room
from tuning_curves.encoders.precision import settle_arithmetic, store_frozen
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Prediction
from tuning_curves.tasks.dataset import Dataset
from tuning_curves.tasks.windows import Note, Windows, open_tokenizer
from tuning_curves.trained.asked import Asked
from tuning_curves.trained.restore import restore_models
from tuning_curves.training.delta import Delta
from tuning_curves.training.evaluate import Predictor, check_finite, make_feed
from tuning_curves.util.errors import DataError

CHUNK = 4_096  # examples that are predicted at a time: bounds memory


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What became of an example that was asked: a prediction, or what is wrong with it."""

    id: str
    prediction: Prediction | None
    error: str = ""

    @property
    def row(self) -> dict[str, object]:
        """As JSON."""
        found = {"error": self.error} if self.prediction is None else self.prediction.row
        return {"id": self.id, **found}


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
        self.notes: list[Note] = []  # what windows had to tell

    def describe(self, data: Dataset, top: int | None = None) -> Sequence[Prediction]:
        """What it predicts for all examples, in their order; labels play no part.

        Args:
            top: how many of the best are listed; None for no list.

        Raises:
            DataError: an example that cannot be cut into windows.
        """
        windows = self._encode(data)
        self.notes += windows.notes
        predictor = Predictor(self.task, windows, np.arange(len(data)))
        feed = make_feed(self.model, self.pristine, windows, self.precision, Room(0))
        logits = predictor.logits(feed, self.precision)
        check_finite(logits)
        return self.task.describe(logits, predictor.sample, data, top)

    def answer(self, asked: Sequence[Asked], top: int | None = None) -> Iterator[Answered]:
        """The same for examples of which some may be at fault, in their order."""
        for first in range(0, len(asked), CHUNK):
            chunk = asked[first : first + CHUNK]
            try:
                found = iter(self._describe_sound(chunk, top))
            except DataError:
                chunk = self._fitting(chunk)
                found = iter(self._describe_sound(chunk, top))
            for one in chunk:
                prediction = None if one.error else next(found)
                yield Answered(id=one.id, prediction=prediction, error=one.error)

    def _describe_sound(self, asked: Sequence[Asked], top: int | None) -> Sequence[Prediction]:
        data = self._read(asked)
        return () if data is None else self.describe(data, top)

    def _fitting(self, asked: Sequence[Asked]) -> list[Asked]:
        """The same examples, those that cannot be cut into windows with the reason."""
        try:
            data = self._read(asked)
            if data is not None:
                self._encode(data)
        except DataError as error:
            if len(asked) == 1:
                return [replace(asked[0], error=f"{asked[0].where}: {error.message}")]
            half = len(asked) // 2
            return [*self._fitting(asked[:half]), *self._fitting(asked[half:])]
        return list(asked)

    def _read(self, asked: Sequence[Asked]) -> Dataset | None:
        """Those without a fault; None if there are none."""
        rows = [(one.where, one.row) for one in asked if not one.error]
        return self.task.read_unlabelled(rows) if rows else None

    def _encode(self, data: Dataset) -> Windows:
        return self.task.encode(data, self.tokenizer, **asdict(self.settings.windows))
