"""The claims that a study is judged by, and the facts beside them: config/claims.yaml, checked.

A claim is a published sentence, where it stands, and the rule that judges it; a fact is a sentence
that a count answers. docs/verdicts.md explains the kinds of rule. Claims name no study, and every
section is closed: a misspelt key is an error, not a rule that never applies.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict

from tuning_curves.analysis.claims.evidence import MAIN
from tuning_curves.analysis.claims.facts import AnyFactRule, FactRule
from tuning_curves.analysis.claims.kinds import AnyRule
from tuning_curves.analysis.claims.rules import Count, DataNeeded, MethodName, Rule
from tuning_curves.tasks import task_class, task_names
from tuning_curves.util.errors import UsageError
from tuning_curves.util.validation import ONCE, Section, expected, validate
from tuning_curves.util.yaml_files import read_yaml

FIX = "docs/verdicts.md explains every key of a claim"
Text = Annotated[str, Field(min_length=1)]
Percent = Annotated[float, Field(ge=0, le=100)]

PUBLISHED = Path(__file__).with_name("claims.yaml")  # config/claims.yaml of the checkout


WORDS = {"score": "exact match", "examples": "questions"}  # what a statement leaves to the task


def _known_words(statement: str) -> str:
    rest = statement
    for word in WORDS:
        rest = rest.replace(f"{{{word}}}", "")
    if "{" in rest or "}" in rest:
        raise expected("text in which only {score} and {examples} stand in braces")
    return statement


def _without_braces(statement: str) -> str:
    if "{" in statement or "}" in statement:
        raise expected("text without braces: a fact has no words of a task")
    return statement


def _known_task(name: str) -> str:
    if name not in task_names():
        raise expected(f"one of {', '.join(task_names())}")
    return name


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Statement = Annotated[Text, AfterValidator(_known_words)]
Texts = Annotated[tuple[Text, ...], Strict(False), Field(min_length=1), ONCE]
TaskName = Annotated[str, AfterValidator(_known_task)]
TaskNames = Annotated[
    tuple[TaskName, ...],
    Strict(False), BeforeValidator(_listed), Field(min_length=1), ONCE,
]  # fmt: skip

READ = {
    "text": "",
    "abstract": "read in its abstract",
    "image": "read off its image",
    "code": "read in its public code and what that prints",
    "secondary": "read in others' accounts of it",
    "slide": "heard in a lecture whose slides are not published",
}


class Source(Section):
    """Where a claim stands, how it was read, and what others say of the same.

    Attributes:
        also: who says the same; against: who says otherwise.
    """

    kind: Literal["figure", "paper", "replication", "lecture"]
    text: Text
    read: Literal["text", "abstract", "image", "code", "secondary", "slide"]
    also: Texts | None = None
    against: Texts | None = None

    @property
    def words(self) -> str:
        """All of it as one text."""
        how = f" ({READ[self.read]})" if READ[self.read] else ""
        also = f". Also: {'; '.join(self.also)}" if self.also else ""
        against = f". Against it: {'; '.join(self.against)}" if self.against else ""
        return f"{self.text}{how}{also}{against}"


class Claim(Section):
    """One published sentence and its rule.

    Attributes:
        statement: `{score}` and `{examples}` stand for the task's words.
        task: the tasks that it speaks of; None if of any.
        scale: `paper` if only the paper's encoder and data can decide it, `any` if all can.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    source: Source
    statement: Statement
    task: TaskNames | None = None
    scale: Literal["paper", "any"]
    rule: AnyRule


class Fact(Section):
    """A sentence that a count answers.

    Attributes:
        scale: `paper` if it is about BERT-base, whose counts another encoder cannot have.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    source: Source
    statement: Annotated[Text, AfterValidator(_without_braces)]
    scale: Literal["paper", "any"]
    rule: AnyFactRule


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
        at_least: the score that is a floor, of the task's first metric; more is no fault.
    """

    task: TaskName
    method: MethodName
    from_size: Count = Field(alias="from")
    at_least: Percent


class Claims(Section):
    """All claims, what counts as evidence, and the facts."""

    evidence: Threshold
    anchor: Anchor
    claims: Annotated[tuple[Claim, ...], Strict(False), Field(min_length=1)]
    facts: Annotated[tuple[Fact, ...], Strict(False)]


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
    entries: tuple[Claim | Fact, ...] = (*claims.claims, *claims.facts)
    for entry in entries:
        _check_rule(entry.rule, f"{source}: the rule of {entry.id!r}")
    for claim in claims.claims:
        _check_metric(claim, f"{source}: the rule of {claim.id!r}")
    _check_across(claims, source)
    return claims


def _check_rule(rule: Rule | FactRule, where: str) -> None:
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
    if isinstance(rule, DataNeeded) and rule.more_than >= rule.full_data_from:
        raise UsageError(
            f"{where} has more_than {rule.more_than}, expected less than full_data_from, "
            f"{rule.full_data_from}",
            fix="correct one of the two: no size between them could say so",
        )


def _check_metric(claim: Claim, where: str) -> None:
    """A claim about one task cannot be judged by a metric of another."""
    metric = getattr(claim.rule, "metric", MAIN)
    known = [name for task in claim.task or () for name in task_class(task).metric_names]
    if claim.task is not None and metric != MAIN and metric not in known:
        raise UsageError(
            f"{where} has the metric {metric!r}, expected {MAIN} or one of "
            f"{' and '.join(claim.task)}: {', '.join(dict.fromkeys(known))}",
            fix="correct the metric, or the claim's task",
        )


def _check_across(claims: Claims, source: str) -> None:
    names = [*(claim.id for claim in claims.claims), *(fact.id for fact in claims.facts)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{source}: the id {twice[0]!r} is there twice", fix="rename one")
