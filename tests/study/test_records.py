import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.study import job
from tuning_curves.study.config import check_study, read_study
from tuning_curves.study.grid import Study
from tuning_curves.study.records import (
    Biases,
    Cost,
    PackedOutcomes,
    Parameters,
    Provenance,
    Record,
    RecordStore,
    archive_records,
    read_record,
    sealed,
    validate_record,
    write_record,
)
from tuning_curves.study.workflow import StudyWorkflow
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import canonical

CONFIG = Path(__file__).resolve().parents[2] / "benchmarks" / "study.yaml"


@pytest.fixture
def study() -> Study:
    return check_study(yaml.safe_load(CONFIG.read_text("utf-8")), "s.yaml")


def record_of(study: Study, number: int) -> Record:
    """A record of a run that diverged at once."""
    planned = study.unique[number]
    return Record(
        id=planned.id,
        study=study.name,
        run=planned.run,
        settings=study.settings,
        status="diverged",
        failure="made up",
        scores=None,
        outcomes=None,
        parameters=Parameters(backbone=1, added=2, head=3, total=9, share=0.5),
        cost=Cost(
            train_seconds=1.0,
            evaluate_seconds=0.5,
            seconds_per_step=0.1,
            peak_memory_bytes=None,
            optimizer_bytes=8,
            delta_bytes=4,
            step_tokens=64,
            flops_per_step=960,
            activation_bytes=32,
            activation_bytes_one=16,
            gradient_bytes=4,
        ),
        biases=Biases(change={}, first_gradient={"q": [0.5, None]}),
        losses=[(1, 2.5)],
        validation_curve=[(1, 50.0), (2, 62.5)],
        provenance=Provenance(
            versions={"torch": "2"},
            device="none",
            threads=1,
            precision="float32",
            commit=None,
            dirty=None,
            code_sha256="0" * 64,
            started="2026-01-01T00:00:00+00:00",
            niceness=0,
        ),
    )


def test_the_archive_answers_before_the_workspace(study: Study, tmp_path: Path) -> None:
    store, planned = RecordStore(study, tmp_path), study.unique[0]
    assert store.find(planned) is None
    fresh = write_record(store.workspace, planned, record_of(study, 0))
    assert store.find(planned) == fresh
    old = write_record(store.archive, planned, record_of(study, 0))
    assert store.find(planned) == old


def test_a_record_comes_back_as_it_was_written(study: Study, tmp_path: Path) -> None:
    planned = study.unique[3]
    path = write_record(tmp_path, planned, record_of(study, 3))
    assert path.name.endswith(f"-{planned.id[:8]}.json")
    found = read_record(path, planned, study.settings)
    assert canonical(found.to_json()) == canonical(json.loads(path.read_text("utf-8")))
    unsealed = replace(found, provenance=replace(found.provenance, record_sha256=None))
    assert unsealed == record_of(study, 3)


def test_a_record_without_what_is_newer_comes_back_as_it_was(study: Study) -> None:
    older = record_of(study, 0).to_json()
    assert "formats" not in older["provenance"]
    assert Record.from_json(older).to_json() == older
    provenance = replace(record_of(study, 0).provenance, formats="float32 (AVX2)")
    newer = replace(record_of(study, 0), provenance=provenance).to_json()
    assert Record.from_json(newer).to_json() == newer
    assert newer["provenance"]["formats"] == "float32 (AVX2)"


def test_a_record_of_another_run_is_refused(study: Study, tmp_path: Path) -> None:
    path = write_record(tmp_path, study.unique[0], record_of(study, 1))
    with pytest.raises(DataError, match="not the record of this run: id is"):
        read_record(path, study.unique[0], study.settings)


def test_a_record_of_other_settings_names_the_difference(study: Study, tmp_path: Path) -> None:
    training = replace(study.settings.training, warmup=0.5)
    record = replace(record_of(study, 0), settings=replace(study.settings, training=training))
    path = write_record(tmp_path, study.unique[0], record)
    with pytest.raises(DataError, match=r"settings.training.warmup is 0.5, expected 0.1"):
        read_record(path, study.unique[0], study.settings)


def test_a_torn_record_is_refused_with_the_next_step(study: Study, tmp_path: Path) -> None:
    path = write_record(tmp_path, study.unique[0], record_of(study, 0))
    path.write_text(path.read_text()[:100])
    with pytest.raises(DataError, match="is not valid JSON") as caught:
        read_record(path, study.unique[0], study.settings)
    assert "run again: the run is trained anew" in str(caught.value)


def test_archiving_moves_checked_records_and_overwrites_none(study: Study, tmp_path: Path) -> None:
    store = RecordStore(study, tmp_path)
    for number in (0, 1):
        write_record(store.workspace, study.unique[number], record_of(study, number))
    assert archive_records(store) == 2
    assert archive_records(store) == 0
    assert store.archived(study.unique[0])
    assert not (store.workspace / study.unique[0].record).exists()


def test_archiving_refuses_a_foreign_record_and_keeps_it(study: Study, tmp_path: Path) -> None:
    store = RecordStore(study, tmp_path)
    path = write_record(store.workspace, study.unique[0], record_of(study, 1))
    with pytest.raises(DataError):
        archive_records(store)
    assert path.exists()


def test_only_chunks_without_archived_records_are_wanted(study: Study, tmp_path: Path) -> None:
    work = StudyWorkflow(study, tmp_path)
    assert len(work.wanted_markers()) == len(study.chunks)
    for planned in study.chunks[0].runs:
        write_record(work.store.archive, planned, record_of(study, 0))
    wanted = work.wanted_markers()
    assert len(wanted) == len(study.chunks) - 1
    assert not any(study.chunks[0].id in marker for marker in wanted)


def test_a_marker_without_its_records_is_removed(study: Study, tmp_path: Path) -> None:
    work = StudyWorkflow(study, tmp_path)
    marker = work.paths.marker(study.chunks[0].id)
    marker.parent.mkdir(parents=True)
    marker.write_text("done")
    work.wanted_markers()
    assert not marker.exists()


def test_a_job_leaves_archived_runs_out(study: Study, tmp_path: Path) -> None:
    work = StudyWorkflow(study, tmp_path)
    chunk = study.chunks[0]
    write_record(work.store.archive, chunk.runs[0], record_of(study, 0))
    ids = [p.id for p in work.job(chunk.id).runs]
    assert ids == [p.id for p in chunk.runs[1:]]


@pytest.mark.parametrize("value", [float("nan"), "\ud800"])
def test_a_sealed_record_with_what_has_no_hash_is_altered(
    study: Study, tmp_path: Path, value: float | str
) -> None:
    planned = study.unique[0]
    record = record_of(study, 0).to_json() | {"scores": value}
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match="altered since it was written: its content cannot be"):
        read_record(path, planned, study.settings)


def test_a_job_file_is_rewritten_only_where_its_content_changes(
    study: Study, tmp_path: Path
) -> None:
    chunk = study.chunks[0]
    first = StudyWorkflow(study, tmp_path)
    assert not Path(first.job_file(chunk.id, write=False)).exists()
    path = Path(first.job_file(chunk.id, write=True))
    assert job.read_job(path) == first.job(chunk.id)
    job_before = first.job(chunk.id)
    before, kept = first.job_sha256(chunk.id), path.stat()
    assert Path(StudyWorkflow(study, tmp_path).job_file(chunk.id, write=True)).stat() == kept
    write_record(first.store.archive, chunk.runs[0], record_of(study, 0))
    again = StudyWorkflow(study, tmp_path)
    assert again.job_sha256(chunk.id) != before
    again.job_file(chunk.id, write=True)
    assert job.read_job(path) == again.job(chunk.id) != job_before


def test_a_job_has_no_limit_of_length(study: Study, tmp_path: Path) -> None:
    config = study.config.to_json()
    config["seeds"] = list(range(200))
    config["execution"]["chunk_passes"] = 10**12
    work = StudyWorkflow(check_study(config, "s.yaml"), tmp_path)
    (chunk,) = work.chunks
    path = Path(work.job_file(chunk, write=True))
    assert path.stat().st_size > 1 << 17  # a command line's argument may have 128 KiB
    assert len(job.read_job(path).runs) == len(work.study.unique)


def test_the_study_file_holds_the_checked_study(study: Study, tmp_path: Path) -> None:
    work = StudyWorkflow(study, tmp_path)
    path = Path(work.study_file(write=True))
    assert read_study(path).config == study.config
    kept = path.stat()
    assert Path(work.study_file(write=True)).stat() == kept


def test_a_record_is_checked_by_its_types(study: Study, tmp_path: Path) -> None:
    record = finished_record(study)
    assert validate_record(tmp_path / "r.json", json.loads(json.dumps(record.to_json()))) == (
        replace(record, provenance=replace(record.provenance, record_sha256=seal_of(record)))
    )


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("cost", "train_seconds"), "3", "cost.train_seconds is '3', expected number"),
        (("cost", "optimizer_bytes"), 1.5, "cost.optimizer_bytes is 1.5, expected integer"),
        (("cost", "watts"), 7, "unknown key 'watts' in cost"),
        (("winner",), True, "unknown key 'winner' in the record"),
        (("run", "n_train"), -5, "run.n_train is -5, expected 0 or more"),
        (("scores", "dev"), {"total": 1}, "unknown key 'dev' in scores"),
        (("outcomes", "group_sizes"), ["2"], "outcomes.group_sizes.0 is '2', expected integer"),
        (("losses",), [[1, "a"]], "losses.0.1 is 'a', expected number"),
        (("validation_curve",), [["1", 2.0]], "validation_curve.0.0 is '1', expected integer"),
        (("status",), "won", "status is 'won', expected one of finished, diverged"),
        (("settings", "training", "warmup"), None, "training.warmup is None, expected number"),
        (("settings", "training", "momentum"), 0.9, "'momentum'"),
        (("provenance", "dirty"), "no", "provenance.dirty is 'no', expected boolean"),
        (("schema",), 1, "the record is damaged: expected an object of schema 2"),
    ],
)
def test_a_record_of_other_types_is_one_clear_error(
    study: Study, tmp_path: Path, path: tuple[str, ...], value: object, words: str
) -> None:
    record: dict[str, Any] = json.loads(json.dumps(finished_record(study).to_json()))
    part = record
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(DataError) as caught:
        validate_record(tmp_path / "r.json", record)
    assert words in caught.value.message
    assert caught.value.message.startswith(f"{tmp_path}/r.json: ")
    assert "run again: the run is trained anew" in str(caught.value)


def test_a_record_without_a_key_is_one_clear_error(study: Study, tmp_path: Path) -> None:
    record = finished_record(study).to_json()
    del record["parameters"]["head"]
    with pytest.raises(DataError, match="parameters lacks the key 'head'"):
        validate_record(tmp_path / "r.json", record)


def finished_record(study: Study) -> Record:
    """A record of a run with scores and outcomes of two examples."""
    return replace(
        record_of(study, 0),
        status="finished",
        failure=None,
        scores={"test": {"total": 2, "exact": 1}, "validation": {"total": 1, "exact": 0}},
        outcomes=PackedOutcomes(group_sizes=[2], parts={"exact": "QA=="}),
    )


def seal_of(record: Record) -> str:
    return sealed(record.to_json())["provenance"]["record_sha256"]
