"""Models of a learning curve: the score against the number n of labelled examples.

    last doubling   a + b log2 n, through the last two sizes
    POW3            a - b n^-c
    POW4            a - b (n + d)^-c
    MMF4            (a b + c n^d) / (b + n^d)

POW3, POW4 and MMF4 (Morgan, Mercer and Flodin 1975) as LCDB has them (Mohr, Viering, Loog and van
Rijn 2022, "LCDB 1.0: An Extensive Learning Curves Database for Classification Tasks"); Viering and
Loog 2023, "The Shape of Learning Curves: a Review", has where they come from. Each of the three is

    top - drop g(n),

with a falling shape g of one parameter or two: n^-c, (n + d)^-c, and 1 / (1 + (n / k)^d), where
MMF4's a is top - drop, its c is top and its b is k^d. Given a shape, top and drop are a linear
least squares fit (variable projection, Golub and Pereyra 1973); shapes are those of a grid, of
which the one with the least error is taken. Thus no fit depends on a start or fails to converge. A
curve never falls (drop is 0 or more), and its top is no higher than what can be reached.

What a curve says beyond its last size is added to the score measured there: only its rise counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Shapes = Callable[[np.ndarray, np.ndarray], np.ndarray]  # fitted sizes, sizes: a row for each shape
ROUND = 9  # decimals of a sum of squares: nearly equal fits are a tie, whatever the processor


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of learning curves; `shapes` is None of the straight line.

    parameters: how many sizes a fit needs.
    """

    name: str
    parameters: int
    shapes: Shapes | None = None

    def extend(
        self, scores: np.ndarray, sizes: np.ndarray, beyond: np.ndarray, ceiling: float
    ) -> np.ndarray:
        """The scores expected at larger sizes, [D, M].

        Args:
            scores: [D, K], D curves; sizes: [K], ascending; beyond: [M], sizes after the last;
                ceiling: the most that can be reached.
        """
        if self.shapes is None:
            per_doubling = (scores[:, -1] - scores[:, -2]) / np.log2(sizes[-1] / sizes[-2])
            rise = per_doubling[:, None] * np.log2(beyond / sizes[-1])
        else:
            best, drop = fit(scores, self.shapes(sizes, sizes), ceiling)
            shape = self.shapes(sizes, np.append(sizes[-1], beyond))[best]
            rise = drop[:, None] * (shape[:, :1] - shape[:, 1:])
        return scores[:, -1:] + rise


def fit(scores: np.ndarray, shapes: np.ndarray, ceiling: float) -> tuple[np.ndarray, np.ndarray]:
    """The shape with the least squares, and its drop, of each curve: [D] and [D].

    Args:
        scores: [D, K]; shapes: [P, K].
    """
    means, centred = scores.mean(axis=1, keepdims=True), shapes.mean(axis=1)
    y, g = scores - means, shapes - centred[:, None]
    squares, product = np.sum(g**2, axis=1), y @ g.T
    drop = np.maximum(-product / squares, 0.0)
    error = np.sum(y**2, axis=1)[:, None] + 2 * drop * product + drop**2 * squares
    above = means + drop * centred > ceiling  # there the top is the ceiling
    rest = ceiling - scores
    squares, product = np.sum(shapes**2, axis=1), rest @ shapes.T
    limited = np.maximum(product / squares, 0.0)
    cut = np.sum(rest**2, axis=1)[:, None] - 2 * limited * product + limited**2 * squares
    best = np.argmin(np.round(np.where(above, cut, error), ROUND), axis=1)
    rows = np.arange(len(scores))
    return best, np.where(above, limited, drop)[rows, best]


def _pow3(fitted: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    power = np.geomspace(0.05, 2.0, 24)[:, None]
    return (sizes / fitted[0]) ** -power


def _pow4(fitted: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The shift d is counted in smallest sizes; 0 makes it POW3."""
    power, shift = _grid(np.geomspace(0.1, 3.0, 16), np.append(0.0, np.geomspace(0.25, 32.0, 12)))
    return ((sizes / fitted[0] + shift) / (1 + shift)) ** -power


def _mmf4(fitted: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """k, where half of the rise is done, is a quarter of the smallest size to 16 largest ones."""
    middle, power = _grid(
        np.geomspace(fitted[0] / 4, 16 * fitted[-1], 28), np.geomspace(0.3, 4.0, 16)
    )
    return 1 / (1 + (sizes / middle) ** power)


def _grid(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of two parameters, each as a column [P, 1]."""
    pairs = np.meshgrid(first, second, indexing="ij")
    return pairs[0].reshape(-1, 1), pairs[1].reshape(-1, 1)


MODELS = (
    Model(name="last doubling", parameters=2),
    Model(name="POW3", parameters=3, shapes=_pow3),
    Model(name="POW4", parameters=4, shapes=_pow4),
    Model(name="MMF4", parameters=4, shapes=_mmf4),
)
