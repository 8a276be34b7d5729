"""The file of claims: read, and each mistake told in one line."""

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.analysis.claims.published import check_claims, read_claims
from tuning_curves.report.style import method_style
from tuning_curves.util.errors import ResourceError, UsageError

CLAIMS = Path(__file__).parents[3] / "config" / "claims.yaml"


@pytest.fixture
def found() -> dict[str, Any]:
    return copy.deepcopy(yaml.safe_load(CLAIMS.read_text("utf-8")))


def message(found: Any) -> str:
    with pytest.raises(UsageError) as caught:
        check_claims(found, "claims.yaml")
    return str(caught.value)


def test_the_projects_claims_name_known_methods_and_no_study() -> None:
    claims = read_claims(CLAIMS)
    assert (claims.evidence.confidence, claims.evidence.least_pairs) == (0.95, 3)
    rules = [*(claim.rule for claim in claims.claims), *(fact.rule for fact in claims.facts)]
    for name in (name for rule in rules for name in rule.methods):
        assert method_style(name).label
    studies = [path.stem for path in CLAIMS.parent.glob("*.yaml")]
    text = CLAIMS.read_text("utf-8")
    assert [name for name in studies if name != "claims" and f"{name}.yaml" in text] == []


def first_rule(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def apply(found: dict[str, Any]) -> None:
        found["claims"][0]["rule"][key] = value

    return apply


def rule_of(name: str, key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def apply(found: dict[str, Any]) -> None:
        next(claim for claim in found["claims"] if claim["id"] == name)["rule"][key] = value

    return apply


def remove(found: dict[str, Any]) -> None:
    del found["claims"][0]["rule"]["metric"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda f: f.pop("anchor"), "the file of claims lacks the key 'anchor'"),
        (lambda f: f["claims"][1].update(scale="big"), "claims.1.scale is 'big', expected one of"),
        (lambda f: f["claims"][0].update(why="so"), "unknown key 'why' in claims.0"),
        (lambda f: f["claims"][0]["rule"].pop("kind"), "claims.0.rule lacks the key 'kind'"),
        (first_rule("kind", "over"), "claims.0.rule.kind is 'over', expected one of above, equiv"),
        (remove, "claims.0.rule lacks the key 'metric'"),
        (first_rule("margin", 1.0), "unknown key 'margin' in claims.0.rule (expected: kind, first"),
        (first_rule("metrics", "f1"), "in claims.0.rule; did you mean 'metric'?"),
        (
            first_rule("metric", "auc"),
            "claims.0.rule.metric is 'auc', expected one of main, exact_match, f1",
        ),
        (first_rule("first", "Full FT"), "claims.0.rule.first is 'Full FT', expected a method's"),
        (first_rule("first", "bitfti"), "expected a method's name: did you mean 'bitfit'?"),
        (
            first_rule("metric", "matthews"),
            "has the metric 'matthews', expected main or one of question-answering: exact_match",
        ),
        (first_rule("second", "bitfit"), "rule of 'bitfit-above-full-on-few' compares 'bitfit'"),
        (
            first_rule("sizes", {"from": 9, "to": 5, "least": 1}),
            "has sizes.from 9, expected at most sizes.to, 5",
        ),
        (lambda f: f["claims"].append(f["claims"][0]), "'bitfit-above-full-on-few' is there twice"),
        (
            lambda f: f["facts"].append(f["facts"][0] | {"id": f["claims"][0]["id"]}),
            "the id 'bitfit-above-full-on-few' is there twice",
        ),
        (
            lambda f: f["anchor"].update(at_least=800),
            "anchor.at_least is 800, expected 100 or less",
        ),
        (
            lambda f: f["claims"][0].update(statement="by {margin} points"),
            "claims.0.statement is 'by {margin} points', expected text in which only {score}",
        ),
        (
            lambda f: f["claims"][0].update(statement="by {score.upper}"),
            "claims.0.statement is 'by {score.upper}', expected text in which only {score}",
        ),
        (
            lambda f: f["facts"][3].update(statement="less {score}"),
            "facts.3.statement is 'less {score}', expected text without braces",
        ),
        (lambda f: f["claims"][0].update(task=["tagging"]), "is 'tagging', expected one of quest"),
        (lambda f: f["anchor"].update(task="squad"), "anchor.task is 'squad', expected one of"),
        (
            rule_of("crossover", "span", [15000, 500]),
            "rule.span is [15000, 500], expected two sizes, the smaller one first",
        ),
        (
            rule_of("large-data-for-half", "more_than", 80000),
            "has more_than 80000, expected less than full_data_from, 80000",
        ),
        (
            rule_of("two-biases-suffice", "margin", math.inf),
            "rule.margin is inf, expected number",
        ),
        (
            lambda f: f["facts"][3]["rule"].update(quantity="seconds_per_step"),
            "rule.quantity is 'seconds_per_step', expected one of flops_per_step",
        ),
        (
            lambda f: f["evidence"].update(confidence=95),
            "evidence.confidence is 95, expected less than 1",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_it(
    found: dict[str, Any], change: Callable[[dict[str, Any]], Any], expected: str
) -> None:
    change(found)
    said = message(found)
    assert said.startswith("claims.yaml: ")
    assert expected in said
    assert "docs/verdicts.md" in said or "fix: " in said
    assert len(said.splitlines()) <= 2


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"claims\.yaml: no such file of claims"):
        read_claims(tmp_path / "claims.yaml")
    (tmp_path / "claims.yaml").write_text("claims: [")
    with pytest.raises(UsageError, match=r"claims\.yaml: not a YAML file"):
        read_claims(tmp_path / "claims.yaml")
    assert message(None) == (
        "claims.yaml: the file of claims is None, expected object\n"
        "fix: docs/verdicts.md explains every key of a claim"
    )
