"""Metrics: smooth functions of sums over examples, with their derivatives.

What an example adds to a metric's sums is a row of numbers; the metric is a function of the rows'
total. So it can be taken of a run, of a part of the examples, or of weighted ones, and its error
follows from the derivative in the direction of each group's own sums: the influence function
(Hampel 1974), here of the empirical distribution, which is the infinitesimal jackknife (Jaeckel
1972; Efron 1982, chapter 6) and the delta method. `analysis.group_sums` makes intervals of it.

Every metric here is a function of shares alone: totals twice as large give the same value. All are
fractions; tables show them in percent.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tuning_curves.util.errors import DataError

Parts = Mapping[str, np.ndarray]  # what each example counts, [E], by the name of a task's part


@dataclass(frozen=True, kw_only=True)
class Metric(ABC):
    """A score of a run.

    Attributes:
        name: as tables and claims name it.
        label: in a sentence, `accuracy`.
        heading: over a column or along an axis, `Acc.`.
    """

    name: str
    label: str
    heading: str

    least: ClassVar[float] = 0.0  # the lowest value there is; the highest is 1

    @abstractmethod
    def sums(self, parts: Parts) -> np.ndarray:
        """What each example adds to the metric's M sums: float64 [E, M].

        Raises:
            DataError: a class that is none of the metric's.
        """

    @abstractmethod
    def value(self, totals: np.ndarray) -> np.ndarray:
        """The metric, as a fraction, of totals of `sums`: [..., M] to [...]."""

    @abstractmethod
    def gradient(self, totals: np.ndarray) -> np.ndarray:
        """The derivative of `value` by each of the totals, [M]; 0 where the value is set by rule.

        By Euler's theorem its product with the totals is 0, since `value` knows shares alone.
        """

    def influence(self, totals: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """The derivative of `value` at the totals [M] towards each group's sums: [G, M] to [G]."""
        return groups @ self.gradient(totals)

    def percent(self, score: Mapping[str, float]) -> float:
        """The metric in percent, of a record's scores of one split."""
        return float(100 * score[self.name])


@dataclass(frozen=True, kw_only=True)
class Mean(Metric):
    """The mean of one part over the examples. Records keep the part's sum, not the mean."""

    part: str

    def sums(self, parts: Parts) -> np.ndarray:
        """The part, and 1 for the example."""
        found = np.asarray(parts[self.part], np.float64)
        return np.stack([found, np.ones(len(found))], axis=1)

    def value(self, totals: np.ndarray) -> np.ndarray:
        """Sum over number."""
        return totals[..., 0] / totals[..., 1]

    def gradient(self, totals: np.ndarray) -> np.ndarray:
        """By the sum, and by the number."""
        return np.array([1.0, -self.value(totals)]) / totals[1]

    def percent(self, score: Mapping[str, float]) -> float:
        """Of the part's sum and the number of examples."""
        return float(100 * score[self.part] / score["total"])


@dataclass(frozen=True, kw_only=True)
class Ratio(Metric):
    """A ratio of weighted sums of parts, 0 where the denominator is 0.

    Token accuracy is `correct` over `words`. The micro-averaged F1 of entities (van Rijsbergen
    1979) is twice what was found over all that was predicted or is gold, and 0 where there is
    neither, as `seqeval` has it.

    Attributes:
        numerator, denominator: coefficients by the names of parts that are bits or counts.
    """

    numerator: Mapping[str, float] = field(hash=False)
    denominator: Mapping[str, float] = field(hash=False)

    @property
    def _names(self) -> list[str]:
        return list(dict.fromkeys([*self.numerator, *self.denominator]))

    def _weights(self, of: Mapping[str, float]) -> np.ndarray:
        return np.array([of.get(name, 0.0) for name in self._names], np.float64)

    def sums(self, parts: Parts) -> np.ndarray:
        """Each part once."""
        return np.stack([np.asarray(parts[name], np.float64) for name in self._names], axis=1)

    def value(self, totals: np.ndarray) -> np.ndarray:
        """Numerator over denominator."""
        return _divide(totals @ self._weights(self.numerator), self._denominator(totals))

    def gradient(self, totals: np.ndarray) -> np.ndarray:
        """Of numerator over denominator."""
        rise = self._weights(self.numerator) - self.value(totals) * self._weights(self.denominator)
        return _divide(rise, self._denominator(totals))

    def _denominator(self, totals: np.ndarray) -> np.ndarray:
        return totals @ self._weights(self.denominator)


@dataclass(frozen=True, kw_only=True)
class OfClasses(Metric):
    """A metric of predicted and actual classes.

    Attributes:
        predicted, actual: names of parts of the kind `class`.
        classes: how many there are, K.
    """

    predicted: str
    actual: str
    classes: int

    def _each(self, parts: Parts) -> tuple[np.ndarray, np.ndarray]:
        """Whether each example is predicted to be, and is, of each class: float64 [E, K]."""
        predicted, actual = (
            _one_hot(parts[name], self.classes, name) for name in (self.predicted, self.actual)
        )
        return predicted, actual


@dataclass(frozen=True, kw_only=True)
class Matthews(OfClasses):
    """Matthews' correlation of predicted and actual class, -1 to 1 (Matthews 1975).

    For more than two classes Gorodkin's R_K (2004). With c examples right of s, p_k predicted to be
    and t_k actually of class k,

        R = (c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2) (s^2 - sum t_k^2)),

    and 0 where all predictions, or all examples, are of one class, as scikit-learn has it.
    """

    least: ClassVar[float] = -1.0

    def sums(self, parts: Parts) -> np.ndarray:
        """Whether it is right, then its predicted, then its actual class: M = 1 + 2 K."""
        predicted, actual = self._each(parts)
        right = (predicted * actual).sum(axis=1, keepdims=True)
        return np.concatenate([right, predicted, actual], axis=1)

    def value(self, totals: np.ndarray) -> np.ndarray:
        """R."""
        right, predicted, actual = self._split(totals)
        size = actual.sum(axis=-1)
        common = right * size - (predicted * actual).sum(axis=-1)
        spreads = (size**2 - (of**2).sum(axis=-1) for of in (predicted, actual))
        return _divide(common, np.sqrt(np.prod(list(spreads), axis=0)))

    def gradient(self, totals: np.ndarray) -> np.ndarray:
        """By c, each p_k and each t_k; s is the sum of the t_k."""
        right, predicted, actual = self._split(totals)
        size, value = actual.sum(), self.value(totals)
        of_predicted, of_actual = (size**2 - (of**2).sum() for of in (predicted, actual))
        root = np.sqrt(of_predicted * of_actual)
        if root == 0:
            return np.zeros(len(totals))
        by_predicted = value * predicted / of_predicted - actual / root
        by_actual = (right - predicted) / root
        by_actual = by_actual - value * (size / of_predicted + (size - actual) / of_actual)
        return np.concatenate([[size / root], by_predicted, by_actual])

    def _split(self, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """c [...], p [..., K] and t [..., K]."""
        rest = totals[..., 1:]
        return totals[..., 0], rest[..., : self.classes], rest[..., self.classes :]


@dataclass(frozen=True, kw_only=True)
class MacroF1(OfClasses):
    """The mean over classes of each one's F1, which is 2 both / (predicted + actual).

    Over those classes that occur among predictions or examples, which are scikit-learn's own where
    none are named.
    """

    def sums(self, parts: Parts) -> np.ndarray:
        """By class, whether it is both, and how often it is predicted and actual: M = 2 K."""
        predicted, actual = self._each(parts)
        return np.concatenate([predicted * actual, predicted + actual], axis=1)

    def value(self, totals: np.ndarray) -> np.ndarray:
        """The mean F1."""
        both, either = self._split(totals)
        occurring = (either > 0).sum(axis=-1)
        return _divide(_divide(2 * both, either).sum(axis=-1), occurring)

    def gradient(self, totals: np.ndarray) -> np.ndarray:
        """By what is both, and by how often it is predicted and actual, of each class."""
        both, either = self._split(totals)
        occurring = np.count_nonzero(either > 0)
        by_both = _divide(np.full(len(both), 2.0), either)
        by_either = -by_both * _divide(both, either)
        return _divide(np.concatenate([by_both, by_either]), np.array(occurring))

    def _split(self, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return totals[..., : self.classes], totals[..., self.classes :]


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The quotient, 0 where the divisor is."""
    safe = np.where(below == 0, 1.0, below)
    return np.where(below == 0, 0.0, above / safe)


def _one_hot(found: np.ndarray, classes: int, name: str) -> np.ndarray:
    """Whether each example is of each class: float64 [E, K].

    Raises:
        DataError: a class that is none of these.
    """
    beyond = found[(found < 0) | (found >= classes)]
    if len(beyond):
        raise DataError(f"{name} has class {beyond[0]}, expected 0 to {classes - 1}")
    marked = np.zeros((len(found), classes))
    marked[np.arange(len(found)), found] = 1.0
    return marked
