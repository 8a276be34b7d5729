"""Means of bias changes by term and layer, by numbers of two runs."""

from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.bias_terms import by_run, summarise_biases

from .simulated import simulate, study_of

STUDY = study_of(["full", "bitfit"], [100], seeds=[0, 1])


def rows(changes: dict[str, tuple[float | None, float]]) -> list[dict[str, Any]]:
    return [
        {"id": f"epochs-bitfit-100-{seed}", "term": term, "layer": 1, "change": value,
         "first_gradient": 0.5}
        for term, values in changes.items() for seed, value in enumerate(values)
    ]  # fmt: skip


def test_means_are_over_seeds_and_terms_keep_their_order() -> None:
    found = rows({"q": (0.1, 0.3), "k": (0.0, 0.0), "m2": (0.2, 0.2)})
    runs = simulate(np.random.default_rng(0), STUDY, lambda *_: 40.0, biases=found)
    table = summarise_biases(runs, runs.frame)
    assert table["term"].tolist() == ["q", "k", "m2"]
    np.testing.assert_allclose(table["change"], [0.2, 0.0, 0.2])
    assert table["method"].unique().tolist() == ["bitfit"]


def test_a_run_with_a_missing_change_has_no_mean() -> None:
    found = rows({"q": (None, 0.3), "k": (0.0, 0.1)})
    runs = simulate(np.random.default_rng(0), STUDY, lambda *_: 40.0, biases=found)
    table = by_run(runs, runs.frame, "bitfit", "change")
    assert table["q"].isna().tolist() == [True, False]
    assert by_run(runs, runs.frame, "full", "change").empty


def test_records_without_biases_give_no_rows() -> None:
    runs = simulate(np.random.default_rng(0), STUDY, lambda *_: 40.0)
    assert summarise_biases(runs, runs.frame).empty
    assert isinstance(by_run(runs, runs.frame, "bitfit", "change"), pd.DataFrame)
