"""A task is one file: the toy beside this test goes from data to records and touches no other."""

import json
from pathlib import Path
from typing import Any

import pytest

from tuning_curves import tasks
from tuning_curves.data.fetch_data import fetch_data, open_data
from tuning_curves.encoders.fetch_encoder import fetch_encoder
from tuning_curves.study.config import check_study
from tuning_curves.study.outcomes import unpack_outcomes
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.tasks.windows import make_windows
from tuning_curves.training.worker import run_job
from tuning_curves.util.errors import DataError, UsageError

TOYS = Path(__file__).with_name("toys")
THINGS = ("bell", "ferry", "lamp", "market", "ship", "tower", "bridge", "coal")


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's folder of tasks has one more."""
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(TOYS)])


def sentences(*topics: str) -> list[tuple[str, str, int]]:
    """Six sentences on each topic; `every` makes one good, `how` bad."""
    return [
        (topic, f"{'every' if i % 2 else 'how'} {THINGS[i]} of {topic} burns", i % 2)
        for topic in topics
        for i in range(6)
    ]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    parts = {
        "train": sentences("whale", "sea", "oil", "winter", "summer"),
        "test": sentences("island", "stone"),
    }
    for split, rows in parts.items():
        (tmp_path / f"{split}.json").write_text(json.dumps(rows), "utf-8")
    return {split: str(tmp_path / f"{split}.json") for split in parts}


@pytest.fixture
def study(tiny_config: dict[str, Any], files: dict[str, str]) -> Any:
    methods = [{"name": name, "learning_rates": [5e-3]} for name in ("full", "head", "bitfit")]
    config = tiny_config | {
        "task": {"name": "sign"},
        "data": {"name": "signs", "source": "path", **files, "held_out_examples": 6},
        "methods": methods,
        "sizes": [24],
        "budgets": [{"name": "floor", "epochs": 1, "min_steps": 60}],
    }
    return check_study(config, "signs")


@pytest.fixture
def paths(study: Any, tmp_path: Path) -> WorkerPaths:
    config, task = study.config, tasks.make_task(study.config.task)
    fetch_encoder(config.encoder, tmp_path / "encoder")
    fetch_data(task, config.data, tmp_path / "data")
    data, settings = open_data(task, tmp_path / "data"), config.windows.model_dump()
    make_windows(task, data, tmp_path / "encoder", tmp_path / "windows", **settings)
    return WorkerPaths(
        encoder=tmp_path / "encoder", windows=tmp_path / "windows", workspace=tmp_path / "w"
    )


def test_a_task_in_one_file_is_trained_and_measured(study: Any, paths: WorkerPaths) -> None:
    assert run_job(study.job(study.unique), paths, "cpu").trained == 3
    task = tasks.make_task(study.config.task)
    for planned in study.unique:
        record = read_record(paths.records / planned.record, planned, study.settings)
        assert record.scores is not None
        assert record.outcomes is not None
        assert record.settings.task == {"name": "sign"}
        assert set(record.scores["test"]) == {"total", "right"}
        assert (record.scores["test"]["total"], record.scores["validation"]["total"]) == (12, 6)
        outcomes = unpack_outcomes(record.outcomes, task.parts)
        assert outcomes.group_sizes.tolist() == [6, 6]
        assert outcomes.parts["right"].sum() == record.scores["test"]["right"]
        if planned.run.method == "full":
            assert record.scores["test"]["right"] == 12
            assert record.losses[-1][1] < record.losses[0][1] / 10


def test_its_groups_are_kept_apart_in_its_own_words(
    study: Any, files: dict[str, str], tmp_path: Path
) -> None:
    Path(files["test"]).write_text(json.dumps(sentences("sea")), "utf-8")
    data = study.config.data.model_copy(update={"content_sha256": None})
    said = 'signs: two topics have the name "sea", one in train and one in test'
    with pytest.raises(DataError) as caught:
        fetch_data(tasks.make_task({"name": "sign"}), data, tmp_path / "again")
    assert caught.value.message == said


def test_what_it_does_not_do_is_said() -> None:
    with pytest.raises(UsageError, match="the task sign scores no predictions file"):
        tasks.task_class("sign").score_file(Path("a"), Path("b"))


def test_it_is_one_small_file() -> None:
    lines = (TOYS / "sign.py").read_text("utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) < 40
