import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tuning_curves.encoders.batches import ActivationCache
from tuning_curves.encoders.fetch_encoder import open_encoder
from tuning_curves.study.grid import Study
from tuning_curves.study.job import Job, load_job
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.windows import read_manifest
from tuning_curves.training import loop, worker
from tuning_curves.training import run as run_module
from tuning_curves.training.belonging import check_belongs
from tuning_curves.training.worker import run_job
from tuning_curves.util.errors import DataError
from tuning_curves.util.locks import try_lock
from tuning_curves.util.provenance import device_name

METHODS = [{"name": "full", "learning_rates": [1e-3]}]
VOLATILE = ("cost", "provenance")


def numbers(places: WorkerPaths, study: Study) -> dict[str, dict[str, Any]]:
    """All records without clocks and machines."""
    found = {}
    for planned in study.unique:
        path = places.records / planned.record
        if path.exists():
            record = read_record(path, planned, study.settings).to_json()
            found[planned.id] = {k: v for k, v in record.items() if k not in VOLATILE}
    return found


def runs_of(study: Study, method: str) -> Job:
    return study.job(tuple(p for p in study.unique if p.run.method == method))


def test_a_job_leaves_a_record_for_every_run(make_study: Any, places: WorkerPaths) -> None:
    study = make_study()
    summary = run_job(study.job(study.unique), places, "cpu")
    assert (summary.trained, summary.diverged, summary.found) == (10, 0, 0)
    records = numbers(places, study)
    assert len(records) == 10
    for record in records.values():
        assert record["status"] == "finished"
        assert record["scores"]["test"]["total"] == 25
        # whole articles of 5 questions, until they hold at least 5
        assert record["scores"]["validation"]["total"] == 5
        assert sum(record["outcomes"]["group_sizes"]) == 25
        assert record["losses"][-1][0] == record["run"]["steps"]
        assert 0 < record["losses"][-1][1] < 10


def test_a_record_states_what_was_trained_and_what_it_cost(
    make_study: Any, places: WorkerPaths
) -> None:
    study = make_study({"sizes": [4]})
    run_job(study.job(study.unique), places, "cpu")
    records = {
        p.run.method: read_record(places.records / p.record, p, study.settings).to_json()
        for p in study.unique
    }
    bitfit, full = records["bitfit"], records["full"]
    # 3 layers of 7 d + 64 and the embeddings' d, at d = 32; the head 2 d + 2
    assert bitfit["parameters"]["backbone"] == 3 * (7 * 32 + 64) + 32
    assert bitfit["parameters"]["head"] == 66
    assert bitfit["cost"]["delta_bytes"] == 4 * (3 * (7 * 32 + 64) + 32 + 66)
    # two moments of each trained number, and one counter a tensor
    tensors = 3 * 8 + 1 + 2
    assert bitfit["cost"]["optimizer_bytes"] == 2 * bitfit["cost"]["delta_bytes"] + 4 * tensors
    assert full["cost"]["activation_bytes"] > bitfit["cost"]["activation_bytes"] > 0
    assert full["cost"]["activation_bytes"] > full["cost"]["activation_bytes_one"] > 0
    assert bitfit["cost"]["gradient_bytes"] == bitfit["cost"]["delta_bytes"]
    assert full["cost"]["seconds_per_step"] > 0
    assert full["provenance"]["versions"]["torch"] == torch.__version__
    assert full["provenance"]["threads"] == 1
    assert len(full["provenance"]["code_sha256"]) == 64


def test_a_record_says_that_its_process_gave_way_to_others(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study({"sizes": [8]})
    job = runs_of(study, "bitfit")
    original = loop.Trainer.step

    def dying(self: Any, number: int, questions: Any) -> None:
        if number == 3:
            raise KeyboardInterrupt
        original(self, number, questions)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "niceness", lambda: 19)
        patched.setattr(loop.Trainer, "step", dying)
        with pytest.raises(KeyboardInterrupt):
            run_job(job, replace(places, checkpoint_seconds=0.0), "cpu")
    run_job(job, places, "cpu")  # some of its seconds are still those of the first process
    (planned,) = job.runs
    record = read_record(places.records / planned.record, planned, study.settings)
    assert record.provenance.niceness == 19
    head = runs_of(study, "head")
    run_job(head, places, "cpu")
    (planned,) = head.runs
    record = read_record(places.records / planned.record, planned, study.settings)
    assert record.provenance.niceness == max(0, os.nice(0))


@pytest.mark.slow
def test_a_second_run_gives_the_same_bits(
    make_study: Any, places: WorkerPaths, tmp_path: Path
) -> None:
    study = make_study()
    job = study.job(study.unique)
    again = WorkerPaths(
        encoder=places.encoder, windows=places.windows, workspace=tmp_path / "again"
    )
    run_job(job, places, "cpu")
    run_job(job, again, "cpu")
    assert numbers(places, study) == numbers(again, study)


@pytest.mark.slow
@pytest.mark.parametrize(
    "training",
    [{"precision": "float32"}, {"precision": "bfloat16"}, {"attention_dropout": 0.1}],
)
def test_a_run_does_not_depend_on_its_company(
    make_study: Any, places: WorkerPaths, tmp_path: Path, training: dict[str, Any]
) -> None:
    study = make_study({"training": training})
    run_job(study.job(study.unique), places, "cpu")
    together = numbers(places, study)
    for planned in study.unique:
        if planned.run.n_train == 8:
            alone = WorkerPaths(
                encoder=places.encoder, windows=places.windows, workspace=tmp_path / planned.id
            )
            run_job(study.job((planned,)), alone, "cpu")
            assert numbers(alone, study)[planned.id] == together[planned.id]


def test_seeds_matter_each_for_its_own(make_study: Any, places: WorkerPaths) -> None:
    seeds = [{"subset": 0, "init": 0}, {"subset": 1, "init": 0}, {"subset": 0, "init": 1}]
    study = make_study({"seeds": seeds, "sizes": [8]})
    run_job(runs_of(study, "full"), places, "cpu")
    losses = [json.dumps(r["losses"]) for r in numbers(places, study).values()]
    assert len(set(losses)) == 3


def test_a_recorded_run_is_passed_over(make_study: Any, places: WorkerPaths) -> None:
    study = make_study()
    job = runs_of(study, "head")
    run_job(job, places, "cpu")
    before = {p: (places.records / p.record).stat().st_mtime_ns for p in job.runs}
    summary = run_job(job, places, "cpu")
    assert (summary.trained, summary.found) == (0, 2)
    assert before == {p: (places.records / p.record).stat().st_mtime_ns for p in job.runs}


def test_a_run_that_another_process_holds_is_taken_up_at_the_end(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study()
    job = runs_of(study, "head")
    order = []
    original = worker.Worker._train

    def watched(self: Any, planned: Any) -> Any:
        order.append(planned.id)
        if len(order) == 1:
            held.__exit__(None, None, None)  # the other process ends while we train elsewhere
        return original(self, planned)

    monkeypatch.setattr(worker.Worker, "_train", watched)
    held = try_lock(places.lock(job.runs[0]))
    held.__enter__()
    assert run_job(job, places, "cpu").trained == 2
    assert order == [job.runs[1].id, job.runs[0].id]


def test_a_record_of_other_settings_is_never_taken(make_study: Any, places: WorkerPaths) -> None:
    study = make_study()
    job = runs_of(study, "head")
    run_job(job, places, "cpu")
    path = places.records / job.runs[0].record
    record = json.loads(path.read_text())
    record["settings"]["training"]["warmup"] = 0.9
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"settings.training.warmup is 0.9, expected 0.1"):
        run_job(job, places, "cpu")


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    ["full", "bitfit", "head", "adapter-houlsby-4", "top-1", "random-mask", "fisher-mask"],
)
def test_a_killed_run_resumes_to_the_same_numbers(
    make_study: Any,
    places: WorkerPaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    study = make_study(
        {
            "methods": [{"name": method, "learning_rates": [1e-2]}],
            "sizes": [8],
            "budgets": [{"name": "b", "epochs": 6, "min_steps": 0}],
            "analysis": {"contrasts": []},
        }
    )
    job = runs_of(study, method)
    whole = WorkerPaths(
        encoder=places.encoder, windows=places.windows, workspace=tmp_path / "whole"
    )
    run_job(job, whole, "cpu")

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    original = loop.Trainer.step

    def dying(self: Any, number: int, questions: Any) -> None:
        if number == 7:
            raise KeyboardInterrupt
        original(self, number, questions)

    monkeypatch.setattr(loop.Trainer, "step", dying)
    with pytest.raises(KeyboardInterrupt):
        run_job(job, places, "cpu")
    assert places.checkpoint(job.runs[0]).exists()
    steps = []

    def counting(self: Any, number: int, questions: Any) -> None:
        steps.append(number)
        original(self, number, questions)

    monkeypatch.setattr(loop.Trainer, "step", counting)
    run_job(job, places, "cpu")
    assert steps == list(range(7, 12))
    assert numbers(places, study) == numbers(whole, study)
    assert not places.checkpoint(job.runs[0]).exists()


def test_checkpoints_are_as_frequent_as_asked_and_a_resumed_run_says_so(
    make_study: Any,
    places: WorkerPaths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = runs_of(make_study({"sizes": [8]}), "bitfit")
    original = loop.Trainer.step

    def dying(self: Any, number: int, questions: Any) -> None:
        if number == 3:
            raise KeyboardInterrupt
        original(self, number, questions)

    for seconds, kept in ((None, False), (0.0, True)):
        monkeypatch.setattr(loop.Trainer, "step", dying)
        with pytest.raises(KeyboardInterrupt):
            run_job(job, replace(places, checkpoint_seconds=seconds), "cpu")
        assert places.checkpoint(job.runs[0]).exists() is kept
    monkeypatch.setattr(loop.Trainer, "step", original)
    said = capsys.readouterr().err
    assert said.startswith(f"device: {device_name(torch.device('cpu'))}, ")
    assert "; computes in float32\n" in said
    assert "resumes" not in said
    run_job(job, places, "cpu")
    assert "resumes after step 3/4" in capsys.readouterr().err


def test_a_torn_checkpoint_starts_the_run_anew(
    make_study: Any, places: WorkerPaths, tmp_path: Path
) -> None:
    study = make_study({"sizes": [8]})
    job = runs_of(study, "bitfit")
    whole = WorkerPaths(
        encoder=places.encoder, windows=places.windows, workspace=tmp_path / "whole"
    )
    run_job(job, whole, "cpu")
    checkpoint = places.checkpoint(job.runs[0])
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"x" * 500)
    run_job(job, places, "cpu")
    assert numbers(places, study) == numbers(whole, study)


@pytest.mark.parametrize(("bad", "step"), [(2, 1), (3, 2)])
def test_a_diverged_run_is_a_record_and_the_rest_goes_on(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch, bad: int, step: int
) -> None:
    study = make_study({"methods": METHODS[:1], "analysis": {"contrasts": []}})
    blow_up = study.unique[0]
    original, calls = QuestionAnswering.loss, []

    def failing(*args: Any) -> Any:
        calls.append(1)  # the first step makes two passes, each later one a pass
        return original(*args) * (float("nan") if len(calls) == bad else 1.0)

    monkeypatch.setattr(QuestionAnswering, "loss", failing)
    summary = run_job(study.job(study.unique), places, "cpu")
    assert (summary.trained, summary.diverged) == (1, 1)
    record = read_record(places.records / blow_up.record, blow_up, study.settings).to_json()
    assert record["status"] == "diverged"
    assert f"the loss became nan at or before step {step}" in record["failure"]
    assert record["scores"] is None
    assert record["outcomes"] is None


def test_the_frozen_part_is_made_once_and_changes_nothing(
    make_study: Any, places: WorkerPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study()
    job = runs_of(study, "head")
    made = []
    original = ActivationCache._make

    def counting(self: Any, missing: list[int]) -> Any:
        made.extend((id(self), window) for window in missing)
        return original(self, missing)

    monkeypatch.setattr(ActivationCache, "_make", counting)
    run_job(job, places, "cpu")
    assert len(made) == len(set(made))  # each window of each split once, whatever the run
    monkeypatch.setattr(run_module, "ACTIVATION_BYTES", 0)
    none_kept = WorkerPaths(
        encoder=places.encoder, windows=places.windows, workspace=tmp_path / "n"
    )
    run_job(job, none_kept, "cpu")
    assert numbers(places, study) == numbers(none_kept, study)


def test_jobs_survive_the_way_through_text_and_refuse_edits(make_study: Any) -> None:
    job = make_study().job(make_study().unique)
    assert load_job(job.dump()) == job
    edited = json.loads(job.dump())
    edited["runs"][0]["learning_rate"] = 0.5
    with pytest.raises(Exception, match="has not the id"):
        load_job(json.dumps(edited))
    with pytest.raises(Exception, match="not a training job"):
        load_job("{}")


def test_frozen_tensors_that_moved_are_noticed(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study({"sizes": [4]})
    original = loop.Trainer.train

    def meddling(self: Any, *told: Any) -> Any:
        trace = original(self, *told)
        with torch.no_grad():
            self.model.encoder.embeddings.word_embeddings.weight[3, 4] += 1e-6
        return trace

    monkeypatch.setattr(loop.Trainer, "train", meddling)
    with pytest.raises(DataError, match=r"frozen tensor encoder\.embeddings\.word_embeddings"):
        run_job(runs_of(study, "bitfit"), places, "cpu")


def test_windows_whose_labels_have_another_order_are_refused(
    make_study: Any, places: WorkerPaths
) -> None:
    """Labels are numbers there: the same data in the same windows, and other classes."""
    encoder, made = open_encoder(places.encoder), read_manifest(places.windows)
    assert made["labels"] == []  # questions have none
    task = {"name": "text-classification", "labels": ["con", "pro"]}
    settings = replace(make_study().settings, task=task)
    for labels in (["pro", "con"], []):
        other = made | {"task": task["name"], "labels": labels}
        with pytest.raises(DataError, match=r"windows with labels \[.*\], expected \['con', 'pro"):
            check_belongs(settings, encoder, other, places)
    check_belongs(settings, encoder, other | {"labels": task["labels"]}, places)
