"""Sentences on what more training examples bring: under each budget, and at equal steps."""

import pandas as pd

from tuning_curves.analysis.comparisons import ALONE, is_decided
from tuning_curves.analysis.tables import Tables, of_metric
from tuning_curves.report import style, wording
from tuning_curves.report.prose import pairs_of
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task


def gain_sentences(tables: Tables, study: StudyConfig) -> list[str]:
    """One sentence per budget: what methods gain from its smallest to its largest size.

    A method that is not trained at both has its own steps in the table, and none here.
    """
    rows = of_metric(tables["sizes"], make_task(study.task).metric.name)
    found = []
    for budget in dict.fromkeys(rows["budget"]) if not rows.empty else ():
        own = rows[rows["budget"] == budget]
        smallest, largest = own["smaller"].min(), own["larger"].max()
        ends = own[(own["smaller"] == smallest) & (own["larger"] == largest)]
        if not ends.empty:
            found.append(_sentence(budget, ends.set_index("method"), study))
    return found


def equal_steps_sentences(tables: Tables, study: StudyConfig) -> list[str]:
    """One sentence per number of steps: what both methods of the first contrast there gain."""
    task = make_task(study.task)
    rows = of_metric(tables["equal_steps"], task.metric.name)
    found = []
    for steps, own in rows.groupby("steps") if not rows.empty else ():
        for first, second in pairs_of(own, study)[:1]:
            of_pair = own[(own["first"] == first) & (own["second"] == second)]
            smallest, largest = of_pair["smaller"].min(), of_pair["larger"].max()
            ends = own[(own["smaller"] == smallest) & (own["larger"] == largest)]
            told = [
                f"{style.label(row['first'])} {wording.difference(row['difference'])}"
                f"{_certainty(row, study)}"
                for _, row in ends[ends["second"] == ALONE].iterrows()
                if row["first"] in (first, second)
            ]
            if told:
                found.append(
                    f"From {wording.whole(smallest)} to {wording.whole(largest)} "
                    f"{task.nouns.examples} at {wording.plural(int(steps), 'step')}, "
                    f"{task.metric.label} changes by these points: {wording.join(told)}."
                )
    return found


def _sentence(budget: str, ends: pd.DataFrame, study: StudyConfig) -> str:
    first = ends.iloc[0]
    task = make_task(study.task)
    alike = (ends["smaller_steps"] == ends["larger_steps"]).all()
    gains = wording.join(
        f"{style.label(name)} {wording.difference(row['difference'])}{_certainty(row, study)}"
        for name, row in ends.iterrows()
    )
    budget += ", with as many steps" if alike else ", with more steps"
    return (
        f"From {wording.whole(first['smaller'])} to {wording.whole(first['larger'])} "
        f"{task.nouns.examples} under {budget}, {task.metric.label} changes by these points: "
        f"{gains}."
    )


def _certainty(row: pd.Series, study: StudyConfig) -> str:
    """The interval, and whether it decides."""
    ends = wording.interval(row["low"], row["high"], sign=True)
    if ends == wording.NOTHING:
        return " (no interval)"
    sure = is_decided(row["pairs"], row["p_holm"], study.analysis.confidence)
    return f" {ends}{'' if sure else ' (undecided)'}"
