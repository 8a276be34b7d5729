"""`tuning-curves import`: what it writes goes straight into a study; statuses, changes."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.cli import main
from tuning_curves.data.parts import read_parts
from tuning_curves.data.section import AnyData
from tuning_curves.study.config import check_study
from tuning_curves.tasks import make_task
from tuning_curves.tasks.question_answering.data import SquadData
from tuning_curves.util.validation import validate

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: dict[str, dict[str, Any]] = {
    "question-answering": {"n_best": 20, "max_answer_tokens": 30},
    "text-classification": {"pooling": "mean", "main_metric": "accuracy"},
    "token-classification": {"main_metric": "entity_f1"},
}


def run(*arguments: str | Path) -> int:
    return main(["import", *map(str, arguments)])


def study_of(printed: str) -> dict[str, Any]:
    """What the command says to write into the study."""
    return yaml.safe_load(printed.partition("or in a study of your own:\n")[2])


def parts_of(task: str, told: dict[str, Any], test_from_train: int) -> Any:
    """Both parts of a study of this task that takes what the command printed."""
    base = {"name": "mine", "source": "path", "held_out_examples": 1}
    data = validate(
        AnyData, base | told["data"] | {"test_from_train": test_from_train}, "s", "data", "fix"
    )
    settings = {"name": task, **SETTINGS[task], **told.get("task", {})}
    return read_parts(make_task(settings), data).data


def test_questions_go_straight_into_a_study(
    squad_file: Path,
    tiny_squad: SquadData,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "data.jsonl"
    assert run(squad_file, "--task", "question-answering", "--out", out) == 0
    printed = capsys.readouterr().out
    assert f"{out}: 25 questions in 5 articles" in printed
    parts = parts_of("question-answering", study_of(printed), 8)
    both = [question.id for part in parts.values() for question in part.questions]
    assert sorted(both) == sorted(question.id for question in tiny_squad.questions)
    assert [len(parts[split].titles) for split in ("train", "test")] == [3, 2]


def test_texts_go_straight_into_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reviews = "".join(
        f"customer {n % 4};It was {n}.;{'good' if n % 3 else 'bad'}\n" for n in range(12)
    )
    (tmp_path / "reviews.csv").write_text("who;wrote;stars\n" + reviews, "cp1252")
    columns = ["--column", "text=wrote", "--column", "label=stars", "--column", "group=who"]
    out = tmp_path / "data.jsonl"
    task = ["--task", "text-classification", "--out", out]
    assert run(tmp_path / "reviews.csv", *task, *columns) == 0
    printed = capsys.readouterr().out
    assert "12 texts in 4 groups" in printed
    new = f"next: tuning-curves new my-study --task text-classification --train {out}"
    assert f"{new} --group group\n" in printed
    told = study_of(printed)
    assert told["task"] == {"labels": ["bad", "good"]}
    parts = parts_of("text-classification", told, 3)
    assert (
        sorted(label for part in parts.values() for label in part.labels)
        == ["bad"] * 4 + ["good"] * 8
    )


def test_labelled_stretches_go_straight_into_a_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {"text": f"Mara Voss left mill {n}.", "label": [[0, 9, "PER"], [15, 19, "PLACE"]]}
        for n in range(6)
    ]
    (tmp_path / "doccano.jsonl").write_text(
        "".join(json.dumps(one) + "\n" for one in lines), "utf-8"
    )
    out = tmp_path / "data.jsonl"
    task = ["--task", "token-classification", "--out", out]
    assert run(tmp_path / "doccano.jsonl", *task) == 0
    told = study_of(capsys.readouterr().out)
    assert told["task"] == {"labels": ["B-PER", "B-PLACE", "I-PER", "O"]}
    parts = parts_of("token-classification", told, 2)
    assert len(parts["train"]) + len(parts["test"]) == 6
    assert parts["train"].rows[0][1:] == [
        ["Mara", "Voss", "left", "mill", parts["train"].rows[0][1][4], "."],
        ["B-PER", "I-PER", "O", "B-PLACE", "O", "O"],
    ]


def test_a_whole_study_takes_what_was_written(
    squad_file: Path, tiny_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "data.jsonl"
    assert run(squad_file, "--task", "question-answering", "--out", out) == 0
    told = study_of(capsys.readouterr().out)
    config = yaml.safe_load((ROOT / "config" / "your-data.yaml").read_text("utf-8"))
    config["encoder"] = {"name": "mine", "source": "path", "path": str(tiny_encoder)}
    config["data"] |= told["data"] | {"test_from_train": 8, "held_out_examples": 4}
    config["sizes"] = [2, 4, 8]
    same = config | {
        "data": config["data"] | {"train": str(squad_file), "format": {"kind": "squad"}}
    }
    assert [p.id for p in check_study(config, "s").unique] == [
        p.id for p in check_study(same, "s").unique
    ]


def test_the_documents_commands_print_what_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "your-data.md").read_text("utf-8")
    text = text.partition("### Importing")[2].partition("\n## ")[0]
    shown = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    monkeypatch.chdir(tmp_path)
    tried = 0
    for part in shown.removeprefix("$ ").split("\n$ "):
        command, _, output = part.partition("\n")
        name, *arguments = shlex.split(command)
        if name == "cat" and not Path(arguments[0]).exists():
            Path(arguments[0]).write_text(output, "utf-8")
        elif name == "cat":
            assert Path(arguments[0]).read_text("utf-8").rstrip("\n") == output
        else:
            main(arguments)
            said = capsys.readouterr()
            assert output.startswith((said.out + said.err).rstrip("\n"))
            tried += 1
    report = Path("questions.jsonl.report.jsonl").read_text("utf-8")
    assert report.splitlines()[-2:] == shown.splitlines()[-2:]
    assert tried == 3


def broken(path: Path) -> Path:
    """Two questions: one whose id is a number, one without an answer."""
    asked = [
        {"id": 1, "question": "Who?", "answers": [{"text": "Mara", "answer_start": 0}]},
        {"id": "2", "question": "Where\ud83d?", "answers": [], "is_impossible": True},
    ]
    article = {"title": "Mills", "paragraphs": [{"context": "Mara left.", "qas": asked}]}
    path.write_text(json.dumps({"version": "v2.0", "data": [article]}), "utf-8")
    return path


def test_faults_end_with_3_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = broken(tmp_path / "squad.json")
    task = ["--task", "question-answering", "--out", tmp_path / "data.jsonl"]
    for options in ([], ["--fix"], ["--impossible", "drop"]):
        assert run(source, *task, *options) == 3
        assert "nothing is written" in capsys.readouterr().err
        assert [path.name for path in tmp_path.iterdir()] == ["squad.json"]


def test_every_change_is_reported_and_the_input_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = broken(tmp_path / "squad.json"), tmp_path / "data.jsonl"
    before = source.read_bytes()
    task = ["--task", "question-answering", "--out", out]
    assert run(source, *task, "--fix", "--impossible", "drop") == 0
    said = capsys.readouterr().out
    assert f"{out}.report.jsonl: 2 changes" in said
    assert "left out, since they have no answer: 1" in said
    report = tmp_path / "data.jsonl.report.jsonl"
    changes = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    where = 'article 1 "Mills", paragraph 1, question '
    assert changes == [
        {"kind": "id", "where": f"{where}1", "what": "id", "before": 1, "after": "1"},
        {"kind": "left out", "where": f"{where}2", "what": "left out, since they have no answer",
         "before": "Where\ud83d?", "after": None},
    ]  # fmt: skip
    assert source.read_bytes() == before
    again = tmp_path / "again.jsonl"
    assert run(out, "--task", "question-answering", "--out", again) == 0
    assert again.read_bytes() == out.read_bytes()  # what was written needs nothing more
    assert not (tmp_path / "again.jsonl.report.jsonl").exists()
    shutil.copy(out, source)
    assert run(source, *task) == 0
    assert not report.exists()  # it was of an earlier import


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--column", "label"], 2, "--column label: expected FIELD=NAME, the field one of text"),
        (["--column", "stars=label"], 2, "the field one of text, text_pair, label, group"),
        (["--out", "data.csv"], 2, "would replace data.csv"),
        (["--encoding", "klingon"], 2, "--encoding klingon: no such encoding"),
        (["--task", "reviews"], 2, "--task: task.name is 'reviews'"),
        (["--column", "text=review"], 3, "no column review for text"),
        (["--column", "text=label", "--column", "label=label"], 2, "read from 'label' already"),
        (["--out", "folder"], 4, "folder: a folder, expected a file"),
    ],
)
def test_what_cannot_be_meant(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("text,label\na,1\n", "utf-8")
    Path("folder").mkdir()
    task = ["--task", "text-classification", "--out", "data.jsonl"]
    assert run("data.csv", *task, *options) == status
    assert said in capsys.readouterr().err
    assert run("none.csv", *task) == 4
    Path("ring.csv").symlink_to("ring.csv")
    assert run("ring.csv", *task) == 4
    assert run("folder", *task) == 4
    assert "folder: a folder, expected a file\nfix: name a file" in capsys.readouterr().err


def test_what_is_no_text_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04\xe6\x00")
    options = ["--task", "text-classification", "--out", tmp_path / "o.jsonl"]
    assert run(tmp_path / "book.csv", *options) == 3
    said = capsys.readouterr().err
    assert "a zip archive, as Excel's workbooks are, expected text" in said
    assert "save its sheet as CSV (UTF-8)" in said
