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

from tuning_curves.analysis.runs import (
    COLUMNS,
    SCORES,
    SECONDS,
    TRAINING,
    Runs,
    export_runs,
    make_runs,
    read_records,
)
from tuning_curves.study.job import (
    DataSettings,
    EncoderSettings,
    EvaluationSettings,
    PlannedRun,
    Run,
    Settings,
    TrainingSettings,
    WindowSettings,
    identity,
)
from tuning_curves.study.outcomes import pack_outcomes
from tuning_curves.study.records import Record, sealed
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.util.errors import DataError, ResourceError

TASK = QuestionAnswering(n_best=20, max_answer_tokens=30)
SETTINGS = Settings(
    engine=2,
    task={"name": "question-answering", "n_best": 20, "max_answer_tokens": 30},
    encoder=EncoderSettings(name="tiny", pin="a" * 64, files="a wheel"),
    data=DataSettings(name="tiny", pin="b" * 64, held_out_examples=8),
    windows=WindowSettings(max_length=64, stride=16),
    training=TrainingSettings(
        batch_size=8, schedule="linear", warmup=0.1, weight_decay=0.0, adam_epsilon=1e-6,
        clip_norm=1.0, hidden_dropout=0.1, attention_dropout=0.0, precision="float32",
    ),
    evaluation=EvaluationSettings(test_examples="all", validation_examples="all"),
)  # fmt: skip
SIZES = [3, 2, 5]
EXACT = np.array([1, 1, 0, 0, 1, 0, 0, 1, 0, 0], dtype=bool)
F1 = np.where(EXACT, 1.0, 0.3)


def packed(sizes: list[int]) -> dict[str, Any]:
    return asdict(pack_outcomes({"exact": EXACT, "f1": F1}, TASK.parts, sizes))


def planned(seed: int, budget: str = "epochs") -> PlannedRun:
    run = Run(
        method="bitfit", n_train=100, steps=39, learning_rate=5e-3, subset_seed=seed, init_seed=seed
    )
    return PlannedRun(budget=budget, run=run, id=identity(SETTINGS, run))


def record_of(plan: PlannedRun) -> dict[str, Any]:
    return {
        "schema": 2,
        "id": plan.id,
        "study": "tiny",
        "run": plan.run.to_json(),
        "settings": SETTINGS.to_json(),
        "status": "finished",
        "failure": None,
        "scores": {
            "test": {"exact": 4, "f1": float(F1.sum()), "total": 10},
            "validation": {"exact": 3, "f1": 5.0, "total": 8},
        },
        "outcomes": packed(SIZES),
        "parameters": {"backbone": 10, "added": 0, "head": 2, "total": 102, "share": 0.1},
        "cost": {
            "train_seconds": 9.75,
            "evaluate_seconds": 1.5,
            "seconds_per_step": 0.25,
            "peak_memory_bytes": 1000,
            "step_tokens": 64,
            "flops_per_step": 9600,
            "activation_bytes": 500,
            "activation_bytes_one": 50,
            "gradient_bytes": 48,
            "optimizer_bytes": 96,
            "delta_bytes": 48,
        },
        "biases": {"change": {}, "first_gradient": {}},
        "losses": [[39, 1.25]],
        "validation_curve": [],
        "provenance": {
            "versions": {"python": "3.11.7", "torch": "2.13.0"},
            "device": "a processor",
            "threads": 1,
            "precision": "float32",
            "commit": None,
            "dirty": None,
            "code_sha256": "ab" * 32,
            "started": "2026-01-01T00:00:00+00:00",
            "niceness": 0,
        },
    }


def diverged(plan: PlannedRun) -> dict[str, Any]:
    lost = {"status": "diverged", "failure": "loss is nan", "scores": None, "outcomes": None}
    return record_of(plan) | lost


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., dict[str, Record]]:
    """Writes records, one per plan, and reads them."""

    def run(plans: list[PlannedRun], records: list[dict[str, Any]]) -> dict[str, Record]:
        paths = {}
        for plan, record in zip(plans, records, strict=True):
            paths[plan.id] = tmp_path / f"{plan.run.init_seed}.json"
            paths[plan.id].write_text(json.dumps(seal(record)), "utf-8")
        return read_records(plans, SETTINGS, paths)

    return run


def seal(record: dict[str, Any]) -> dict[str, Any]:
    """With the hash of its content, where it can have one."""
    if not isinstance(record.get("provenance"), dict):
        return record
    try:
        return sealed(record)
    except ValueError:  # NaN cannot be hashed
        return record | {"provenance": record["provenance"] | {"record_sha256": "0" * 64}}


@pytest.fixture
def gather(read: Callable[..., dict[str, Record]], tmp_path: Path) -> Callable[..., Path]:
    """Writes records, one per plan, and exports their runs."""

    def run(plans: list[PlannedRun], records: list[dict[str, Any]]) -> Path:
        export_runs(plans, read(plans, records), TASK, tmp_path / "collected")
        return tmp_path / "collected"

    return run


@pytest.fixture
def make(read: Callable[..., dict[str, Record]]) -> Callable[..., Runs]:
    """Writes records, one per plan, and makes the runs of them."""
    return lambda plans, records: make_runs(plans, read(plans, records), TASK)


def test_rows_carry_run_scores_counts_costs_and_origin(gather: Callable[..., Path]) -> None:
    plan = planned(0)
    frame = pd.read_csv(gather([plan], [record_of(plan)]) / "runs.csv")
    assert set(frame.columns) >= {*COLUMNS} - {*SCORES}
    row = frame.iloc[0]
    assert row[["budget", "method", "n_train", "steps"]].tolist() == ["epochs", "bitfit", 100, 39]
    assert (row["id"], row["learning_rate"]) == (plan.id, 0.005)
    assert (row["test_exact"], row["test_total"]) == (4, 10)
    percent = ["test_exact_match_percent", "test_f1_percent"]
    assert row[percent].tolist() == pytest.approx([40.0, 58.0])
    percent = ["validation_exact_match_percent", "validation_f1_percent"]
    assert row[percent].tolist() == [37.5, 62.5]
    assert (row["trainable_backbone"], row["trainable_head"], row["share"]) == (10, 2, 0.1)
    assert (row["train_seconds"], row["activation_bytes"]) == (9.75, 500)
    assert (row["device"], row["torch"]) == ("a processor", "2.13.0")


def test_runs_have_the_same_rows(make: Callable[..., Runs]) -> None:
    plan = planned(0)
    row = make([plan], [record_of(plan)]).frame.iloc[0]
    assert list(row.index) == COLUMNS
    assert (row["test_score"], row["validation_score"]) == (40.0, 37.5)
    assert (row["id"], row["steps"], row["train_seconds"]) == (plan.id, 39, 9.75)


@pytest.mark.parametrize(("niceness", "timed"), [(0, True), (19, False)])
def test_seconds_of_a_run_beside_other_work_are_left_out(
    gather: Callable[..., Path], make: Callable[..., Runs], niceness: int, timed: bool
) -> None:
    plan = planned(0)
    record = record_of(plan)
    record["provenance"]["niceness"] = niceness
    exported = pd.read_csv(gather([plan], [record]) / "runs.csv").iloc[0]
    runs = make([plan], [record])
    for found in (exported, runs.frame.iloc[0]):
        assert found[SECONDS].notna().tolist() == 3 * [timed]
        assert (found["activation_bytes"], found["flops_per_step"]) == (500, 9600)
    assert runs.frame["niceness"].tolist() == [str(niceness)]
    assert runs.frame["test_score"].tolist() == [40.0]
    assert list(runs.sums["f1"]) == [plan.id]


@pytest.mark.parametrize("niceness", [0, 19])
def test_a_later_scoring_beside_other_work_leaves_its_own_seconds_out(
    make: Callable[..., Runs], niceness: int
) -> None:
    plan = planned(0)
    record = record_of(plan)
    about = {key: part for key, part in record["provenance"].items() if key != "record_sha256"}
    record["provenance"]["scored"] = about | {"trained_as": "0" * 16, "niceness": niceness}
    row = make([plan], [record]).frame.iloc[0]
    assert (row["train_seconds"], row["seconds_per_step"]) == (9.75, 0.25)
    assert pd.isna(row["evaluate_seconds"]) == (niceness > 0)


def test_what_is_missing_stays_empty(
    gather: Callable[..., Path], make: Callable[..., Runs]
) -> None:
    plan = planned(0)
    row = pd.read_csv(gather([plan], [record_of(plan)]) / "runs.csv").iloc[0]
    runs = make([plan], [record_of(plan)])
    for found in (row, runs.frame.iloc[0]):
        assert found[["commit", "dirty", "transformers"]].isna().all()
    assert runs.biases.empty


def test_biases_have_one_row_per_term_and_layer(
    gather: Callable[..., Path], make: Callable[..., Runs]
) -> None:
    plans = [planned(0), planned(0, budget="floor")]  # one record for both: its rows stand once
    biases = {
        "change": {"q": [0.5, 0.25], "k": [0.0, None]},
        "first_gradient": {"q": [1.5, 2.5], "m2": [3.0, 4.0]},
    }
    records = [record_of(plans[0]) | {"biases": biases}] * 2
    for table in (make(plans, records).biases, pd.read_csv(gather(plans, records) / "biases.csv")):
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


def test_a_training_has_a_row_for_each_step_with_a_loss_or_a_score(
    make: Callable[..., Runs],
) -> None:
    plans = [planned(0), planned(0, budget="floor"), planned(1)]  # the first two share a record
    curve = {"losses": [[2, 1.5], [4, 1.25]], "validation_curve": [[1, 30.0], [4, 55.5]]}
    records = [record_of(plans[0]) | curve] * 2 + [record_of(plans[2])]
    table = make(plans, records).training
    assert table.columns.tolist() == TRAINING
    rows = table.drop(columns="id").astype(object).where(table.notna(), None).values.tolist()
    assert rows == [[1, None, 30.0], [2, 1.5, None], [4, 1.25, 55.5], [39, 1.25, None]]
    assert table["id"].tolist() == 3 * [plans[0].id] + [plans[2].id]


def test_outcomes_are_summed_by_id(make: Callable[..., Runs]) -> None:
    plan = planned(0)
    runs = make([plan], [record_of(plan)])
    assert set(runs.sums) == {"exact_match", "f1"}
    assert runs.group_sizes.tolist() == SIZES
    assert runs.sums["exact_match"][plan.id].tolist() == [2, 1, 1]


def test_a_diverged_run_has_a_row_without_scores(
    gather: Callable[..., Path], make: Callable[..., Runs]
) -> None:
    plans = [planned(0), planned(1)]
    records = [record_of(plans[0]), diverged(plans[1])]
    frame = pd.read_csv(gather(plans, records) / "runs.csv")
    assert frame["status"].tolist() == ["finished", "diverged"]
    scores = [name for name in frame if name.startswith(("test_", "validation_"))]
    assert len(scores) == 7
    assert frame.loc[1, scores].isna().all()
    assert frame.loc[1, "train_seconds"] == 9.75
    assert plans[1].id not in make(plans, records).sums["exact_match"]


def test_one_record_serves_two_budgets(
    gather: Callable[..., Path], make: Callable[..., Runs]
) -> None:
    plans = [planned(0), planned(0, budget="floor")]
    records = [record_of(plans[0])] * 2
    exported = pd.read_csv(gather(plans, records) / "runs.csv")
    assert exported["budget"].tolist() == ["epochs", "floor"]
    runs = make(plans, records)
    assert runs.frame["budget"].tolist() == ["epochs", "floor"]
    assert runs.sums["exact_match"][plans[0].id].tolist() == [2, 1, 1]
    assert runs.sums["f1"][plans[0].id].sum() == pytest.approx(5.8)  # the record's own, unrounded


def test_bytes_repeat(gather: Callable[..., Path]) -> None:
    plans = [planned(0), planned(1)]
    found = []
    for _ in range(2):
        folder = gather(plans, [record_of(plan) for plan in plans])
        found.append([(folder / name).read_bytes() for name in ("runs.csv", "biases.csv")])
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
        (edit("schema", 1), "schema is 1, expected 2"),
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
        (edit("scores.test.total", -1), "scores.test.exact is 4 of -1 questions"),
        (edit("scores.test.total", 11), "outcomes have total 10, scores.test.total is 11"),
        (edit("scores.test.f1", 6.5), "outcomes have f1 5.79, scores.test.f1 is 6.5"),
        (edit("scores.validation.exact", 9), "scores.validation.exact is 9 of 8 questions"),
        (edit("scores.validation.f1", float("nan")), "its content cannot be hashed"),
        (edit("outcomes", None), "outcomes.group_sizes is None, expected a list"),
        (
            edit("outcomes.parts.exact", base64.b64encode(b"x").decode()),
            "outcomes.exact has 1 bytes",
        ),
        (edit("status", "diverged"), "a diverged run has scores, expected null"),
        (drop("cost.train_seconds"), "cost lacks the key 'train_seconds'"),
        (drop("parameters.share"), "parameters lacks the key 'share'"),
        (drop("provenance"), "provenance.record_sha256 is missing"),
        (edit("cost.train_secs", 3.0), "unknown key 'train_secs' in cost; did you mean"),
        (edit("provenance.threads", "one"), "provenance.threads is 'one', expected integer"),
    ],
)
def test_a_record_that_disagrees_is_refused(
    read: Callable[..., Any], change: Callable[[dict[str, Any]], None], message: str
) -> None:
    plan = planned(7)
    record = json.loads(json.dumps(record_of(plan)))
    change(record)
    with pytest.raises(DataError) as caught:
        read([plan], [record])
    assert message in str(caught.value)
    assert "7.json: " in str(caught.value)
    assert "run again: the run is trained anew" in str(caught.value)


def test_a_refusal_leaves_no_files(gather: Callable[..., Path], tmp_path: Path) -> None:
    plan = planned(0)
    with pytest.raises(DataError):
        gather([plan], [record_of(plan) | {"schema": 0}])
    assert not (tmp_path / "collected").exists()


def test_other_test_examples_are_refused(read: Callable[..., Any]) -> None:
    plans = [planned(0), planned(1)]
    other = record_of(plans[1]) | {"outcomes": packed([5, 5])}
    with pytest.raises(DataError) as caught:
        read(plans, [record_of(plans[0]), other])
    expected = "of 2 articles and 10 questions, other records' of 3 and 10"
    assert expected in str(caught.value)
    assert "1.json" in str(caught.value)


def test_torn_and_missing_records_are_refused(tmp_path: Path) -> None:
    plan = planned(0)
    path = tmp_path / "torn.json"
    path.write_text(json.dumps(record_of(plan))[:-20], "utf-8")
    with pytest.raises(DataError, match=r"torn\.json: record is not valid JSON"):
        read_records([plan], SETTINGS, {plan.id: path})
    with pytest.raises(ResourceError, match=r"gone\.json: record is missing"):
        read_records([plan], SETTINGS, {plan.id: tmp_path / "gone.json"})
    with pytest.raises(DataError) as caught:
        read_records([plan], SETTINGS, {})
    assert f"the record of run {plan.id} is missing" in str(caught.value)
    assert "snakemake --cores all" in str(caught.value)
