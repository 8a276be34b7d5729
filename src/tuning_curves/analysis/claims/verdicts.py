"""Verdicts: each claim judged by its own rule, once for each budget where its rule says so.

A claim about another task, or about methods that the study does not train, is not judged; one whose
sizes or budgets it has not is undecided and says so; too few runs decide nothing; at the paper's
scale, scores are judged only if the anchor holds: full fine-tuning on all the data reaches what
others reach, or more.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from tuning_curves.analysis.claims.decide import (
    NOT_JUDGED,
    UNDECIDED,
    Judgement,
    not_judged,
    undecided,
)
from tuning_curves.analysis.claims.evidence import MAIN, Evidence, Sizes
from tuning_curves.analysis.claims.published import Claim, Claims
from tuning_curves.analysis.claims.rules import POINTS
from tuning_curves.analysis.columns import names
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.selection import count_edges
from tuning_curves.study.config import StudyConfig

SCALES = {
    "demo": "at demo scale: no evidence about the paper's data",
    "reduced": "at reduced scale: only the paper's encoder and data can replicate it",
    "paper": "at the paper's scale",
}


def evidence_of(
    runs: Runs, chosen: pd.DataFrame, selection: pd.DataFrame, study: StudyConfig, claims: Claims
) -> Evidence:
    """A study's runs as evidence.

    Args:
        chosen: the runs at their chosen rates; selection: the choices.
    """
    return Evidence(
        runs=runs, chosen=chosen, selection=selection, study=study,
        confidence=claims.evidence.confidence, least_pairs=claims.evidence.least_pairs,
    )  # fmt: skip


def make_verdicts(evidence: Evidence, claims: Claims) -> pd.DataFrame:
    """One row per claim and, where budgets are told apart, budget that draws a curve."""
    anchor = check_anchor(evidence, claims)
    rows = [row for claim in claims.claims for row in _judge_claim(evidence, claim, anchor)]
    return pd.DataFrame(rows, columns=names("verdicts"))


def _judge_claim(evidence: Evidence, claim: Claim, anchor: str) -> Iterator[dict[str, Any]]:
    missing = _missing(evidence, claim)
    if missing:
        yield _row(evidence, claim, "", not_judged(missing))
        return
    for budget in evidence.budgets(claim.rule) if claim.rule.by_budget else [""]:
        yield _row(evidence, claim, budget, _judge(evidence, claim, anchor, budget))


def _missing(evidence: Evidence, claim: Claim) -> str:
    """Why a claim cannot be tested by this study at all; "" if it can."""
    study = evidence.study
    if claim.task is not None and study.task["name"] not in claim.task:
        about = " and ".join(claim.task)
        return f"the claim is about {about}, the study about {study.task['name']}"
    metric = getattr(claim.rule, "metric", MAIN)
    if metric != MAIN and metric not in {known.name for known in evidence.runs.metrics}:
        return f"the study's task has no metric {metric}"
    missing = [name for name in claim.rule.needed if name not in study.method_names]
    return f"the study does not train {' and '.join(missing)}" if missing else ""


def _judge(evidence: Evidence, claim: Claim, anchor: str, budget: str) -> Judgement:
    rule, scale = claim.rule, evidence.study.scale
    if rule.about_scores and claim.scale == "paper" and scale == "demo":
        return undecided("a demo decides nothing about the paper's encoder and data")
    if rule.about_scores and anchor:
        return undecided(anchor)
    return rule.judge(evidence, budget)


def _row(evidence: Evidence, claim: Claim, budget: str, judged: Judgement) -> dict[str, Any]:
    study, rates = evidence.study, _rates(evidence, claim, budget)
    notes = _notes(rates) if judged.verdict not in (UNDECIDED, NOT_JUDGED) else ""
    return {
        "claim": claim.id,
        "budget": budget,
        "verdict": judged.verdict,
        "estimate": judged.estimate,
        "low": judged.low,
        "high": judged.high,
        "unit": _unit(evidence, claim),
        "scale": SCALES[study.scale],
        "reason": judged.reason + notes,
        "statement": _statement(evidence, claim),
        "kind": claim.source.kind,
        "source": claim.source.words,
        "rates": "" if rates.empty else _places(rates),
    }


def _statement(evidence: Evidence, claim: Claim) -> str:
    """The claim's sentence in the task's words; of a metric of another task, its name."""
    name = getattr(claim.rule, "metric", MAIN)
    score = _labels(evidence).get(name, name.replace("_", " "))
    return claim.statement.format(score=score, examples=evidence.nouns.examples)


def _labels(evidence: Evidence) -> dict[str, str]:
    """What the task's metrics are called in a text, the study's own also as `main`."""
    labels = {metric.name: metric.label for metric in evidence.runs.metrics}
    return labels | {MAIN: evidence.metric.label}


def _unit(evidence: Evidence, claim: Claim) -> str:
    """The rule's unit, in the task's words."""
    unit = claim.rule.unit
    if unit == "examples":
        return evidence.nouns.examples
    if unit != POINTS:
        return unit
    labels = _labels(evidence)
    named = getattr(claim.rule, "metric", "")
    return f"{POINTS} of {labels[named]}" if named in labels else POINTS


def _rates(evidence: Evidence, claim: Claim, budget: str) -> pd.DataFrame:
    """The choices of rates that a verdict about scores rests on; none of others."""
    rows, methods = evidence.selection, claim.rule.methods
    if not (claim.rule.about_scores and {*claim.rule.needed} <= {*rows["method"]}):
        return rows.head(0)
    rows = rows[rows["method"].isin(methods)]
    rows = rows[rows["budget"] == budget] if budget else rows
    sizes = getattr(claim.rule, "sizes", None)
    if isinstance(sizes, Sizes):
        rows = rows[rows["n_train"].between(sizes.least_size, sizes.to)]
    return rows


def _places(rates: pd.DataFrame) -> str:
    """`inside`, `3 of 8 at an edge`, `one rate only`: what the table says of the rates."""
    at_edge, alone = count_edges(rates)
    said = [f"{at_edge} of {len(rates)} at an edge"] if at_edge else []
    for pilot, count in alone.items():
        words = f"one rate, chosen in {pilot}" if pilot else "one rate only"
        said.append(words if count == len(rates) else f"{count} of {len(rates)} {words}")
    return "; ".join(said) or "inside"


def _notes(rates: pd.DataFrame) -> str:
    """What weakens a verdict about scores: rates at an edge of their grid, or in a grid of one."""
    at_edge, alone = count_edges(rates)
    notes = ""
    if at_edge:
        notes += f"; {at_edge} of {len(rates)} learning rates lie at an edge of their grid"
    for pilot, count in alone.items():
        where = f", chosen in {pilot}" if pilot else ", beside which none was tried"
        notes += f"; {count} of {len(rates)} learning rates are the only one of their grid{where}"
    return notes


def check_anchor(evidence: Evidence, claims: Claims) -> str:
    """Why scores at the paper's scale cannot be trusted; "" if they can, or at another scale."""
    anchor = claims.anchor
    if evidence.study.scale != "paper" or anchor.task != evidence.study.task["name"]:
        return ""
    curves = evidence.curves
    at = curves[(curves["method"] == anchor.method) & (curves["n_train"] >= anchor.from_size)]
    nouns = evidence.nouns
    expected = f"expected at least {anchor.at_least:g}"
    expected += f" with {anchor.from_size:,} {nouns.examples} or more"
    if at["score"].dropna().empty:
        return f"the anchor is missing: no score of {anchor.method}, {expected}"
    best = float(at["score"].max())
    if best >= anchor.at_least:
        return ""
    label = evidence.metric.label
    return f"the anchor fails: {anchor.method} has {best:.1f} {label}, {expected}"
