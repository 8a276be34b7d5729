"""The sentence on how far trainings got, from the table of losses.

A loss has made *half of its fall* where it first lies below the middle between the first loss of a
method's longest training at a size and the lowest loss of that training. A shorter training that
ends above this middle ended on its plateau: its score says when the schedule ended.
"""

import pandas as pd

from tuning_curves.analysis.tables import Tables
from tuning_curves.report import style, wording
from tuning_curves.report.figures.training import distinct, focus


def plateau_sentences(tables: Tables) -> list[str]:
    """When losses fall at the size of most lengths, and which shorter trainings ended before that.

    [] where no run has a loss.
    """
    rows = distinct(tables["training"].dropna(subset=["loss"]))
    if rows.empty:
        return []
    falls = pd.DataFrame([
        _fall(own) | {"method": method, "n_train": n}
        for (method, n), own in rows.groupby(["method", "n_train"])
    ])  # fmt: skip
    return [_when(falls, focus(rows)), *_ended_above(falls)]


def _fall(rows: pd.DataFrame) -> dict[str, object]:
    """One method at one size: where its longest training passes the middle, and who ended above."""
    longest = rows[rows["steps"] == rows["steps"].max()].sort_values("step")
    middle = (longest["loss"].iloc[0] + longest["loss"].min()) / 2
    below = longest[longest["loss"] <= middle]
    last = rows[(rows["step"] == rows["steps"]) & (rows["steps"] < rows["steps"].max())]
    above = sorted(int(steps) for steps in last.loc[last["loss"] > middle, "steps"])
    return {"half": below["step"].iloc[0], "steps": longest["steps"].iloc[0], "above": above}


def _when(falls: pd.DataFrame, n: int) -> str:
    own = falls[falls["n_train"] == n].set_index("method")
    said = wording.join(
        f"step {wording.whole(own.loc[name, 'half'])} of {wording.whole(own.loc[name, 'steps'])} "
        f"with {style.label(name)}"
        for name in style.main_ones(own.index)
    )
    return f"At n = {wording.whole(n)} the loss has made half of its fall by {said}."


def _ended_above(falls: pd.DataFrame) -> list[str]:
    """One sentence on all methods with a shorter training that ended on its plateau."""
    ended = falls[falls["above"].str.len() > 0]
    said = [
        f"{style.label(name)} at n = {_places(ended[ended['method'] == name])}"
        for name in style.ordered(ended["method"])
    ]
    if not said:
        return []
    return [
        "Shorter trainings that ended before half of the fall of the longest one, on their "
        f"plateau: {'; '.join(said)}."
    ]


def _places(ended: pd.DataFrame) -> str:
    """`100 after 39 steps and 1,000 after 375 steps`."""
    return wording.join(
        f"{wording.whole(row.n_train)} after {wording.join(map(wording.whole, row.above))} steps"
        for row in ended.itertuples()
    )
