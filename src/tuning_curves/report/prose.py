"""Sentences about the results. None says more than the tables do: without an interval there is no
"higher", an interval that holds zero is undecided, and a demo says that it is one.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.report import style, wording
from tuning_curves.report.read import Tables
from tuning_curves.study.config import SQUAD_NAMES

PLACES = ("above", "below", "undecided", "without interval")


def main_finding(tables: Tables, study: Mapping[str, Any]) -> str:
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
    rows: pd.DataFrame, first: str, second: str, study: Mapping[str, Any], ending: Any = None
) -> dict[str, Any]:
    """What is said, and the budgets of which it is said."""
    said: dict[str, list[str]] = {}
    for budget in dict.fromkeys(rows["budget"]):
        own = rows[rows["budget"] == budget]
        phrase = _phrase(own, first, second, study) + ("" if ending is None else ending(own))
        said.setdefault(phrase, []).append(budget)
    return said


def lead(study: Mapping[str, Any]) -> str:
    """What has to be said before any finding at this study's scale."""
    encoder = study["encoder"]["name"]
    if study["scale"] == "demo":
        kind = "generated passages" if study["data"]["source"] == "generated" else "few questions"
        return f"a demo on {kind}, which says nothing about SQuAD: "
    if study["scale"] == "reduced" and study["data"]["name"] not in SQUAD_NAMES:
        return f"with {encoder} on {study['data']['name']}, not BERT-base on SQuAD: "
    if study["scale"] == "reduced":
        return f"with {encoder}, not the BERT-base of the paper: "
    return ""


def pairs_of(contrasts: pd.DataFrame, study: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The contrasts that have rows, BitFit against full first, then in the study's order."""
    present = set(zip(contrasts["first"], contrasts["second"], strict=True))
    listed = [(a, b) for a, b in study["analysis"]["contrasts"] if (a, b) in present]
    return sorted(listed, key=lambda pair: pair != ("bitfit", "full"))


def place_of(row: Any, study: Mapping[str, Any]) -> str:
    """Where a row of contrasts stands: one of `PLACES`.

    As verdicts are: a difference counts after Holm's correction over sizes, and from
    `LEAST_PAIRS` pairs of runs on.
    """
    if pd.isna(row.em_low) or pd.isna(row.em_high):
        return "without interval"
    bound = round(1 - study["analysis"]["level"], 6)
    if row.pairs < LEAST_PAIRS or not row.p_holm < bound:
        return "undecided"
    return "above" if row.em_low > 0 else "below" if row.em_high < 0 else "undecided"


def _rows(contrasts: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    return contrasts[(contrasts["first"] == first) & (contrasts["second"] == second)]


def _phrase(rows: pd.DataFrame, first: str, second: str, study: Mapping[str, Any]) -> str:
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


def _basis(rows: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """What the sentence rests on, in brackets behind it."""
    pairs = rows["pairs"]
    runs = f"{wording.span(pairs)} {'pair' if pairs.max() == 1 else 'pairs'} of runs a size"
    if rows["em_low"].isna().all():
        return runs
    few = "; fewer than three pairs decide nothing" if pairs.max() < LEAST_PAIRS else ""
    return f"paired differences in exact match, after Holm's correction over sizes; {runs}{few}"


def contrast_sentences(tables: Tables, study: Mapping[str, Any]) -> list[str]:
    """A sentence a contrast and, where they differ, budget, with what Holm's correction leaves."""
    contrasts = tables["contrasts"]
    return [
        f"Under {wording.join(budgets)}, {phrase}."
        for first, second in pairs_of(contrasts, study)
        for phrase, budgets in _by_phrase(
            _rows(contrasts, first, second), first, second, study, lambda rows: _holm(rows, study)
        ).items()
    ]


def _holm(rows: pd.DataFrame, study: Mapping[str, Any]) -> str:
    known = rows["p_holm"].dropna()
    if known.empty:
        return ""
    bound = round(1 - study["analysis"]["level"], 6)
    left = int((known < bound).sum())
    return (
        f"; after Holm's correction {left} of {wording.plural(len(known), 'difference')} "
        f"{'keeps' if left == 1 else 'keep'} p < {bound:g}"
    )


def crossover_sentences(tables: Tables, study: Mapping[str, Any]) -> list[str]:
    """A sentence for each pair of curves and what is known of their crossing."""
    level = wording.percent_level(study["analysis"]["level"])
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
