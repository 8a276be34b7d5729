"""How many labels a score needs, from an ensemble of curve models; what more labels would score.

A curve is the mean score of one method under one budget against the number n of labels. It is drawn
again many times (`crossover.draw_curves`): with 10 seeds or more by the crossed bootstrap over
seeds and groups of test examples, with fewer from a t distribution with their two-part covariance.
Each drawn curve is joined between its sizes, and carried on beyond the last one, up to four times
as far, by one of the models of `curve_models`.

*Trials beyond.* Every model is tried on the curve's own smaller sizes: fitted to the first k, it
foretells each later one up to four times as far (the next one in any case). Its error there is
counted a doubling of n. Over all trials of the curve, or of all curves of its budget, whichever is
larger, the mean square says two things. Models share the drawn curves by its inverse (Bates and
Granger 1969). And what it has beyond the noise of the runs, known from the drawn curves, is the
model's own error: a curve carried on gets a normal error of that size a doubling, but does not
fall for it. A model takes part where it has been tried at all: one of four parameters needs five
sizes.

*Trials between.* Straight lines on log n join the sizes. Each inner size is left out once; by how
much its score is off the line between its neighbours says, in the same way, how much curves bend,
and the lines of the drawn curves bend by a normal amount of that size, within their ends.

*The answer.* The number of labels from which on a curve stays above the target, as an interval over
the drawn curves, with their median. It may end below the smallest size, or beyond four times the
largest: then it is open there. There is none (`Needed.declined` says why) with fewer than four
sizes or three seeds, where a curve falls between two sizes beyond its noise (Yan, Mohr and Viering
2025, "LCDB 1.1", have how often curves do), where no method can reach the target, and where the
median lies beyond four times the largest size.

docs/advice.md has how often such intervals hold the truth.
"""

from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np

from tuning_curves.analysis.advice.arms import Arm, Curves
from tuning_curves.analysis.advice.curve_models import MODELS, Model
from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.analysis.crossover import crossing_points, draw_curves
from tuning_curves.analysis.statistics import PERCENT, generator_for

LEAST_SIZES = 4
FURTHEST = 4  # times the largest size
DRAWS = 1000
NOISE_DRAWS = 200  # of them, from which the noise of a trial is known
LEAST_ERROR = 0.1  # percent points a doubling: no model is taken to be better
PER_DOUBLING = 16  # points at which a curve is read
BENDS = "between"  # stands for a model where lines are tried between sizes


class Trials(NamedTuple):
    """A model's mean square error on a curve's own smaller sizes, in points a doubling.

    `beyond_noise` is that less the noise of the runs; it may be negative.
    """

    square: float
    beyond_noise: float


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Curves drawn again and carried on.

    Attributes:
        measured: the sizes with runs.
        points: [P], sizes from the first of these up to `FURTHEST` times the last, ascending.
        curves: [D, P], scores in percent.
        weights: each model's share of the curves; errors: its own error in points a doubling.
    """

    measured: list[int]
    points: np.ndarray
    curves: np.ndarray
    weights: dict[str, float]
    errors: dict[str, float]

    def quantiles(self, n: float, confidence: float) -> tuple[float, float, float]:
        """The score at the point next to `n`: low, median and high, in percent."""
        own = np.sort(self.curves[:, int(np.argmin(np.abs(np.log(self.points / n))))])
        return _ends(own, confidence)


@dataclass(frozen=True, kw_only=True)
class Needed:
    """How many labels an arm needs for a target; NaN where that is not known.

    Attributes:
        low_open: fewer than the smallest size may do; `low` is that size.
        high_open: more than `FURTHEST` times the largest may be needed; `high` is that.
        enough: the share of the drawn curves that reach the target, by size.
        declined: why there is no answer; "" where there is one.
    """

    method: str
    budget: str
    sizes: list[int]
    n: float = np.nan
    low: float = np.nan
    high: float = np.nan
    low_open: bool = False
    high_open: bool = False
    enough: dict[int, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    declined: str = ""


class Forecasts:
    """The ensembles of a study's curves, each made when it is first asked for."""

    def __init__(self, curves: Curves) -> None:
        self.curves = curves
        self._drawn: dict[Arm, np.ndarray | str] = {}
        self._tried: dict[tuple[Arm, str], Trials] = {}
        self._made: dict[Arm, Ensemble | str] = {}

    def of(self, arm: Arm) -> Ensemble | str:
        """The arm's ensemble, or why there is none."""
        if arm not in self._made:
            drawn = self._draw(arm)
            self._made[arm] = drawn if isinstance(drawn, str) else self._carry_on(arm, drawn)
        return self._made[arm]

    def needed(self, arm: Arm, target: float) -> Needed:
        """How many labels an arm needs for a target in percent."""
        curves, made = self.curves, self.of(arm)
        place: dict[str, Any] = {**arm._asdict(), "sizes": curves.sizes_of(arm)}
        if isinstance(made, str):
            return Needed(**place, declined=made)
        if target > curves.ceiling:
            most = f"no method can reach more than {curves.ceiling:.2f} %"
            return Needed(**place, declined=most)
        return _read_off(place, made, target, curves)

    def _draw(self, arm: Arm) -> np.ndarray | str:
        if arm not in self._drawn:
            self._drawn[arm] = redraw(self.curves, arm)
        return self._drawn[arm]

    def _try(self, arm: Arm, name: str) -> Trials | None:
        """A model's trials on an arm's curve, or those between sizes; None where there are none."""
        drawn, sizes = self._draw(arm), np.array(self.curves.sizes_of(arm), float)
        model = next((model for model in MODELS if model.name == name), None)
        if isinstance(drawn, str) or (model and len(sizes) <= model.parameters):
            return None
        if (arm, name) not in self._tried:
            means = np.array([[self.curves.score(arm, int(n)) for n in sizes]])
            errors, noise = (
                bends(scores, sizes)
                if model is None
                else model_errors(model, scores, sizes, self.curves.ceiling)
                for scores in (means, drawn[:NOISE_DRAWS])
            )
            square = float(np.mean(errors**2))
            beyond = square - float(np.mean(noise.var(axis=1)))
            self._tried[arm, name] = Trials(square, beyond)
        return self._tried[arm, name]

    def _judge(self, arm: Arm, name: str) -> Trials | None:
        """The larger of the errors on the arm's curve and on all of its budget."""
        own = self._try(arm, name)
        if own is None:
            return None
        same = [self._try(other, name) for other in self.curves.arms if other.budget == arm.budget]
        everyone = np.mean([tried for tried in same if tried is not None], axis=0)
        return Trials(*(max(*both, LEAST_ERROR**2) for both in zip(own, everyone, strict=True)))

    def _carry_on(self, arm: Arm, drawn: np.ndarray) -> Ensemble:
        sizes = np.array(self.curves.sizes_of(arm), float)
        generator = generator_for(self.curves.study.analysis.seed, "forecast", *arm)
        judged = {model.name: self._judge(arm, model.name) for model in MODELS}
        known = {name: tried for name, tried in judged.items() if tried is not None}
        shares = np.array([1 / tried.square for tried in known.values()])
        weights = dict(zip(known, (shares / shares.sum()).tolist(), strict=True))
        errors = {name: float(np.sqrt(tried.beyond_noise)) for name, tried in known.items()}
        doublings = np.arange(1, PER_DOUBLING * np.log2(FURTHEST) + 1) / PER_DOUBLING
        beyond = sizes[-1] * 2**doublings
        off = generator.standard_normal((len(drawn), 1)) * doublings
        ends = np.rint(np.cumsum([0.0, *weights.values()]) * len(drawn)).astype(int)
        parts = []
        models = [model for model in MODELS if model.name in known]
        for model, start, end in zip(models, ends, ends[1:], strict=False):
            ahead = model.extend(drawn[start:end], sizes, beyond, self.curves.ceiling)
            parts.append(ahead + errors[model.name] * off[start:end])
        rising = np.maximum.accumulate(np.column_stack([drawn[:, -1], np.concatenate(parts)]), 1)
        between = self._judge(arm, BENDS)
        assert between is not None, "four sizes have two inner ones"
        inner, joined = join(drawn, sizes, float(np.sqrt(between.beyond_noise)), generator)
        return Ensemble(
            measured=[int(n) for n in sizes],
            points=np.concatenate([inner, beyond]),
            curves=np.column_stack([joined, np.minimum(rising[:, 1:], self.curves.ceiling)]),
            weights=weights,
            errors=errors,
        )


def join(
    drawn: np.ndarray, sizes: np.ndarray, bend: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Curves between their sizes: sizes [P], ascending from the first to the last, and [D, P].

    Args:
        drawn: [D, K]; sizes: [K]; bend: the standard deviation of half the second derivative, in
            points a squared doubling, drawn for each curve and gap.
    """
    points, parts = [sizes[:1]], [drawn[:, :1]]
    for place, (start, end) in enumerate(pairwise(sizes)):
        gap = float(np.log2(end / start))
        at = np.linspace(0, gap, int(np.ceil(PER_DOUBLING * gap)) + 1)[1:]
        low, high = drawn[:, place, None], drawn[:, place + 1, None]
        off = bend * generator.standard_normal((len(drawn), 1)) * at * (gap - at)
        line = low + (high - low) * at / gap + off
        parts.append(np.clip(line, np.minimum(low, high), np.maximum(low, high)))
        points.append(np.append(start * 2 ** at[:-1], end))
    return np.concatenate(points), np.concatenate(parts, axis=1)


def bends(scores: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """How far each inner size is off the line between its neighbours: [K - 2, D].

    As half a second derivative, in points a squared doubling, so that gaps of any width compare.

    Args:
        scores: [D, K]; sizes: [K].
    """
    gaps = np.diff(np.log2(sizes))
    before, after = gaps[:-1], gaps[1:]
    line = (scores[:, :-2] * after + scores[:, 2:] * before) / (before + after)
    return ((scores[:, 1:-1] - line) / (before * after)).T


def redraw(curves: Curves, arm: Arm) -> np.ndarray | str:
    """An arm's curve drawn again, [D, K] in percent, or why that cannot be or is of no use."""
    sizes, examples = curves.sizes_of(arm), curves.nouns.examples
    if len(sizes) < LEAST_SIZES:
        tried = ", ".join(f"{n:,}" for n in sizes)
        return f"{len(sizes)} of {LEAST_SIZES} sizes that it takes were run ({tried})"
    stacked = curves.stack(arm, sizes)
    seeds = 0 if stacked is None else stacked.shape[1]
    if stacked is None or seeds < LEAST_PAIRS:
        return f"{seeds} of {LEAST_PAIRS} seeds that it takes have runs at all sizes"
    analysis, groups = curves.study.analysis, curves.source.group_sizes
    drawn = draw_curves(stacked, groups, draws=DRAWS, seed=analysis.seed, key=("labels", *arm))
    if drawn is None:
        return f"one test {curves.nouns.group} or no variation tells nothing of the curve's error"
    centre = stacked.mean(axis=1).sum(axis=1) / groups.sum()
    means = np.array([curves.score(arm, n) for n in sizes])
    found = np.clip(
        PERCENT * (drawn - centre) + means, PERCENT * curves.metric.least, curves.ceiling
    )
    fallen = _fall(found, means, curves.confidence)
    if fallen is None:
        return found
    early, late = fallen
    return (
        f"the curve is not monotone: {sizes[late]:,} {examples} score "
        f"{means[early] - means[late]:.1f} points less than {sizes[early]:,}"
    )


def _fall(drawn: np.ndarray, means: np.ndarray, confidence: float) -> tuple[int, int] | None:
    """The two places between which a curve falls most, beyond its noise; None where it does not.

    Args:
        drawn: [D, K]; means: [K].
    """
    falls = {
        (early, late): float(means[early] - means[late])
        for early, late in combinations(range(len(means)), 2)
        if np.mean(drawn[:, late] < drawn[:, early]) > (1 + confidence) / 2
    }
    return max(falls, key=lambda pair: falls[pair], default=None)


def model_errors(model: Model, scores: np.ndarray, sizes: np.ndarray, ceiling: float) -> np.ndarray:
    """What a model gets wrong about later sizes, in points a doubling: [T, D].

    Args:
        scores: [D, K]; sizes: [K], more than the model has parameters.
    """
    errors = []
    for k in range(model.parameters, len(sizes)):
        near = [j for j in range(k, len(sizes)) if j == k or sizes[j] <= FURTHEST * sizes[k - 1]]
        told = model.extend(scores[:, :k], sizes[:k], sizes[near], ceiling)
        errors.append((scores[:, near] - told) / np.log2(sizes[near] / sizes[k - 1]))
    return np.concatenate(errors, axis=1).T


def _read_off(place: dict[str, Any], made: Ensemble, target: float, curves: Curves) -> Needed:
    """The interval of n at which the ensemble's curves reach the target for good."""
    found = np.sort(crossing_points(made.curves - target, np.log(made.points), 1.0))
    low, n, high = np.exp(_ends(found, curves.confidence))
    smallest, largest = made.measured[0], made.measured[-1]
    enough = {m: float(np.mean(np.exp(found) <= m)) for m in (largest, 2 * largest, 4 * largest)}
    return Needed(
        **place,
        n=float(np.clip(n, smallest, np.inf)) if np.isfinite(n) else np.nan,
        low=float(np.clip(low, smallest, FURTHEST * largest)),
        high=float(np.clip(high, smallest, FURTHEST * largest)),
        low_open=bool(low < smallest),
        high_open=bool(np.isinf(high)),
        enough=enough,
        weights=made.weights,
        declined=""
        if np.isfinite(n)
        else f"it lies beyond {FURTHEST} times the data ({FURTHEST * largest:,} "
        f"{curves.nouns.examples})",
    )


def _ends(found: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Low end, median and high end of sorted values."""
    tail = int(len(found) * (1 - confidence) / 2)
    return float(found[tail]), float(found[len(found) // 2]), float(found[-tail - 1])


def tabulate_forecasts(curves: Curves) -> list[dict[str, Any]]:
    """Rows of the table `forecast`: of each curve that can be carried on, what n would score.

    From the largest size to `FURTHEST` times it, at every half doubling.
    """
    rows, forecasts = [], Forecasts(curves)
    for arm in curves.arms:
        made = forecasts.of(arm)
        if isinstance(made, str):
            continue
        for half in range(2 * int(np.log2(FURTHEST)) + 1):
            n = made.measured[-1] * 2 ** (half / 2)
            low, score, high = made.quantiles(n, curves.confidence)
            row = {**arm._asdict(), "n_train": n, "metric": curves.metric.name}
            rows.append(row | {"score": score, "low": low, "high": high})
    return rows
