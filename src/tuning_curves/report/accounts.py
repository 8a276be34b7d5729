"""Sentences about how the results came about: seeds, learning rates, failures, costs, gaps."""

import itertools
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tuning_curves.methods.registry import parse_name
from tuning_curves.report import style, wording
from tuning_curves.report.read import Tables, points_of
from tuning_curves.study.config import steps_of


def seeds(tables: Tables) -> str:
    """How many runs a point of a curve rests on."""
    counts = tables["curves"]["seeds"]
    if counts.empty:
        return "No run has finished."
    if counts.max() <= 1:
        return (
            "Every point rests on one subset of questions, so there are no intervals and no "
            "comparison is decided."
        )
    noun = "seed" if counts.max() == 1 else "seeds"
    return f"A point of a curve is the mean over {wording.span(counts)} {noun}."


def dents(tables: Tables) -> str:
    """Where a mean score falls from one size to the next larger one."""
    falls = []
    compared = 0
    for (budget, method), rows in tables["curves"].groupby(["budget", "method"], sort=False):
        scores = rows.dropna(subset=["em"]).sort_values("n_train")
        compared += max(0, len(scores) - 1)
        for before, after in itertools.pairwise(scores.itertuples()):
            if after.em < before.em:
                falls.append((before.em - after.em, method, budget, before.n_train, after.n_train))
    if not compared:
        return ""
    pairs = wording.plural(compared, "pair")
    if not falls:
        return (
            f"Along no curve does the mean exact match fall with more questions ({pairs} of sizes)."
        )
    fall, method, budget, smaller, larger = max(falls)
    return (
        f"In {wording.whole(len(falls))} of {pairs} of neighbouring sizes the mean exact match "
        f"falls with more questions, at most by {wording.points(fall)} points "
        f"({style.label(method)} under {budget}, from n = {wording.whole(smaller)} to "
        f"{wording.whole(larger)})."
    )


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


def trainings(tables: Tables, study: Mapping[str, Any]) -> pd.DataFrame:
    """Seeds that finished and that diverged by method, size, rate and steps.

    Two budgets that come to the same number of steps share their runs, which count once.
    """
    rates = tables["learning_rates"]
    budgets = {budget["name"]: budget for budget in study["budgets"]}
    batch = study["training"]["batch_size"]
    steps = [
        steps_of(n, budgets[budget], batch)
        for budget, n in zip(rates["budget"], rates["n_train"], strict=True)
    ]
    return rates.assign(steps=steps).drop_duplicates(
        ["method", "n_train", "learning_rate", "steps"]
    )


def count_runs(tables: Tables, study: Mapping[str, Any]) -> int:
    """Runs that finished or diverged."""
    runs = trainings(tables, study)
    return int(runs["seeds"].sum() + runs["diverged"].sum())


def failures(tables: Tables, study: Mapping[str, Any]) -> str:
    """Runs whose loss became NaN or infinite."""
    runs = trainings(tables, study)
    count = int(runs["diverged"].sum())
    total = wording.plural(count_runs(tables, study), "run")
    if count == 0:
        return f"None of the {total} diverged."
    where = ", ".join(style.label(m) for m in style.ordered(runs[runs["diverged"] > 0]["method"]))
    alone = count == 1
    return (
        f"Of {total} {wording.whole(count)} diverged ({where}); {'it' if alone else 'they'} "
        f"{'has' if alone else 'have'} no score and {'is' if alone else 'are'} counted apart."
    )


def coinciding(study: Mapping[str, Any]) -> str:
    """At which sizes two budgets come to the same steps, so that their rows are the same runs."""
    points, batch = points_of(study), study["training"]["batch_size"]
    sentences = []
    for first, second in itertools.combinations(study["budgets"], 2):
        both = {n for name, method, n in points
                if name == first["name"] and (second["name"], method, n) in points}  # fmt: skip
        alike = [n for n in sorted(both) if steps_of(n, first, batch) == steps_of(n, second, batch)]
        if alike:
            sentences.append(
                f"At {wording.sizes(alike)} the budgets {first['name']} and {second['name']} come "
                "to the same number of steps: there they are one set of runs, not two findings."
            )
    return " ".join(sentences)


def limits(study: Mapping[str, Any]) -> str:
    """Which methods some budgets or sizes leave out; "" where every method has all."""
    budgets, sizes = [b["name"] for b in study["budgets"]], sorted(study["sizes"])
    alike: dict[tuple[str, ...], list[str]] = {}
    for method in study["methods"]:
        own = [name for name in budgets if name in method.get("budgets", budgets)]
        places = [f"under {wording.join(own)} only"] if own != budgets else []
        asked = sorted(method.get("sizes", sizes))
        places += [f"at {wording.few_sizes(asked)} only"] if asked != sizes else []
        if places:
            alike.setdefault(tuple(places), []).append(style.label(method["name"]))
    sentences = [
        wording.capital(wording.join(labels) if len(labels) <= 4 else f"{len(labels)} methods")
        + f" {'is' if len(labels) == 1 else 'are'} trained {' and '.join(places)}."
        for places, labels in alike.items()
    ]
    return " ".join(sentences)


def lengths(study: Mapping[str, Any]) -> str:
    """How many lengths of training a size has, and the longest of all."""
    batch = study["training"]["batch_size"]
    budgets = {budget["name"]: budget for budget in study["budgets"]}
    steps: dict[int, set[int]] = {}
    for name, _, n in points_of(study):
        steps.setdefault(n, set()).add(steps_of(n, budgets[name], batch))
    most, longest = max(map(len, steps.values())), max(map(max, steps.values()))
    count = "one length" if most == 1 else f"more than {wording.whole(most)} lengths"
    return (
        f"{'Each' if most == 1 else 'No'} size has {count} of training, and the longest is "
        f"{wording.plural(longest, 'step')}."
    )


def cached(study: Mapping[str, Any]) -> str:
    """What the time of a step leaves out where the lowest layers are frozen; "" where none are."""
    names = [m["name"] for m in study["methods"] if parse_name(m["name"])[0] in ("head", "top")]
    if not names:
        return ""
    labels = wording.capital(wording.join([style.label(name) for name in style.ordered(names)]))
    return (
        f"{labels} {'reads' if len(names) == 1 else 'read'} the output of the frozen lower layers "
        "from a cache. Filling it takes one forward pass a question, once for all runs; it is part "
        "of no step's time, no training time and no count of operations here."
    )


def costs(tables: Tables) -> list[str]:
    """Time a step and optimiser bytes against full: each main method, the others together."""
    frame = tables["costs"].dropna(subset=["step_time_ratio"])
    full = frame[frame["method"] == "full"]
    methods = [name for name in style.ordered(frame["method"]) if name != "full"]
    told = style.main_ones(methods)
    sentences = [_cost(frame[frame["method"] == method], full) for method in told]
    others = frame[frame["method"].isin(set(methods) - set(told))]
    if not others.empty:
        sentences.append(_cost_of_others(others.groupby("method")["step_time_ratio"].median()))
    return sentences


def _cost(own: pd.DataFrame, full: pd.DataFrame) -> str:
    return (
        f"A step of {style.label(own['method'].iloc[0])} takes {_spread(own['step_time_ratio'])} "
        f"as long as one of {style.label('full')}; its optimiser holds {_megabytes(own)} MB, "
        f"against {_megabytes(full)} MB."
    )


def _cost_of_others(ratio: pd.Series) -> str:
    """`ratio`: a method's median step time, relative to that of full."""
    least, most = ratio.idxmin(), ratio.idxmax()
    return (
        f"A step of the other {len(ratio)} methods takes from "
        f"{wording.significant(ratio[least], 2)} ({style.label(least)}) to "
        f"{wording.significant(ratio[most], 2)} times as long ({style.label(most)})."
    )


def _spread(ratio: pd.Series) -> str:
    """The median of some ratios, and how far they reach."""
    middle, least, greatest = (
        wording.significant(value, 2) for value in (ratio.median(), ratio.min(), ratio.max())
    )
    reach = "" if least == greatest else f" ({least} to {greatest} over sizes and budgets)"
    return f"{middle}{reach} times"


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
    wanted = points_of(study)
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
            f"{'has' if bare == 1 else 'have'} no interval, for want of a second seed or of "
            f"any variation, and "
            f"{'stands' if bare == 1 else 'stand'} without a bar."
        )
    return " ".join(sentences)
