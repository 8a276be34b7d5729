"""Sentences about the results. None says more than the tables do: without an interval there is no
"higher", an interval that holds zero is undecided, and a demo says that it is one.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tuning_curves.report import style, wording
from tuning_curves.report.read import Tables

PLACES = ("above", "below", "undecided", "without interval")


def main_finding(tables: Tables, study: Mapping[str, Any]) -> str:
    """The study in one sentence: its first contrast that has results, under every budget."""
    contrasts = tables["contrasts"]
    pairs = pairs_of(contrasts, study)
    if not pairs:
        return f"{lead(study)}no two methods were compared."
    first, second = pairs[0]
    rows = _rows(contrasts, first, second)
    phrases = [
        f"under the budget {budget}, {_phrase(rows[rows['budget'] == budget], first, second)}"
        for budget in dict.fromkeys(rows["budget"])
    ]
    sentence = lead(study) + "; ".join(phrases)
    return wording.capital(f"{sentence} ({_basis(rows, study)}).")


def lead(study: Mapping[str, Any]) -> str:
    """What has to be said before any finding at this study's scale."""
    encoder = study["encoder"]["name"]
    if study["scale"] == "demo":
        kind = "generated passages" if study["data"]["source"] == "generated" else "few questions"
        return f"a demo on {kind}, which says nothing about SQuAD: "
    if study["scale"] == "reduced":
        return f"with {encoder}, not the BERT-base of the paper: "
    return ""


def pairs_of(contrasts: pd.DataFrame, study: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The contrasts that have rows, BitFit against full first, then in the study's order."""
    present = set(zip(contrasts["first"], contrasts["second"], strict=True))
    listed = [(a, b) for a, b in study["analysis"]["contrasts"] if (a, b) in present]
    return sorted(listed, key=lambda pair: pair != ("bitfit", "full"))


def place_of(low: float, high: float) -> str:
    """Where a difference stands by its interval: one of `PLACES`."""
    if pd.isna(low) or pd.isna(high):
        return "without interval"
    return "above" if low > 0 else "below" if high < 0 else "undecided"


def _rows(contrasts: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    return contrasts[(contrasts["first"] == first) & (contrasts["second"] == second)]


def _phrase(rows: pd.DataFrame, first: str, second: str) -> str:
    """One budget: at which sizes the first method stands above or below the second."""
    sizes: dict[str, list[int]] = {place: [] for place in PLACES}
    for row in rows.sort_values("n_train").itertuples():
        sizes[place_of(row.em_low, row.em_high)].append(row.n_train)
    if len(sizes["without interval"]) == len(rows):
        return _without_interval(rows, first, second)
    every = [place for place in PLACES if len(sizes[place]) == len(rows)]
    if every:
        return _one_place(every[0], sizes[every[0]], first, second)
    decided = [
        f"{'scores' if not number else ''} {place} {_object(number, second)} at {_at(sizes[place])}"
        for number, place in enumerate(p for p in ("above", "below") if sizes[p])
    ]
    parts = [f"{style.label(first)} {' and'.join(decided).strip()}"] if decided else []
    if sizes["undecided"]:
        parts.append(f"{_at(sizes['undecided'])} {_are(sizes['undecided'])} undecided")
    if sizes["without interval"]:
        parts.append(f"{_at(sizes['without interval'])} without an interval")
    return wording.join(parts) if len(parts) < 3 else ", ".join(parts)


def _object(number: int, second: str) -> str:
    return style.label(second) if not number else "it"


def _are(sizes: list[int]) -> str:
    return "is" if len(sizes) == 1 else "are"


def _at(sizes: list[int]) -> str:
    """`n = 100, 250 and 500`; of a long list, the ends and the count."""
    if len(sizes) <= 4:
        return wording.sizes(sizes)
    return f"{len(sizes)} sizes from n = {wording.whole(sizes[0])} to {wording.whole(sizes[-1])}"


def _one_place(place: str, sizes: list[int], first: str, second: str) -> str:
    where = f"at {wording.sizes(sizes)}" if len(sizes) == 1 else f"at every size ({_at(sizes)})"
    if place == "undecided":
        return f"{style.label(first)} against {style.label(second)} is undecided {where}"
    return f"{style.label(first)} scores {place} {style.label(second)} {where}"


def _without_interval(rows: pd.DataFrame, first: str, second: str) -> str:
    values = rows["em_difference"].dropna()
    if values.empty:
        return f"{style.label(first)} and {style.label(second)} have no difference to report"
    least, greatest = wording.difference(values.min()), wording.difference(values.max())
    reach = least if least == greatest else f"{least} to {greatest}"
    return (
        f"{style.label(first)} minus {style.label(second)} is {reach} points of exact match, "
        "without an interval and so undecided"
    )


def _basis(rows: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """What the sentence rests on, in brackets behind it."""
    pairs = rows["pairs"]
    runs = f"{wording.span(pairs)} {'pair' if pairs.max() == 1 else 'pairs'} of runs a size"
    if rows["em_low"].isna().all():
        return runs
    level = wording.percent_level(study["analysis"]["level"])
    return f"{level} intervals of the paired difference in exact match, each size by itself; {runs}"


def contrast_sentences(tables: Tables, study: Mapping[str, Any]) -> list[str]:
    """One sentence a contrast and budget, with what Holm's correction leaves."""
    contrasts = tables["contrasts"]
    sentences = []
    for first, second in pairs_of(contrasts, study):
        rows = _rows(contrasts, first, second)
        for budget in dict.fromkeys(rows["budget"]):
            own = rows[rows["budget"] == budget]
            phrase = _phrase(own, first, second)
            sentences.append(f"Under {budget}, {phrase}{_holm(own, study)}.")
    return sentences


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
    """One sentence for each crossover that was looked for."""
    level = wording.percent_level(study["analysis"]["level"])
    sentences = []
    for row in tables["crossovers"].itertuples():
        pair = f"{style.label(row.first)} and {style.label(row.second)}"
        under = f"under {row.budget}"
        if row.statement == "inside":
            where = f"{pair} cross near n = {wording.whole(row.n_train)}"
            if not (pd.isna(row.low) or pd.isna(row.high)):
                where += f" ({level} interval {wording.size_interval(row.low, row.high)})"
            sentences.append(wording.capital(f"{under}, {where}."))
        elif row.statement == "none inside the range":
            sentences.append(
                wording.capital(f"{under}, {pair} do not cross inside the range of sizes.")
            )
        else:
            sentences.append(
                wording.capital(f"{under}, whether and where {pair} cross is undecided.")
            )
    return sentences
