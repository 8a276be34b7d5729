"""The table of the synthesis: one row per study, budget and size."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.columns import SYNTHESIS
from tuning_curves.analysis.comparisons import correct_holm
from tuning_curves.analysis.tables import of_metric
from tuning_curves.report.answer import Place, counted_once, find_places
from tuning_curves.report.prose import place_of
from tuning_curves.report.synthesis.results import StudyResults

EQUAL, EPOCHS, MIXED, ALONE = "equal steps", "epochs", "epochs with a floor", "one size"


@dataclass(frozen=True)
class Placed:
    """A place of a study, and the difference of BitFit and full there."""

    study: StudyResults
    place: Place
    difference: Any = field(default=None)  # the row of the contrast, or None

    @property
    def standing(self) -> str:
        """BitFit against full: `above`, `below`, `undecided`, or "" where there is no pair."""
        if self.difference is None:
            return ""
        found = place_of(self.difference, self.study.confidence)
        return "undecided" if found == "without interval" else found


def placed(study: StudyResults) -> list[Placed]:
    """The places of a study at which two methods or more have finished runs."""
    contrasts = {(row.budget, row.n_train): row for row in study.of_pair("contrasts").itertuples()}
    ranking, costs = study.tables["ranking"], study.tables["costs"]
    return [
        Placed(study, place, contrasts.get((place.budget, place.n)))
        for place in find_places(ranking, costs, study.confidence)
        if len(place.methods) > 1
    ]


def once(places: Iterable[Placed]) -> list[Placed]:
    """Those of one study and size whose budgets come to the same steps counted once."""
    studies: dict[str, list[Placed]] = {}
    for each in places:
        studies.setdefault(each.study.name, []).append(each)
    return [one for own in studies.values() for one in counted_once(own, lambda p: p.place)]


def correct_over_all(places: Iterable[Placed]) -> list[tuple[Placed, str]]:
    """Where BitFit stands against full at each place, after Holm's correction over all of them.

    From p-values as the tables have them, to four decimals.

    Args:
        places: with a difference; of one study, size and steps one counts.
    """
    known = once(places)
    p = correct_holm(np.array([each.difference.p for each in known], dtype=float))
    return [
        (each, place_of(each.difference._replace(p_holm=own), each.study.confidence))
        for each, own in zip(known, p, strict=True)
    ]


@dataclass(frozen=True)
class Line:
    """Places that belong together along the sizes, in their order."""

    kind: str
    budget: str  # the first place's
    places: list[Placed]


def find_lines(places: Iterable[Placed]) -> list[Line]:
    """A study's places as lines: as many steps at two sizes or more, whatever the budgets, epochs.

    What a floor of steps or a budget of one size adds to these is a line or a point of its own.
    """
    known = once(places)
    by_steps, by_budget = _grouped(known, "steps"), _grouped(places, "budget")
    lines = [Line(EQUAL, own[0].place.budget, own) for own in by_steps if len(own) > 1]
    for kind in (EPOCHS, MIXED, ALONE):
        drawn = {_run(each) for line in lines for each in line.places}
        for own in by_budget:
            new = kind == EPOCHS or any(_run(each) not in drawn for each in own)
            if _kind([each.place.steps for each in own]) == kind and new:
                lines.append(Line(kind, own[0].place.budget, own))
    return lines


def _run(each: Placed) -> tuple[int, int]:
    return each.place.n, each.place.steps


def _grouped(places: Iterable[Placed], name: str) -> list[list[Placed]]:
    """Places with one value of an attribute, by size."""
    groups: dict[Any, list[Placed]] = {}
    for each in sorted(places, key=lambda each: each.place.n):
        groups.setdefault(getattr(each.place, name), []).append(each)
    return list(groups.values())


def _kind(steps: list[int]) -> str:
    """What a budget is, by the steps of its sizes."""
    if len(steps) == 1:
        return ALONE
    return {1: EQUAL, len(steps): EPOCHS}.get(len(set(steps)), MIXED)


def make_table(studies: Iterable[StudyResults]) -> pd.DataFrame:
    """The rows of all studies, with the columns `SYNTHESIS`."""
    rows = [_row(each) for study in studies for each in placed(study)]
    return pd.DataFrame(rows, columns=[column.name for column in SYNTHESIS])


def _row(each: Placed) -> dict[str, Any]:
    study, place, difference = each.study, each.place, each.difference
    curves = of_metric(study.tables["curves"], study.metric)
    at = (curves["budget"] == place.budget) & (curves["n_train"] == place.n)
    score = curves.loc[at & (curves["method"] == place.best), "score"].iloc[0]
    pair = {
        name: None if difference is None else getattr(difference, name)
        for name in ("difference", "low", "high")
    }
    return {
        "study": study.name,
        "task": study.task,
        "metric": study.label,
        "budget": place.budget,
        "n_train": place.n,
        "steps": place.steps,
        "methods": len(place.methods),
        "best": place.best,
        "score": score,
        "tied": " ".join(place.tied),
        **pair,
        "standing": each.standing,
    }
