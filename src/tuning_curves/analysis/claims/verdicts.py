"""Verdicts: each claim judged by its own rule, once for each budget where its rule says so.

A claim about another task, or whose methods, sizes or budgets the study has not, is undecided and
says so; too few runs decide nothing; at the paper's scale, scores are judged only if the anchor
holds: full fine-tuning on all the data reaches what others reach, or more.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from tuning_curves.analysis.claims.decide import UNDECIDED, Judgement, undecided
from tuning_curves.analysis.claims.evidence import MAIN, Evidence
from tuning_curves.analysis.claims.published import Claim, Claims
from tuning_curves.analysis.claims.rules import POINTS
from tuning_curves.analysis.columns import names
from tuning_curves.analysis.runs import Runs
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
        yield _row(evidence, claim, "", undecided(missing))
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
    notes = _notes(evidence, claim, budget) if judged.verdict != UNDECIDED else ""
    return {
        "claim": claim.id,
        "budget": budget,
        "verdict": judged.verdict,
        "estimate": judged.estimate,
        "low": judged.low,
        "high": judged.high,
        "unit": _unit(evidence, claim),
        "scale": SCALES[evidence.study.scale],
        "reason": judged.reason + notes,
        "statement": _statement(evidence, claim),
        "kind": claim.source.kind,
        "source": claim.source.words,
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


def _notes(evidence: Evidence, claim: Claim, budget: str) -> str:
    """What weakens a verdict about scores: choices of a rate at the edge of its grid."""
    if not claim.rule.about_scores:
        return ""
    rows = evidence.selection[evidence.selection["method"].isin(claim.rule.methods)]
    rows = rows[rows["budget"] == budget] if budget else rows
    at_edge = int(rows["edge"].isin(("low", "high")).sum())
    if not at_edge:
        return ""
    return f"; {at_edge} of {len(rows)} learning rates lie at an edge of their grid"


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
