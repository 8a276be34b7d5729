"""The claims that a study is judged by: config/claims.yaml, read and checked.

A claim is a published sentence, where it stands, and the rule that judges it; docs/verdicts.md
explains the kinds of rule. Claims name no study, and every section is closed: a misspelt key is an
error, not a rule that never applies.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from tuning_curves.analysis.claims.rules import AnyRule, Count, MethodName, Rule
from tuning_curves.util.errors import UsageError
from tuning_curves.util.validation import Section, validate
from tuning_curves.util.yaml_files import read_yaml

FIX = "docs/verdicts.md explains every key of a claim"
Text = Annotated[str, Field(min_length=1)]
Percent = Annotated[float, Field(ge=0, le=100)]

PUBLISHED = Path(__file__).with_name("claims.yaml")  # config/claims.yaml of the checkout


class Source(Section):
    """Where a claim stands."""

    kind: Literal["paper", "figure", "lecture"]
    text: Text


class Claim(Section):
    """One published sentence and its rule.

    Attributes:
        task: the task that it speaks of; None if of any.
        scale: `paper` if only the paper's encoder and data can decide it, `any` if all can.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    source: Source
    statement: Text
    task: str | None = None
    scale: Literal["paper", "any"]
    rule: AnyRule


class Threshold(Section):
    """What counts as evidence.

    Attributes:
        confidence: of intervals; a one-sided test errs in half of what it leaves.
        least_pairs: fewer pairs of seeds decide nothing.
    """

    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    least_pairs: Annotated[int, Field(ge=2)]


class Anchor(Section):
    """What a study at the paper's scale has to reach before a claim about scores is judged.

    Attributes:
        from_size: with so many examples or more.
        score: the lowest and the highest score, of the task's first metric.
    """

    task: str
    method: MethodName
    from_size: Count = Field(alias="from")
    score: Annotated[tuple[Percent, Percent], Strict(False)]


class Claims(Section):
    """All claims, and what counts as evidence."""

    evidence: Threshold
    anchor: Anchor
    claims: Annotated[tuple[Claim, ...], Strict(False), Field(min_length=1)]


def read_claims(path: Path) -> Claims:
    """Read and check a file of claims.

    Raises:
        ResourceError: no such file.
        UsageError: not YAML, or a claim that cannot be meant.
    """
    return check_claims(read_yaml(path, "no such file of claims"), str(path))


def check_claims(found: Any, source: str) -> Claims:
    """Check a mapping of claims by its types, then across keys.

    Raises:
        UsageError: one mistake; the message names the key, its value and what was expected.
    """
    claims: Claims = validate(Claims, found, source, "the file of claims", FIX)
    for claim in claims.claims:
        _check_rule(claim.rule, f"{source}: the rule of {claim.id!r}")
    _check_across(claims, source)
    return claims


def _check_rule(rule: Rule, where: str) -> None:
    if len(set(rule.methods)) < len(rule.methods):
        raise UsageError(
            f"{where} compares {rule.methods[0]!r} with itself", fix="name two different methods"
        )
    sizes = getattr(rule, "sizes", None)
    if sizes is not None and sizes.least_size > sizes.to:
        raise UsageError(
            f"{where} has sizes.from {sizes.least_size}, expected at most sizes.to, {sizes.to}",
            fix="swap the two",
        )


def _check_across(claims: Claims, source: str) -> None:
    names = [claim.id for claim in claims.claims]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{source}: the claim {twice[0]!r} is there twice", fix="rename one")
    low, high = claims.anchor.score
    if low > high:
        raise UsageError(
            f"{source}: anchor.score is {[low, high]}, expected the lower value first",
            fix="swap the two",
        )
