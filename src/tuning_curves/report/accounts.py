"""Sentences about how the results came about: seeds, learning rates, failures, costs, gaps."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tuning_curves.report import style, wording
from tuning_curves.report.read import Tables


def seeds(tables: Tables) -> str:
    """How many runs a point of a curve rests on."""
    counts = tables["curves"]["seeds"]
    if counts.empty:
        return "No run has finished."
    if counts.max() <= 1:
        return "Every point is a single run, so there are no intervals and nothing is decided."
    noun = "seed" if counts.max() == 1 else "seeds"
    return f"A point of a curve is the mean over {wording.span(counts)} {noun}."


def edges(tables: Tables) -> str:
    """Where a chosen learning rate lies at the edge of its grid: a better one may lie outside."""
    selection = tables["selection"].dropna(subset=["learning_rate"])
    chosen = selection[selection["edge"] != "only"]
    alone = len(selection) - len(chosen)
    sentences = []
    if len(chosen):
        at_edge = chosen[chosen["edge"].isin(("low", "high"))]
        sentences.append(
            f"Of {wording.plural(len(chosen), 'choice')} of a learning rate "
            f"{wording.whole(len(at_edge))} {'lies' if len(at_edge) == 1 else 'lie'} at an edge of "
            "the grid"
            + (f" ({_by_method(at_edge)}); a better rate may lie beyond it." if len(at_edge)
               else ".")
        )  # fmt: skip
    if alone:
        sentences.append(
            f"In {wording.plural(alone, 'case')} the grid has one rate, and nothing was chosen."
        )
    return " ".join(sentences)


def _by_method(rows: pd.DataFrame) -> str:
    counts = rows["method"].value_counts()
    return ", ".join(f"{style.label(m)} {counts[m]}" for m in style.ordered(counts.index))


def optimism(tables: Tables) -> str:
    """What choosing the learning rate on dev would have claimed."""
    selection = tables["selection"].dropna(subset=["dev_em", "oracle_em"])
    selection = selection[selection["edge"] != "only"]
    if selection.empty:
        return "With one rate in each grid, choosing on dev would have claimed nothing else."
    gap = selection["oracle_em"] - selection["dev_em"]
    return (
        f"Choosing on dev would have claimed {wording.points(gap.mean())} points more exact match "
        f"on average, and {wording.points(gap.max())} at most."
    )


def failures(tables: Tables) -> str:
    """Runs whose loss became NaN or infinite."""
    rates = tables["learning_rates"]
    count = int(rates["diverged"].sum())
    total = count + int(rates["seeds"].sum())
    if count == 0:
        return f"None of the {wording.plural(total, 'run')} diverged."
    where = ", ".join(style.label(m) for m in style.ordered(rates[rates["diverged"] > 0]["method"]))
    verb = "has no score and is" if count == 1 else "have no score and are"
    return (
        f"Of {wording.plural(total, 'run')} {wording.whole(count)} diverged ({where}); "
        f"{'it' if count == 1 else 'they'} {verb} counted apart."
    )


def costs(tables: Tables) -> list[str]:
    """For each method beside full: time a step and optimiser bytes, against full."""
    frame = tables["costs"]
    full = frame[frame["method"] == "full"]
    sentences = []
    for method in style.ordered(frame["method"]):
        own = frame[frame["method"] == method]
        ratio = own["step_time_ratio"].dropna()
        if method == "full" or ratio.empty:
            continue
        times = f"takes {wording.significant(ratio.median())} times as long as one of "
        sentences.append(
            f"A step of {style.label(method)} {times}{style.label('full')} (median over sizes and "
            f"budgets; {wording.significant(ratio.min())} to {wording.significant(ratio.max())}); "
            f"its optimiser holds {_megabytes(own)} MB, against {_megabytes(full)} MB."
        )
    return sentences


def _megabytes(frame: pd.DataFrame) -> str:
    return wording.megabytes(frame["optimizer_bytes"].median())


def share(tables: Tables, method: str) -> str:
    """What a method trains besides the head, in numbers; "" where the study has not got it."""
    rows = tables["counts"][tables["counts"]["method"] == method]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    trained = row["trainable_backbone"] + row["trainable_added"]
    return (
        f"{wording.capital(style.label(method))} trains {wording.whole(trained)} parameters "
        f"besides the head, {wording.percent(row['share'])} % of the encoder."
    )


def gaps(tables: Tables, study: Mapping[str, Any]) -> str:
    """Cells of the study without a score, and points without an interval."""
    curves = tables["curves"]
    scored = {
        (row.budget, row.method, row.n_train) for row in curves.dropna(subset=["em"]).itertuples()
    }
    wanted = _wanted(study)
    missing = len(wanted - scored)
    bare = int((curves["em"].notna() & curves["em_low"].isna()).sum())
    sentences = []
    if missing:
        sentences.append(
            f"{wording.capital(wording.plural(missing, 'point'))} of {len(wanted)} of the study "
            f"{'has' if missing == 1 else 'have'} no score."
        )
    if bare:
        sentences.append(
            f"{wording.capital(wording.plural(bare, 'point'))} of {len(scored)} "
            f"{'has' if bare == 1 else 'have'} no interval, for want of a second seed, and "
            f"{'stands' if bare == 1 else 'stand'} without a bar."
        )
    return " ".join(sentences)


def _wanted(study: Mapping[str, Any]) -> set[tuple[str, str, int]]:
    """The points that the study asks for: budget, method, size."""
    return {
        (budget["name"], method["name"], n)
        for method in study["methods"]
        for budget in study["budgets"]
        if budget["name"] in method.get("budgets", [budget["name"]])
        for n in method.get("sizes", study["sizes"])
    }
