"""How often intervals hold the truth, for each kind of metric: `python -m tests.analysis.coverage`.

A simulated test part has groups of one to five examples. Texts are of three classes, each group
with class shares of its own; a run is right with a probability that a probit of class, seed and
group gives, and else guesses the other classes by fixed shares. Sentences have words, and entities
that a run finds or invents, likewise. The truth is the mean over all seeds of
the metric on infinitely many groups: over groups in closed form, over seeds by Gauss-Hermite
quadrature. The estimate is that of the tables: influence values, `statistics.estimate`.

Prints the table of docs/coverage.md; some minutes on one core.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from tuning_curves.analysis.group_sums import pseudo_sums
from tuning_curves.analysis.statistics import BOOTSTRAP_SEEDS, estimate
from tuning_curves.tasks.metrics import MacroF1, Matthews, Mean, Metric, Ratio

LEVEL = 0.95
SEEDS, GROUPS = (3, 5, 10), (50, 200, 2000)
SAMPLES, BOOTSTRAP_SAMPLES, DRAWS = 1000, 400, 199

SKILL = np.array([1.0, 0.5, 0.0])  # probits of being right
WRONG = np.array([[0.0, 0.7, 0.3], [0.8, 0.0, 0.2], [0.6, 0.4, 0.0]])
WORDS, TAGGING = 15, 1.5  # words of a sentence, probits of a right one
FINDING, INVENTED = 0.3, 1 / 3  # of entities: probits of finding one; invented ones for each


@dataclass(frozen=True, kw_only=True)
class World:
    """What is simulated.

    Attributes:
        seeds, groups: standard deviations, in probits, of what seeds and groups add.
        classes: shares of texts; entities: in a sentence, on average.
    """

    name: str
    seeds: float
    groups: float
    classes: tuple[float, float, float] = (0.6, 0.3, 0.1)
    entities: float = 1.2


WORLDS = (
    World(name="seeds vary most", seeds=0.2, groups=0.1),
    World(name="groups vary most", seeds=0.05, groups=0.4),
    World(name="rare", seeds=0.1, groups=0.3, classes=(0.9, 0.08, 0.02), entities=0.1),
)

_names = {"label": "", "heading": ""}
_classes: dict[str, Any] = {"predicted": "predicted", "actual": "actual", "classes": 3, **_names}
OF_TEXTS: tuple[Metric, ...] = (
    Mean(name="accuracy", part="correct", **_names),
    Matthews(name="Matthews", **_classes),
    MacroF1(name="macro-F1", **_classes),
)
OF_WORDS: tuple[Metric, ...] = (
    Ratio(name="token accuracy", numerator={"correct": 1}, denominator={"words": 1}, **_names),
    Ratio(
        name="entity F1", numerator={"found": 2}, denominator={"predicted": 1, "gold": 1}, **_names
    ),
)
_cells = np.indices((3, 3)).reshape(2, 9)
CELLS = {"actual": _cells[0], "predicted": _cells[1], "correct": _cells[0] == _cells[1]}


def right_shares(effect: np.ndarray, spread: float = 0.0) -> np.ndarray:
    """Predicted shares by actual class, [..., 3, 3], at an effect [...] with a normal one added."""
    right = ndtr((effect[..., None] + SKILL) / np.sqrt(1 + spread**2))[..., None]
    return right * np.eye(3) + (1 - right) * WRONG


def draw_texts(
    rng: np.random.Generator, world: World, effect: np.ndarray, sizes: np.ndarray
) -> Mapping[Metric, np.ndarray]:
    """Sums [S, G, M] of each metric of texts. Args: effect: [S, G]; sizes: [G]."""
    shares = rng.dirichlet(6 * np.array(world.classes), len(sizes))
    actual = rng.multinomial(sizes, shares)  # [G, 3], the same for all seeds
    counts = rng.multinomial(np.broadcast_to(actual, (len(effect), *actual.shape)),
                             right_shares(effect))  # fmt: skip
    cells = counts.reshape(*effect.shape, 9)
    return {metric: cells @ metric.sums(CELLS) for metric in OF_TEXTS}


def draw_words(
    rng: np.random.Generator, world: World, effect: np.ndarray, sizes: np.ndarray
) -> Mapping[Metric, np.ndarray]:
    """Sums [S, G, M] of each metric of words."""
    words = sizes + rng.poisson((WORDS - 1) * sizes)
    gold = rng.poisson(world.entities * sizes)
    found = rng.binomial(gold, ndtr(FINDING + effect))
    parts = {
        "words": np.broadcast_to(words, effect.shape),
        "correct": rng.binomial(words, ndtr(TAGGING + effect)),
        "gold": np.broadcast_to(gold, effect.shape),
        "found": found,
        "predicted": found + rng.poisson(INVENTED * world.entities * sizes * np.exp(-effect)),
    }
    flat = {name: part.reshape(-1) for name, part in parts.items()}
    return {metric: metric.sums(flat).reshape(*effect.shape, -1) for metric in OF_WORDS}


def truths(world: World) -> dict[str, float]:
    """Each metric's mean over seeds, on infinitely many groups."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    effect, weights = world.seeds * nodes, weights / weights.sum()
    expected = np.array(world.classes)[:, None] * right_shares(effect, world.groups)
    totals = {metric: expected.reshape(-1, 9) @ metric.sums(CELLS) for metric in OF_TEXTS}
    spread = np.sqrt(1 + world.groups**2)
    found = world.entities * ndtr((FINDING + effect) / spread)
    parts = {
        "words": np.full(40, WORDS),
        "correct": WORDS * ndtr((TAGGING + effect) / spread),
        "gold": np.full(40, world.entities),
        "found": found,
        "predicted": found + INVENTED * world.entities * np.exp(world.groups**2 / 2 - effect),
    }
    totals |= {metric: metric.sums(parts) for metric in OF_WORDS}
    return {metric.name: float(weights @ metric.value(of)) for metric, of in totals.items()}


def sample_sums(
    rng: np.random.Generator, world: World, seeds: int, groups: int
) -> tuple[Mapping[Metric, np.ndarray], np.ndarray]:
    """One test part: sums [S, G, M] by metric, and groups' sizes [G]."""
    sizes = rng.integers(1, 6, groups)
    effect = world.seeds * rng.standard_normal((seeds, 1))
    effect = effect + world.groups * rng.standard_normal(groups)
    return {**draw_texts(rng, world, effect, sizes), **draw_words(rng, world, effect, sizes)}, sizes


def measure(
    world: World, seeds: int, groups: int, samples: int, draws: int = DRAWS
) -> dict[str, float]:
    """By metric, the share of intervals of level `LEVEL` that hold the truth."""
    rng, truth = np.random.default_rng([seeds, groups]), truths(world)
    held = dict.fromkeys(truth, 0)
    for sample in range(samples):
        drawn, sizes = sample_sums(rng, world, seeds, groups)
        for metric, sums in drawn.items():
            rows = np.stack([pseudo_sums(metric, own, sizes) for own in sums])
            found = estimate(rows, sizes, draws=draws, seed=sample)
            low, high = found.interval(LEVEL)
            held[metric.name] += low <= 100 * truth[metric.name] <= high
    return {name: count / samples for name, count in held.items()}


def rows(world: World) -> Iterator[str]:
    """Lines of Markdown, one for each metric and number of groups."""
    found = {
        (seeds, groups): measure(
            world, seeds, groups, SAMPLES if seeds < BOOTSTRAP_SEEDS else BOOTSTRAP_SAMPLES
        )
        for seeds in SEEDS
        for groups in GROUPS
    }
    for metric in (*OF_TEXTS, *OF_WORDS):
        for groups in GROUPS:
            cells = (f"{found[seeds, groups][metric.name]:.3f}" for seeds in SEEDS)
            yield f"| {world.name} | {metric.name} | {groups:,} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    begin = time.process_time()
    print("| | metric | groups | " + " | ".join(f"{seeds} seeds" for seeds in SEEDS) + " |")
    print("|---|---|---:|" + "---:|" * len(SEEDS))
    for world in WORLDS:
        print(*rows(world), sep="\n", flush=True)
    print(f"{time.process_time() - begin:.0f} s of one core", file=sys.stderr)


if __name__ == "__main__":
    main()
