"""Verdicts in words."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.report import prose


def verdicts(*rows: tuple[str, str, str]) -> dict[str, pd.DataFrame]:
    """A table of claim, budget and verdict."""
    frame = pd.DataFrame(rows, columns=["claim", "budget", "verdict"])
    scale = "at demo scale: no evidence"
    numbers = {"estimate": 0.5, "low": 0.4, "high": 0.6, "unit": "ratio"}
    words = {"scale": scale, "reason": "why", "statement": "s", "kind": "paper", "source": "t"}
    return {"verdicts": frame.assign(**numbers, **words)}


def test_a_claim_holds_only_if_it_holds_under_every_budget() -> None:
    tables = verdicts(
        ("a", "epochs", "replicated"), ("a", "floor", "replicated"),
        ("b", "epochs", "replicated"), ("b", "floor", "undecided"),
        ("c", "epochs", "replicated"), ("c", "floor", "not replicated"),
        ("d", "", "not replicated"),
        ("e", "epochs", "undecided"), ("e", "floor", "not replicated"),
        ("f", "", "not judged"),
    )  # fmt: skip
    assert prose.overall(tables["verdicts"]).to_dict() == {
        "a": "replicated", "b": "undecided", "c": "different under the budgets",
        "d": "not replicated", "e": "contradicted under some budget", "f": "not judged",
    }  # fmt: skip
    rest = (
        "1 is different under the budgets, 1 is contradicted under some budget, 1 is undecided "
        "and 1 is not judged (another task or method)."
    )
    assert prose.count_sentence(tables, "paper") == (
        "Judged at demo scale: no evidence. Of 6 published claims 1 is replicated, 1 is not "
        f"replicated, {rest}"
    )
    assert prose.count_sentence(tables, "reduced") == (
        "Judged at demo scale: no evidence. Of 6 published claims 1 holds here, 1 does not hold "
        f"here, {rest}"
    )
    assert prose.count_sentence({"verdicts": tables["verdicts"].iloc[:0]}, "demo") == ""


def best_contrasts(*differences: tuple[int, float, float]) -> dict[str, pd.DataFrame]:
    """A table of size, difference and corrected p-value of BitFit against full; +-2 points."""
    rows = [
        {"first": "bitfit", "second": "full", "n_train": n, "metric": metric, "pairs": 3,
         "difference": value, "low": value - 2, "high": value + 2, "p": p, "p_holm": p}
        for n, value, p in differences
        for metric in ("exact_match", "f1")
    ]  # fmt: skip
    return {"best_contrasts": pd.DataFrame(rows)}


def test_best_budgets_are_told_once_a_contrast_where_there_are_several(make_study: Any) -> None:
    several = make_study()
    tables = best_contrasts((100, 5.0, 0.001), (500, 1.0, 0.5), (1000, -5.0, 0.001))
    assert prose.best_sentences(tables, several) == [
        "With each method under its own best budget, BitFit is above full fine-tuning at n = 100, "
        "below it at n = 1,000 and undecided at n = 500."
    ]
    tables = best_contrasts((100, 5.0, 0.2), (1000, -5.0, 0.06))  # intervals alone decide nothing
    (open_,) = prose.best_sentences(tables, several)
    assert "undecided at every size" in open_ and "above" not in open_ and "below" not in open_
    assert prose.best_sentences(tables, make_study(budgets=("epochs",))) == []


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [
        ("points of exact match", (6.0, 4.0, 8.0), "+6.0 points of exact match [+4.0, +8.0]"),
        ("questions", (316.2, 240.0, 420.0), "316 questions [240, 420]"),
        ("%", (0.114, 0.114, 0.114), "0.114 %"),
        ("ratio", (3e-7, 1e-8, 1e-6), "ratio 3e-7 [1e-8, 1e-6]"),
        ("ratio", (0.7, np.nan, np.nan), "ratio 0.700"),
        ("ratio", (np.nan, np.nan, np.nan), ""),
    ],
)
def test_the_number_of_a_verdict_has_its_unit(
    unit: str, values: tuple[float, float, float], expected: str, make_study: Any
) -> None:
    tables = verdicts(("a", "", "replicated"))
    tables["verdicts"][["estimate", "low", "high"]] = values
    tables["verdicts"]["unit"] = unit
    assert prose.claim_groups(tables, make_study())[0]["rows"][0]["number"] == expected
