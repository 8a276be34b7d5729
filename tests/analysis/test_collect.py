"""Collecting: rows and outcomes of records that belong; each kind that does not is refused."""

import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.runs import COLUMNS, EXTRA, collect, read_runs
from tuning_curves.study.job import PlannedRun, Run, identity
from tuning_curves.study.outcomes import encode_outcomes
from tuning_curves.util.errors import DataError, ResourceError

SETTINGS = {"engine": 1, "training": {"batch_size": 8, "weight_decay": 0.0}}
SIZES = [3, 2, 5]
EXACT = np.array([1, 1, 0, 0, 1, 0, 0, 1, 0, 0], dtype=bool)
F1 = np.where(EXACT, 1.0, 0.3)


def planned(seed: int, budget: str = "epochs") -> PlannedRun:
    run = Run(
        method="bitfit", n_train=100, steps=39, learning_rate=5e-3, subset_seed=seed, init_seed=seed
    )
    return PlannedRun(budget=budget, run=run, id=identity(SETTINGS, run))


def record_of(plan: PlannedRun) -> dict[str, Any]:
    return {
        "schema": 1,
        "id": plan.id,
        "study": "tiny",
        "run": asdict(plan.run),
        "settings": SETTINGS,
        "status": "finished",
        "failure": None,
        "scores": {
            "test": {"exact": 4, "f1": float(F1.sum()), "total": 10},
            "selection": {"exact": 3, "f1": 5.0, "total": 8},
        },
        "outcomes": encode_outcomes(EXACT, F1, SIZES),
        "parameters": {"backbone": 10, "added": 0, "head": 2, "total": 102, "share": 0.1},
        "cost": {
            "train_seconds": 9.75,
            "evaluate_seconds": 1.5,
            "seconds_per_step": 0.25,
            "peak_memory_bytes": 1000,
            "activation_bytes": 500,
            "flops_per_step": 9600,
            "optimizer_bytes": 96,
            "delta_bytes": 48,
        },
        "losses": [[39, 1.25]],
        "provenance": {
            "versions": {"python": "3.11.7", "torch": "2.13.0"},
            "device": "a processor",
            "threads": 1,
            "precision": "float32",
            "commit": None,
            "dirty": None,
            "code_sha256": "ab" * 32,
            "started": "2026-01-01T00:00:00+00:00",
        },
    }


def diverged(plan: PlannedRun) -> dict[str, Any]:
    lost = {"status": "diverged", "failure": "loss is nan", "scores": None, "outcomes": None}
    return record_of(plan) | lost


@pytest.fixture
def gather(tmp_path: Path) -> Callable[..., Path]:
    """Writes records, one a plan, and collects them."""

    def run(plans: list[PlannedRun], records: list[dict[str, Any]]) -> Path:
        paths = {}
        for plan, record in zip(plans, records, strict=True):
            paths[plan.id] = tmp_path / f"{plan.run.init_seed}.json"
            paths[plan.id].write_text(json.dumps(record), "utf-8")
        collect([plan.row() for plan in plans], SETTINGS, paths, tmp_path / "collected")
        return tmp_path / "collected"

    return run


def test_rows_carry_run_scores_counts_costs_and_origin(gather: Callable[..., Path]) -> None:
    plan = planned(0)
    folder = gather([plan], [record_of(plan)])
    frame = pd.read_csv(folder / "runs.csv")
    assert list(frame.columns) == [*COLUMNS, *EXTRA]
    row = frame.iloc[0]
    assert row[["budget", "method", "n_train", "steps"]].tolist() == ["epochs", "bitfit", 100, 39]
    assert (row["id"], row["learning_rate"]) == (plan.id, 0.005)
    assert (row["test_exact"], row["test_total"]) == (4, 10)
    assert (row["em"], row["f1"]) == pytest.approx((40.0, 58.0))
    assert (row["validation_em"], row["validation_f1"]) == (37.5, 62.5)
    assert (row["trainable_backbone"], row["trainable_head"], row["share"]) == (10, 2, 0.1)
    assert (row["train_seconds"], row["activation_bytes"]) == (9.75, 500)
    assert (row["device"], row["torch"]) == ("a processor", "2.13.0")


def test_what_is_missing_stays_empty(gather: Callable[..., Path], tmp_path: Path) -> None:
    plan = planned(0)
    row = pd.read_csv(gather([plan], [record_of(plan)]) / "runs.csv").iloc[0]
    assert row[["commit", "dirty", "transformers"]].isna().all()
    assert row[["activation_bytes_one", "gradient_bytes", "step_tokens"]].isna().all()
    assert row["flops_per_step"] == 9600
    assert read_runs(tmp_path / "collected").biases.empty  # a record from before the profile


def test_biases_have_a_row_a_term_and_layer(gather: Callable[..., Path]) -> None:
    plans = [planned(0), planned(0, budget="floor")]  # one record for both: its rows stand once
    biases = {
        "change": {"q": [0.5, 0.25], "k": [0.0, None]},
        "first_gradient": {"q": [1.5, 2.5], "m2": [3.0, 4.0]},
    }
    folder = gather(plans, [record_of(plans[0]) | {"biases": biases}] * 2)
    table = read_runs(folder).biases
    assert table["id"].unique().tolist() == [plans[0].id]
    rows = table.drop(columns="id").astype(object).where(table.notna(), None).values.tolist()
    assert rows == [
        ["q", 1, 0.5, 1.5],
        ["q", 2, 0.25, 2.5],
        ["k", 1, 0.0, None],
        ["k", 2, None, None],
        ["m2", 1, None, 3.0],
        ["m2", 2, None, 4.0],
    ]


def test_outcomes_are_kept_by_id(gather: Callable[..., Path]) -> None:
    plan = planned(0)
    with np.load(gather([plan], [record_of(plan)]) / "outcomes.npz") as arrays:
        assert set(arrays) == {"article_sizes", f"{plan.id}/exact", f"{plan.id}/f1"}
        assert arrays["article_sizes"].tolist() == SIZES
        assert arrays[f"{plan.id}/exact"].tolist() == EXACT.tolist()
        assert arrays[f"{plan.id}/f1"].dtype == np.float32


def test_a_diverged_run_has_a_row_without_scores(gather: Callable[..., Path]) -> None:
    plans = [planned(0), planned(1)]
    folder = gather(plans, [record_of(plans[0]), diverged(plans[1])])
    frame = pd.read_csv(folder / "runs.csv")
    assert frame["status"].tolist() == ["finished", "diverged"]
    scores = ["test_exact", "test_total", "em", "f1", "validation_em", "validation_f1"]
    assert frame.loc[1, scores].isna().all()
    assert frame.loc[1, "train_seconds"] == 9.75
    assert f"{plans[1].id}/exact" not in np.load(folder / "outcomes.npz")


def test_one_record_serves_two_budgets(gather: Callable[..., Path]) -> None:
    plans = [planned(0), planned(0, budget="floor")]
    folder = gather(plans, [record_of(plans[0])] * 2)
    assert pd.read_csv(folder / "runs.csv")["budget"].tolist() == ["epochs", "floor"]
    runs = read_runs(folder)
    assert runs.sums["em"][plans[0].id].tolist() == [2, 1, 1]
    assert runs.sums["f1"][plans[0].id].sum() == pytest.approx(5.8)  # the record's own, unrounded


def test_bytes_repeat(gather: Callable[..., Path]) -> None:
    plans = [planned(0), planned(1)]
    found = []
    for _ in range(2):
        folder = gather(plans, [record_of(plan) for plan in plans])
        found.append([(folder / name).read_bytes() for name in ("runs.csv", "outcomes.npz")])
    assert found[0] == found[1]


def edit(place: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Sets a record's value at a dotted place."""

    def apply(record: dict[str, Any]) -> None:
        *parents, last = place.split(".")
        for key in parents:
            record = record[key]
        record[last] = value

    return apply


def drop(place: str) -> Callable[[dict[str, Any]], None]:
    def apply(record: dict[str, Any]) -> None:
        *parents, last = place.split(".")
        for key in parents:
            record = record[key]
        del record[last]

    return apply


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edit("schema", 2), "schema is 2, expected 1"),
        (edit("id", "0" * 16), "id is '0000000000000000', expected"),
        (edit("run.learning_rate", 0.1), "run.learning_rate is 0.1, expected 0.005"),
        (
            edit("settings.training.batch_size", 16),
            "settings.training.batch_size is 16, expected 8",
        ),
        (edit("status", "running"), "status is 'running', expected 'finished' or 'diverged'"),
        (drop("status"), "status is missing"),
        (drop("scores.test.f1"), "scores.test.f1 is missing"),
        (edit("scores", None), "scores.test.total is missing"),
        (edit("scores.test.exact", 5), "outcomes have exact 4, scores.test.exact is 5"),
        (edit("scores.test.exact", None), "scores.test.exact is None of 10 questions"),
        (edit("scores.test.total", 11), "outcomes have total 10, scores.test.total is 11"),
        (edit("scores.test.f1", 6.5), "outcomes have f1 5.79, scores.test.f1 is 6.5"),
        (edit("scores.selection.exact", 9), "scores.selection.exact is 9 of 8 questions"),
        (edit("scores.selection.f1", float("nan")), "scores.selection.f1 is nan of 8 questions"),
        (edit("outcomes", None), "outcomes.article_sizes is None, expected a list"),
        (edit("outcomes.exact", base64.b64encode(b"x").decode()), "outcomes.exact has 1 bytes"),
        (edit("status", "diverged"), "a diverged run has scores, expected null"),
        (drop("cost.train_seconds"), "cost lacks the key 'train_seconds'"),
        (drop("parameters.share"), "parameters lacks the key 'share'"),
        (drop("provenance"), "the record lacks the key 'provenance'"),
        (edit("cost.train_secs", 3.0), "unknown key 'train_secs' in cost; did you mean"),
        (edit("provenance.threads", "one"), "provenance.threads is 'one', expected integer"),
    ],
)
def test_a_record_that_disagrees_is_refused(
    gather: Callable[..., Path], change: Callable[[dict[str, Any]], None], message: str
) -> None:
    plan = planned(7)
    record = json.loads(json.dumps(record_of(plan)))
    change(record)
    with pytest.raises(DataError) as caught:
        gather([plan], [record])
    assert message in str(caught.value)
    assert "7.json: " in str(caught.value)
    assert "run again: the run is trained anew" in str(caught.value)


def test_a_refusal_leaves_no_files(gather: Callable[..., Path], tmp_path: Path) -> None:
    plan = planned(0)
    with pytest.raises(DataError):
        gather([plan], [record_of(plan) | {"schema": 0}])
    assert not (tmp_path / "collected").exists()


def test_other_dev_questions_are_refused(gather: Callable[..., Path]) -> None:
    plans = [planned(0), planned(1)]
    other = record_of(plans[1]) | {"outcomes": encode_outcomes(EXACT, F1, [5, 5])}
    with pytest.raises(DataError) as caught:
        gather(plans, [record_of(plans[0]), other])
    expected = "of 2 articles and 10 questions, other records' of 3 and 10"
    assert expected in str(caught.value)
    assert "1.json" in str(caught.value)


def test_torn_and_missing_records_are_refused(tmp_path: Path) -> None:
    plan = planned(0)
    path = tmp_path / "torn.json"
    path.write_text(json.dumps(record_of(plan))[:-20], "utf-8")
    with pytest.raises(DataError, match=r"torn\.json: record is not valid JSON"):
        collect([plan.row()], SETTINGS, {plan.id: path}, tmp_path / "out")
    with pytest.raises(ResourceError, match=r"gone\.json: record is missing"):
        collect([plan.row()], SETTINGS, {plan.id: tmp_path / "gone.json"}, tmp_path / "out")
    with pytest.raises(DataError) as caught:
        collect([plan.row()], SETTINGS, {}, tmp_path / "out")
    assert f"the record of run {plan.id} is missing" in str(caught.value)
    assert "snakemake --cores all" in str(caught.value)
