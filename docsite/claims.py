"""What was published and the rules that judge it: `config/claims.yaml` and the rules' classes."""

import json
from collections.abc import Iterable
from typing import get_args

from docsite.writing import code, first_sentence, plain, table
from tuning_curves.analysis.claims.facts import FactRule
from tuning_curves.analysis.claims.kinds import KINDS
from tuning_curves.analysis.claims.published import (
    PUBLISHED,
    WORDS,
    Claim,
    Claims,
    Fact,
    read_claims,
)
from tuning_curves.analysis.claims.rules import Rule

OPENING = """\
# Claims and facts

What was published, sentence by sentence, with the rule that judges it on any study, as
`config/claims.yaml` has it. [Verdicts](../verdicts.md) explains how a rule comes to `replicated`,
`not replicated` or `undecided`, and what each parameter means; [Decisions](../decisions.md) says
what was fixed before which results. ‹score› and ‹examples› are called as the study's task calls
them.
"""


def page() -> str:
    """The page, in Markdown: claims, facts, and the kinds of rule."""
    claims = read_claims(PUBLISHED)
    return "\n".join([OPENING, _evidence(claims), *_entries(claims), _kinds()])


def _evidence(claims: Claims) -> str:
    anchor = claims.anchor
    return (
        f"Intervals have the level {claims.evidence.confidence}, and fewer than "
        f"{claims.evidence.least_pairs} pairs of finished runs decide nothing. At the scale "
        f"`paper`, claims about scores of {anchor.task} wait until `{anchor.method}` on "
        f"{anchor.from_size:,} examples or more has reached {anchor.at_least:g}.\n"
    )


def _entries(claims: Claims) -> Iterable[str]:
    yield f"## Claims ({len(claims.claims)})\n"
    yield from map(_claim, claims.claims)
    yield f"## Facts ({len(claims.facts)})\n"
    yield "A fact is counted, and never replicated or refuted.\n"
    yield from map(_claim, claims.facts)


def _claim(entry: Claim | Fact) -> str:
    statement = entry.statement
    for word in WORDS:
        statement = statement.replace(f"{{{word}}}", f"‹{word}›")
    of = {"paper": "only BERT-base on the paper's data", "any": "any study"}[entry.scale]
    tasks = ", ".join(entry.task or ()) if isinstance(entry, Claim) else ""
    rule = entry.rule.model_dump(mode="json", by_alias=True, exclude_none=True)
    lines = [
        f"### `{entry.id}`\n",
        f"> {plain(statement)}\n",
        f"- Source ({entry.source.kind}): {plain(entry.source.words)}",
        f"- Can be decided by: {of}" + (f"; task: {tasks}" if tasks else ""),
        f"- Rule: {_rule(rule)}\n",
    ]
    return "\n".join(lines)


def _rule(rule: dict[str, object]) -> str:
    kind = rule.pop("kind")
    shown = ", ".join(f"{key}: {_value(value)}" for key, value in rule.items())
    return f"`{kind}` with `{shown}`"


def _value(value: object) -> str:
    return json.dumps(value).replace('"', "")


def _kinds() -> str:
    rows = [*map(_kind, KINDS), *(_kind(kind, "a fact: ") for kind in FactRule.__subclasses__())]
    return "## Kinds of rule\n\n" + table(("kind", "says", "parameters"), rows)


def _kind(kind: type[Rule | FactRule], opening: str = "") -> tuple[str, str, str]:
    (name,) = get_args(kind.model_fields["kind"].annotation)
    parameters = [field.alias or key for key, field in kind.model_fields.items() if key != "kind"]
    return code(name), opening + first_sentence(kind.__doc__), ", ".join(map(code, parameters))
