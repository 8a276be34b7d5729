"""Sentences about the results. None says more than the tables do: without an interval there is no
"higher", an interval that holds zero is undecided, and a demo says that it is one.
"""

import itertools
from typing import Any

import pandas as pd

from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.analysis.tables import Tables, points_of
from tuning_curves.methods.registry import parse_name
from tuning_curves.report import style, wording
from tuning_curves.report.figures.bias_heatmap import METHOD, last_place
from tuning_curves.study.config import StudyConfig
from tuning_curves.study.grid import steps_of
from tuning_curves.tasks import make_task

PLACES = ("above", "below", "undecided", "without interval")


def main_finding(tables: Tables, study: StudyConfig) -> str:
    """The study in one sentence: its first contrast that has results, under every budget."""
    contrasts = tables["contrasts"]
    pairs = pairs_of(contrasts, study)
    if not pairs:
        none = "no contrast has a pair of finished runs"
        why = none if study["analysis"]["contrasts"] else "no two methods were compared"
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
    rows: pd.DataFrame, first: str, second: str, study: StudyConfig, ending: Any = None
) -> dict[str, Any]:
    """What is said, and the budgets of which it is said."""
    said: dict[str, list[str]] = {}
    for budget in dict.fromkeys(rows["budget"]):
        own = rows[rows["budget"] == budget]
        phrase = _phrase(own, first, second, study) + ("" if ending is None else ending(own))
        said.setdefault(phrase, []).append(budget)
    return said


def lead(study: StudyConfig) -> str:
    """What has to be said before any finding at this study's scale."""
    encoder = study["encoder"]["name"]
    if study["scale"] == "demo":
        kind = "generated passages" if study["data"]["source"] == "generated" else "few questions"
        return f"a demo on {kind}, which says nothing about SQuAD: "
    if (
        study["scale"] == "reduced"
        and study["data"]["name"] not in make_task(study.task).published_data
    ):
        return f"with {encoder} on {study['data']['name']}, not BERT-base on SQuAD: "
    if study["scale"] == "reduced":
        return f"with {encoder}, not the BERT-base of the paper: "
    return ""


def pairs_of(contrasts: pd.DataFrame, study: StudyConfig) -> list[tuple[str, str]]:
    """The contrasts that have rows, BitFit against full first, then in the study's order."""
    present = set(zip(contrasts["first"], contrasts["second"], strict=True))
    listed = [(a, b) for a, b in study["analysis"]["contrasts"] if (a, b) in present]
    return sorted(listed, key=lambda pair: pair != ("bitfit", "full"))


def place_of(row: Any, study: StudyConfig) -> str:
    """Where a row of contrasts stands: one of `PLACES`.

    As verdicts are: a difference counts after Holm's correction over sizes, and from
    `LEAST_PAIRS` pairs of runs on.
    """
    if pd.isna(row.em_low) or pd.isna(row.em_high):
        return "without interval"
    bound = round(1 - study["analysis"]["confidence"], 6)
    if row.pairs < LEAST_PAIRS or not row.p_holm < bound:
        return "undecided"
    return "above" if row.em_low > 0 else "below" if row.em_high < 0 else "undecided"


def _rows(contrasts: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    return contrasts[(contrasts["first"] == first) & (contrasts["second"] == second)]


def _phrase(rows: pd.DataFrame, first: str, second: str, study: StudyConfig) -> str:
    """One budget: at which sizes the first method stands above or below the second."""
    sizes: dict[str, list[int]] = {place: [] for place in PLACES}
    for row in rows.sort_values("n_train").itertuples():
        sizes[place_of(row, study)].append(row.n_train)
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
    if rows["em_difference"].dropna().empty:
        return f"{style.label(first)} and {style.label(second)} have no difference to report"
    return (
        f"{style.label(first)} against {style.label(second)} has {_reach(rows)}, without an "
        "interval and so undecided"
    )


def _reach(rows: pd.DataFrame) -> str:
    """The least and the greatest difference."""
    values = rows["em_difference"].dropna()
    least, greatest = wording.difference(values.min()), wording.difference(values.max())
    if least == greatest:
        return f"a difference of {least} points"
    return f"differences of {least} to {greatest} points"


def _basis(rows: pd.DataFrame, study: StudyConfig) -> str:
    """What the sentence rests on, in brackets behind it."""
    pairs = rows["pairs"]
    runs = f"{wording.span(pairs)} {'pair' if pairs.max() == 1 else 'pairs'} of runs a size"
    if rows["em_low"].isna().all():
        return runs
    few = "; fewer than three pairs decide nothing" if pairs.max() < LEAST_PAIRS else ""
    return f"paired differences in exact match, after Holm's correction over sizes; {runs}{few}"


def contrast_sentences(tables: Tables, study: StudyConfig) -> list[str]:
    """A sentence a contrast and, where they differ, budget, with what Holm's correction leaves."""
    contrasts = tables["contrasts"]
    return [
        f"Under {wording.join(budgets)}, {phrase}."
        for first, second in pairs_of(contrasts, study)
        for phrase, budgets in _by_phrase(
            _rows(contrasts, first, second), first, second, study, lambda rows: _holm(rows, study)
        ).items()
    ]


def _holm(rows: pd.DataFrame, study: StudyConfig) -> str:
    known = rows["p_holm"].dropna()
    if known.empty:
        return ""
    bound = round(1 - study["analysis"]["confidence"], 6)
    left = int((known < bound).sum())
    return (
        f"; after Holm's correction {left} of {wording.plural(len(known), 'difference')} "
        f"{'keeps' if left == 1 else 'keep'} p < {bound:g}"
    )


def crossover_sentences(tables: Tables, study: StudyConfig) -> list[str]:
    """A sentence for each pair of curves and what is known of their crossing."""
    level = wording.percent_level(study["analysis"]["confidence"])
    said: dict[str, list[str]] = {}
    for row in tables["crossovers"].itertuples():
        pair = f"{style.label(row.first)} and {style.label(row.second)}"
        said.setdefault(_crossing(row, pair, level), []).append(row.budget)
    return [f"Under {wording.join(budgets)}, {phrase}." for phrase, budgets in said.items()]


def _crossing(row: Any, pair: str, level: str) -> str:
    if row.statement == "none inside the range":
        return f"{pair} do not cross inside the range of sizes"
    if row.statement == "inside":
        ends = wording.size_interval(row.low, row.high)
        return f"{pair} cross near n = {wording.whole(row.n_train)} ({level} interval {ends})"
    return f"it is undecided whether and where {pair} cross"


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
    """What choosing the learning rate on test would have claimed."""
    selection = tables["selection"].dropna(subset=["test_em", "oracle_em"])
    selection = selection[selection["edge"] != "only"]
    if selection.empty:
        return "With one rate in each grid, choosing on test would have claimed nothing else."
    gap = selection["oracle_em"] - selection["test_em"]
    return (
        f"Choosing on test would have claimed {wording.points(gap.mean())} points more exact match "
        f"on average, and {wording.points(gap.max())} at most."
    )


def trainings(tables: Tables, study: StudyConfig) -> pd.DataFrame:
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


def coinciding(study: StudyConfig) -> str:
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


def limits(study: StudyConfig) -> str:
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


def lengths(study: StudyConfig) -> str:
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


def cached(study: StudyConfig) -> str:
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
    """Time a step and optimizer bytes against full: each main method, the others together."""
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
        f"as long as one of {style.label('full')}; its optimizer holds {_megabytes(own)} MB, "
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


def gaps(tables: Tables, study: StudyConfig) -> str:
    """Runs of the study without a score, and points without an interval."""
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


DECIDED = ("above", "below")
WORDS = {
    "above": "a gain",
    "below": "a loss",
    "undecided": "undecided",
    "without interval": "without an interval",
}


def changes(tables: Tables, study: StudyConfig) -> list[str]:
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


def _change(rows: pd.DataFrame, subject: str, study: StudyConfig) -> str:
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


def turns(tables: Tables, study: StudyConfig) -> str:
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


VERDICTS = ("replicated", "not replicated", "undecided")
MIXED = "different under the budgets"


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
        for verdict in (*VERDICTS, MIXED)
        if verdict in counts
    )
    total = wording.plural(len(whole), "published claim")
    return f"Judged {scale_words(tables)}. Of {total} {listed}."


def _counted(verdict: str, scale: str, *, alone: bool) -> str:
    if scale != "paper" and verdict == "replicated":
        return "holds here" if alone else "hold here"
    if scale != "paper" and verdict == "not replicated":
        return "does not hold here" if alone else "do not hold here"
    return f"{'is' if alone else 'are'} {verdict}"


def scale_words(tables: Tables) -> str:
    """At which scale the study judges, as the table of verdicts says it."""
    return wording.join(dict.fromkeys(tables["verdicts"]["scale"]))


def overall(verdicts: pd.DataFrame) -> pd.Series:
    """One word a claim, in the claims' order."""
    return verdicts.groupby("claim", sort=False)["verdict"].agg(_together)


def _together(verdicts: pd.Series) -> str:
    found = set(verdicts)
    if len(found) == 1:
        return str(verdicts.iloc[0])
    return MIXED if {"replicated", "not replicated"} <= found else "undecided"


def claim_groups(tables: Tables) -> list[dict[str, Any]]:
    """For each claim its sentence, its source, its rows and its verdict over all budgets."""
    groups = []
    for claim, rows in tables["verdicts"].groupby("claim", sort=False):
        first = rows.iloc[0]
        groups.append(
            {
                "claim": claim,
                "statement": first["statement"],
                "source": first["source"],
                "verdict": _together(rows["verdict"]),
                "rows": [
                    {key: row[key] for key in ("budget", "verdict", "reason")}
                    | {"number": _number(row)}
                    for _, row in rows.iterrows()
                ],
            }
        )
    return groups


def _number(row: pd.Series) -> str:
    """`+6.0 points [+4.0, +8.0]`, `0.114 %`, `316 questions [240, 420]`; "" where there is none."""
    if pd.isna(row["estimate"]):
        return ""
    unit = row["unit"]
    if unit.startswith("points"):
        ends = wording.interval(row["low"], row["high"], sign=True)
        value = f"{wording.difference(row['estimate'])} {unit}"
    elif unit == "questions":
        ends = wording.size_interval(row["low"], row["high"])
        value = f"{wording.whole(row['estimate'])} questions"
    else:
        ends = wording.power_interval(row["low"], row["high"])
        shown = wording.power(row["estimate"])
        value = f"{shown} %" if unit == "%" else f"{unit} {shown}"
    exact = row["low"] == row["high"] or ends == wording.NOTHING
    return value if exact else f"{value} {ends}"


def open_sentences(tables: Tables) -> list[str]:
    """What is undecided and why, a sentence a reason, claims that share one together."""
    verdicts = tables["verdicts"]
    undecided = verdicts[verdicts["verdict"] == "undecided"]
    return [
        f"{wording.capital(str(reason))}: undecided "
        f"{'is' if rows['claim'].nunique() == 1 else 'are'} "
        f"{wording.join(dict.fromkeys(rows['claim']))}{_under(rows)}."
        for reason, rows in undecided.groupby("reason", sort=False)
    ]


def _under(rows: pd.DataFrame) -> str:
    budgets = [budget for budget in dict.fromkeys(rows["budget"]) if budget]
    return f" (under {wording.join(budgets)})" if budgets else ""


NAMED = 5  # so many methods are listed; of more, only their number is told
PARTS = ["optimizer_bytes", "gradient_bytes", "activation_bytes"]


def memory(tables: Tables) -> str:
    """What a step of full and of BitFit keeps beside the weights; "" where it was not measured."""
    medians = tables["costs"].groupby("method")[[*PARTS, "activation_bytes_one"]].median() / 1e6
    known = medians.dropna(how="any")
    if not {"full", METHOD} <= set(known.index):
        return ""
    parts = [
        f"{style.label(name)} keeps {_parts(known.loc[name])}, {_sums(known.loc[name])}"
        for name in ("full", METHOD)
    ]
    return (
        "Beside the weights, in MB and as medians over sizes and budgets, "
        f"{wording.join(parts)}. The optimizer's state and the gradients do not grow with the "
        "batch, the activations do."
    )


def _parts(row: pd.Series) -> str:
    names = ("of optimizer's state", "of gradients", "of activations for a batch")
    return wording.join(
        f"{wording.significant(row[column])} {name}"
        for column, name in zip(PARTS, names, strict=True)
    )


def _sums(row: pd.Series) -> str:
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


def biases(tables: Tables, study: StudyConfig) -> str:
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
