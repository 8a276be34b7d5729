"""A study of one's own files: one file in two parts, and pins that are taken from the files."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.cli import main
from tuning_curves.data.fetch_data import fetch_data, open_data
from tuning_curves.data.section import PathData
from tuning_curves.data.subsets import split_groups
from tuning_curves.encoders.fetch_encoder import fetch_encoder
from tuning_curves.study.config import check_study, read_study
from tuning_curves.tasks import make_task
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.question_answering.data import SquadData, content_sha256
from tuning_curves.util.errors import DataError, ResourceError, UsageError

CONFIG = Path(__file__).resolve().parents[2] / "config" / "your-data.yaml"

TASK = QuestionAnswering(n_best=20, max_answer_tokens=30)


@pytest.fixture
def mine(squad_file: Path, tiny_encoder: Path, tmp_path: Path) -> dict[str, Any]:
    """`config/your-data.yaml` with its paths and sizes edited, and nothing else."""
    shutil.copy(squad_file, tmp_path / "mine.json")
    config = yaml.safe_load(CONFIG.read_text("utf-8"))
    config["encoder"] = {"name": "mine", "source": "path", "path": str(tiny_encoder)}
    config["data"] |= {"train": str(tmp_path / "mine.json"), "test_from_train": 8}
    config["data"]["held_out_examples"] = 4
    config["sizes"] = [2, 4, 8]
    return config


def test_the_file_says_what_to_edit_and_nothing_else_is_needed(mine: dict[str, Any]) -> None:
    study = check_study(mine, "your-data.yaml")
    assert study.name == CONFIG.stem
    assert len(study.unique) == 4 * 2 * 3 * 5
    assert set(study.settings.data.pin) == {"train", "test"}


def test_as_it_stands_it_asks_for_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ResourceError, match=r"data/mine/questions\.json: no such SQuAD file"):
        read_study(CONFIG)


def test_parts_are_whole_articles_and_hold_every_question_once(tiny_squad: SquadData) -> None:
    parts = split_groups(tiny_squad, 8, "mine")
    assert [len(parts[split].titles) for split in ("train", "test")] == [3, 2]
    both = [q.id for split in ("train", "test") for q in parts[split].questions]
    assert sorted(both) == sorted(q.id for q in tiny_squad.questions)
    assert not set(parts["train"].titles) & set(parts["test"].titles)
    assert split_groups(tiny_squad, 8, "mine") == parts
    assert len(split_groups(tiny_squad, 5, "mine")["test"].titles) == 1


def test_a_file_with_too_few_articles_is_refused(tiny_squad: SquadData) -> None:
    with pytest.raises(UsageError, match="mine: 5 groups with 25 examples, of which 16 "):
        split_groups(tiny_squad, 16, "mine")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sizes": [2, 90]}, "s.yaml: size 90 is larger than the data: 10 examples of mine are "),
        ({"sizes": [2, 90]}, "lower sizes to 10 and less"),
        ({"methods": [{"name": "full", "learning_rates": [1e-4], "sizes": [11]}],
          "analysis": {"contrasts": []}}, "size 11 is larger than the data"),
        ({"data": {"held_out_examples": 900}}, "s.yaml: data: a validation split of 900 examples"),
        ({"evaluation": {"test_examples": 11}}, "test_examples is 11, expected 1 to 10, so many"),
        ({"evaluation": {"validation_examples": 6}}, "write `validation_examples: all`"),
    ],
)  # fmt: skip
def test_numbers_beyond_the_data_are_refused_when_the_study_is_read(
    mine: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    """Of 25 questions in 5 articles 10 measure, 5 choose learning rates, and 10 are left."""
    for key, value in changes.items():
        mine[key] = {**mine[key], **value} if isinstance(value, dict) else value
    with pytest.raises(UsageError) as caught:
        check_study(mine, "s.yaml")
    assert words in str(caught.value)


def test_a_size_beyond_pinned_data_ends_its_windows_and_leaves_nothing(
    mine: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = check_study(mine, "s.yaml").config
    fetch_encoder(config.encoder, tmp_path / "encoder")
    fetch_data(make_task(config.task), config.data, tmp_path / "data")
    options = ["--task", json.dumps(mine["task"]), "--max-length", "96", "--stride", "24"]
    options += ["--held-out", "4", "--largest-size", "90", "--out", str(tmp_path / "windows")]
    folders = ["--data", str(tmp_path / "data"), "--encoder", str(tmp_path / "encoder")]
    assert main(["windows", *folders, *options]) == 2
    said = capsys.readouterr().err
    assert "a training subset of 90 examples was asked for; the pool outside the validation" in said
    assert "fix: keep the study's sizes within 1 and 10" in said
    assert not (tmp_path / "windows").exists()


def test_other_content_makes_other_runs_and_other_json_does_not(mine: dict[str, Any]) -> None:
    before = check_study(mine, "s").unique[0].id
    path = Path(mine["data"]["train"])
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content, indent=2), "utf-8")
    assert check_study(mine, "s").unique[0].id == before
    content["data"][0]["paragraphs"][0]["qas"][0]["question"] = "Who was it?"
    path.write_text(json.dumps(content), "utf-8")
    assert check_study(mine, "s").unique[0].id != before


def test_written_pins_change_no_run_and_refuse_other_content(
    mine: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "your-data.yaml").write_text(yaml.safe_dump(mine), "utf-8")
    assert main(["pin", "--study", str(tmp_path / "your-data.yaml")]) == 0
    pins = yaml.safe_load(capsys.readouterr().out)
    pinned = {**mine, **{key: mine[key] | pins[key] for key in ("encoder", "data")}}
    assert [p.id for p in check_study(pinned, "s").unique] == [
        p.id for p in check_study(mine, "s").unique
    ]
    fetch_data(TASK, check_study(pinned, "s").config.data, tmp_path / "data")
    data = open_data(TASK, tmp_path / "data")
    assert {split: content_sha256(part) for split, part in data.items()} == (
        pins["data"]["content_sha256"]
    )
    changed = PathData(**pinned["data"] | {"test_from_train": 5})
    with pytest.raises(DataError, match="the content of train has sha256"):
        fetch_data(TASK, changed, tmp_path / "other")


@pytest.mark.parametrize(("change", "word"), [({"test": "test.json"}, "both"), ({}, "neither")])
def test_a_dev_part_comes_from_one_place(
    mine: dict[str, Any], change: dict[str, Any], word: str
) -> None:
    if not change:
        del mine["data"]["test_from_train"]
    mine["data"] |= change
    with pytest.raises(UsageError, match=f"data has {word} of test and test_from_train"):
        check_study(mine, "s")


def test_an_encoder_that_is_not_there_is_named(mine: dict[str, Any], tmp_path: Path) -> None:
    mine["encoder"]["path"] = str(tmp_path / "none")
    with pytest.raises(ResourceError, match=r"none/model\.safetensors: no such file"):
        check_study(mine, "s")


def test_a_tilde_is_the_home_directory(
    mine: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = check_study(mine, "mine").unique
    shutil.copy(mine["data"]["train"], tmp_path / "questions.json")
    monkeypatch.setenv("HOME", str(tmp_path))
    mine["data"]["train"] = "~/questions.json"
    assert check_study(mine, "mine").unique == expected
