"""Sentences say what the tables show, and no more."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.report import numbers, prose
from tuning_curves.report.figures.figure2 import REFERENCE
from tuning_curves.study.config import StudyConfig

NBSP = "\N{NO-BREAK SPACE}"
BASIS = "(paired differences in exact match, after Holm's correction over sizes; "


def shifted(tables: dict[str, pd.DataFrame], value: float) -> dict[str, pd.DataFrame]:
    """Tables in which every difference is `value`, give or take 2."""
    contrasts = tables["contrasts"].assign(
        difference=value,
        low=value - 2,
        high=value + 2,
        p=0.01,
        p_holm=0.04 if abs(value) > 2 else 0.5,
    )
    return {**tables, "contrasts": contrasts}


def test_a_turn_of_the_order_is_told_with_its_sizes(make_study: Any, make_tables: Any) -> None:
    study = make_study(scale="paper")
    assert prose.main_finding(make_tables(study), study) == (
        "Under the budgets epochs and floor, BitFit is above full fine-tuning at n = 100, below it"
        " at n = 500 and 1,000 and undecided at n = 250 " + BASIS + "3 pairs of runs per"
        " size)."
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5.0, "BitFit is above full fine-tuning at every size (n = 100, 250, 500 and 1,000)"),
        (-5.0, "BitFit is below full fine-tuning at every size (n = 100, 250, 500 and 1,000)"),
        (
            0.5,
            "BitFit against full fine-tuning is undecided at every size (n = 100, 250, 500 and "
            "1,000), with a difference of +0.5 points",
        ),
    ],
)
def test_one_side_everywhere(
    value: float, expected: str, make_study: Any, make_tables: Any
) -> None:
    study = make_study(scale="paper", budgets=("floor",))
    found = prose.main_finding(shifted(make_tables(study), value), study)
    assert found.startswith(f"Under the budget floor, {expected}")


def test_budgets_that_differ_are_told_apart(make_study: Any, make_tables: Any) -> None:
    study = make_study(scale="paper", sizes=(100,))
    tables = make_tables(study)
    contrasts = tables["contrasts"]
    contrasts.loc[contrasts["budget"] == "epochs", ["low", "high"]] = [-9.0, -1.0]
    assert prose.main_finding(tables, study).startswith(
        "Under the budget epochs, BitFit is below full fine-tuning at n = 100, with a difference "
        "of +8.0 points; under the budget floor, BitFit is above full fine-tuning at n = 100, "
    )


def test_one_seed_decides_nothing(make_study: Any, make_tables: Any) -> None:
    study = make_study(scale="paper", seeds=(0,), budgets=("floor",))
    tables = make_tables(study)
    assert prose.main_finding(tables, study) == (
        "Under the budget floor, BitFit against full fine-tuning has differences of −8.0 to +8.0 "
        "points, without an interval and so undecided (1 pair of runs per size)."
    )
    assert prose.seeds(tables, study).startswith("Every point rests on one subset")


def test_a_demo_and_a_reduced_study_say_so_first(make_study: Any, make_tables: Any) -> None:
    for scale, start in (
        (
            "demo",
            "A demo on generated passages, which says nothing about the paper's data: under",
        ),
        ("reduced", "With all-MiniLM-L6-v2, not the paper's encoder: under the budget"),
    ):
        study = make_study(scale=scale)
        assert prose.main_finding(make_tables(study), study).startswith(start)


def test_without_bitfit_or_any_contrast(make_study: Any, make_tables: Any) -> None:
    study = make_study(scale="paper", methods=("full", "head"))
    found = prose.main_finding(make_tables(study), study)
    assert found.startswith("Under the budgets epochs and floor, head only is below full")
    alone = make_study(scale="paper", methods=("full",))
    assert prose.main_finding(make_tables(alone), alone) == "No two methods were compared."


def test_a_long_list_of_sizes_is_cut_to_its_ends(make_study: Any, make_tables: Any) -> None:
    study = make_study(scale="paper", sizes=(1000, 2000, 3000, 4000, 5000), budgets=("floor",))
    found = prose.main_finding(make_tables(study), study)
    assert "at every size (5 sizes from n = 1,000 to 5,000)" in found


def test_a_side_needs_an_interval_holms_correction_and_three_pairs(make_study: Any) -> None:
    study = make_study()

    def place(low: float, high: float, p_holm: float = 0.01, pairs: int = 3) -> str:
        row = SimpleNamespace(low=low, high=high, p_holm=p_holm, pairs=pairs)
        return prose.place_of(row, study.analysis.confidence)

    assert place(0.0, 4.0) == place(-4.0, 0.0) == "undecided"
    assert place(0.01, 4.0) == "above"
    assert place(-4.0, -0.01) == "below"
    assert place(0.01, 4.0, p_holm=0.05) == place(0.01, 4.0, pairs=2) == "undecided"
    assert place(np.nan, np.nan) == "without interval"


def test_rates_at_an_edge_and_rates_without_a_choice_are_counted(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study(sizes=(100, 1000), budgets=("epochs",))
    tables = make_tables(study)  # the adapter has one rate
    assert prose.edges(tables) == (
        "Of 8 learning rates (one for each method, size and budget) 6 lie at an edge of the grid "
        "and 2 are the only one tried."
    )
    tables["selection"]["edge"] = ""
    assert prose.edges(tables) == ""


def test_runs_that_two_budgets_share_count_once(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("full",), sizes=(100, 1000))
    tables = make_tables(study)  # full: two rates, three seeds; at 1,000 both budgets: 375 steps
    assert prose.count_runs(tables, study) == 18
    assert prose.failures(tables, study) == "None of the 18 runs diverged."
    tables["learning_rates"].loc[0, ["seeds", "diverged"]] = [2, 1]
    assert prose.failures(tables, study) == (
        "Of 18 runs 1 diverged (full fine-tuning); it has no score and is counted apart."
    )


def test_gaps_are_counted(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("full", "bitfit"), seeds=(0,), budgets=("floor",))
    tables = make_tables(study)
    tables["curves"] = tables["curves"].iloc[2:]  # one point, two metrics
    assert prose.gaps(tables, study) == (
        "1 point of 8 of the study has no score. 7 points of 7 have no interval, for want of a "
        "second seed, of a second test article, or of any variation, and stand without a bar."
    )


def test_what_was_read_off_the_paper() -> None:
    found = numbers.published_figure(pd.read_csv(REFERENCE))
    assert (found["sizes"], found["last_above"], found["first_below"]) == ("12", "7,000", "8,000")
    assert (found["gap_least_size"], found["gap_greatest_size"]) == ("+7.2", "−6.1")
    assert found["reading_error"] == "0.5 to 0.7"


def test_numbers_file_holds_what_the_prose_asks_for(
    make_study: Any, make_tables: Any, write_tables: Any, tmp_path: Path
) -> None:
    import json

    from tuning_curves.report import write

    study = make_study()
    folder = write_tables(make_tables(study), tmp_path / "tables")
    path = write.write_numbers(folder, study, tmp_path / "numbers.json")
    found = json.loads(path.read_text("utf-8"))
    assert found["main_finding"] == prose.main_finding(make_tables(study), study)
    assert found["facts"]["sizes"] == "100, 250, 500 and 1,000"
    assert found["task"]["examples"] == "questions"
    (bitfit,) = [row for row in found["methods"] if row["name"] == "bitfit"]
    assert (bitfit["trained"], bitfit["share"]) == ("25,728", "0.114")
    assert found["sentences"]["verdicts"].startswith("Judged at reduced scale: only the paper's")
    assert [kind for kind, _ in found["claim_kinds"]] == [
        "figure",
        "paper",
        "replication",
        "lecture",
    ]
    assert {claim["kind"] for claim in found["claims"]} == {k for k, _ in found["claim_kinds"]}
    assert found["claims"][0]["rows"][0]["number"] == "+6.0 points [+4.0, +8.0]"


def test_budgets_that_share_runs_are_named(make_study: Any) -> None:
    study = make_study(sizes=(100, 500))  # batch 8: 39 and 189 steps; the floor is 150
    assert prose.coinciding(study) == (
        "At n = 500 the budgets epochs and floor come to the same number of steps: there they are "
        "one set of runs, not two findings."
    )
    assert prose.coinciding(make_study(budgets=("epochs",))) == ""


def by_budget(study: StudyConfig) -> StudyConfig:
    """The study with rates of full for each budget."""
    full, *others = study.methods
    rates = {"epochs": (1e-4,), "floor": (1e-3,)}
    full = full.model_copy(update={"learning_rates": rates})
    return study.model_copy(update={"methods": (full, *others)})


def test_rates_by_budget_are_listed_by_budget(make_study: Any, make_tables: Any) -> None:
    study = by_budget(make_study())
    rows = numbers.make_numbers(make_tables(study), study, REFERENCE)["methods"]
    rates = {row["name"]: row["rates"] for row in rows}
    assert rates["full"] == "epochs: 1e-4; floor: 1e-3"
    assert ":" not in rates["bitfit"]


def test_budgets_of_equal_steps_and_other_rates_are_not_one_set_of_runs(make_study: Any) -> None:
    study = by_budget(make_study(sizes=(500, 1000)))
    assert prose.coinciding(study) == (
        "At n = 500 and 1,000 the budgets epochs and floor come to the same number of steps with "
        "learning rates of their own: there they differ in these alone."
    )


def test_what_a_study_leaves_out_is_said(make_study: Any) -> None:
    methods = ("full", "bitfit", "head")
    study = make_study(methods=methods, sizes=(100, 1000))
    assert prose.limits(study) == ""
    head = study.methods[2].model_copy(update={"budgets": ("epochs", "floor"), "sizes": (100,)})
    study = make_study(methods=methods, sizes=(100, 1000), budgets=("epochs", "floor", "long"))
    study = study.model_copy(update={"methods": (*study.methods[:2], head)})
    assert prose.limits(study) == (
        "Head only is trained under epochs and floor only and at n = 100 only."
    )


def test_methods_without_a_score_are_planned_and_not_told_of(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study(methods=("full", "bitfit", "head"), budgets=("epochs", "floor"))
    head = study.methods[2].model_copy(update={"budgets": ("floor",)})
    study = study.model_copy(update={"methods": (*study.methods[:2], head)})
    tables = make_tables(study)

    def told(scored: tuple[str, ...]) -> tuple[list[str], list[str], str]:
        curves = tables["curves"]
        curves = curves.assign(score=curves["score"].where(curves["method"].isin(scored)))
        made = numbers.make_numbers({**tables, "curves": curves}, study, REFERENCE)
        return [m["name"] for m in made["methods"]], made["waiting"], made["sentences"]["limits"]

    only = "Head only is trained under floor only."
    assert told(("full", "bitfit", "head")) == (["full", "bitfit", "head"], [], only)
    assert told(("full", "bitfit")) == (["full", "bitfit"], ["head only"], "")
    assert told(()) == (["full", "bitfit", "head"], [], only)


def test_a_method_whose_runs_all_diverged_has_run(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("full", "bitfit"))
    tables = make_tables(study)
    curves, gone = tables["curves"], tables["curves"]["method"] == "bitfit"
    curves = curves.assign(score=curves["score"].mask(gone), failed=curves["failed"].mask(gone, 3))
    trained, waiting = numbers.with_and_without_runs({**tables, "curves": curves}, study)
    assert (trained.method_names, waiting) == (study.method_names, [])


def test_rates_that_stand_alone_are_told_by_their_pilot(make_study: Any, make_tables: Any) -> None:
    tables = make_tables(make_study(methods=("full", "bitfit")))
    rows = tables["selection"]
    pilot = (rows["method"] == "full").map({True: "a-pilot", False: ""})
    rows = rows.assign(edge="only", rates_from=pilot)
    said = prose.edges({**tables, "selection": rows})
    assert "are the only one tried here, chosen in a-pilot" in said
    assert said.endswith("are the only one tried.")


def test_sizes_and_budgets_without_a_score_are_planned_and_not_told_of(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study(methods=("full", "bitfit"), budgets=("epochs", "floor"))
    rates = {"epochs": (1e-4,), "floor": (2e-4,)}
    full = study.methods[0].model_copy(update={"learning_rates": rates})
    study = study.model_copy(update={"methods": (full, *study.methods[1:])})
    tables = make_tables(study)
    curves = tables["curves"]
    scored = (curves["budget"] == "epochs") & (curves["n_train"] < 500)
    curves = curves.assign(score=curves["score"].where(scored))
    made = numbers.make_numbers({**tables, "curves": curves}, study, REFERENCE)
    assert [name for name, _ in made["budgets"]] == ["epochs"]
    assert made["facts"]["sizes"] == "100 and 250"
    assert made["facts"]["greatest_size"] == "250"
    assert made["waiting"] == ["500 and 1,000 questions", "the budget floor"]
    assert made["methods"][0]["rates"] == "1e-4"  # those of the budget that has runs
    assert made["sentences"]["limits"] == ""
    floor = study.budgets[1].model_copy(update={"sizes": (250,)})
    partly = study.model_copy(update={"budgets": (study.budgets[0], floor)})
    assert numbers.make_numbers(tables, partly, REFERENCE)["partial"] == ["floor"]
    made = numbers.make_numbers({**tables, "curves": curves}, partly, REFERENCE)
    assert made["partial"] == []


def test_the_answer_says_what_to_take_at_each_size(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("full", "bitfit", "head"))
    tables = make_tables(study)
    said = numbers.make_numbers(tables, study, REFERENCE)["sentences"]["take"]
    assert said and all(sentence.startswith("With ") for sentence in said)
    assert any(" questions take " in sentence for sentence in said)
    alone = make_study(methods=("full",))
    assert numbers.make_numbers(make_tables(alone), alone, REFERENCE)["sentences"]["take"] == []
