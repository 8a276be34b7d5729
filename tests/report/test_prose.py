"""Verdicts in words, and the sentences about memory, time and biases."""

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
    words = {"scale": scale, "reason": "why", "statement": "s", "source": "t"}
    return {"verdicts": frame.assign(**numbers, **words)}


def test_a_claim_holds_only_if_it_holds_under_every_budget() -> None:
    tables = verdicts(
        ("a", "epochs", "replicated"), ("a", "floor", "replicated"),
        ("b", "epochs", "replicated"), ("b", "floor", "undecided"),
        ("c", "epochs", "replicated"), ("c", "floor", "not replicated"),
        ("d", "", "not replicated"),
    )  # fmt: skip
    assert prose.overall(tables["verdicts"]).to_dict() == {
        "a": "replicated", "b": "undecided", "c": "different under the budgets",
        "d": "not replicated",
    }  # fmt: skip
    assert prose.count_sentence(tables, "paper") == (
        "Judged at demo scale: no evidence. Of 4 published claims 1 is replicated, 1 is not "
        "replicated, 1 is undecided and 1 is different under the budgets."
    )
    assert prose.count_sentence(tables, "reduced") == (
        "Judged at demo scale: no evidence. Of 4 published claims 1 holds here, 1 does not hold "
        "here, 1 is undecided and 1 is different under the budgets."
    )
    assert prose.count_sentence({"verdicts": tables["verdicts"].iloc[:0]}, "demo") == ""


def test_what_is_undecided_is_told_with_its_reason() -> None:
    tables = verdicts(("b", "epochs", "undecided"), ("c", "", "undecided"), ("d", "", "replicated"))
    assert prose.open_sentences(tables) == ["Why: undecided are b and c (under epochs)."]


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
    unit: str, values: tuple[float, float, float], expected: str
) -> None:
    tables = verdicts(("a", "", "replicated"))
    tables["verdicts"][["estimate", "low", "high"]] = values
    tables["verdicts"]["unit"] = unit
    assert prose.claim_groups(tables)[0]["rows"][0]["number"] == expected


def test_memory_and_time_are_told_with_their_parts(make_study: Any, make_tables: Any) -> None:
    tables = make_tables(make_study(methods=("full", "bitfit", "head")))
    said = prose.memory(tables)
    assert "BitFit keeps 0.212 of optimizer's state, 0.106 of gradients and 300 of activ" in said
    assert "300 together, or 40.3 with a batch of one question" in said
    assert prose.reach(tables)[1] == (
        "90 % of the best exact match of full (36.0) is reached, with the fastest training that "
        "does, by full fine-tuning in 90.0 s (n = 250, epochs). BitFit and head only do not reach "
        "it."
    )
    tables["costs"]["gradient_bytes"] = np.nan
    assert prose.memory(tables) == ""


def test_of_many_methods_the_fastest_to_a_score_are_named_and_the_main_two() -> None:
    names = [f"bitfit-{term}" for term in ("q", "k", "v", "m1", "m2", "m3", "ln1", "ln2")]
    names += ["lora-2", "lora-4", "ia3", "bitfit", "full"]
    rows = [
        {"share": 0.5, "target_em": 20.0, "method": name, "train_seconds": 10.0 + place,
         "budget": "epochs", "n_train": 100}
        for place, name in enumerate(names)
    ]  # fmt: skip
    (said,) = prose.reach({"reach": pd.DataFrame(rows)})
    assert "by BitFit (q) in 10.0 s (n = 100, epochs), BitFit (k) in 11.0 s" in said
    assert said.endswith(
        "BitFit in 21.0 s (n = 100, epochs), full fine-tuning in 22.0 s (n = 100, epochs) and 6 "
        "other methods."
    )


def test_biases_are_told_from_the_largest(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    said = prose.biases(tables, study)
    assert said.startswith(
        "Under floor, n = 1,000, mean changes over layers are, from the largest, b_q (0.0822), b_m2"
    )
    assert "the key bias gets 6.9e-7 times the others' mean gradient" in said
    tables["biases"] = tables["biases"].iloc[:0]
    assert prose.biases(tables, study) == ""
