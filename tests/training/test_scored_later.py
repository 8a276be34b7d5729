"""Scores of a kept training under another evaluation: to the bit those of training anew."""

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tuning_curves.cli import main
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import Record, read_record, write_record
from tuning_curves.study.survey import survey
from tuning_curves.training import loop, worker
from tuning_curves.training.evaluate import Evaluator
from tuning_curves.training.worker import Summary, run_job
from tuning_curves.util.locks import try_lock

FEW = {"test_examples": 7, "validation_examples": 3}
MORE = {"test_examples": "all", "validation_examples": "all"}
CLOCKS = ("train_seconds", "evaluate_seconds", "seconds_per_step")


def study_of(
    make_study: Any, evaluation: dict[str, Any], method: str = "bitfit", **more: Any
) -> Study:
    plain = {
        "methods": [{"name": method, "learning_rates": [1e-2]}],
        "sizes": [8],
        "analysis": {"contrasts": []},
        "evaluation": evaluation,
    }
    return make_study({**plain, **more})


def run(study: Study, places: WorkerPaths) -> tuple[Summary, Record]:
    (planned,) = study.unique
    summary = run_job(study.job(study.unique), places, "cpu")
    return summary, read_record(places.records / planned.record, planned, study.settings)


def numbers(record: Record) -> dict[str, Any]:
    """A record without clocks, and without where it comes from."""
    value = record.to_json()
    del value["provenance"]
    value["cost"] = {key: part for key, part in value["cost"].items() if key not in CLOCKS}
    return value


@pytest.fixture
def keeping(places: WorkerPaths) -> WorkerPaths:
    return replace(places, keep_deltas=True)


def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing is trained."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a training")

    monkeypatch.setattr(loop.Trainer, "train", refuse)


def delta_of(study: Study, places: WorkerPaths) -> Path:
    return places.delta(study.unique[0].run, study.settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "precision"),
    [
        ("full", "float32"),
        ("bitfit", "float32"),
        ("bitfit", "bfloat16"),
        ("head", "float32"),
        ("head", "bfloat16"),
        ("top-1", "bfloat16"),
        ("lora-2", "float32"),
        ("lora-2", "bfloat16"),
        ("adapter-houlsby-4", "float32"),
        ("prefix", "float32"),
        ("random-mask", "float32"),
        ("random-mask", "bfloat16"),
        ("fisher-mask", "float32"),
        ("fisher-mask", "bfloat16"),
        ("scratch", "float32"),
    ],
)
def test_a_kept_training_has_the_scores_of_training_anew(
    make_study: Any,
    keeping: WorkerPaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    precision: str,
) -> None:
    training = {"precision": precision, "attention_dropout": 0.1}
    few, more = (study_of(make_study, some, method, training=training) for some in (FEW, MORE))
    score, seen = Evaluator.score, []

    def noting(self: Evaluator, logits: np.ndarray) -> Any:
        seen.append(logits)
        return score(self, logits)

    monkeypatch.setattr(Evaluator, "score", noting)
    assert few.unique[0].id != more.unique[0].id
    _, first = run(few, keeping)
    _, anew = run(more, replace(keeping, workspace=tmp_path / "anew"))
    expected = seen[-2:]  # of test and of validation
    seen.clear()
    no_training(monkeypatch)
    summary, later = run(more, replace(keeping, keep_deltas=False))
    assert (summary.trained, summary.scored) == (0, 1)
    assert [np.array_equal(*both) for both in zip(seen, expected, strict=True)] == [True, True]
    assert numbers(later) == numbers(anew)
    assert later.cost.train_seconds == first.cost.train_seconds
    assert later.scores is not None
    assert later.scores["test"]["total"] == 25


def test_the_record_says_that_it_was_scored_later_and_by_which_code(
    make_study: Any, keeping: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, more = study_of(make_study, FEW), study_of(make_study, MORE)
    _, first = run(few, keeping)
    assert first.provenance.scored is None
    monkeypatch.setattr(worker, "niceness", lambda: 19)
    _, later = run(more, keeping)
    scored = later.provenance.scored
    assert scored is not None
    assert (scored.trained_as, scored.niceness) == (first.id, 19)
    assert scored.code_sha256 == first.provenance.code_sha256
    assert replace(later.provenance, scored=None, record_sha256=None) == replace(
        first.provenance, record_sha256=None
    )
    summary, again = run(more, keeping)
    assert (summary.found, again) == (1, later)


def test_the_delta_stays_what_the_training_left(make_study: Any, keeping: WorkerPaths) -> None:
    few, more = study_of(make_study, FEW), study_of(make_study, MORE)
    run(few, keeping)
    kept = delta_of(few, keeping).read_bytes()
    run(more, keeping)
    assert delta_of(more, keeping) == delta_of(few, keeping)
    assert delta_of(few, keeping).read_bytes() == kept


def test_a_torn_delta_is_no_delta(
    make_study: Any, keeping: WorkerPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few, more = study_of(make_study, FEW), study_of(make_study, MORE)
    run(few, keeping)
    path = delta_of(few, keeping)
    path.write_bytes(path.read_bytes()[:-7])
    check_trained_anew(more, keeping, tmp_path)
    assert f"warning: {path}: torn, or not a safetensors file" in capsys.readouterr().err
    assert path.stat().st_size > 0  # kept whole again
    assert run(study_of(make_study, FEW | {"test_examples": 9}), keeping)[0].scored == 1


def test_a_delta_of_another_training_is_never_taken(
    make_study: Any, keeping: WorkerPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = study_of(make_study, FEW, training={"warmup": 0.5})
    more = study_of(make_study, MORE)
    run(other, keeping)
    delta_of(other, keeping).rename(delta_of(more, keeping))
    check_trained_anew(more, keeping, tmp_path)
    assert f"{delta_of(more, keeping)}: of the training " in capsys.readouterr().err


def test_a_delta_of_an_altered_encoder_is_never_taken(
    make_study: Any, keeping: WorkerPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, more = study_of(make_study, FEW), study_of(make_study, MORE)
    write = worker.write_delta

    def older(path: Path, about: Any, tensors: Any) -> None:
        write(path, replace(about, encoder=about.encoder | {"config.json": "0" * 64}), tensors)

    with monkeypatch.context() as patched:
        patched.setattr(worker, "write_delta", older)
        run(few, keeping)
    check_trained_anew(more, keeping, tmp_path)


def test_without_a_delta_a_run_is_trained_anew(
    make_study: Any, places: WorkerPaths, tmp_path: Path
) -> None:
    few, more = study_of(make_study, FEW), study_of(make_study, MORE)
    run(few, places)
    assert not delta_of(few, places).exists()
    check_trained_anew(more, places, tmp_path)


def check_trained_anew(study: Study, places: WorkerPaths, tmp_path: Path) -> None:
    """Whatever lies where the delta should: the run is trained, and has its own numbers."""
    summary, record = run(study, places)
    assert (summary.trained, summary.scored) == (1, 0)
    assert record.provenance.scored is None
    _, anew = run(study, replace(places, workspace=tmp_path / "anew"))
    assert numbers(record) == numbers(anew)


def test_a_lost_record_is_written_again_from_its_delta(
    make_study: Any, keeping: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(make_study, MORE)
    run(study, keeping)
    path = keeping.records / study.unique[0].record
    written = json.loads(path.read_text("utf-8"))
    path.unlink()
    no_training(monkeypatch)
    run(study, keeping)
    assert json.loads(path.read_text("utf-8")) == written


def test_a_delta_that_cannot_be_written_costs_no_record(
    make_study: Any, keeping: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(make_study, MORE)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(worker, "write_delta", full)
        with pytest.raises(OSError, match="No space left"):
            run(study, keeping)
    summary, record = run(study, keeping)
    assert (summary.found, record.finished) == (1, True)


def test_two_evaluations_of_one_training_do_not_train_it_twice(
    make_study: Any, keeping: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, more = study_of(make_study, FEW), study_of(make_study, MORE)
    lock = keeping.training_lock(few.unique[0].run, few.settings)
    assert lock == keeping.training_lock(more.unique[0].run, more.settings)
    order: list[str] = []
    attend = worker.Worker._attend

    def watched(self: Any, planned: Any, *, wait: bool) -> None:
        if wait:  # the other process has trained meanwhile, and ends
            held.__exit__(None, None, None)
            run(few, keeping)
        order.append("waits" if wait else "passes over")
        attend(self, planned, wait=wait)

    held = try_lock(lock)
    held.__enter__()
    job = more.job(more.unique)
    with monkeypatch.context() as patched:
        patched.setattr(worker.Worker, "_attend", watched)
        later = worker.Worker(job, keeping, torch.device("cpu"))
        later.run()
    assert order == ["passes over", "passes over", "waits"]
    assert (later.summary.trained, later.summary.scored) == (0, 1)


def test_a_model_whose_logits_are_no_numbers_on_more_examples_has_diverged(
    make_study: Any, keeping: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(study_of(make_study, FEW), keeping)
    original = Evaluator.logits
    monkeypatch.setattr(Evaluator, "logits", lambda *args: original(*args) * np.nan)
    summary, record = run(study_of(make_study, MORE), keeping)
    assert (summary.scored, summary.diverged) == (0, 1)
    assert (record.status, record.failure) == ("diverged", "the model's logits are not finite")
    assert (record.scores, record.outcomes) == (None, None)


def test_new_deltas_are_kept_without_training_recorded_runs_again(
    make_study: Any, places: WorkerPaths, keeping: WorkerPaths
) -> None:
    study = study_of(make_study, MORE)
    run(study, places)
    summary, _ = run(study, keeping)
    assert (summary.trained, summary.found) == (0, 1)
    assert not delta_of(study, keeping).exists()


def test_a_record_that_was_scored_later_comes_back_as_it_was_written(
    make_study: Any, keeping: WorkerPaths
) -> None:
    run(study_of(make_study, FEW), keeping)
    more = study_of(make_study, MORE)
    _, record = run(more, keeping)
    (planned,) = more.unique
    written = json.loads((keeping.records / planned.record).read_text("utf-8"))
    assert json.loads(json.dumps(record.to_json())) == written


def test_a_survey_and_a_plan_tell_what_needs_scoring_alone(
    make_study: Any,
    places: WorkerPaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    few, more = (study_of(make_study, some, sizes=[4, 8]) for some in (FEW, MORE))
    keeping = replace(places, workspace=tmp_path / "runs" / few.name, keep_deltas=True)
    run_job(few.job(few.unique), keeping, "cpu")
    found = survey(more, tmp_path)
    assert (found["runs"]["missing"], found["runs"]["to_score"]) == (2, 2)
    assert found["seconds_left"] is None

    first, second = more.unique
    run_job(more.job((first,)), keeping, "cpu")
    record = read_record(keeping.records / first.record, first, more.settings)
    slow = replace(record.cost, seconds_per_step=10.0, evaluate_seconds=3.0)
    write_record(keeping.records, first, replace(record, cost=slow))
    found = survey(more, tmp_path)
    assert (found["runs"]["done"], found["runs"]["to_score"]) == (1, 1)
    assert found["seconds_left"] == 3.0

    file = tmp_path / "more.yaml"
    file.write_text(yaml.safe_dump(more.config.to_json()), "utf-8")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert main(["status", str(file)]) == 0
    assert "the training of 1 of the missing runs is kept: it is only scored" in (
        capsys.readouterr().out
    )
    assert main(["plan", str(file)]) == 0
    said = capsys.readouterr()
    assert [row["id"] for row in json.loads(said.out)["runs"]] == [second.id]
    assert "1 run to score, whose training is kept" in said.err

    keeping.delta(second.run, more.settings).unlink()
    found = survey(more, tmp_path)
    assert found["runs"]["to_score"] == 0
    assert found["seconds_left"] == 3.0 + 10.0 * second.run.steps
