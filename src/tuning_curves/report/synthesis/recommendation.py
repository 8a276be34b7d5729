"""What to take with n labels, whatever the budget: the cheapest of what is as good as the best.

Each method stands under its own best budget, chosen on the validation part, and what is tied
follows by the rules of `tuning-curves advise` (the table `advice` of each study). Of those that are
tied, on three seeds or more, and not worse than the best by `WITHIN` points, as far as their
intervals reach, the one is taken of which the fewest bytes are stored; of equal ones the quickest
to train, which is the one of the fewest steps where not all were timed. The best mean itself is
taken where none is shown to be so near. Nothing is taken where no method is behind (all may be
equal), or where the best mean is not shown to be above the baseline.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from tuning_curves.analysis.columns import RECOMMENDATION
from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.report import style, wording
from tuning_curves.report.sheets import Sheet
from tuning_curves.report.synthesis.results import StudyResults

WITHIN = 2.0  # points; the margin of the claim that BitFit is competitive (config/claims.yaml)
ALONE, NEAR = "all else is behind", f"smallest within {WITHIN:g} points"
FAR, UNSURE = "others are tied", "others have too few seeds"
OPEN, NOTHING = "nothing is decided", "nothing is shown to be learnt"
LEFT = ("best", "tied")
OF_ARM = (
    *("method", "budget", "steps", "seeds", "score", "difference", "low", "high"),
    *("delta_bytes", "train_seconds"),
)


def recommend(studies: Iterable[StudyResults]) -> pd.DataFrame:
    """One row per study and size at which two methods or more have runs; see `RECOMMENDATION`."""
    rows = [
        {"study": study.name, "task": study.task, "n_train": int(n), "tried": _tried(study, n)}
        | _take(own)
        for study in studies
        for n, own in _by_size(study.tables["advice"])
    ]
    return pd.DataFrame(rows, columns=[column.name for column in RECOMMENDATION])


def _by_size(advice: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
    for n, own in advice.groupby("n_train") if not advice.empty else ():
        if own["method"].nunique() > 1:
            yield n, own


def _tried(study: StudyResults, n: float) -> str:
    """The numbers of steps that any method was trained for at this size: `189`, `375, 1,500`."""
    costs = study.tables["costs"]
    return ", ".join(wording.whole(s) for s in sorted({*costs.loc[costs["n_train"] == n, "steps"]}))


def _take(arms: pd.DataFrame) -> dict[str, Any]:
    """What is taken of the arms at one size, and how the methods stand."""
    left = arms[arms["standing"].isin(LEFT)]
    first = left["standing"] == "best"
    enough = (first & (left["seeds"] >= LEAST_PAIRS)) | (left["pairs"] >= LEAST_PAIRS)
    sure, best = left[enough], left[first]
    near = sure[first[enough] | (sure["low"] >= -WITHIN)]
    behind = _names(arms, left)
    certainty = _certainty(best, left, sure, near, behind)
    if certainty in (OPEN, NOTHING):
        taken = dict.fromkeys(OF_ARM) | {"method": "", "budget": ""}
    else:
        taken = _cheapest(near)
    return {
        **taken,
        "certainty": certainty,
        "best": "".join(best["method"]),
        "best_budget": "".join(best["budget"]),
        "tied": _listed(name for name in sure["method"] if name not in set(best["method"])),
        "behind": _listed(behind),
        "unsure": _listed(_names(left, sure)),
    }


def _certainty(
    best: pd.DataFrame,
    left: pd.DataFrame,
    sure: pd.DataFrame,
    near: pd.DataFrame,
    behind: set[str],
) -> str:
    """How sure the choice is; too few seeds of the best decide nothing."""
    if best.empty or not behind or not best["seeds"].iloc[0] >= LEAST_PAIRS:
        return OPEN
    if best["learnt"].iloc[0] == "no":
        return NOTHING
    if left["method"].nunique() == 1:
        return ALONE
    if sure["method"].nunique() == 1:
        return UNSURE
    return FAR if near["method"].nunique() == 1 else NEAR


def _cheapest(arms: pd.DataFrame) -> dict[str, Any]:
    """Of the arms the one that costs least, by bytes, then by time, then by the higher score."""
    time = "steps" if arms["train_seconds"].isna().any() else "train_seconds"
    order = arms.sort_values(["delta_bytes", time, "score"], ascending=[True, True, False])
    return {str(name): order.iloc[0][name] for name in OF_ARM}


def _names(arms: pd.DataFrame, without: pd.DataFrame) -> set[str]:
    """The methods of the first arms that have none among the second."""
    return set(arms["method"]) - set(without["method"])


def _listed(names: Iterable[str]) -> str:
    return " ".join(style.ordered(names))


def take_sheet(table: pd.DataFrame, studies: Iterable[str]) -> Sheet:
    """One row per study: with how many examples which method is taken, by the certainty of it.

    A size is bold (`**4,000**`) where all else is behind, and has † where one number of steps
    alone was tried, so that more might turn the choice.

    Args:
        table: what `recommend` gives.
        studies: those to show, in this order.
    """
    methods = style.ordered({*table["method"]} - {""})
    rows = []
    for study in studies:
        own = table[table["study"] == study]
        if own.empty:  # it has no size with two methods
            continue
        task = wording.capital(own["task"].iloc[0].replace("-", " "))
        sizes = (_marked(own[own["method"] == method]) for method in (*methods, ""))
        rows.append((f"{task} (`{study}`)", *sizes))
    headings = ("task", *(style.label(method) for method in methods), "none")
    return Sheet(headings=headings, rows=tuple(rows), right=tuple(False for _ in headings))


def _marked(rows: pd.DataFrame) -> str:
    once = (rows["tried"] != "") & ~rows["tried"].str.contains(", ") & (rows["method"] != "")
    found = []
    for n, sure, alone in zip(rows["n_train"], rows["certainty"], once, strict=True):
        size = f"**{wording.whole(n)}**" if sure == ALONE else wording.whole(n)
        found.append(f"{size}†" if alone else size)
    return ", ".join(found) or wording.NOTHING


def answer_sentences(table: pd.DataFrame) -> Iterator[str]:
    """The answer in short: how often each method is taken, and how sure that is.

    Args:
        table: what `recommend` gives.
    """
    if table.empty:
        return
    sizes, places = len(table), wording.plural(table["study"].nunique(), "study", "studies")
    taken = table[table["method"] != ""]
    if taken.empty:
        yield f"At none of {wording.plural(sizes, 'size')} in {places} is a method to be taken."
        return
    counts = taken["method"].value_counts()
    parts = [f"{style.label(one)} at {counts[one]}" for one in style.ordered(counts.index)]
    rest = f", and none at {sizes - len(taken)}" if len(taken) < sizes else ""
    yield f"Choices were asked for at {wording.plural(sizes, 'size')} of {places}."
    yield f"Take {wording.join(parts)}{rest}."
    alone, near = (int((taken["certainty"] == sure).sum()) for sure in (ALONE, NEAR))
    yield (
        f"At {alone} of these {wording.plural(len(taken), 'choice')} all else that was trained "
        f"is behind, at {near} the smallest within {WITHIN:g} points is taken."
    )
    if len(taken) > alone + near:
        yield "Elsewhere others are tied with it, or have too few seeds."


def _sizes(rows: pd.DataFrame) -> str:
    return wording.join(wording.whole(n) for n in rows["n_train"])


def take_sentences(study: StudyResults, table: pd.DataFrame) -> Iterator[str]:
    """What to take in one study, by sizes of which the same is said, and how sure that is.

    Args:
        table: what `recommend` gives.
    """
    own = table[table["study"] == study.name]
    for _, rows in own.groupby(["certainty", "method", "budget"], sort=False):
        first = rows.iloc[0]
        said = f"take {_taken(study, first)}: " if first["method"] else ""
        yield f"With {_sizes(rows)} {study.examples} {said}{_in_words(first['certainty'])}."


def _in_words(certainty: str) -> str:
    return {
        NEAR: f"the smallest of those at most {WITHIN:g} points worse than the best",
        FAR: f"others are tied, none shown within {WITHIN:g} points",
    }.get(certainty, certainty)


def _taken(study: StudyResults, row: pd.Series) -> str:
    """`BitFit (600 steps)`; the method alone in a study of one budget."""
    name, budgets = style.label(row["method"]), dict(study.numbers["budgets"])
    if len(budgets) < 2:
        return name
    words = str(budgets[row["budget"]]).partition(", at n")[0].removesuffix(" at any size")
    return f"{name} ({words})"
