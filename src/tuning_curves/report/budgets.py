"""Sentences about the length of training: what a longer budget changes, and whether it decides.

As everywhere, a change counts after Holm's correction over sizes and from three pairs of runs on.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tuning_curves.report import style, wording
from tuning_curves.report.findings import PLACES, pairs_of, place_of
from tuning_curves.report.read import Tables

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
    """`From epochs to floor the steps rise from 39 to 125 at n = 100 and ...`."""
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
        f"From the budget {first['shorter']} to {first['longer']} the steps rise "
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
    """Where one budget puts a method above another, and a longer one below; "" with one budget."""
    lengths = tables["budgets"][["shorter", "longer"]].drop_duplicates()
    if lengths.empty or not pairs_of(tables["contrasts"], study):
        return ""
    found = [
        sentence
        for shorter, longer in lengths.itertuples(index=False)
        for sentence in _turns_between(tables["contrasts"], shorter, longer, study)
    ]
    return " ".join(found) or (
        "No contrast has one order under a budget and the other order, at the same size, under "
        "another: where an order is decided, the length of training does not turn it round here."
    )


def _turns_between(
    contrasts: pd.DataFrame, shorter: str, longer: str, study: Mapping[str, Any]
) -> list[str]:
    sentences = []
    for first, second in pairs_of(contrasts, study):
        own = contrasts[(contrasts["first"] == first) & (contrasts["second"] == second)]
        placed: dict[str, dict[int, str]] = {shorter: {}, longer: {}}
        for row in own.itertuples():
            if row.budget in placed:
                placed[row.budget][row.n_train] = place_of(row, study)
        for before, after in (("above", "below"), ("below", "above")):
            turned = [
                n for n, place in sorted(placed[shorter].items())
                if place == before and placed[longer].get(n) == after
            ]  # fmt: skip
            if turned:
                sentences.append(
                    f"At {wording.few_sizes(turned)} the length of training decides: "
                    f"{style.label(first)} is {before} {style.label(second)} under {shorter} and "
                    f"{after} it under {longer}."
                )
    return sentences
