"""What is known before a study is proposed: of a person's data, of the encoder, of the machine."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuning_curves.encoders.families.base import EncoderShape

QA, TEXTS = "question-answering", "text-classification"


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What is known of a person's file.

    Attributes:
        name: the study's.
        format: a study's `data.format`; None for the task's own layout.
        group_sizes: examples of each group of the training file, int64 [groups].
        grouped: whether groups are given; else each example is its own.
        test_examples: of the test file; None where there is none.
        labels: how many examples (or words) have each, in the study's order; empty without labels.
        tokens: of a sample of the training examples, int64; counted: by the encoder's tokenizer.
        per_word: the encoder's tokens for each word between blanks; None where not counted.
        unknown: the share of tokens that the encoder does not know.
        repeats: training examples whose text stands in another group too.
    """

    name: str
    task: str
    train: str
    test: str | None
    format: Mapping[str, Any] | None
    group_sizes: np.ndarray
    grouped: bool
    test_examples: int | None
    labels: Mapping[str, int]
    tokens: np.ndarray
    counted: bool
    per_word: float | None = None
    unknown: float = 0.0
    repeats: int = 0

    @property
    def examples(self) -> int:
        return int(self.group_sizes.sum())


@dataclass(frozen=True, kw_only=True)
class EncoderFacts:
    """An encoder's section, sizes, longest window, and a text's state with the reason for it."""

    section: Mapping[str, Any]
    shape: EncoderShape
    positions: int
    pooling: tuple[str, str]

    @property
    def matrices(self) -> int:
        """Numbers in the layers' matrices, which all operations are proportional to."""
        return sum(
            math.prod(shape)
            for place, shape in self.shape.tensors.items()
            if place.layer is not None and len(shape) == 2
        )


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Processes that train side by side, operations a second of each, and how these are known."""

    workers: int
    device: str  # `cpu` or `cuda`
    flops: float
    how: str


@dataclass(frozen=True, kw_only=True)
class Given:
    """All that is known.

    Attributes:
        splits: what of the file is set aside (`sections.split_file`).
        parts: examples of `train` (what is left to train on), `validation` and `test`, as the file
            is then divided.
    """

    data: DataFacts
    encoder: EncoderFacts
    machine: Machine
    splits: Mapping[str, int]
    parts: Mapping[str, int]
