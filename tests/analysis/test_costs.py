"""Costs, parameter counts and provenance, by numbers of three runs or so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.claims.evidence import cost_ratios
from tuning_curves.analysis.costs import count_parameters, summarise_costs, summarise_provenance
from tuning_curves.util.errors import DataError

Row = Callable[..., dict[str, Any]]


def timed(run_row: Row, method: str, seconds: list[float], **values: Any) -> list[dict[str, Any]]:
    return [
        run_row(method, 100, 1e-4, seed, seconds_per_step=each, train_seconds=39 * each, **values)
        for seed, each in enumerate(seconds)
    ]


def test_medians_and_the_ratio_to_full(run_row: Row) -> None:
    rows = timed(run_row, "full", [0.4, 0.5, 3.0]) + timed(run_row, "bitfit", [0.1, 0.3])
    rows[0]["peak_memory_bytes"] = 2000
    costs = summarise_costs(pd.DataFrame(rows)).set_index("method")
    assert costs["seconds_per_step"].to_dict() == pytest.approx({"bitfit": 0.2, "full": 0.5})
    assert costs["step_time_ratio"].to_dict() == pytest.approx({"bitfit": 0.4, "full": 1.0})
    assert costs.loc["full", "train_seconds"] == pytest.approx(19.5)
    assert costs["peak_memory_bytes"].to_dict() == {"bitfit": 1000, "full": 2000}


def test_runs_without_seconds_leave_bytes_and_the_times_of_others(run_row: Row) -> None:
    rows = timed(run_row, "full", [0.4, 0.5]) + timed(run_row, "bitfit", [0.1, 0.3])
    for row in (rows[1], *rows[2:]):
        row |= {"seconds_per_step": None, "train_seconds": None}
    frame = pd.DataFrame(rows).astype({"seconds_per_step": float, "train_seconds": float})
    costs = summarise_costs(frame).set_index("method")
    assert costs.loc["full", ["seconds_per_step", "step_time_ratio"]].tolist() == [0.4, 1.0]
    assert costs.loc["bitfit", ["seconds_per_step", "step_time_ratio"]].isna().all()
    assert costs.loc["bitfit", ["optimizer_bytes", "flops_per_step"]].tolist() == [96, 9600]
    assert summarise_costs(frame.iloc[1:])["train_seconds"].isna().all()


def test_other_budgets_sizes_and_devices_are_not_compared(run_row: Row) -> None:
    rows = timed(run_row, "full", [0.5])
    rows += timed(run_row, "bitfit", [0.1], device="another processor")
    rows += timed(run_row, "head", [0.1], budget="floor")
    costs = summarise_costs(pd.DataFrame(rows)).set_index("method")
    assert np.isnan(costs.loc[["bitfit", "head"], "step_time_ratio"]).all()


def test_a_median_over_two_devices_is_compared_with_none(run_row: Row) -> None:
    """Each is a third quicker on either; mixed, one would look twice as slow."""
    rows = [
        run_row(method, 100, 1e-4, seed, seconds_per_step=seconds, device=device)
        for method, times in {"full": (3.0, 1.0, 1.0), "bitfit": (2.0, 2.0, 0.7)}.items()
        for seed, seconds in enumerate(times)
        for device in ["slow" if seconds >= 2 else "quick"]
    ]
    costs = summarise_costs(pd.DataFrame(rows)).set_index("method")
    assert costs["device"].tolist() == ["quick + slow"] * 2
    assert costs["step_time_ratio"].isna().all()


def test_bytes_are_paired_across_devices_and_seconds_are_not(run_row: Row) -> None:
    rows = [run_row("full", 100, 1e-4, 0, device="one")]
    rows += [run_row("bitfit", 100, 1e-4, 0, device="another")]
    frame = pd.DataFrame(rows)
    for quantity, pairs in (("delta_bytes", 1), ("flops_per_step", 1), ("seconds_per_step", 0)):
        assert len(cost_ratios(frame, "bitfit", "full", quantity)) == pairs, quantity


def test_a_failed_run_costs_nothing_that_counts(run_row: Row) -> None:
    rows = [*timed(run_row, "full", [0.4]), run_row("full", 100, 0.0001, 9, status="diverged")]
    assert summarise_costs(pd.DataFrame(rows))["seconds_per_step"].tolist() == [0.4]


def test_counts_have_a_row_a_method_and_must_agree(run_row: Row) -> None:
    rows = [run_row("bitfit", n, 1e-4, 0, trainable_backbone=25728) for n in (100, 200)]
    counts = count_parameters(pd.DataFrame(rows))
    assert counts[["method", "trainable_backbone", "trainable_head"]].values.tolist() == [
        ["bitfit", 25728, 2]
    ]
    rows[1]["trainable_backbone"] = 25729
    with pytest.raises(
        DataError, match="runs of bitfit disagree on their parameter counts"
    ) as caught:
        count_parameters(pd.DataFrame(rows))
    assert "25728" in str(caught.value)
    assert "25729" in str(caught.value)


def test_provenance_counts_each_run_once(run_row: Row) -> None:
    rows = [
        run_row("full", 100, 1e-4, 0, id="a", budget="epochs", commit="c1"),
        run_row("full", 100, 1e-4, 0, id="a", budget="floor", commit="c1"),
        run_row("full", 100, 1e-4, 1, id="b", commit="c2"),
        run_row("full", 100, 1e-4, 2, id="c", commit=None),
    ]
    found = summarise_provenance(pd.DataFrame(rows))
    commits = found.loc[found["key"] == "commit", ["value", "runs"]]
    assert commits.values.tolist() == [["c1", 1], ["c2", 1]]
    assert found.loc[found["key"] == "device", "runs"].tolist() == [3]
