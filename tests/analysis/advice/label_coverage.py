"""How often `advise --target` holds the truth: `python -m tests.analysis.advice.label_coverage`.

Simulated studies have two methods with curves of one shape (`shapes`) and a test part of 100
groups. Each is asked for the true scores at three numbers of labels, drawn evenly on a logarithmic
scale: one among the sizes (from a quarter of the largest up to it), one ahead (up to four times
the largest) and one too far (up to eight times).

Prints the tables of docs/advice.md.
"""

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from tuning_curves.analysis.advice.target import Forecasts, Needed

from .shapes import A, Shape, curves_of, logistic, power_law, score, straight

STUDIES, GROUPS = 100, 100
SHAPES: tuple[Callable[[np.random.Generator], Shape], ...] = (straight, power_law, logistic)
SIZES = ([50, 100, 200, 400], [50, 100, 200, 400, 800])
SEEDS = (3, 5, 10)
WHERE = {"among the sizes": (0.25, 1.0), "ahead": (1.0, 4.0), "too far": (4.0, 8.0)}


@dataclass
class Tally:
    """What became of questions whose answer is known; widths are ratios of the ends."""

    asked: int = 0
    held: int = 0
    closed: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    widths: list[float] = field(default_factory=list)

    def add(self, found: Needed, truth: float) -> None:
        """Count one answer."""
        self.asked += 1
        if found.declined:
            self.declined["monotone" if "monotone" in found.declined else "beyond"] += 1
            return
        low = 0 if found.low_open else found.low
        high = np.inf if found.high_open else found.high
        self.held += low <= truth <= high
        if not found.low_open and not found.high_open:
            self.closed += 1
            self.widths.append(high / low)

    @property
    def answered(self) -> int:
        """Questions that were not declined."""
        return self.asked - self.declined.total()

    @property
    def coverage(self) -> float:
        """The share of answers that hold the truth."""
        return self.held / self.answered if self.answered else np.nan

    def cells(self) -> str:
        """Answered, held, closed, and how wide these are in the median."""
        width = f"{np.median(self.widths):.1f}" if self.widths else "–"
        closed = f"{self.closed / self.answered:.2f}" if self.answered else "–"
        return f"{self.answered / self.asked:.2f} | {self.coverage:.3f} | {closed} | {width}"


def measure(
    shape: Callable[[np.random.Generator], Shape], sizes: list[int], seeds: int, studies: int
) -> dict[str, Tally]:
    """What became of the questions, by where their answers lie."""
    rng = np.random.default_rng([seeds, len(sizes), SHAPES.index(shape)])
    found = {where: Tally() for where in WHERE}
    for _ in range(studies):
        truth = {"a": shape(rng), "b": shape(rng)}
        forecasts = Forecasts(curves_of(rng, truth, seeds, sizes, GROUPS))
        for where, ends in WHERE.items():
            n = sizes[-1] * float(np.exp(rng.uniform(*np.log(ends))))
            if score(truth["a"], n) < 99.5:
                found[where].add(forecasts.needed(A, score(truth["a"], n)), n)
    return found


def simulated() -> Iterator[str]:
    """The tables of simulated curves, as lines of Markdown."""
    lines: dict[str, list[str]] = {where: [] for where in WHERE}
    for shape, sizes, seeds in itertools.product(SHAPES, SIZES, SEEDS):
        name = shape.__name__.replace("_", " ")
        for where, tally in measure(shape, sizes, seeds, STUDIES).items():
            lines[where].append(f"| {name} | {len(sizes)} | {seeds} | {tally.cells()} |")
    for where, rows in lines.items():
        yield f"\n{where}\n\n| curves | sizes | seeds | answered | hold | closed | ends |"
        yield "|---|---:|---:|---:|---:|---:|---:|"
        yield from rows


def main() -> None:
    """Print the tables."""
    begin = time.process_time()
    print(*simulated(), sep="\n")
    print(f"{time.process_time() - begin:.0f} s of one core", file=sys.stderr)


if __name__ == "__main__":
    main()
