"""Advice from a study's own runs: which method at a size, and what twice as many labels may bring.

*Which method.* Every method stands at the learning rate that validation chose. Methods are
compared in pairs, seed by seed and group by group, and a method is out as soon as another one
is ahead of it beyond the interval of their difference, over three seeds or more. What is left holds
the best method with the study's level of confidence: only the best one's own comparisons with the
k - 1 others can throw it out, so each interval has level 1 - (1 - level) / (k - 1) (Bonferroni;
after Hsu 1981, Annals of Statistics 9(5)). It does not matter that the methods were looked at
before one was named. Where minutes are given, only methods whose training at that size took at most
so long (the median over seeds at the chosen rate, as in the table of costs) are compared at all.

*Twice as many labels.* Where twice the size was measured, the gain is the paired difference; where
it lies between two sizes, it is read off between them, straight on a logarithmic scale. Beyond the
largest size it is extrapolated by one rule, the same for all: *the gain of the last doubling comes
again*. The rule is tried on the study's own earlier sizes: its error there, as a mean square e^2
over a method's sizes or over all methods', whichever is larger, is added to the squared standard
error s^2 of the last gain; the interval is Student's t with the degrees of freedom of the sum
(Satterthwaite), where e^2 has as many as there are trials. A trial needs three sizes, and a method
with fewer than two trials is given no interval. No curve is fitted: four or five points do not tell
one from another. The trials contain the noise of the runs, which s^2 has too, and early doublings
bend more than late ones, so the interval errs on the wide side. Measured on simulated curves of
three shapes, intervals of level 0.95 hold the true gain in all of 120 studies where a curve is
straight or flattens, and in 0.925 to 0.99 where it is an S (tests/analysis/test_recommend.py).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.analysis.pairs import Pairs, match_runs, of_method
from tuning_curves.analysis.runs import (
    RUN,
    UNTIMED,
    Runs,
    finished,
    make_runs,
    read_records_at_hand,
)
from tuning_curves.analysis.selection import (
    keep_chosen,
    select_rates,
    summarise_rates,
    unite_subsets,
)
from tuning_curves.analysis.statistics import PERCENT, Estimate, estimate
from tuning_curves.study.config import StudyConfig
from tuning_curves.study.grid import Study
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Nouns
from tuning_curves.tasks.metrics import Metric
from tuning_curves.util.errors import DataError

LEAST_TRIALS = 2  # of the rule on earlier sizes, without which nothing is said of its error


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """A pair of methods: how far the first is ahead, in percent points, with its interval."""

    first: str
    second: str
    value: float
    low: float
    high: float
    pairs: int
    why: str = ""  # it has no interval


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which methods may be the best at a size.

    scores: means in percent by method, best first, each over all its seeds; left: those
    that no other is ahead of, over the seeds that both have; ahead: for each other method, the
    leader's difference to it. `left` is empty where each method is behind another one, on seeds
    that are not the same.
    """

    scores: dict[str, float]
    left: list[str]
    ahead: list[Ahead]
    level: float  # of each interval

    @property
    def leader(self) -> str:
        """The best of those left; the best of all where none is."""
        return next(iter(self.left or self.scores))


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What twice as many labels bring a method, in percent points; NaN where nothing is known.

    how: `measured`, `between` two sizes, or `extrapolated`. why: where there is no interval, the
    reason. trial_error: the rule's root mean square error on earlier sizes.
    """

    method: str
    value: float
    low: float
    high: float
    how: str
    sizes: list[int]
    why: str = ""
    trials: int = 0
    trial_error: float = np.nan


class Curves:
    """The runs of one budget at their chosen rates: scores by method, size and seed."""

    def __init__(self, runs: Runs, chosen: pd.DataFrame, budget: str, study: StudyConfig):
        self.source, self.analysis, self.budget = runs, study.analysis, budget
        kept = [*RUN, "id", "status", "share", "train_seconds"]
        self.frame = finished(chosen[chosen["budget"] == budget])[kept]
        self.runs = dict(iter(self.frame.groupby(["method", "n_train"])))
        present = set(self.frame["method"])
        self.methods = [name for name in study.method_names if name in present]
        self.nouns: Nouns = make_task(study.task).nouns
        # What was asked for so far:
        self.scores: dict[tuple[str, int], float] = {}
        self.differences: dict[tuple[str, str, int], tuple[Estimate, int]] = {}
        self.gains: dict[tuple[str, int], Gain] = {}

    @property
    def metric(self) -> Metric:
        """The study's metric."""
        return self.source.metric

    def share(self, method: str) -> float:
        """What a method trains outside the head, as a fraction of the encoder."""
        return float(of_method(self.frame, method)["share"].iloc[0])

    def at(self, method: str, n: int) -> pd.DataFrame:
        """A method's runs at a size."""
        return self.runs.get((method, n), self.frame.iloc[:0])

    def sizes(self, method: str) -> list[int]:
        return sorted(int(n) for name, n in self.runs if name == method)

    @property
    def all_sizes(self) -> list[int]:
        """The sizes at which some method has runs, ascending."""
        return sorted({int(n) for n in self.frame["n_train"]})

    def score(self, method: str, n: int) -> float:
        """The mean score, in percent."""
        if (method, n) not in self.scores:
            ids = list(match_runs([self.at(method, n)])["id_0"])
            right, asked = self.source.stack(ids, self.metric.name), self.source.group_sizes.sum()
            self.scores[method, n] = float(PERCENT * right.sum() / len(ids) / asked)
        return self.scores[method, n]

    def minutes(self, method: str, n: int) -> float:
        """How long a run took to train, the median over seeds; NaN where none was timed."""
        return float(self.at(method, n)["train_seconds"].median()) / 60

    def difference(self, first: str, second: str, n: int) -> tuple[Estimate, int] | None:
        """First minus second at a size, and over how many seeds; None where no seed has both."""
        if (first, second, n) not in self.differences:
            found = Pairs.of(match_runs([self.at(first, n), self.at(second, n)]))
            if not found.seeds:
                return None
            sums = found.differences(self.source, self.metric.name)
            made = self.estimate(sums)
            self.differences[first, second, n] = made, len(found.seeds)
        return self.differences[first, second, n]

    def combine(self, method: str, weights: Mapping[int, float]) -> Estimate | None:
        """A weighted sum of scores at several sizes, over the seeds that all of them have."""
        together = match_runs([self.at(method, n) for n in weights])
        if together.empty:
            return None
        parts = [
            weight * self.source.stack(list(together[f"id_{place}"]), self.metric.name)
            for place, weight in enumerate(weights.values())
        ]
        return self.estimate(np.sum(parts, axis=0))

    def estimate(self, sums: np.ndarray) -> Estimate:
        sizes, draws = self.source.group_sizes, self.analysis.n_bootstrap
        return estimate(sums, sizes, draws=draws, seed=self.analysis.seed)

    def in_words(self, why: str) -> str:
        """Why an estimate has no interval, in the task's words."""
        return why.replace("group", f"test {self.nouns.group}")

    def no_interval(self, found: Estimate) -> str:
        """The same as a clause; "" where it has one."""
        return f"{self.in_words(found.why)} gives no interval" if found.why else ""


def choose_method(curves: Curves, n: int, among: Collection[str] | None = None) -> Choice | None:
    """Which methods may be the best at a size; None where none has finished runs there.

    Args:
        among: compare these methods alone.
    """
    known = [m for m in curves.methods if n in curves.sizes(m)]
    scores = {m: curves.score(m, n) for m in known if among is None or m in among}
    if not scores:
        return None
    ranked = sorted(scores, key=lambda method: -scores[method])
    level = 1 - (1 - curves.analysis.confidence) / max(1, len(ranked) - 1)
    pairs = {
        (first, second): compare(curves, first, second, n, level)
        for place, first in enumerate(ranked)
        for second in ranked[place + 1 :]
    }
    decided = [pair for pair in pairs.values() if pair.pairs >= LEAST_PAIRS]
    behind = {pair.second for pair in decided if pair.low > 0}
    behind |= {pair.first for pair in decided if pair.high < 0}
    left = [method for method in ranked if method not in behind]
    leader = (left or ranked)[0]
    return Choice(
        scores={method: scores[method] for method in ranked},
        left=left,
        ahead=[
            pairs[leader, other] if (leader, other) in pairs else turned(pairs[other, leader])
            for other in ranked
            if other != leader
        ],
        level=level,
    )


def turned(pair: Ahead) -> Ahead:
    """The same difference, told from the other method's side."""
    return Ahead(
        first=pair.second,
        second=pair.first,
        value=-pair.value,
        low=-pair.high,
        high=-pair.low,
        pairs=pair.pairs,
        why=pair.why,
    )


def compare(curves: Curves, first: str, second: str, n: int, level: float) -> Ahead:
    """Two methods' paired difference at a size; NaN bounds where it has none."""
    found = curves.difference(first, second, n)
    if found is None:
        return Ahead(first=first, second=second, value=np.nan, low=np.nan, high=np.nan, pairs=0)
    difference, pairs = found
    low, high = difference.interval(level)
    return Ahead(
        first=first,
        second=second,
        value=difference.value,
        low=low,
        high=high,
        pairs=pairs,
        why=curves.in_words(difference.why),
    )


def gain_of_doubling(curves: Curves, method: str, n: int) -> Gain:
    """What labelling twice as many as `n` brings a method, measured or expected."""
    if (method, n) not in curves.gains:
        curves.gains[method, n] = _gain_of_doubling(curves, method, n)
    return curves.gains[method, n]


def _gain_of_doubling(curves: Curves, method: str, n: int) -> Gain:
    sizes = curves.sizes(method)
    if 2 * n in sizes:
        return _measured(curves, method, {2 * n: 1.0, n: -1.0}, "measured")
    if n in sizes and sizes[-1] > 2 * n:
        low = max(size for size in sizes if size < 2 * n)
        high = min(size for size in sizes if size > 2 * n)
        share = float(np.log2(2 * n / low) / np.log2(high / low))
        weights = {n: -1.0, high: share}
        weights[low] = weights.get(low, 0.0) + 1 - share
        return _measured(curves, method, weights, "between")
    return _extrapolate(curves, method, [size for size in sizes if size <= n])


def _measured(curves: Curves, method: str, weights: dict[int, float], how: str) -> Gain:
    found = curves.combine(method, weights)
    sizes = sorted(weights)
    if found is None:
        return _nothing(method, how, sizes, "no seed has runs at all of these sizes")
    low, high = found.interval(curves.analysis.confidence)
    why = curves.no_interval(found)
    return Gain(method=method, value=found.value, low=low, high=high, how=how, sizes=sizes, why=why)


def _extrapolate(curves: Curves, method: str, sizes: list[int]) -> Gain:
    """The gain of the last doubling again, as far off as that rule was on earlier sizes."""
    if len(sizes) < 2:
        return _nothing(method, "extrapolated", sizes, "one size shows no gain")
    last = curves.combine(method, _per_doubling(*sizes[-2:]))
    if last is None:
        return _nothing(method, "extrapolated", sizes, "no seed has runs at the last two sizes")
    own = trial_errors(curves, method, sizes)
    known = Gain(
        method=method,
        value=last.value,
        low=np.nan,
        high=np.nan,
        how="extrapolated",
        sizes=sizes,
        trials=len(own),
    )
    if len(own) < LEAST_TRIALS:
        few = f"{len(sizes)} sizes try the rule {len(own)} times, expected {LEAST_TRIALS} or more"
        return replace(known, why=few)
    if np.isnan(last.error):
        return replace(known, why=curves.no_interval(last))
    everyone = [e for other in curves.methods for e in trial_errors(curves, other, sizes)]
    squared = max(float(np.mean(np.square(own))), float(np.mean(np.square(everyone))))
    low, high = _interval(curves, method, sizes[-1], last, squared, len(everyone))
    return replace(known, low=low, high=high, trial_error=float(np.sqrt(squared)))


def _interval(
    curves: Curves, method: str, n: int, last: Estimate, squared: float, trials: int
) -> tuple[float, float]:
    """Student's t interval of the sum of both errors, cut where scores end."""
    seeds = len(curves.at(method, n))
    freedom = seeds - 1 if np.isnan(last.freedom) else last.freedom
    variance = last.error**2 + squared
    combined = variance**2 / (last.error**4 / freedom + squared**2 / trials)
    quantile = float(stdtrit(combined, (1 + curves.analysis.confidence) / 2))
    reach = quantile * np.sqrt(variance)
    score = curves.score(method, n)
    low, high = last.value - reach, last.value + reach
    return max(low, PERCENT * curves.metric.least - score), min(high, PERCENT - score)


def trial_errors(curves: Curves, method: str, sizes: list[int]) -> list[float]:
    """What the rule would have got wrong at each earlier size, in points a doubling."""
    known = [n for n in curves.sizes(method) if n in sizes]
    gains = [
        (curves.score(method, high) - curves.score(method, low)) / np.log2(high / low)
        for low, high in pairwise(known)
    ]
    return [after - before for before, after in pairwise(gains)]


def _per_doubling(low: int, high: int) -> dict[int, float]:
    """Weights of two sizes' scores that give the gain a doubling."""
    doublings = float(np.log2(high / low))
    return {high: 1 / doublings, low: -1 / doublings}


def _nothing(method: str, how: str, sizes: list[int], why: str) -> Gain:
    return Gain(method=method, value=np.nan, low=np.nan, high=np.nan, how=how, sizes=sizes, why=why)


def read_chosen_runs(study: Study) -> tuple[Runs, pd.DataFrame]:
    """The runs at hand, and those of them at their chosen rates, one sample per subset.

    Raises:
        ResourceError: there is no record.
    """
    runs = make_runs(*read_records_at_hand(study), make_task(study.config.task))
    selection = select_rates(summarise_rates(runs.frame))
    return unite_subsets(runs, keep_chosen(runs.frame, selection))


def make_advice(
    runs: Runs,
    chosen: pd.DataFrame,
    study: StudyConfig,
    n: int | None,
    minutes: float | None = None,
) -> list[dict[str, Any]]:
    """Advice under each budget, as plain values, with its sentences.

    Args:
        chosen: the runs at their chosen rates, one sample a subset (`unite_subsets`).
        n: the number of labelled examples, 1 or more; None is the largest size with runs. Where
            no run has so many, there is advice for the nearest sizes below and above.
        minutes: how long a training may take; None is any time.

    Raises:
        DataError: no run has finished.
    """
    advice = []
    for curves in _curves(runs, chosen, study):
        for size in _nearest(curves.all_sizes, n):
            one = _at(curves, size, minutes)
            if n is not None and n != size:
                one["sentences"].insert(0, _missing(curves, f"{n:,}", size, below=size < n))
            advice.append(one)
    return advice


def tabulate_advice(runs: Runs, chosen: pd.DataFrame, study: StudyConfig) -> dict[str, Any]:
    """All that `make_advice` can say of a study, to be looked up.

    Returns:
        `places`: ranges of n, `from` to `to` (None: without end), each with the budget, the size
        that advice is for and the sentence that says so, of which `{n}` is the number; and
        `advice`: items of `make_advice`, each with the least `minutes` from which on it holds, in
        ascending order by budget and size, the last one (None) without any limit.
    """
    places: list[dict[str, Any]] = []
    advice: list[dict[str, Any]] = []
    for curves in _curves(runs, chosen, study):
        for size in curves.all_sizes:
            taken = {curves.minutes(method, size) for method in curves.methods}
            limits: list[float | None] = [0.0, *sorted(t for t in taken if not np.isnan(t)), None]
            advice += [{"minutes": limit} | _at(curves, size, limit) for limit in limits]
        places += _places(curves)
    return {"places": places, "advice": advice}


def _places(curves: Curves) -> Iterator[dict[str, Any]]:
    """Every n belongs to a size, or lies below, between or above sizes."""
    sizes = curves.all_sizes
    starts = sorted({1, *sizes, *(size + 1 for size in sizes)})
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        for size in _nearest(sizes, start):
            says = "" if size == start else _missing(curves, "{n}", size, below=size < start)
            end = None if following is None else following - 1
            place = {"budget": curves.budget, "from": start, "to": end, "size": size}
            yield place | {"says": says}


def _curves(runs: Runs, chosen: pd.DataFrame, study: StudyConfig) -> list[Curves]:
    """The curves of each budget with a run that finished."""
    found = [Curves(runs, chosen, budget, study) for budget in study.budget_names]
    found = [curves for curves in found if not curves.frame.empty]
    if not found:
        raise DataError(
            "no learning rate has enough runs that finished: there is nothing to advise from",
            fix="lower the learning rates of the study, and run it",
        )
    return found


def _nearest(sizes: list[int], n: int | None) -> list[int]:
    """Of ascending sizes: `n` itself, or the neighbours it lies between; the largest for None."""
    if n is None:
        return sizes[-1:]
    if n in sizes:
        return [n]
    return [size for size in sizes if size < n][-1:] + [size for size in sizes if size > n][:1]


def _missing(curves: Curves, n: str, size: int, *, below: bool) -> str:
    where = "below" if below else "above"
    return f"No run has {n} {curves.nouns.examples}; the next size {where} it is {size:,}."


def _at(curves: Curves, size: int, minutes: float | None) -> dict[str, Any]:
    """The advice at one of the sizes."""
    taken = {m: curves.minutes(m, size) for m in curves.methods if size in curves.sizes(m)}
    among, said = _within(taken, minutes)
    choice = choose_method(curves, size, among)
    values: dict[str, Any] = {"budget": curves.budget, "n_train": size, "minutes_taken": taken}
    if choice is None:
        return plain(values | {"scores": {}, "left": [], "sentences": said})
    gains = [gain_of_doubling(curves, method, size) for method in choice.left]
    said = [method_sentence(curves, choice, size), *said, *_least_trained(curves, choice)]
    said += [gain_sentence(curves, gain, size) for gain in gains]
    values |= {"scores": choice.scores, "left": choice.left, "interval_level": choice.level}
    rates = curves.frame[curves.frame["n_train"] == size].groupby("method")["learning_rate"].first()
    values |= {
        "learning_rates": {method: float(rates[method]) for method in choice.scores},
        "ahead": [asdict(pair) for pair in choice.ahead],
        "twice_as_many": [asdict(gain) for gain in gains],
    }
    return plain(values | {"sentences": said})


def _within(taken: dict[str, float], minutes: float | None) -> tuple[list[str], list[str]]:
    """The methods that train in so many minutes, and what is said of the others.

    Args:
        taken: minutes by method, NaN where they are not known.
    """
    known = {method: time for method, time in taken.items() if not np.isnan(time)}
    if minutes is None:
        return list(taken), []
    if not known:
        return list(taken), [f"{UNTIMED.capitalize()}: minutes leave no method out."]
    within = [method for method, time in known.items() if time <= minutes]
    if not within:
        quickest = min(known, key=lambda method: known[method])
        return [], [f"No method trained so quickly: {_time(quickest, known)}, at the least."]
    said = []
    slower = [_time(method, known) for method in known if method not in within]
    if slower:
        said.append(f"Left out, since they take longer: {', '.join(slower)}.")
    untimed = [method for method in taken if method not in known]
    if untimed:
        said.append(f"Left out, since no run of theirs was timed: {', '.join(untimed)}.")
    return within, said


def _time(method: str, taken: Mapping[str, float]) -> str:
    time = taken[method]
    return f"{method} ({time:.2g} min)" if time < 10 else f"{method} ({time:,.0f} min)"


def method_sentence(curves: Curves, choice: Choice, n: int) -> str:
    """Which method to take, or between which nothing is decided."""
    leader, score = choice.leader, choice.scores[choice.leader]
    examples, metric = curves.nouns.examples, curves.metric.label
    opening = f"With {n:,} {examples} {leader} has {score:.1f} % {metric}"
    if not choice.ahead:
        others = len([m for m in curves.methods if n in curves.sizes(m)]) - 1
        return f"{opening}; no other method {'is left to compare' if others else 'was run'}."
    told = "; ".join(_ahead(pair) for pair in choice.ahead)
    if not choice.left:
        return (
            f"{opening}, but each method is behind another one, on seeds that are not the same: "
            f"{leader} is {told}. Run all methods with the same seeds."
        )
    if choice.left == [leader]:
        return f"{opening}: take {leader}. It is {told}."
    undecided = " and ".join((", ".join(choice.left[:-1]), choice.left[-1]))
    return f"{opening}, but it is undecided between {undecided}: {leader} is {told}."


def _least_trained(curves: Curves, choice: Choice) -> list[str]:
    """Where scores do not decide, what the smallest of the methods trains."""
    if len(choice.left) < 2:
        return []
    least = min(choice.left, key=curves.share)
    share = curves.share(least)
    part = f"{100 * share:.2g} %" if share else "nothing"
    said = f"Of these {least} trains the least: {part} of the encoder."
    few = [pair.pairs for pair in choice.ahead if pair.pairs < LEAST_PAIRS]
    if few:
        said += f" With fewer than {LEAST_PAIRS} seeds nothing counts as decided: add seeds."
    return [said]


def _ahead(pair: Ahead) -> str:
    if pair.pairs == 0:
        return f"not comparable to {pair.second}, which has no run of the same seed"
    if np.isnan(pair.low):
        return f"{_by(pair)} points, without an interval " + (
            f"({pair.pairs} pair)" if pair.pairs == 1 else f"({pair.why})"
        )
    bounds = (pair.low, pair.high) if pair.value >= 0 else (-pair.high, -pair.low)
    return f"{_by(pair)} [{bounds[0]:.1f}, {bounds[1]:.1f}] points"


def _by(pair: Ahead) -> str:
    side = "behind" if pair.value < 0 else "ahead of"
    return f"{side} {pair.second} by {abs(pair.value):.1f}"


def gain_sentence(curves: Curves, gain: Gain, n: int) -> str:
    """What twice as many labels bring, how that is known, and how little it says."""
    opening = f"Labelling twice as many ({2 * n:,}) for {gain.method}: "
    if np.isnan(gain.value):
        return f"{opening}the runs do not tell ({gain.why})."
    value = f"{gain.value:+.1f} points of {curves.metric.label}"
    if np.isnan(gain.low):
        words = "the last doubling brought " if gain.how == "extrapolated" else ""
        return f"{opening}{words}{value}, and the runs do not tell more ({gain.why})."
    value += f" [{gain.low:+.1f}, {gain.high:+.1f}]"
    if gain.how == "measured":
        return f"{opening}{value}, measured."
    if gain.how == "between":
        return f"{opening}{value}, read off between measured sizes."
    rule = f"{opening}{value} expected, if the last doubling's gain comes again; on this study's "
    rule += f"earlier sizes that rule was {gain.trial_error:.1f} points off"
    return f"{rule}. It may bring nothing." if gain.low <= 0 else f"{rule}."


def plain(value: Any) -> Any:
    """Values for JSON: no NaN, which it does not have, and numbers of Python's own."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return None if np.isnan(value) else round(float(value), 4)
    return value
