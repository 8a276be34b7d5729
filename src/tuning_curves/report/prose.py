"""The sentences about results that the paper is given: the main finding, and counts of verdicts.

And in short, what limits them: gaps, failures, what a study leaves out. All else is said by tables
and figures. No sentence says more than the tables do: without an interval there is no "higher", an
interval that holds zero is undecided, and a demo says that it is one.
"""

import itertools
from typing import Any

import pandas as pd

from tuning_curves.analysis.claims.decide import (
    NOT_JUDGED,
    NOT_REPLICATED,
    REPLICATED,
    UNDECIDED,
)
from tuning_curves.analysis.comparisons import LEAST_PAIRS, is_decided
from tuning_curves.analysis.selection import count_edges
from tuning_curves.analysis.tables import Tables, of_metric, points_of
from tuning_curves.report import style, wording
from tuning_curves.study.config import StudyConfig
from tuning_curves.study.grid import steps_of
from tuning_curves.tasks import make_task

PLACES = ("above", "below", "undecided", "without interval")


def main_finding(tables: Tables, study: StudyConfig) -> str:
    """The study in one sentence: its first contrast that has results, under every budget."""
    contrasts = of_metric(tables["contrasts"], make_task(study.task).metric.name)
    pairs = pairs_of(contrasts, study)
    if not pairs:
        none = "no contrast has a pair of finished runs"
        why = none if study.analysis.contrasts else "no two methods were compared"
        return wording.capital(f"{lead(study)}{why}.")
    rows = _rows(contrasts, *pairs[0])
    phrases = [
        f"under the {_budgets(budgets)}, {phrase}"
        for phrase, budgets in _by_phrase(rows, *pairs[0], study).items()
    ]
    return wording.capital(f"{lead(study)}{'; '.join(phrases)} ({_basis(rows, study)}).")


def _budgets(names: list[str]) -> str:
    return f"{'budget' if len(names) == 1 else 'budgets'} {wording.join(names)}"


def _by_phrase(
    rows: pd.DataFrame, first: str, second: str, study: StudyConfig
) -> dict[str, list[str]]:
    """What is said, and the budgets of which it is said."""
    said: dict[str, list[str]] = {}
    for budget in dict.fromkeys(rows["budget"]):
        own = rows[rows["budget"] == budget]
        said.setdefault(_phrase(own, first, second, study), []).append(budget)
    return said


def lead(study: StudyConfig) -> str:
    """What has to be said before any finding at this study's scale."""
    encoder, task = study.encoder.name, make_task(study.task)
    if study.scale == "demo":
        if study.data.source == "generated":
            return "a demo on generated passages, which says nothing about the paper's data: "
        return f"a demo with {encoder} on {study.data.name}, not the paper's encoder and data: "
    if study.scale == "reduced" and study.data.name not in task.published_data:
        return f"with {encoder} on {study.data.name}, not the paper's encoder and data: "
    if study.scale == "reduced":
        return f"with {encoder}, not the paper's encoder: "
    return ""


def pairs_of(contrasts: pd.DataFrame, study: StudyConfig) -> list[tuple[str, str]]:
    """The contrasts that have rows, BitFit against full first, then in the study's order."""
    present = set(zip(contrasts["first"], contrasts["second"], strict=True))
    listed = [pair for pair in study.analysis.contrasts if pair in present]
    return sorted(listed, key=lambda pair: pair != ("bitfit", "full"))


def place_of(row: Any, confidence: float) -> str:
    """Where a row of contrasts stands: one of `PLACES`.

    As verdicts are: a difference counts after Holm's correction over sizes, and from
    `LEAST_PAIRS` pairs of runs on.
    """
    if pd.isna(row.low) or pd.isna(row.high):
        return "without interval"
    if not is_decided(row.pairs, row.p_holm, confidence):
        return "undecided"
    return "above" if row.low > 0 else "below" if row.high < 0 else "undecided"


def _rows(contrasts: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    return contrasts[(contrasts["first"] == first) & (contrasts["second"] == second)]


def _phrase(rows: pd.DataFrame, first: str, second: str, study: StudyConfig) -> str:
    """One budget: at which sizes the first method stands above or below the second."""
    sizes: dict[str, list[int]] = {place: [] for place in PLACES}
    for row in rows.sort_values("n_train").itertuples():
        sizes[place_of(row, study.analysis.confidence)].append(row.n_train)
    held = [place for place in PLACES if sizes[place]]
    if held == ["without interval"]:
        return _without_interval(rows, first, second)
    subject = style.label(first)
    if held[0] not in ("above", "below"):
        subject += f" against {style.label(second)}"
    if len(held) == 1:
        said = f"{subject} is {_standing(held[0], second)} {_everywhere(sizes[held[0]])}"
        return f"{said}, with {_reach(rows)}"
    parts = [
        f"{_standing(place, 'it' if number else second)} at {wording.few_sizes(sizes[place])}"
        for number, place in enumerate(held)
    ]
    return f"{subject} is {wording.join(parts)}"


def _standing(place: str, second: str) -> str:
    other = "it" if second == "it" else style.label(second)
    words = {"undecided": "undecided", "without interval": "without an interval"}
    return words.get(place, f"{place} {other}")


def _everywhere(sizes: list[int]) -> str:
    places = wording.few_sizes(sizes)
    return f"at {places}" if len(sizes) == 1 else f"at every size ({places})"


def _without_interval(rows: pd.DataFrame, first: str, second: str) -> str:
    if rows["difference"].dropna().empty:
        return f"{style.label(first)} and {style.label(second)} have no difference to report"
    return (
        f"{style.label(first)} against {style.label(second)} has {_reach(rows)}, without an "
        "interval and so undecided"
    )


def _reach(rows: pd.DataFrame) -> str:
    """The least and the greatest difference."""
    values = rows["difference"].dropna()
    least, greatest = wording.difference(values.min()), wording.difference(values.max())
    if least == greatest:
        return f"a difference of {least} points"
    return f"differences of {least} to {greatest} points"


def _basis(rows: pd.DataFrame, study: StudyConfig) -> str:
    """What the sentence rests on, in brackets behind it."""
    pairs = rows["pairs"]
    runs = f"{wording.span(pairs)} {'pair' if pairs.max() == 1 else 'pairs'} of runs per size"
    if rows["low"].isna().all():
        return runs
    few = "; fewer than three pairs decide nothing" if pairs.max() < LEAST_PAIRS else ""
    label = make_task(study.task).metric.label
    return f"paired differences in {label}, after Holm's correction over sizes; {runs}{few}"


def best_sentences(tables: Tables, study: StudyConfig) -> list[str]:
    """One sentence per contrast of methods each under its own best budget; none of one budget."""
    if len(study.budgets) == 1:
        return []
    contrasts = of_metric(tables["best_contrasts"], make_task(study.task).metric.name)
    found = []
    for first, second in pairs_of(contrasts, study):
        rows = _rows(contrasts, first, second)
        phrase = _phrase(rows, first, second, study)
        found.append(f"With each method under its own best budget, {phrase}.")
    return found


def decided_sentences(tables: Tables, study: StudyConfig) -> list[str]:
    """Those of other contrasts than the first in which some size is decided."""
    contrasts = of_metric(tables["contrasts"], make_task(study.task).metric.name)
    return [
        f"Under {wording.join(budgets)}, {phrase}."
        for first, second in pairs_of(contrasts, study)[1:]
        for phrase, budgets in _by_phrase(
            _rows(contrasts, first, second), first, second, study
        ).items()
        if " above " in phrase or " below " in phrase
    ]


def seeds(tables: Tables, study: StudyConfig) -> str:
    """How many runs a point of a curve rests on."""
    counts = tables["curves"]["seeds"]
    if counts.empty:
        return "No run has finished."
    if counts.max() <= 1:
        examples = make_task(study.task).nouns.examples
        return (
            f"Every point rests on one subset of {examples}, so there are no intervals and no "
            "comparison is decided."
        )
    return f"A point of a curve is the mean over {wording.span(counts)} seeds."


def trainings(tables: Tables, study: StudyConfig) -> pd.DataFrame:
    """Seeds that finished and that diverged by method, size, rate and steps.

    Two budgets that come to the same number of steps share their runs, which count once.
    """
    rates, batch = tables["learning_rates"], study.training.batch_size
    steps = [
        steps_of(n, study.budget(budget), batch)
        for budget, n in zip(rates["budget"], rates["n_train"], strict=True)
    ]
    return rates.assign(steps=steps).drop_duplicates(
        ["method", "n_train", "learning_rate", "steps"]
    )


def count_runs(tables: Tables, study: StudyConfig) -> int:
    """Runs that finished or diverged."""
    runs = trainings(tables, study)
    return int(runs["seeds"].sum() + runs["diverged"].sum())


def failures(tables: Tables, study: StudyConfig) -> str:
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


def gaps(tables: Tables, study: StudyConfig) -> str:
    """Points of the study without a score, and points without an interval."""
    curves = of_metric(tables["curves"], make_task(study.task).metric.name)
    known = curves.dropna(subset=["score"])
    scored = {(row.budget, row.method, row.n_train) for row in known.itertuples()}
    wanted = points_of(study)
    missing, bare = len(wanted - scored), int(known["low"].isna().sum())
    sentences = []
    if missing:
        sentences.append(
            f"{wording.capital(wording.plural(missing, 'point'))} of {len(wanted)} of the study "
            f"{'has' if missing == 1 else 'have'} no score."
        )
    if bare:
        sentences.append(
            f"{wording.capital(wording.plural(bare, 'point'))} of {len(scored)} "
            f"{'has' if bare == 1 else 'have'} no interval, for want of a second seed, of a second "
            f"test {make_task(study.task).nouns.group}, or of any variation, and "
            f"{'stands' if bare == 1 else 'stand'} without a bar."
        )
    return " ".join(sentences)


def coinciding(study: StudyConfig) -> str:
    """At which sizes two budgets come to the same steps, and whether their runs are the same."""
    points, batch = points_of(study), study.training.batch_size
    sentences = []
    for first, second in itertools.combinations(study.budgets, 2):
        shared: dict[int, list[str]] = {}  # methods that both train, by size
        for name, method, n in points:
            if name == first.name and (second.name, method, n) in points:
                shared.setdefault(n, []).append(method)
        alike: dict[bool, list[int]] = {}
        for n in sorted(shared):
            if steps_of(n, first, batch) == steps_of(n, second, batch):
                methods = [study.method(name) for name in shared[n]]
                own = any({*m.rates_of(first.name)} ^ {*m.rates_of(second.name)} for m in methods)
                alike.setdefault(own, []).append(n)
        for own, sizes in sorted(alike.items()):
            said = (
                "with learning rates of their own: there they differ in these alone"
                if own
                else "there they are one set of runs, not two findings"
            )
            sentences.append(
                f"At {wording.sizes(sizes)} the budgets {first.name} and {second.name} come to the "
                f"same number of steps{' ' if own else ': '}{said}."
            )
    return " ".join(sentences)


def limits(study: StudyConfig) -> str:
    """Which methods some budgets or sizes leave out; "" where every method has all."""
    sizes = sorted(study.sizes)
    alike: dict[tuple[str, ...], list[str]] = {}
    for method in study.methods:
        own = study.budgets_of(method)
        places = [f"under {wording.join(own)} only"] if own != study.budget_names else []
        asked = sorted(study.sizes_of(method))
        places += [f"at {wording.few_sizes(asked)} only"] if asked != sizes else []
        if places:
            alike.setdefault(tuple(places), []).append(style.label(method.name))
    sentences = [
        wording.capital(wording.join(labels) if len(labels) <= 4 else f"{len(labels)} methods")
        + f" {'is' if len(labels) == 1 else 'are'} trained {' and '.join(places)}."
        for places, labels in alike.items()
    ]
    return " ".join(sentences)


def edges(tables: Tables) -> str:
    """How many learning rates lie at an edge of their grid, or have none; "" where none does."""
    rows = tables["selection"].dropna(subset=["learning_rate"])
    at_edge, alone = count_edges(rows)
    found = []
    if at_edge:
        lies = "lies" if at_edge == 1 else "lie"
        found.append(f"{wording.whole(at_edge)} {lies} at an edge of the grid")
    for pilot, count in alone.items():
        where = f" here, chosen in {pilot}" if pilot else ""
        verb = "is" if count == 1 else "are"
        found.append(f"{wording.whole(count)} {verb} the only one tried{where}")
    if not found:
        return ""
    chosen = wording.plural(len(rows), "learning rate")
    return f"Of {chosen} (one for each method, size and budget) {wording.join(found)}."


MIXED, PARTLY = "different under the budgets", "contradicted under some budget"
VERDICTS = (REPLICATED, NOT_REPLICATED, MIXED, PARTLY, UNDECIDED, NOT_JUDGED)
HERE = {  # what a verdict says at another scale than the paper's, of one claim and of several
    REPLICATED: ("holds here", "hold here"),
    NOT_REPLICATED: ("does not hold here", "do not hold here"),
}


def count_sentence(tables: Tables, scale: str) -> str:
    """How many claims have which verdict; "" where there is no claim.

    Only at scale `paper` is anything called replicated: elsewhere a claim holds here, or does not.
    """
    verdicts = tables["verdicts"]
    if verdicts.empty:
        return ""
    whole = overall(verdicts)
    counts = whole.value_counts()
    listed = wording.join(
        f"{counts[verdict]} {_counted(verdict, scale, alone=counts[verdict] == 1)}"
        for verdict in VERDICTS
        if verdict in counts
    )
    total = wording.plural(len(whole), "published claim")
    return f"Judged {scale_words(tables)}. Of {total} {listed}."


def _counted(verdict: str, scale: str, *, alone: bool) -> str:
    if scale != "paper" and verdict in HERE:
        one, several = HERE[verdict]
        return one if alone else several
    about = " (another task or method)" if verdict == NOT_JUDGED else ""
    return f"{'is' if alone else 'are'} {verdict}{about}"


def scale_words(tables: Tables) -> str:
    """At which scale the study judges, as the table of verdicts says it."""
    return wording.join(dict.fromkeys(tables["verdicts"]["scale"]))


def overall(verdicts: pd.DataFrame) -> pd.Series:
    """One word per claim, in the claims' order."""
    return verdicts.groupby("claim", sort=False)["verdict"].agg(_together)


def _together(verdicts: pd.Series) -> str:
    found = set(verdicts)
    if len(found) == 1:
        return str(verdicts.iloc[0])
    if NOT_REPLICATED in found:
        return MIXED if REPLICATED in found else PARTLY
    return UNDECIDED


KINDS = {  # of sources, in the order of the table
    "figure": "The paper's figures",
    "paper": "Papers",
    "replication": "A public replication",
    "lecture": "The lecture",
}


def claim_kinds(tables: Tables) -> list[list[str]]:
    """The kinds of source that the claims have, each with its heading, in the table's order."""
    present = set(tables["verdicts"]["kind"])
    return [[kind, heading] for kind, heading in KINDS.items() if kind in present]


def claim_groups(tables: Tables, study: StudyConfig) -> list[dict[str, Any]]:
    """For each claim its sentence, its source, its rows and its verdict over all budgets."""
    examples = make_task(study.task).nouns.examples
    groups = []
    for claim, rows in tables["verdicts"].groupby("claim", sort=False):
        first = rows.iloc[0]
        groups.append(
            {
                "claim": claim,
                "kind": first["kind"],
                "statement": first["statement"],
                "source": first["source"],
                "verdict": _together(rows["verdict"]),
                "rows": [
                    {key: row[key] for key in ("budget", "verdict", "reason")}
                    | {"number": number_of(row, examples)}
                    for _, row in rows.iterrows()
                ],
            }
        )
    return groups


def number_of(row: pd.Series, examples: str) -> str:
    """`+6.0 points [+4.0, +8.0]`, `0.114 %`, `316 texts [240, 420]`; "" where there is none."""
    if pd.isna(row["estimate"]):
        return ""
    unit = row["unit"]
    if unit.startswith("points"):
        ends = wording.interval(row["low"], row["high"], sign=True)
        value = f"{wording.difference(row['estimate'])} {unit}"
    elif unit == examples:
        ends = wording.size_interval(row["low"], row["high"])
        value = f"{wording.whole(row['estimate'])} {unit}"
    else:
        ends = wording.power_interval(row["low"], row["high"])
        shown = wording.power(row["estimate"])
        value = f"{shown} %" if unit == "%" else f"{unit} {shown}"
    exact = row["low"] == row["high"] or ends == wording.NOTHING
    return value if exact else f"{value} {ends}"
