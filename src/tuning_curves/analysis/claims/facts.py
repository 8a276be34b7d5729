"""Facts: what follows from counting or from arithmetic, beside the sentence that speaks of it.

A count needs no seeds and has no error. Whether it agrees with a printed sentence is said, but it
is no verdict, and nothing here is counted among the claims. Where runs differ (a batch's
activations), the median, the least and the greatest stand there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from tuning_curves.analysis.bias_terms import by_run
from tuning_curves.analysis.claims.evidence import Evidence, cost_ratios
from tuning_curves.analysis.claims.rules import AboveZero, MethodName, Proportion, Term
from tuning_curves.analysis.columns import names
from tuning_curves.analysis.costs import count_parameters
from tuning_curves.util.validation import Section

AGREES, DISAGREES, IN_PART = "agrees", "disagrees", "agrees in part"


@dataclass(frozen=True, kw_only=True)
class Count:
    """What was counted, of what, and whether each count agrees with the sentence."""

    values: Sequence[float]  # empty where nothing could be counted
    of: str
    agree: Sequence[bool]

    @property
    def agreement(self) -> str:
        """In words; "" where nothing was counted."""
        if not self.agree:
            return ""
        return AGREES if all(self.agree) else IN_PART if any(self.agree) else DISAGREES


def nothing(reason: str) -> Count:
    """No count, and why."""
    return Count(values=(), of=reason, agree=())


class FactRule(Section):
    """A kind of count: its parameters, its unit, and how it is made."""

    unit: ClassVar[str]
    kind: str

    @property
    def methods(self) -> list[str]:
        """The methods that it names."""
        known = ("method", "against")
        return [getattr(self, name) for name in known if name in type(self).model_fields]

    def count(self, evidence: Evidence) -> Count:
        """The counts over a study's runs."""
        raise NotImplementedError


class Share(FactRule):
    """The share of parameters that a method trains, which rounds to a printed number or does not.

    Attributes:
        rounding: half a unit of the last printed digit, in percent.
    """

    unit = "%"
    kind: Literal["share"]
    method: MethodName
    percent: Annotated[float, Field(gt=0, le=100)]
    rounding: AboveZero

    def count(self, evidence: Evidence) -> Count:
        counts = count_parameters(evidence.runs.frame).set_index("method")
        if self.method not in counts.index:
            return nothing(f"no run of {self.method} has finished")
        percent = 100 * float(counts.loc[self.method, "share"])
        trained = counts.loc[self.method, ["trainable_backbone", "trainable_added"]].sum()
        return Count(
            values=[percent],
            of=f"{int(trained):,} of the parameters of {evidence.study.encoder.name}",
            agree=[abs(percent - self.percent) <= self.rounding],
        )


class CountedCost(FactRule):
    """The ratio of two methods' counted costs, which lies below a bound or does not.

    The median, the least and the greatest over pairs of runs of one size, budget and seed.
    """

    unit = "ratio"
    kind: Literal["cost"]
    method: MethodName
    against: MethodName
    quantity: Literal[
        "flops_per_step", "optimizer_bytes", "gradient_bytes", "activation_bytes",
        "activation_bytes_one", "training_bytes", "training_bytes_one", "delta_bytes",
    ]  # fmt: skip
    claimed: Literal["below", "not-below"]
    ratio: AboveZero

    def count(self, evidence: Evidence) -> Count:
        pairs = cost_ratios(evidence.chosen, self.method, self.against, self.quantity)
        if pairs.empty:
            return nothing(f"no records of both have {self.quantity}")
        ratios = np.exp(pairs["log_ratio"].to_numpy())
        below = ratios < self.ratio
        return Count(
            values=list(ratios),
            of=f"{self.quantity} of {self.method} over those of {self.against}, "
            f"{len(ratios)} pairs of runs",
            agree=list(below if self.claimed == "below" else ~below),
        )


class NoGradient(FactRule):
    """A bias term's first gradient over the mean of the others', which is next to nothing.

    A start is a size with its seeds: its first step is the same under every budget and rate.
    """

    unit = "ratio"
    kind: Literal["no-gradient"]
    method: MethodName
    term: Term
    at_most: Proportion

    def count(self, evidence: Evidence) -> Count:
        ratios = gradient_ratios(evidence, self.method, self.term)
        if not len(ratios):
            return nothing("no record has gradients of the biases")
        return Count(
            values=list(ratios),
            of=f"first gradient of b_{self.term} over the other biases' mean, {len(ratios)} starts",
            agree=list(ratios <= self.at_most),
        )


def gradient_ratios(evidence: Evidence, method: str, term: str) -> np.ndarray:
    """Each start's mean gradient of a bias term over the mean of the other terms'."""
    gradients = by_run(evidence.runs, evidence.chosen, method, "first_gradient")
    if gradients.empty or term not in gradients:
        return np.array([])
    starts = gradients.index.droplevel(["budget", "id"])
    once = gradients[~starts.duplicated()]
    others = once.drop(columns=term).mean(axis=1)
    return (once[term] / others.where(others > 0)).dropna().to_numpy()


AnyFactRule: Any = Annotated[Share | CountedCost | NoGradient, Field(discriminator="kind")]


def make_facts(evidence: Evidence, facts: Sequence[Any]) -> pd.DataFrame:
    """One row per fact of the claims' file (`published.Fact`)."""
    return pd.DataFrame([_row(evidence, fact) for fact in facts], columns=names("facts"))


def _row(evidence: Evidence, fact: Any) -> dict[str, Any]:
    missing = [name for name in fact.rule.methods if name not in evidence.study.method_names]
    lacking = f"the study does not train {' and '.join(missing)}"
    count = nothing(lacking) if missing else fact.rule.count(evidence)
    agreement, of = count.agreement, count.of
    if fact.scale == "paper" and evidence.study.scale != "paper" and agreement:
        agreement, of = "", f"{of}; the sentence is about BERT-base"
    values = np.array(count.values) if count.values else np.array([np.nan])
    return {
        "fact": fact.id,
        "value": float(np.median(values)),
        "low": float(values.min()),
        "high": float(values.max()),
        "unit": fact.rule.unit,
        "of": of,
        "agreement": agreement,
        "statement": fact.statement,
        "source": fact.source.words,
    }
