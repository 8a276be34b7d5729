"""The way of the library's example for each task: what it reads, how it pads, what model it trains.

As in `examples/pytorch` of `transformers`: `run_qa.py` (see `example`), `run_glue.py` and
`run_ner.py`. Nothing of their text is copied: what they ask of the library is asked again here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from datasets import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    default_data_collator,
)

from benchmarks.peers import example

Numbers = Sequence[int] | np.ndarray
LONGEST_TEXT = 128  # `run_glue.py`'s max_seq_length
NOT_COUNTED = -100  # the label of tokens that the library's loss passes over


class Way(ABC):
    """An example's data sets and model."""

    padding: ClassVar[bool | str] = "max_length"  # the example's own

    def __init__(self, encoder: Path, parts: Mapping[str, Any], labels: Sequence[str]) -> None:
        """Args: parts: `train` and `test`, as the task has read them. labels: the task's."""
        self.encoder, self.parts, self.labels = encoder, parts, list(labels)

    @cached_property
    def tokenizer(self) -> Any:
        return example.load_tokenizer(self.encoder)

    def model(self, **dropout: float) -> Any:
        """The library's model of the encoder; `dropout` as in `example.load_model`."""
        return example.load_model(self.encoder, self.kind, num_labels=len(self.labels), **dropout)

    kind: ClassVar[Any]  # the library's class of models

    @abstractmethod
    def training_set(self, numbers: Numbers, padding: bool | str | None = None) -> Dataset:
        """These training examples with their labels; None pads as the example does."""

    @abstractmethod
    def asking_set(self, numbers: Numbers) -> Dataset:
        """These test examples, to predict on."""

    @abstractmethod
    def collator(self, padding: bool | str | None = None) -> Any:
        """What makes a batch of such examples."""


class Questions(Way):
    """`run_qa.py`: padded to 384."""

    def model(self, **dropout: float) -> Any:
        return example.load_model(self.encoder, **dropout)

    def training_set(self, numbers: Numbers, padding: bool | str | None = None) -> Dataset:
        rows = example.rows_of(self.parts["train"], numbers)
        padding = self.padding if padding is None else padding
        return example.training_set(self.tokenizer, rows, padding=padding)

    def asking_set(self, numbers: Numbers) -> Dataset:
        windows = example.asking_set(self.tokenizer, example.rows_of(self.parts["test"], numbers))
        return windows.remove_columns(["example_id", "offset_mapping"])

    def collator(self, padding: bool | str | None = None) -> Any:
        padded = padding in (None, "max_length")
        return default_data_collator if padded else example.padding_collator(self.tokenizer)


class Labelled(Way):
    """What the examples for texts and for words share: rows of a group, a text, ..., labels."""

    def training_set(self, numbers: Numbers, padding: bool | str | None = None) -> Dataset:
        return self._read("train", numbers, padding)

    def asking_set(self, numbers: Numbers) -> Dataset:
        return self._read("test", numbers, None)

    def _read(self, split: str, numbers: Numbers, padding: bool | str | None) -> Dataset:
        rows = [self.parts[split].rows[int(number)] for number in numbers]
        padding = self.padding if padding is None else padding
        return Dataset.from_dict(dict(self.encode(rows, padding)))

    @abstractmethod
    def encode(self, rows: Sequence[Any], padding: bool | str) -> Mapping[str, Any]:
        """The model's inputs for these rows, labels included."""


class Texts(Labelled):
    """`run_glue.py`: padded to 128."""

    kind = AutoModelForSequenceClassification

    def encode(self, rows: Sequence[Any], padding: bool | str) -> Mapping[str, Any]:
        pairs = None if rows[0][2] is None else [row[2] for row in rows]
        read = self.tokenizer(
            [row[1] for row in rows], pairs,
            padding=padding, max_length=LONGEST_TEXT, truncation=True,
        )  # fmt: skip
        return {**read, "label": [self.labels.index(row[3]) for row in rows]}

    def collator(self, padding: bool | str | None = None) -> Any:
        padded = padding in (None, "max_length")
        return default_data_collator if padded else DataCollatorWithPadding(self.tokenizer)


class Words(Labelled):
    """`run_ner.py`: padded to the batch's longest; a word's first piece carries its label."""

    kind = AutoModelForTokenClassification
    padding = False

    def encode(self, rows: Sequence[Any], padding: bool | str) -> Mapping[str, Any]:
        read = self.tokenizer(
            [row[1] for row in rows], padding=padding, truncation=True, is_split_into_words=True
        )
        labels = [self._labels(read.word_ids(i), row[2]) for i, row in enumerate(rows)]
        return {**read, "labels": labels}

    def _labels(self, owners: Sequence[int | None], labels: Sequence[str]) -> list[int]:
        """A label for each token; `owners`: the word that it is of."""
        return [
            NOT_COUNTED
            if word is None or (place and owners[place - 1] == word)
            else self.labels.index(labels[word])
            for place, word in enumerate(owners)
        ]

    def collator(self, padding: bool | str | None = None) -> Any:
        return DataCollatorForTokenClassification(self.tokenizer)


WAYS: dict[str, type[Way]] = {
    "question-answering": Questions,
    "text-classification": Texts,
    "token-classification": Words,
}
