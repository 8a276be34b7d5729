"""Sentences on how the main difference changes: with more steps, and with more examples.

A comparison over budgets needs equal sizes, one over sizes equal steps; both are told, and what is
undecided is only counted.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd

from tuning_curves.analysis.tables import Tables, of_metric
from tuning_curves.report import style, wording
from tuning_curves.report.prose import pairs_of, place_of
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

MOST = 4  # changes told one by one


def change_sentences(tables: Tables, study: StudyConfig) -> dict[str, list[str]]:
    """What more `steps` do at one size, and more `examples` at equal steps; [] without pairs.

    They are about the study's first contrast that has results, as the main finding is.
    """
    task = make_task(study.task)
    pairs = pairs_of(of_metric(tables["contrasts"], task.metric.name), study)
    if not pairs:
        return {"steps": [], "examples": []}
    first, second = pairs[0]
    examples = task.nouns.examples
    more_steps = _sentence(
        _rows(tables, "budgets", first, second, task.metric.name),
        f"With as many {examples} and more steps, {_ahead(first, second)}",
        lambda row: (
            f"{_steps(row.shorter_steps, row.longer_steps)} at n = {wording.whole(row.n_train)}"
        ),
        study,
    )
    more_examples = _sentence(
        _rows(tables, "equal_steps", first, second, task.metric.name),
        f"With as many steps and more {examples}, {_ahead(first, second)}",
        lambda row: (
            f"from n = {wording.whole(row.smaller)} to {wording.whole(row.larger)} at "
            f"{wording.whole(row.steps)} steps"
        ),
        study,
    )
    return {"steps": more_steps, "examples": more_examples}


def _ahead(first: str, second: str) -> str:
    return f"{style.label(first)} minus {style.label(second)} changes"


def _rows(tables: Tables, name: str, first: str, second: str, metric: str) -> pd.DataFrame:
    """A table's rows of a pair and metric."""
    rows = of_metric(tables[name], metric)
    return rows if rows.empty else rows[(rows["first"] == first) & (rows["second"] == second)]


def _steps(shorter: float, longer: float) -> str:
    return f"from {wording.whole(shorter)} to {wording.whole(longer)} steps"


def _sentence(
    rows: pd.DataFrame, lead: str, place: Callable[[Any], str], study: StudyConfig
) -> list[str]:
    """One sentence, or none where there are no rows: the largest decided changes, and the rest."""
    found = list(rows.itertuples())
    if not found:
        return []
    decided = [
        row for row in found if place_of(row, study.analysis.confidence) in ("above", "below")
    ]
    decided.sort(key=lambda row: -abs(row.difference))
    told = "; ".join(
        f"{wording.difference(row.difference)} points "
        f"{wording.interval(row.low, row.high, sign=True)} {place(row)}"
        for row in decided[:MOST]
    )
    counted = f"decided in {len(decided)} of {wording.plural(len(found), 'comparison')}"
    if not decided:
        return [f"{lead} by nothing that is decided ({counted})."]
    largest = ", the largest" if len(decided) > MOST else ""
    return [f"{lead} by {told} ({counted}{largest})."]
