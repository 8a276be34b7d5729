"""Verdicts: each claim judged by its own rule, once for each budget where scores are compared.

docs/verdicts.md explains the rules. Nothing here knows a claim or a study by name. A claim whose
methods, sizes or budgets the study lacks is undecided and says so; too few runs decide nothing; at
the paper's scale, scores are judged only if the anchor holds: full fine-tuning on all the data
reaches what others costs.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis import costs
from tuning_curves.analysis.claims import evidence as ev
from tuning_curves.analysis.claims.decide import (
    NOT_REPLICATED,
    REPLICATED,
    UNDECIDED,
    Condition,
    Judgement,
    judge_everywhere,
    judge_turn,
    undecided,
)
from tuning_curves.analysis.claims.evidence import Evidence
from tuning_curves.analysis.claims.published import Claim, Claims
from tuning_curves.analysis.comparisons import correct_holm, find_pairs
from tuning_curves.analysis.costs import count_parameters
from tuning_curves.analysis.crossover import crossover_of
from tuning_curves.analysis.runs import Runs
from tuning_curves.study.config import StudyConfig

Rule = Mapping[str, Any]
COLUMNS = [
    *["claim", "budget", "verdict", "estimate", "low", "high", "unit", "scale", "reason"],
    *["statement", "source"],
]
SCALES = {
    "demo": "at demo scale: no evidence about SQuAD",
    "reduced": "at reduced scale: only BERT-base on SQuAD can replicate the paper",
    "paper": "at the paper's scale",
}
UNITS = {
    "above": "points", "equivalent": "points", "not-worse": "points", "crossover": "questions",
    "share": "%", "largest-changes": "ratio", "no-gradient": "ratio", "cost": "ratio",
    "time-to-score": "ratio", "data-needed": "questions",
}  # fmt: skip


def make_verdicts(
    runs: Runs, chosen: pd.DataFrame, selection: pd.DataFrame, study: StudyConfig, claims: Claims
) -> pd.DataFrame:
    """One row per claim and, where budgets are told apart, budget that draws a curve.

    Args:
        chosen: the runs at their chosen rates; selection: the choices.
    """
    evidence = Evidence(
        runs=runs, chosen=chosen, selection=selection, study=study, level=claims.level,
        least_pairs=claims.least_pairs,
    )  # fmt: skip
    anchor = check_anchor(evidence, claims)
    rows = [row for claim in claims.claims for row in _judge_claim(evidence, claim, claims, anchor)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _judge_claim(
    evidence: Evidence, claim: Claim, claims: Claims, anchor: str
) -> Iterator[dict[str, Any]]:
    kind = claim.rule["kind"]
    budgets = evidence.study.whole_budgets if kind in BY_BUDGET else [""]
    missing = _missing_method(evidence, claim.rule)
    if missing:
        yield _row(evidence, claim, "", undecided(missing))
        return
    for budget in budgets:
        if claim.scale == "paper" and evidence.study["scale"] == "demo" and kind in SCORED:
            judged = undecided("a demo decides nothing about the paper's encoder and data")
        elif anchor and kind in SCORED:
            judged = undecided(anchor)
        elif kind in BY_BUDGET:
            judged = BY_BUDGET[kind](evidence, claim.rule, budget, claims.alpha)
        else:
            judged = OVERALL[kind](evidence, claim, claims.alpha)
        yield _row(evidence, claim, budget, judged)


def _row(evidence: Evidence, claim: Claim, budget: str, judged: Judgement) -> dict[str, Any]:
    notes = _notes(evidence, claim.rule, budget) if judged.verdict != UNDECIDED else ""
    metric = {"em": " of exact match", "f1": " of F1"}.get(claim.rule.get("metric", ""), "")
    unit = UNITS[claim.rule["kind"]]
    return {
        "claim": claim.id,
        "budget": budget,
        "verdict": judged.verdict,
        "estimate": judged.estimate,
        "low": judged.low,
        "high": judged.high,
        "unit": unit + (metric if unit == "points" else ""),
        "scale": SCALES[evidence.study["scale"]],
        "reason": judged.reason + notes,
        "statement": claim.statement,
        "source": claim.source,
    }


def _missing_method(evidence: Evidence, rule: Rule) -> str:
    """Which methods of a rule the study does not train; "" if none."""
    known = {entry["name"] for entry in evidence.study["methods"]}
    wanted = [rule[key] for key in ("first", "second", "method", "against") if key in rule]
    missing = [name for name in wanted if name not in known]
    return f"the study does not train {' and '.join(missing)}" if missing else ""


def _notes(evidence: Evidence, rule: Rule, budget: str) -> str:
    """What weakens a verdict about scores: choices of a rate at the edge of its grid."""
    if rule["kind"] not in SCORED:
        return ""
    methods = [rule[key] for key in ("first", "second", "method", "against") if key in rule]
    rows = evidence.selection[evidence.selection["method"].isin(methods)]
    rows = rows[rows["budget"] == budget] if budget else rows
    at_edge = int(rows["edge"].isin(("low", "high")).sum())
    if not at_edge:
        return ""
    return f"; {at_edge} of {len(rows)} learning rates lie at an edge of their grid"


def check_anchor(evidence: Evidence, claims: Claims) -> str:
    """Why scores at the paper's scale cannot be trusted; "" if they can, or at another scale."""
    if evidence.study["scale"] != "paper":
        return ""
    anchor = claims.anchor
    curves = evidence.curves
    at = curves[(curves["method"] == anchor["method"]) & (curves["n_train"] >= anchor["from"])]
    low, high = anchor["em"]
    expected = f"expected {low:g} to {high:g} with {anchor['from']:,} questions or more"
    if at["em"].dropna().empty:
        return f"the anchor is missing: no score of {anchor['method']}, {expected}"
    best = float(at["em"].max())
    if low <= best <= high:
        return ""
    return f"the anchor fails: {anchor['method']} has {best:.1f} exact match, {expected}"


def _scores(evidence: Evidence, rule: Rule, budget: str, alpha: float) -> Judgement:
    conditions, lacking = ev.compare_scores(evidence, rule, budget)
    return judge_everywhere(conditions, alpha, lacking)


def _changes(evidence: Evidence, rule: Rule, budget: str, alpha: float) -> Judgement:
    conditions, lacking = ev.compare_changes(evidence, rule, budget)
    return judge_everywhere(conditions, alpha, lacking)


def _crossover(evidence: Evidence, rule: Rule, budget: str, alpha: float) -> Judgement:
    first, second = rule["first"], rule["second"]
    conditions, lacking = ev.compare_scores(evidence, rule, budget)
    sizes = evidence.sizes([first, second], budget)
    covers = bool(sizes) and sizes[0] <= rule["span"][0] and sizes[-1] >= rule["span"][1]
    judged = judge_turn(conditions, alpha, lacking, covers)
    if judged.verdict != REPLICATED:
        return judged
    pairs = find_pairs(evidence.chosen, first, second)
    wanted, _ = ev.within(sizes, rule)
    own = {n: pair for (name, n), pair in pairs.items() if name == budget and n in wanted}
    where = crossover_of(evidence.runs, own, first, second, evidence.analysis)
    return Judgement(
        verdict=judged.verdict, reason=judged.reason, estimate=where["n_train"],
        low=where["low"], high=where["high"],
    )  # fmt: skip


def _data_needed(evidence: Evidence, rule: Rule, budget: str, alpha: float) -> Judgement:
    """More than so many questions: a size of so many is surely below; a smaller surely not."""
    found, lacking = ev.compare_to_full_data(evidence, rule, budget)
    if not found:
        return undecided(lacking or "the study has no size below that of all its data")
    bound = rule["more_than"]
    short = _settled(found, "p_against", alpha, lambda n: n >= bound)
    enough = _settled(found, "p_for", alpha, lambda n: n <= bound)
    numbers = {
        "estimate": _least(found, lambda c: c.estimate >= 0),
        "low": _least(found, lambda c: not c.high < 0),
        "high": _least(found, lambda c: c.low > 0),
    }
    share = f"{100 * rule['share']:g} % of the exact match with all the data"
    if short and not enough:
        reason = f"still below {share} at {ev.size_name(max(short))}"
        return Judgement(verdict=REPLICATED, reason=reason, **numbers)
    if enough and not short:
        reason = f"has {share} at {ev.size_name(min(enough))}"
        return Judgement(verdict=NOT_REPLICATED, reason=reason, **numbers)
    reason = lacking or f"no size settles whether {bound:,} questions give {share}"
    return Judgement(verdict=UNDECIDED, reason=reason, **numbers)


def _settled(
    found: Mapping[int, Condition], key: str, alpha: float, wanted: Callable[[int], bool]
) -> list[int]:
    """Of the wanted sizes, those whose p-value stays below alpha after Holm's correction."""
    sizes = [n for n in found if wanted(n)]
    corrected = correct_holm(np.array([getattr(found[n], key) for n in sizes]))
    return [n for n, p in zip(sizes, corrected, strict=True) if p <= alpha]


def _least(found: Mapping[int, Condition], holds: Callable[[Condition], bool]) -> float:
    return float(min((n for n, condition in found.items() if holds(condition)), default=np.nan))


def _share(evidence: Evidence, claim: Claim, _alpha: float) -> Judgement:
    """A count has no error; it agrees with a printed number if it rounds to it."""
    rule = claim.rule
    counts = count_parameters(evidence.runs.frame).set_index("method")
    if rule["method"] not in counts.index:
        return undecided(f"no run of {rule['method']} has finished")
    percent = 100 * float(counts.loc[rule["method"], "share"])
    trained = counts.loc[rule["method"], ["trainable_backbone", "trainable_added"]].sum()
    encoder = evidence.study["encoder"]["name"]
    reason = f"{int(trained):,} of the parameters of {encoder}: {percent:.4f} %"
    agrees = abs(percent - rule["percent"]) <= rule["rounding"]
    verdict = REPLICATED if agrees else NOT_REPLICATED
    if claim.scale == "paper" and evidence.study["scale"] != "paper":
        verdict, reason = UNDECIDED, f"{reason}; the claim is about BERT-base"
    return Judgement(verdict=verdict, reason=reason, estimate=percent, low=percent, high=percent)


def _no_gradient(evidence: Evidence, claim: Claim, _alpha: float) -> Judgement:
    """Every start has to agree: a derivation is tested, not a population."""
    ratios = ev.gradient_ratios(evidence, claim.rule)
    if len(ratios) < evidence.least_pairs:
        return undecided(f"{len(ratios)} of at least {evidence.least_pairs} starts have gradients")
    within = int((ratios <= claim.rule["at_most"]).sum())
    verdict = {0: NOT_REPLICATED, len(ratios): REPLICATED}.get(within, UNDECIDED)
    return Judgement(
        verdict=verdict,
        reason=f"{within} of {len(ratios)} starts; low and high are the least and the greatest",
        estimate=float(np.median(ratios)),
        low=float(ratios.min()),
        high=float(ratios.max()),
    )


def _cost(evidence: Evidence, claim: Claim, alpha: float) -> Judgement:
    conditions, lacking = ev.compare_costs(evidence, claim.rule)
    return judge_everywhere(conditions, alpha, lacking)


def _time_to_score(evidence: Evidence, claim: Claim, _alpha: float) -> Judgement:
    """Ratio of two times, its range that of the two ranges at their farthest apart."""
    rule = claim.rule
    points = costs.with_seconds(evidence.curves, evidence.chosen)
    few = points["seeds"] < evidence.least_pairs  # such a point is nowhere sure to reach anything
    points = points.assign(
        em_low=points["em_low"].mask(few), em_high=points["em_high"].mask(few, 100.0)
    )
    target = rule["share"] * costs.best_score(evidence.curves)
    own, other = (costs.reach_time(points, rule[key], target) for key in ("method", "against"))
    devices = sorted({own["device"], other["device"]})
    for name, times in ((rule["method"], own), (rule["against"], other)):
        if np.isnan(times["train_seconds"]):
            return undecided(f"{name} has nowhere {target:.1f} exact match in this study")
    if len(devices) > 1:
        return undecided(f"the times are of different devices: {', '.join(devices)}")
    low, high = own["low"] / other["high"], own["high"] / other["low"]
    verdict = (
        REPLICATED
        if low >= rule["ratio"]
        else NOT_REPLICATED
        if high < rule["ratio"]
        else UNDECIDED
    )
    return Judgement(
        verdict=verdict, reason=f"time to {target:.1f} exact match, {_where(own, rule['method'])}, "
        f"{_where(other, rule['against'])}",
        estimate=own["train_seconds"] / other["train_seconds"], low=low, high=high,
    )  # fmt: skip


def _where(times: Rule, method: str) -> str:
    n = ev.size_name(int(times["n_train"]))
    return f"{method}: {times['train_seconds']:.4g} s at {n} under {times['budget']}"


BY_BUDGET: dict[str, Callable[[Evidence, Rule, str, float], Judgement]] = {
    "above": _scores,
    "equivalent": _scores,
    "not-worse": _scores,
    "crossover": _crossover,
    "largest-changes": _changes,
    "data-needed": _data_needed,
}
OVERALL: dict[str, Callable[[Evidence, Claim, float], Judgement]] = {
    "share": _share,
    "no-gradient": _no_gradient,
    "cost": _cost,
    "time-to-score": _time_to_score,
}
SCORED = ("above", "equivalent", "not-worse", "crossover", "time-to-score", "data-needed")
