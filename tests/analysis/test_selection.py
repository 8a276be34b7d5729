"""The choice of learning rates: on the validation split alone, ties and failures by the rule."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.selection import (
    choose_budgets,
    keep_chosen,
    select_rates,
    summarise_rates,
)
from tuning_curves.study.config import Pilot

Row = Callable[..., dict[str, Any]]


def chosen(rows: list[dict[str, Any]]) -> pd.Series:
    selection = select_rates(summarise_rates(pd.DataFrame(rows)))
    assert len(selection) == 1
    return selection.iloc[0]


def grid(run_row: Row, scores: dict[float, list[tuple[float, float]]]) -> list[dict[str, Any]]:
    """Rows of `full` at 100: by rate, each seed's (selection, test) exact match."""
    return [
        run_row("full", 100, rate, seed, validation_score=selected, test_score=test)
        for rate, pairs in scores.items()
        for seed, (selected, test) in enumerate(pairs)
    ]


def test_dev_takes_no_part_and_the_oracle_stands_beside(run_row: Row) -> None:
    found = chosen(
        grid(
            run_row,
            {
                1e-4: [(20, 30), (22, 30)],
                2e-4: [(30, 25), (20, 27)],  # best on selection: 25
                4e-4: [(10, 50), (30, 40)],  # best on test: 45
            },
        )
    )
    assert found["learning_rate"] == 2e-4
    assert (found["validation_score"], found["test_score"]) == (25.0, 26.0)
    assert (found["oracle_learning_rate"], found["oracle_score"]) == (4e-4, 45.0)
    assert (found["grid_size"], found["edge"], found["failed"]) == (3, "", 0)


@pytest.mark.parametrize(
    ("best", "edge"), [(1e-4, "low"), (2e-4, ""), (4e-4, "high")], ids=["low", "inside", "high"]
)
def test_a_choice_at_the_edge_is_flagged(run_row: Row, best: float, edge: str) -> None:
    scores = {rate: [(30.0 if rate == best else 20.0, 0.0)] for rate in (1e-4, 2e-4, 4e-4)}
    assert chosen(grid(run_row, scores))["edge"] == edge


def test_a_grid_of_one_is_flagged(run_row: Row) -> None:
    assert chosen(grid(run_row, {1e-4: [(20.0, 0.0)]}))["edge"] == "only"


def test_a_tie_goes_to_the_smaller_rate(run_row: Row) -> None:
    scores = {4e-4: [(25.0, 1.0)], 1e-4: [(20.0, 9.0)], 2e-4: [(25.0, 9.0)]}
    found = chosen(grid(run_row, scores))
    assert found["learning_rate"] == 2e-4
    assert found["oracle_learning_rate"] == 1e-4


def test_a_rate_needs_half_of_its_runs_to_finish(run_row: Row) -> None:
    """Of two runs one failed: the rate may still win. Of three, two failed: it may not."""
    low = [run_row("full", 100, 1e-4, seed, validation_score=20.0) for seed in range(3)]
    high = [run_row("full", 100, 2e-4, 0, validation_score=30.0)]
    high += [run_row("full", 100, 2e-4, 1, status="diverged")]
    half = chosen(low + high)
    assert (half["learning_rate"], half["failed"]) == (2e-4, 1)
    third = chosen([*low, *high, run_row("full", 100, 2e-4, 2, status="diverged")])
    assert (third["learning_rate"], third["failed"]) == (1e-4, 2)
    assert third["edge"] == "low"


def test_a_choice_below_a_rate_that_failed_is_not_at_the_edge(run_row: Row) -> None:
    rows = grid(run_row, {1e-4: [(10.0, 1.0)], 2e-4: [(20.0, 1.0)]})
    rows += [run_row("full", 100, 4e-4, 0, status="diverged")]
    assert chosen(rows)["edge"] == ""


def test_where_nothing_finished_nothing_is_chosen(run_row: Row) -> None:
    rows = [run_row("full", 100, 1e-4, seed, status="diverged") for seed in (0, 1)]
    frame = pd.DataFrame(rows)
    selection = select_rates(summarise_rates(frame))
    assert np.isnan(selection.loc[0, "learning_rate"])
    assert selection.loc[0, "failed"] == 2
    assert keep_chosen(frame, selection).empty


def test_rates_are_summarised_over_seeds_that_finished(run_row: Row) -> None:
    rows = grid(run_row, {1e-4: [(20, 30), (26, 40)]})
    rows += [run_row("full", 100, 1e-4, 2, status="diverged")]
    found = summarise_rates(pd.DataFrame(rows)).iloc[0]
    assert (found["seeds"], found["diverged"]) == (2, 1)
    assert (found["validation_score"], found["test_score"]) == (23.0, 35.0)


def test_budgets_and_sizes_choose_for_themselves(run_row: Row) -> None:
    rows = [
        run_row("full", n, rate, 0, budget=budget, validation_score=float(rate == best))
        for (budget, n), best in {
            ("epochs", 100): 1e-4,
            ("floor", 100): 2e-4,
            ("floor", 200): 1e-4,
        }.items()
        for rate in (1e-4, 2e-4)
    ]
    selection = select_rates(summarise_rates(pd.DataFrame(rows)))
    assert selection["learning_rate"].tolist() == [1e-4, 2e-4, 1e-4]


def test_a_rate_that_stands_alone_says_where_it_was_chosen(run_row: Row) -> None:
    one = grid(run_row, {1e-4: [(20.0, 0.0)]})
    two = grid(run_row, {1e-4: [(20.0, 0.0)], 2e-4: [(10.0, 0.0)]})
    pilot, other = (Pilot(study="a-pilot", methods=(name,)) for name in ("full", "lora"))
    for rows, chosen_in, said in ((one, pilot, "a-pilot"), (two, pilot, ""), (one, other, "")):
        found = select_rates(summarise_rates(pd.DataFrame(rows)), chosen_in)
        assert found["rates_from"].tolist() == [said]
    assert chosen(one)["rates_from"] == ""


def test_the_best_budget_is_chosen_on_the_validation_split(run_row: Row) -> None:
    """Of 10, 40 and 160 steps 40 are best on the validation split, 160 on the test set."""
    scores = {"short": (10, 20.0, 10.0), "middle": (40, 30.0, 20.0), "long": (160, 25.0, 50.0)}
    rows = [
        run_row("full", 100, 1e-3, seed, budget=budget, steps=steps, validation_score=validation)
        for budget, (steps, validation, _) in scores.items()
        for seed in range(2)
    ]
    curves = pd.DataFrame(
        {
            "budget": budget,
            "method": "full",
            "n_train": 100,
            "seeds": 2,
            "score": test,
            "low": 1.0,
            "high": 2.0,
        }
        for budget, (_, _, test) in scores.items()
    )
    frame = pd.DataFrame(rows)
    (best,) = choose_budgets(
        select_rates(summarise_rates(frame)), frame, curves, 2
    ).to_dict("records")  # fmt: skip
    assert (best["budget"], best["steps"], best["budgets"]) == ("middle", 40, 3)
    assert (best["edge"], best["validation_score"], best["score"]) == ("", 30.0, 20.0)


@pytest.mark.parametrize(
    ("steps", "budget", "edge", "count"), [((40, 10), "b", "low", 2), ((10, 10), "a", "only", 1)]
)
def test_a_tie_of_budgets_goes_to_fewer_steps(
    run_row: Row, steps: tuple[int, int], budget: str, edge: str, count: int
) -> None:
    frame = pd.DataFrame(
        run_row("full", 100, 1e-3, 0, budget=name, steps=own, validation_score=20.0)
        for name, own in zip("ab", steps, strict=True)
    )
    curves = frame.assign(seeds=1, score=1.0, low=0.0, high=2.0)
    (best,) = choose_budgets(
        select_rates(summarise_rates(frame)), frame, curves, 2
    ).to_dict("records")  # fmt: skip
    assert (best["budget"], best["edge"], best["budgets"]) == (budget, edge, count)


@pytest.mark.parametrize(("seeds", "budget"), [((1, 3), "b"), ((1, 2), "a")])
def test_a_budget_of_too_few_seeds_is_not_the_best_where_another_has_enough(
    run_row: Row, seeds: tuple[int, int], budget: str
) -> None:
    """Ahead on the validation split by one seed, which decides nothing."""
    frame = pd.DataFrame(
        run_row("full", 100, 1e-3, seed, budget=name, steps=steps, validation_score=score)
        for name, steps, score, count in zip("ab", (40, 10), (30.0, 20.0), seeds, strict=True)
        for seed in range(count)
    )
    curves = frame.groupby(["budget", "method", "n_train"]).size().rename("seeds").reset_index()
    curves = curves.assign(score=1.0, low=0.0, high=2.0)
    selection = select_rates(summarise_rates(frame))
    (best,) = choose_budgets(selection, frame, curves, 3).to_dict("records")
    assert (best["budget"], best["budgets"]) == (budget, 2)
