"""What the next hours buy: which undecided contrasts of BitFit and full further seeds would decide.

Each study's table `further_seeds` has the arithmetic and its assumption: the difference stays where
it is. Two budgets that come to the same steps at a size are one row here.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from tuning_curves.analysis.columns import NEXT_HOURS
from tuning_curves.analysis.further_seeds import AHEAD, MOST
from tuning_curves.report import wording
from tuning_curves.report.synthesis.places import Placed, once

MINUTES, STEPS = "core minutes", "steps"


def plan_hours(places: Sequence[Placed]) -> pd.DataFrame:
    """One row per undecided place, what needs the fewest further seeds first; see `NEXT_HOURS`."""
    rows = [
        _row(each, known)
        for each in once(places)
        if each.standing == "undecided"
        for known in each.study.of_pair("further_seeds").itertuples()
        if (known.budget, known.n_train) == (each.place.budget, each.place.n)
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in NEXT_HOURS])
    return frame.sort_values(["further", "unit", "cost"], kind="stable", ignore_index=True)


def _row(each: Placed, known: Any) -> dict[str, Any]:
    further = known.needed - known.pairs
    timed = not pd.isna(known.seed_seconds)
    cost = further * (known.seed_seconds / 60 if timed else known.seed_steps)
    same = {
        name: getattr(known, name)
        for name in (
            *("budget", "n_train", "pairs", "difference", "half", "needed"),
            *(f"half_{seeds}" for seeds in AHEAD),
        )
    }
    return {
        "study": each.study.name,
        "task": each.study.task,
        "steps": each.place.steps,
        **same,
        "further": further,
        "cost": cost,
        "unit": "" if pd.isna(cost) else MINUTES if timed else STEPS,
    }


def hours_sentences(table: pd.DataFrame) -> Iterator[str]:
    """How many contrasts so many seeds would decide, the nearest one, and those beyond reach.

    Args:
        table: what `plan_hours` gives.
    """
    if table.empty:
        return
    most = AHEAD[-1]
    soon, never = (table["needed"] <= most).sum(), table["needed"].isna().sum()
    yield (
        f"If differences stay as they are, {most} seeds would decide {soon} of the "
        f"{wording.plural(len(table), 'undecided place')}."
    )
    if never < len(table):
        row = table.iloc[0]
        yield (
            f"The nearest is {row['study']} at n = {wording.whole(row['n_train'])} after "
            f"{wording.plural(int(row['steps']), 'step')}: "
            f"{wording.plural(int(row['further']), 'further seed')}, "
            f"{wording.significant(row['cost'], 2)} {row['unit']} of training."
        )
    if never:
        yield (
            f"At {never} of them {MOST} seeds are too few: there only more test examples, or "
            "nothing, would decide."
        )
