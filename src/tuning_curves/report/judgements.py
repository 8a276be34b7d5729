"""Verdicts in words: for the paper's table of claims, its summary and what stays open.

A claim that is judged under several budgets counts as replicated only if it is under each of them
(an intersection-union rule, so that its error does not grow), and as not replicated only likewise;
else it depends on the budget or is undecided. Every sentence names the study's scale first.
"""

from typing import Any

import pandas as pd

from tuning_curves.report import wording
from tuning_curves.report.read import Tables

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
