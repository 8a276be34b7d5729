"""Sentences about the length of training: what a longer budget changes, and whether it decides.

As everywhere, a change counts after Holm's correction over sizes and from three pairs of runs on.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tuning_curves.report import style, wording
from tuning_curves.report.prose import PLACES, pairs_of, place_of
from tuning_curves.report.read import Tables

DECIDED = ("above", "below")
WORDS = {
    "above": "a gain",
    "below": "a loss",
    "undecided": "undecided",
    "without interval": "without an interval",
}


def changes(tables: Tables, study: Mapping[str, Any]) -> list[str]:
    """What more steps change for each main method and for the study's first contrast."""
    frame = tables["budgets"]
    sentences = []
    for _, rows in frame.groupby(["shorter", "longer"], sort=False):
        alone = rows["second"] == ""
        sentences.append(_more_steps(rows))
        methods = style.main_ones(rows.loc[alone, "first"])
        sentences += [
            _change(rows[alone & (rows["first"] == method)], style.label(method), study)
            for method in methods
        ]
        for first, second in pairs_of(rows[~alone], study)[:1]:
            own = rows[(rows["first"] == first) & (rows["second"] == second)]
            subject = f"{style.label(first)} minus {style.label(second)}"
            sentences.append(_change(own, subject, study))
    return sentences


def _more_steps(rows: pd.DataFrame) -> str:
    """`Between the budgets epochs and floor the steps rise from 39 to 125 at n = 100 and ...`."""
    steps = rows.drop_duplicates("n_train").sort_values("n_train")
    ends = steps if len(steps) <= 3 else steps.iloc[[0, -1]]
    each = [
        f"from {wording.whole(row.shorter_steps)} to {wording.whole(row.longer_steps)} at "
        f"n = {wording.whole(row.n_train)}"
        for row in ends.itertuples()
    ]
    first = steps.iloc[0]
    between = "" if len(ends) == len(steps) else f", and at {len(steps) - 2} sizes between these"
    return (
        f"Between the budgets {first['shorter']} and {first['longer']} the steps rise "
        f"{wording.join(each)}{between}."
    )


def _change(rows: pd.DataFrame, subject: str, study: Mapping[str, Any]) -> str:
    """`BitFit changes by +1.3 to +2.0 points: a gain at n = 100, undecided at n = 200.`"""
    sizes: dict[str, list[int]] = {}
    for row in rows.sort_values("n_train").itertuples():
        sizes.setdefault(place_of(row, study), []).append(row.n_train)
    said = [
        f"{WORDS[place]} at {wording.few_sizes(sizes[place])}" for place in PLACES if place in sizes
    ]
    least, most = (
        wording.difference(value)
        for value in (rows["em_difference"].min(), rows["em_difference"].max())
    )
    reach = least if least == most else f"{least} to {most}"
    return f"{wording.capital(subject)} changes by {reach} points: {', '.join(said)}."


def turns(tables: Tables, study: Mapping[str, Any]) -> str:
    """Whether an order that one budget decides is another under a longer one; "" if none can be."""
    frame = tables["budgets"]
    frame = frame[frame["second"] != ""]
    if frame.empty:
        return ""
    places = {
        (row.budget, row.first, row.second, row.n_train): place_of(row, study)
        for row in tables["contrasts"].itertuples()
    }
    main = pairs_of(frame, study)[:1]
    turned: dict[str, list[int]] = {}
    closed: dict[str, list[int]] = {}
    same: dict[tuple[str, str], set[int]] = {}
    for row in frame.itertuples():
        key = (row.first, row.second, row.n_train)
        before, after = (places.get((budget, *key)) for budget in (row.shorter, row.longer))
        if before not in DECIDED or after not in DECIDED:
            if before in DECIDED and after == "undecided" and [key[:2]] == main:
                said = (
                    f"{style.label(row.first)} is {before} {style.label(row.second)} under "
                    f"{row.shorter}, and undecided against it under {row.longer}"
                )
                closed.setdefault(said, []).append(row.n_train)
        elif before == after:
            same.setdefault((row.shorter, row.longer), set()).add(row.n_train)
        else:
            said = (
                f"{style.label(row.first)} is {before} {style.label(row.second)} under "
                f"{row.shorter} and {after} it under {row.longer}"
            )
            turned.setdefault(said, []).append(row.n_train)
    sentences = [
        f"At {wording.few_sizes(sorted(sizes))} the length of training decides: {said}."
        for said, sizes in turned.items()
    ]
    sentences += [
        f"At {wording.few_sizes(sorted(sizes))} {said}." for said, sizes in closed.items()
    ]
    order = "order is otherwise the same" if turned else "order is the same"
    sentences += [
        f"Where a contrast is decided under both {shorter} and {longer} (at "
        f"{wording.few_sizes(sorted(sizes))}), its {order}."
        for (shorter, longer), sizes in same.items()
    ]
    if sentences:
        return " ".join(sentences)
    at = wording.few_sizes(sorted(set(frame["n_train"])))
    return (
        f"No contrast is decided under two budgets at a size where their steps differ ({at}): "
        "whether the length of training turns an order round stays open."
    )
