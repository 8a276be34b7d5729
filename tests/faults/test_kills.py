"""kill -9 at every point of every stage: the next run goes on, and nothing is lost or other."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.data.fetch_data import open_data
from tuning_curves.encoders.fetch_encoder import open_encoder
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.windows import open_windows

from .conftest import KILLED, ROOT, Bench, Fault, Processes

STEP = "tuning_curves.training.loop:Trainer.step"
TAKE = "tuning_curves.training.evaluate:Evaluator.evaluate"
EACH_STEP = {"tuning_curves.training.loop:CHECKPOINT_SECONDS": 0.0}
SYNC = "os:fsync"  # called once for a file, once for its folder
TASK = QuestionAnswering(n_best=20, max_answer_tokens=30)
STUDY = ("--study", ROOT / "config" / "pos-ewt.yaml")
ARCHIVED = ROOT / "results" / "pos-ewt"


def fetch_data(config: dict[str, Any]) -> tuple[str, ...]:
    """The command that fetches a study's data, but for the folder."""
    sections = {"--spec": config["data"], "--task": config["task"]}
    return (
        "fetch",
        "data",
        *(text for key, value in sections.items() for text in (key, json.dumps(value))),
    )


def kill(at: str, call: int = 1, **more: Any) -> Fault:
    return {"at": at, "call": call, "do": "kill", **more}


@pytest.mark.parametrize(
    ("fault", "changes", "steps_left"),
    [
        pytest.param(kill(STEP), {}, 16, id="before the first step"),
        pytest.param(kill(STEP, 6), EACH_STEP, 11, id="in the middle"),
        pytest.param(kill(SYNC, 3), EACH_STEP, 15, id="while a checkpoint is written"),
        pytest.param(kill(TAKE), EACH_STEP, 9, id="before the evaluation"),
        pytest.param(kill(TAKE, after=True), {}, 16, id="in the evaluation"),
        pytest.param(kill(SYNC), {}, 16, id="while the record is written"),
    ],
)
def test_a_killed_training_goes_on_to_the_same_bits(
    bench: Bench,
    undisturbed: dict[str, Any],
    fault: Fault,
    changes: dict[str, float],
    steps_left: int,
) -> None:
    assert bench.train(faults=(fault,), changes=changes).status == KILLED
    assert bench.numbers() == {}
    assert bench.checkpoint(0).exists() is bool(changes)
    one_too_many = kill(STEP, steps_left + 1)  # it does not begin again what it has
    ended = bench.train(faults=(one_too_many,))
    assert ended.status == 0, ended.said
    assert bench.numbers() == undisturbed
    assert bench.litter() == []


def test_a_kill_right_after_a_record_leaves_the_record(
    bench: Bench, undisturbed: dict[str, Any]
) -> None:
    forget = "tuning_curves.training.worker:Worker._forget"
    assert bench.train(faults=(kill(forget),), changes=EACH_STEP).status == KILLED
    written = bench.path(0).read_bytes()
    assert bench.litter() != []
    ended = bench.train()
    assert "1 trained, 0 diverged, 1 had records" in ended.said
    assert bench.path(0).read_bytes() == written
    assert bench.numbers() == undisturbed
    assert bench.litter() == []


def test_a_killed_fetch_of_an_encoder_is_made_good(
    tiny_config: dict[str, Any], processes: Processes, tmp_path: Path
) -> None:
    fetch = (
        "fetch",
        "encoder",
        "--spec",
        json.dumps(tiny_config["encoder"]),
        "--out",
        tmp_path / "e",
    )
    place = "tuning_curves.encoders.fetch_encoder:_place"
    assert processes.run(*fetch, faults=(kill(place, 2),)).status == KILLED
    assert not (tmp_path / "e" / "manifest.json").exists()
    assert list((tmp_path / "e").glob(".fetch-*"))
    ended = processes.run(*fetch)
    assert ended.status == 0, ended.said
    assert len(open_encoder(tmp_path / "e")["files"]) >= 3
    assert not list((tmp_path / "e").glob(".fetch-*"))


def test_a_killed_fetch_of_data_is_made_good(
    tiny_config: dict[str, Any], processes: Processes, tmp_path: Path
) -> None:
    fetch = (*fetch_data(tiny_config), "--out", tmp_path / "d")
    assert processes.run(*fetch, faults=(kill(SYNC, 3),)).status == KILLED
    assert (tmp_path / "d" / "train.json").exists()
    assert not (tmp_path / "d" / "manifest.json").exists()
    ended = processes.run(*fetch)
    assert ended.status == 0, ended.said
    assert len(open_data(TASK, tmp_path / "d")["test"]) == 25


def test_killed_windows_are_refused_and_made_again_to_the_same_bytes(
    tiny_config: dict[str, Any], bench: Bench, processes: Processes, tmp_path: Path
) -> None:
    data, windows = tmp_path / "d", tmp_path / "f"
    processes.run(*fetch_data(tiny_config), "--out", data)
    make = (
        "windows", "--data", data, "--encoder", bench.encoder, "--out", windows,
        "--max-length", "96", "--stride", "24", "--task", json.dumps(tiny_config["task"]),
    )  # fmt: skip
    assert processes.run(*make, faults=(kill(SYNC, 9),)).status == KILLED
    assert len(list(windows.rglob("*.npy"))) == 4
    made, bench.windows = bench.windows, windows
    refused = bench.train()
    assert refused.status == 4
    assert "run again: windows are made anew" in refused.said
    assert processes.run(*make).status == 0
    open_windows(windows)
    assert (windows / "manifest.json").read_bytes() == (made / "manifest.json").read_bytes()


def test_killed_collecting_leaves_no_table_that_is_half(
    processes: Processes, tmp_path: Path
) -> None:
    at_hand = str(len(list(ARCHIVED.glob("records/*/*.json"))))
    collect = ("collect", *STUDY, "--recorded", at_hand, "--out", tmp_path / "collected")
    assert processes.run(*collect, faults=(kill(SYNC, 3),)).status == KILLED
    first = (tmp_path / "collected" / "runs.csv").read_bytes()
    assert not (tmp_path / "collected" / "biases.csv").exists()
    ended = processes.run(*collect)
    assert ended.status == 0, ended.said
    assert (tmp_path / "collected" / "runs.csv").read_bytes() == first
    assert (tmp_path / "collected" / "biases.csv").stat().st_size > 0


@pytest.mark.parametrize(("what", "files"), [("figures", 16), ("tables", 14)])
def test_killed_drawing_leaves_no_file_that_is_half(
    processes: Processes, tmp_path: Path, what: str, files: int
) -> None:
    draw = ("report", what, *STUDY, "--tables", ARCHIVED / "tables", "--out", tmp_path / "out")
    assert processes.run(*draw, faults=(kill(SYNC, 5),)).status == KILLED
    drawn = contents(tmp_path / "out")
    assert len(drawn) == 2
    ended = processes.run(*draw)
    assert ended.status == 0, ended.said
    again = contents(tmp_path / "out")
    assert len(again) >= files
    assert {name: again[name] for name in drawn} == drawn


def test_killed_compiling_leaves_the_old_paper_whole(processes: Processes, tmp_path: Path) -> None:
    for part in ("tables", "figures"):
        shutil.copytree(ARCHIVED / part, tmp_path / part)
    shutil.copy(ARCHIVED / "numbers.json", tmp_path)
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"the old paper")
    compile_it = ("paper", *STUDY, "--results", tmp_path, "--out", paper)
    assert processes.run(*compile_it, faults=(kill(SYNC, 5),)).status == KILLED  # the paper's own
    assert paper.read_bytes() == b"the old paper"
    ended = processes.run(*compile_it)
    assert ended.status == 0, ended.said
    assert paper.read_bytes().startswith(b"%PDF")


def test_killed_archiving_loses_no_record(
    whole: Bench, processes: Processes, tmp_path: Path
) -> None:
    from tuning_curves.study.records import RecordStore, archive_records

    store = RecordStore(whole.study, tmp_path)
    shutil.copytree(whole.workspace / "records", store.workspace)
    study = tmp_path / "study.json"
    study.write_text(json.dumps(whole.study.config.to_json()), "utf-8")  # JSON is YAML
    archive = ("archive", study)
    assert processes.run(*archive, folder=tmp_path, faults=(kill(SYNC, 3),)).status == KILLED
    assert [store.archived(planned) for planned in whole.study.unique] == [True, False]
    assert all(store.find(planned) is not None for planned in whole.study.unique)
    assert archive_records(store) == 1
    assert all(store.archived(planned) for planned in whole.study.unique)


def contents(folder: Path) -> dict[str, bytes]:
    """What a reader finds below a folder: hidden files are nobody's input."""
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}
