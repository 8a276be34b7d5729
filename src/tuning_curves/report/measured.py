"""Sentences about what was measured beside scores: memory, time to a score, biases."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tuning_curves.report import style, wording
from tuning_curves.report.figures.biases import METHOD, last_place
from tuning_curves.report.read import Tables

NAMED = 5  # so many methods are listed; of more, only their number is told
PARTS = ["optimizer_bytes", "gradient_bytes", "activation_bytes"]


def memory(tables: Tables) -> str:
    """What a step of full and of BitFit keeps beside the weights; "" where it was not measured."""
    medians = tables["costs"].groupby("method")[[*PARTS, "activation_bytes_one"]].median() / 1e6
    known = medians.dropna(how="any")
    if not {"full", METHOD} <= set(known.index):
        return ""
    parts = [
        f"{style.label(name)} keeps {_parts(known.loc[name])}, {_together(known.loc[name])}"
        for name in ("full", METHOD)
    ]
    return (
        "Beside the weights, in MB and as medians over sizes and budgets, "
        f"{wording.join(parts)}. The optimiser's state and the gradients do not grow with the "
        "batch, the activations do."
    )


def _parts(row: pd.Series) -> str:
    names = ("of optimiser's state", "of gradients", "of activations for a batch")
    return wording.join(
        f"{wording.significant(row[column])} {name}"
        for column, name in zip(PARTS, names, strict=True)
    )


def _together(row: pd.Series) -> str:
    fixed = row["optimizer_bytes"] + row["gradient_bytes"]
    batch, one = fixed + row["activation_bytes"], fixed + row["activation_bytes_one"]
    return (
        f"{wording.significant(batch)} together, or {wording.significant(one)} with a batch of one "
        "question"
    )


def reach(tables: Tables) -> list[str]:
    """A sentence a target: who reaches it in what training time; of many, the fastest ones."""
    sentences = []
    for share, rows in tables["reach"].groupby("share"):
        reached = rows.dropna(subset=["train_seconds"]).sort_values("train_seconds")
        missed = set(rows["method"]) - set(reached["method"])
        told = reached
        if len(reached) > 2 * NAMED:
            named = {*reached["method"].head(NAMED), "full", METHOD}
            told = reached[reached["method"].isin(named)]
        times = [f"{style.label(row.method)} {_time(row)}" for row in told.itertuples()]
        if len(told) < len(reached):
            times.append(f"{len(reached) - len(told)} other methods")
        target = wording.points(rows["target_em"].iloc[0])
        sentence = (
            f"{100 * share:g} % of the best exact match of full ({target}) is reached, with the "
            f"fastest training that does, by {wording.join(times)}."
        )
        sentences.append(" ".join([sentence, *_missed(missed)]))
    return sentences


def _missed(methods: set[str]) -> list[str]:
    """Who does not reach it: by name, or how many where they are many."""
    if not methods:
        return []
    if len(methods) > NAMED:
        return [f"The other {len(methods)} methods do not reach it."]
    names = wording.capital(wording.join([style.label(name) for name in style.ordered(methods)]))
    return [f"{names} {'do' if len(methods) > 1 else 'does'} not reach it."]


def _time(row: Any) -> str:
    """`in 12 s (n = 250, epochs)`."""
    n = wording.whole(row.n_train)
    return f"in {wording.significant(row.train_seconds)} s (n = {n}, {row.budget})"


def biases(tables: Tables, study: Mapping[str, Any]) -> str:
    """Which terms moved most, and what of the first gradient the key's bias gets."""
    own = tables["biases"]
    own = own[own["method"] == METHOD]
    if own.empty or own["change"].isna().all():
        return ""
    own, place = last_place(own, study)
    means = own.groupby("term", sort=False)[["change", "first_gradient"]].mean()
    order = means["change"].sort_values(ascending=False, kind="stable")
    listed = wording.join(f"b_{term} ({wording.power(value)})" for term, value in order.items())
    sentence = f"Under {place}, mean changes over layers are, from the largest, {listed}."
    others = means.drop(index="k", errors="ignore")["first_gradient"].mean()
    if "k" not in means.index or pd.isna(means.loc["k", "first_gradient"]) or not others > 0:
        return sentence
    ratio = wording.power(means.loc["k", "first_gradient"] / others)
    return (
        f"{sentence} In the first step the key bias gets {ratio} times the others' mean gradient."
    )
