"""The table of the synthesis: one row per study, budget and size."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tuning_curves.analysis.columns import SYNTHESIS
from tuning_curves.analysis.tables import of_metric
from tuning_curves.report.answer import Place, find_places
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
    return list({(p.study.name, p.place.n, p.place.steps): p for p in places}.values())


def kinds_of_budgets(places: Iterable[Placed]) -> dict[str, str]:
    """What a study's budgets are, by the steps of their sizes: `EQUAL`, `EPOCHS`, ..."""
    steps: dict[str, list[int]] = {}
    for each in places:
        steps.setdefault(each.place.budget, []).append(each.place.steps)
    return {budget: _kind(found) for budget, found in steps.items()}


def _kind(steps: list[int]) -> str:
    distinct = len(set(steps))
    if len(steps) == 1:
        return ALONE
    return {1: EQUAL, len(steps): EPOCHS}.get(distinct, MIXED)


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
