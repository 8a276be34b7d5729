"""From logits to a label for each word, and what each sentence counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuning_curves.tasks.base import Sample
from tuning_curves.tasks.entities import entities
from tuning_curves.tasks.token_classification.windows import NOT_COUNTED
from tuning_curves.tasks.windows import bounds_of, numbers_within

Entity = tuple[str, int, int]  # type, first and last word


@dataclass(frozen=True, kw_only=True)
class Tags:
    """Labels of a sample's words, sentence by sentence.

    Attributes:
        numbers: int64 [words], labels.
        bounds: int64 [sentences + 1], where each sentence's words begin and end.
    """

    numbers: np.ndarray
    bounds: np.ndarray

    def of_sentences(self, labels: Sequence[str]) -> list[list[str]]:
        """The labels by name, a list for each sentence."""
        names = [labels[number] for number in self.numbers]
        ends = zip(self.bounds[:-1], self.bounds[1:], strict=True)
        return [names[first:last] for first, last in ends]


def is_bio(labels: Sequence[str]) -> bool:
    """Whether labels mark entities: O, and B- or I- of some type."""
    marked = [label for label in labels if label != "O"]
    return "O" in labels and bool(marked) and all(m[:2] in ("B-", "I-") and m[2:] for m in marked)


@dataclass(frozen=True, kw_only=True)
class Words:
    """Where a sample's words are: places, int64 [words], rows of the logits; and their labels."""

    places: np.ndarray
    tags: Tags


def words_of(sample: Sample) -> Words:
    """The words of a sample's sentences, laid out once."""
    return sample.once("words", lambda: _lay_out(sample))


def _lay_out(sample: Sample) -> Words:
    source = sample.source
    labels = np.asarray(source.labels[numbers_within(source.token_bounds, sample.windows)])
    lengths = np.diff(sample.bounds)
    owner = np.repeat(sample.owner, lengths)
    order = np.lexsort((np.repeat(sample.windows, lengths), owner))
    places = order[labels[order] != NOT_COUNTED]
    counts = np.bincount(owner[places], minlength=len(sample.examples))
    return Words(
        places=places, tags=Tags(numbers=labels[places].astype(np.int64), bounds=bounds_of(counts))
    )


def entities_of(sample: Sample, names: Sequence[str]) -> list[set[Entity]]:
    """The entities of each sentence, found once."""
    return sample.once("entities", lambda: _find(words_of(sample).tags, names))


def _find(tags: Tags, names: Sequence[str]) -> list[set[Entity]]:
    return [{*entities(labels)} for labels in tags.of_sentences(names)]


def read_tags(logits: np.ndarray, sample: Sample) -> Tags:
    """The likeliest label of each word.

    Args:
        logits: float32 [T, labels].
    """
    words = words_of(sample)
    return Tags(numbers=logits[words.places].argmax(1), bounds=words.tags.bounds)


def count_words(predicted: Tags, sample: Sample) -> dict[str, np.ndarray]:
    """Words of each sentence, and those whose label is right: int64 [E]."""
    right = predicted.numbers == words_of(sample).tags.numbers
    return {
        "words": np.diff(predicted.bounds),
        "correct": np.add.reduceat(right.astype(np.int64), predicted.bounds[:-1]),
    }


def count_entities(predicted: Tags, sample: Sample, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Entities of each sentence, predicted, gold, and both (type and place agree): int64 [E]."""
    pairs = list(zip(_find(predicted, names), entities_of(sample, names), strict=True))
    return {
        "found": np.array([len(guess & gold) for guess, gold in pairs]),
        "predicted": np.array([len(guess) for guess, _ in pairs]),
        "gold": np.array([len(gold) for _, gold in pairs]),
    }
