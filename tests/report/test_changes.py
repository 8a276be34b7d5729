"""What more steps and more examples change, in sentences."""

from typing import Any

import pandas as pd

from tuning_curves.report.changes import change_sentences

DECIDED = {"difference": 20.0, "low": 15.0, "high": 25.0, "p_holm": 0.001, "pairs": 3}
OPEN = {"difference": 1.0, "low": -3.0, "high": 5.0, "p_holm": 0.5, "pairs": 3}


def tables(budgets: list[dict[str, Any]], equal_steps: list[dict[str, Any]]) -> Any:
    pair = {"first": "bitfit", "second": "full", "metric": "exact_match"}
    contrast = {"budget": "epochs", "n_train": 100, **pair, **OPEN}
    return {
        "contrasts": pd.DataFrame([contrast]),
        "budgets": pd.DataFrame([pair | row for row in budgets], columns=BUDGETS),
        "equal_steps": pd.DataFrame([pair | row for row in equal_steps], columns=EQUAL),
    }


BOTH = ["first", "second", "metric", *DECIDED]
BUDGETS = ["n_train", "shorter_steps", "longer_steps", *BOTH]
EQUAL = ["steps", "smaller", "larger", *BOTH]


def test_decided_changes_are_told_and_the_others_counted(make_study: Any) -> None:
    steps = {"shorter_steps": 375, "longer_steps": 1500}
    budgets = [{"n_train": 1000, **steps, **DECIDED}, {"n_train": 100, **steps, **OPEN},
               {"n_train": 200, **steps, **DECIDED, "pairs": 2}]  # fmt: skip
    equal = [{"steps": 1500, "smaller": 1000, "larger": 4000, **OPEN}]
    found = change_sentences(tables(budgets, equal), make_study())
    assert found["steps"] == [
        "With as many questions and more steps, BitFit minus full fine-tuning changes by +20.0 "
        "points [+15.0, +25.0] from 375 to 1,500 steps at n = 1,000 (decided in 1 of 3 "
        "comparisons).",
    ]
    assert found["examples"] == [
        "With as many steps and more questions, BitFit minus full fine-tuning changes by nothing "
        "that is decided (decided in 0 of 1 comparison).",
    ]


def test_only_the_largest_of_many_changes_are_told(make_study: Any) -> None:
    rows = [
        {"n_train": n, "shorter_steps": 10, "longer_steps": 20, **DECIDED, "difference": n / 10}
        for n in (210, 220, 230, 240, 250)
    ]
    (sentence,) = change_sentences(tables(rows, []), make_study())["steps"]
    assert "+25.0 points" in sentence and "+22.0 points" in sentence and "+21.0" not in sentence
    assert sentence.endswith("(decided in 5 of 5 comparisons, the largest).")


def test_without_pairs_there_is_nothing_to_tell(make_study: Any) -> None:
    assert change_sentences(tables([], []), make_study()) == {"steps": [], "examples": []}
