"""The claims that a study is judged by: config/claims.yaml, read and checked.

A claim is a published sentence, where it stands, and the rule that judges it; docs/verdicts.md
explains the kinds of rule. Claims name no study, and the schema is closed: a misspelt key is an
error, not a rule that never applies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuning_curves.util.errors import UsageError
from tuning_curves.util.schemas import explain, first_error, validator
from tuning_curves.util.yaml_files import read_yaml

FIX = "docs/verdicts.md explains every key of a claim"

PUBLISHED = Path(__file__).with_name("claims.yaml")  # config/claims.yaml of the checkout


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One published sentence and its rule.

    Attributes:
        source: where it stands, in words.
        scale: `paper` if only the paper's encoder and data can decide it, `any` if all can.
        rule: `kind` and the parameters of that kind.
    """

    id: str
    source: str
    statement: str
    scale: str
    rule: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All claims, and what counts as evidence.

    Attributes:
        level: of intervals; a one-sided test has the error `alpha`.
        least_pairs: fewer pairs of seeds decide nothing.
        anchor: `method`, `from` (a size) and `em` (lowest, highest) that a study at the paper's
            scale has to reach before any claim about scores is judged.
    """

    level: float
    least_pairs: int
    anchor: Mapping[str, Any]
    claims: tuple[Claim, ...]

    @property
    def alpha(self) -> float:
        return round((1 - self.level) / 2, 12)


def read_claims(path: Path) -> Claims:
    """Read and check a file of claims.

    Raises:
        ResourceError: no such file.
        UsageError: not YAML, or a claim that cannot be meant.
    """
    return check_claims(read_yaml(path, "no such file of claims"), str(path))


def check_claims(found: Any, source: str) -> Claims:
    """Check a mapping of claims against the schema, then across keys.

    Raises:
        UsageError: one mistake; the message names the key, its value and what was expected.
    """
    _refuse(first_error("claims", found), source, "")
    kinds = validator("claims").schema["$defs"]
    for place, claim in enumerate(found["claims"]):
        error = first_error("claims", claim["rule"], kinds[claim["rule"]["kind"]])
        _refuse(error, source, f"claims.{place}.rule")
        _check_rule(claim["rule"], f"{source}: the rule of {claim['id']!r}")
    _check_across(found, source)
    claims = tuple(
        Claim(**{**claim, "source": claim["source"]["text"]}) for claim in found["claims"]
    )
    return Claims(**found["evidence"], anchor=found["anchor"], claims=claims)


def _refuse(error: Any, source: str, above: str) -> None:
    if error is not None:
        raise UsageError(explain(error, source, "the file of claims", above), fix=FIX)


def _check_rule(rule: Mapping[str, Any], where: str) -> None:
    pairs = (("first", "second"), ("method", "against"))
    for one, other in pairs:
        if one in rule and rule[one] == rule.get(other):
            raise UsageError(
                f"{where} compares {rule[one]!r} with itself", fix="name two different methods"
            )
    sizes = rule.get("sizes", {"from": 0, "to": 0})
    if sizes["from"] > sizes["to"]:
        raise UsageError(
            f"{where} has sizes.from {sizes['from']}, expected at most sizes.to, {sizes['to']}",
            fix="swap the two",
        )


def _check_across(found: Mapping[str, Any], source: str) -> None:
    names = [claim["id"] for claim in found["claims"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{source}: the claim {twice[0]!r} is there twice", fix="rename one")
    low, high = found["anchor"]["em"]
    if low > high:
        raise UsageError(
            f"{source}: anchor.em is {[low, high]}, expected the lower value first",
            fix="swap the two",
        )
