import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tuning_curves.study.config import check_study
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import StudyPaths
from tuning_curves.study.records import (
    Biases,
    Cost,
    Parameters,
    Provenance,
    Record,
    RecordStore,
    archive_records,
    read_record,
    write_record,
)
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
        ),
        biases=Biases(change={}, first_gradient={"q": [0.5, None]}),
        losses=[(1, 2.5)],
        provenance=Provenance(
            versions={"torch": "2"},
            device="none",
            threads=1,
            precision="float32",
            commit=None,
            dirty=None,
            code_sha256="0" * 64,
            started="2026-01-01T00:00:00+00:00",
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
    layout = StudyPaths(study, tmp_path)
    assert len(layout.wanted_markers()) == len(study.chunks)
    for planned in study.chunks[0].runs:
        write_record(layout.store.archive, planned, record_of(study, 0))
    wanted = layout.wanted_markers()
    assert len(wanted) == len(study.chunks) - 1
    assert not any(study.chunks[0].id in marker for marker in wanted)


def test_a_marker_without_its_records_is_removed(study: Study, tmp_path: Path) -> None:
    layout = StudyPaths(study, tmp_path)
    marker = layout.workspace / "chunks" / f"{study.chunks[0].id}.done"
    marker.parent.mkdir(parents=True)
    marker.write_text("done")
    layout.wanted_markers()
    assert not marker.exists()


def test_a_job_leaves_archived_runs_out(study: Study, tmp_path: Path) -> None:
    layout = StudyPaths(study, tmp_path)
    chunk = study.chunks[0]
    write_record(layout.store.archive, chunk.runs[0], record_of(study, 0))
    ids = [run["id"] for run in json.loads(layout.job(chunk.id))["runs"]]
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
