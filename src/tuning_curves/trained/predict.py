"""Answers from a delta, by the same windows, arithmetic and decoding as its run's evaluation.

Given the evaluation's questions it gives the evaluation's answers. On another kind of device, or
with a question among other ones, sums may be rounded otherwise in their last bits.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from tuning_curves.encoders.batches import ActivationCache, Feed, Room
from tuning_curves.encoders.precision import settle_arithmetic, store_frozen
from tuning_curves.methods import count_frozen_layers
from tuning_curves.tasks.question_answering.data import SquadData
from tuning_curves.tasks.question_answering.windows import (
    WindowSet,
    find_template,
    open_tokenizer,
    tokenise,
)
from tuning_curves.trained.restore import restore_models
from tuning_curves.training.delta import Delta
from tuning_curves.training.evaluate import Predictor


@dataclass(frozen=True, kw_only=True)
class Given:
    """An answer: its text ("" where no span was valid), where it begins in its context (None
    then), its score (start plus end logit, None then), and how many windows were read."""

    text: str
    start: int | None
    score: float | None
    windows: int


class Answerer:
    """A restored model that answers questions."""

    def __init__(self, delta: Delta, encoder: Path, device: torch.device) -> None:
        """Raises: see `restore_models`."""
        self.settings = delta.about.settings
        self.precision = self.settings.training.precision
        settle_arithmetic(self.precision)
        pristine, model = restore_models(delta, encoder)
        store_frozen(model, self.precision)
        self.pristine, self.model = pristine.to(device), model.to(device)
        self.backend = open_tokenizer(encoder)

    def answer(self, data: SquadData) -> list[Given]:
        """Answer all questions, in their order; gold answers play no part.

        Raises:
            DataError: a question too long to leave room for context.
        """
        template = find_template(self.backend)
        arrays = tokenise(data, self.backend, template, **asdict(self.settings.windows))
        features = WindowSet(arrays, template)
        limits = {key: self.settings.task[key] for key in ("n_best", "max_answer_tokens")}
        asking = Predictor(features, np.arange(len(data.questions)), data.contexts, **limits)
        choice = asking.choose(self._feed(features), self.precision)
        windows = np.diff(features.feature_bounds).tolist()
        starts = [int(asking.char_start[s]) if s >= 0 else None for s in choice.start]
        scores = [float(s) if np.isfinite(s) else None for s in choice.score]
        rows = zip(asking.texts(choice), starts, scores, windows, strict=True)
        return [Given(text=t, start=b, score=s, windows=w) for t, b, s, w in rows]

    def _feed(self, features: WindowSet) -> Feed:
        """As the worker's: what is frozen below gives half precision, here made each time."""
        first = count_frozen_layers(self.model)
        if first == 0:
            return Feed(self.model, features, None)
        prefix = ActivationCache(self.pristine, features, first, self.precision, Room(0))
        return Feed(self.model, features, prefix)
