"""Learning curves drawn at random, whose truth is known, and simulated studies of them."""

from collections.abc import Callable

import numpy as np

from tuning_curves.analysis.advice.advise import curves_of_runs
from tuning_curves.analysis.advice.arms import Arm, Curves

from ..simulated import simulate, study_of

SIZES = [50, 100, 200, 400]
Shape = Callable[[float], float]  # the true score at n, in percent
A, B = Arm("a", "epochs"), Arm("b", "epochs")


def straight(rng: np.random.Generator) -> Shape:
    """So many points a doubling."""
    first, gain = rng.uniform(5, 40), rng.uniform(1, 10)
    return lambda n: first + gain * np.log2(n / 50)


def power_law(rng: np.random.Generator) -> Shape:
    """Every doubling brings less."""
    top, power = rng.uniform(50, 85), rng.uniform(0.3, 1.0)
    first = rng.uniform(5, top - 20)
    return lambda n: top - (top - first) * (n / 50) ** -power


def logistic(rng: np.random.Generator) -> Shape:
    """Doublings bring more and more, then less and less; the turn may be beyond the sizes."""
    middle, width, top = 5.6 + rng.uniform(0, 5), rng.uniform(0.6, 1.5), rng.uniform(40, 80)
    return lambda n: 3 + top / (1 + np.exp(-(np.log2(n) - middle) / width))


def score(shape: Shape, n: float) -> float:
    """The true score, within what a simulation can draw."""
    return float(np.clip(shape(n), 0.5, 99.5))


def curves_of(
    rng: np.random.Generator,
    truth: dict[str, Shape],
    seeds: int,
    sizes: list[int] = SIZES,
    groups: int = 24,
) -> Curves:
    """The curves of a simulated study under one budget, `epochs`."""
    study = study_of(list(truth), sizes, seeds=list(range(seeds)))
    runs = simulate(rng, study, lambda m, n: score(truth[m], n), groups=groups)
    return curves_of_runs(runs, runs.frame, study)
