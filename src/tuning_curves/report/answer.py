"""The answer to the study's question, from the table of ranks: which part of the encoder to tune.

A method is *behind* where its paired difference to the best mean on the test set is decided after
Holm's correction over all pairs of methods of a place (a size under a budget); all that is not
behind is *tied* with the best, which was not chosen beforehand.
Where two budgets come to the same number of steps, the place counts once: under the budget with the
most methods.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd

from tuning_curves.analysis.comparisons import LEAST_PAIRS, is_decided
from tuning_curves.analysis.tables import Tables, of_metric
from tuning_curves.report import style, wording
from tuning_curves.report.prose import place_of
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

T = TypeVar("T")
FEW = 4  # so many methods are named; more are counted


@dataclass(frozen=True, kw_only=True)
class Place:
    """One size under one budget: the best mean on test, and who is tied with it or behind it.

    `unsure` are those of too few seeds to be shown behind, among the tied ones.
    """

    budget: str
    n: int
    steps: int
    best: str
    tied: tuple[str, ...]  # without the best one
    behind: tuple[str, ...]
    unsure: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return (self.best, *self.tied, *self.behind)


def find_places(ranking: pd.DataFrame, costs: pd.DataFrame, confidence: float) -> list[Place]:
    """The places of the table of ranks, in its order.

    Args:
        costs: the table of costs, which has the steps of every place.
    """
    found = []
    steps = costs.groupby(["budget", "n_train"])["steps"].max()
    for (budget, n), own in ranking.groupby(["budget", "n_train"], sort=False):
        best = own["best"].iloc[0]
        decided = is_decided(own["pairs"], own["p_holm"], confidence) & (own["high"] < 0)
        others = own["method"] != best
        few = others & (own["pairs"] < LEAST_PAIRS)
        found.append(
            Place(
                budget=budget,
                n=int(n),
                steps=int(steps[budget, n]),
                best=best,
                tied=tuple(style.ordered(own.loc[others & ~decided, "method"])),
                behind=tuple(style.ordered(own.loc[others & decided, "method"])),
                unsure=tuple(style.ordered(own.loc[few, "method"])),
            )
        )
    return found


def answer_sentences(tables: Tables, study: StudyConfig) -> list[str]:
    """Who is nowhere behind, who is how often, and how it is under each budget.

    Where nothing is decided anywhere one sentence says so, and none of a budget. [] where fewer
    than two methods have finished runs.
    """
    found = find_places(tables["ranking"], tables["costs"], study.analysis.confidence)
    places = [place for place in found if len(place.methods) > 1]
    if not places:
        return []
    examples = make_task(study.task).nouns.examples
    once = counted_once(places, lambda place: place)
    decided = any(place.behind for place in places)
    by_budget = _by_budget(places, examples) if decided else ()
    return [*over_all(once, _below(tables, study)), *by_budget, *_few_seeds(tables["ranking"])]


def _below(tables: Tables, study: StudyConfig) -> dict[str, str]:
    """Methods that a contrast of the study shows to be below another one somewhere, and that one.

    Contrasts are corrected over sizes alone, so that they decide more than the table of ranks.
    """
    contrasts = of_metric(tables["contrasts"], make_task(study.task).metric.name)
    stands = [(row, place_of(row, study.analysis.confidence)) for row in contrasts.itertuples()]
    downs = {str(row.first): str(row.second) for row, side in stands if side == "below"}
    return downs | {str(row.second): str(row.first) for row, side in stands if side == "above"}


def _few_seeds(ranking: pd.DataFrame) -> Iterator[str]:
    """Methods above the best mean that have too few seeds to be called the best."""
    above = ranking[(ranking["pairs"] < LEAST_PAIRS) & (ranking["difference"] > 0)]
    sizes = {name: sorted({*own["n_train"].astype(int)}) for name, own in above.groupby("method")}
    said = wording.join(
        f"{style.label(name)} at {wording.sizes(sizes[name])}" for name in style.ordered(sizes)
    )
    if said:
        yield (
            f"A best mean is one of {LEAST_PAIRS} seeds or more; above it lies, with fewer and "
            f"undecided, {said}."
        )


def counted_once(places: Sequence[T], of: Callable[[T], Place]) -> list[T]:
    """Those of one size and number of steps once: the one with the most methods, else the first.

    Args:
        places: of one study.
    """
    kept: dict[tuple[int, int], T] = {}
    for each in places:
        place = of(each)
        known = kept.setdefault((place.n, place.steps), each)
        if len(place.methods) > len(of(known).methods):
            kept[place.n, place.steps] = each
    return list(kept.values())


def over_all(once: Sequence[Place], below: Mapping[str, str]) -> Iterator[str]:
    """Which main methods are nowhere behind the best one, and where the others are.

    Args:
        once: places, each number of steps at a size once.
        below: methods that a contrast shows below another one somewhere, and that one.
    """
    everyone = count_behind(once)
    counts = {name: everyone[name] for name in style.main_ones(everyone)}
    safe = [name for name, (behind, _) in counts.items() if behind == 0]
    if not any(behind for behind, _ in everyone.values()):
        yield "At no size and budget is a method shown to be behind another one."
        return
    never = [name for name in safe if name not in below]
    if never:
        named = wording.join(
            f"{style.label(name)} (trained at {counts[name][1]})" for name in never
        )
        yield f"At no size and budget shown to be behind the best method: {named}."
    for name in (name for name in safe if name in below):
        yield (
            f"{style.label(name)} is nowhere shown to be behind the best method, and yet below "
            f"{style.label(below[name])} where the two alone are compared."
        )
    rest = wording.join(
        f"{style.label(name)} at {behind} of {total}"
        for name, (behind, total) in counts.items()
        if behind
    )
    if rest:
        yield f"Shown to be behind the best method: {rest} places, each a size under a budget."
    yield from others_behind(everyone)


def others_behind(counts: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """Of the methods that have no sentence each, how many are somewhere behind the best one.

    Args:
        counts: of all methods, from `count_behind`.
    """
    others = counts.keys() - {*style.main_ones(counts)}
    if others:
        behind = sum(counts[name][0] > 0 for name in others)
        yield (
            f"Of {wording.plural(len(others), 'other method')} {behind or 'none'} "
            f"{'is' if behind < 2 else 'are'} shown to be behind it somewhere."
        )


def count_behind(once: Sequence[Place]) -> dict[str, tuple[int, int]]:
    """At how many places each method is behind the best one, and at how many it could be.

    It could where it is trained with seeds enough.
    """
    sure = [(p, [name for name in p.methods if name not in p.unsure]) for p in once]
    shown = style.ordered(name for _, names in sure for name in names)
    return {
        name: (sum(name in p.behind for p in once), sum(name in names for _, names in sure))
        for name in shown
    }


def _by_budget(places: Sequence[Place], examples: str) -> Iterator[str]:
    """One sentence per budget, or per budgets of which the same is said."""
    said: dict[str, list[str]] = {}
    for budget in dict.fromkeys(p.budget for p in places):
        own = [p for p in places if p.budget == budget]
        said.setdefault(_phrases(own, examples), []).append(budget)
    for phrase, budgets in said.items():
        yield f"Under {wording.join(budgets)}, {phrase}."


def _phrases(places: Sequence[Place], examples: str) -> str:
    """What holds at which sizes; sizes of which the same is said stand together."""
    sizes: dict[str, list[int]] = {}
    for place in sorted(places, key=lambda p: p.n):
        sizes.setdefault(_standing(place), []).append(place.n)
    return "; ".join(
        f"with {wording.join(map(wording.whole, ns))} {examples} {standing}"
        for standing, ns in sizes.items()
    )


def _standing(place: Place) -> str:
    if not place.behind:
        return "no method is shown to be better than another"
    best = f"{style.label(place.best)} has the best test mean"
    behind = f"{_names(place.behind, place)} {_is(place.behind)} behind"
    if not place.tied:
        return f"{best}, and {behind}"
    return f"{best}, {_names(place.tied, place)} {_is(place.tied)} tied with it, and {behind}"


def _names(methods: Sequence[str], place: Place) -> str:
    if len(methods) <= FEW:
        return wording.join(style.label(name) for name in methods)
    return f"{len(methods)} of {len(place.methods)} methods"


def _is(methods: Sequence[str]) -> str:
    return "is" if len(methods) == 1 else "are"
