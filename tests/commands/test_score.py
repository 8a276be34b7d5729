"""`score` through its own parser: what it prints, writes, warns about and refuses."""

import argparse
import json
import shlex
from pathlib import Path

import pytest

from tuning_curves.cli import main
from tuning_curves.commands.score import add_parser, run
from tuning_curves.tasks.question_answering.data import read_squad
from tuning_curves.util.errors import DataError, ResourceError

Captured = pytest.CaptureFixture[str]


def score(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["score", "--task", "question-answering", *map(str, arguments)])
    assert args.run is run
    return args.run(args)


@pytest.fixture
def gold(squad_file: Path) -> dict[str, str]:
    """A perfect answer to each of the 25 questions."""
    return {q.id: q.answers[0].text for q in read_squad(squad_file).questions}


def save(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def test_perfect_answers(
    squad_file: Path, gold: dict[str, str], tmp_path: Path, capsys: Captured
) -> None:
    path = save(tmp_path / "p.json", gold)
    assert score("--data", squad_file, "--predictions", path) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"exact_match": 100.0, "f1": 100.0, "total": 25}
    assert captured.out.count("\n") == 1
    assert captured.err == ""


def test_missing_and_unknown_ids_are_counted_and_warned_about(
    squad_file: Path, gold: dict[str, str], tmp_path: Path, capsys: Captured
) -> None:
    """Four answers of 25 are missing, one has a word too many: 20 exact, F1 (20 + 4/5) / 25."""
    for identity in ("0-0", "0-1", "2-4", "4-2"):
        del gold[identity]
    gold["1-3"] = "about 1,250 kilograms"  # gold "1,250 kilograms": precision 2/3, recall 1
    gold["9-9"] = "nobody asked"
    path = save(tmp_path / "p.json", gold)
    assert score("--data", squad_file, "--predictions", path) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found == {"exact_match": 80.0, "f1": pytest.approx(83.2), "total": 25}
    assert captured.err == (
        "warning: 4 questions have no prediction and count as wrong: 0-0, 0-1, 2-4, ...\n"
        "warning: 1 predictions are not in the data and are left out: 9-9\n"
    )


def test_a_line_for_each_question(
    squad_file: Path, gold: dict[str, str], tmp_path: Path, capsys: Captured
) -> None:
    del gold["0-0"]
    gold["3-0"] = "The O'Hara"
    path, lines = save(tmp_path / "p.json", gold), tmp_path / "new" / "lines.jsonl"
    score("--data", squad_file, "--predictions", path, "--per-example", lines)
    found = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    questions = read_squad(squad_file).questions
    assert [line["id"] for line in found] == [q.id for q in questions]
    assert found[0] == {
        "id": "0-0",
        "exact_match": 0,
        "f1": 0.0,
        "prediction": None,
        "answers": ["Mara Voss"],
    }
    line = found[15]
    assert (line["id"], line["prediction"], line["exact_match"]) == ("3-0", "The O'Hara", 0)
    assert line["f1"] == pytest.approx(2 / 3)  # ohara, of ohara sisters
    assert "Éloïse Ångström" in lines.read_text("utf-8")  # not escaped
    total = json.loads(capsys.readouterr().out)
    assert total["exact_match"] == pytest.approx(4 * sum(line["exact_match"] for line in found))
    assert total["f1"] == pytest.approx(4 * sum(line["f1"] for line in found))


@pytest.mark.parametrize(
    ("context", "answer"), [("小镇的磨坊由李雷建造。", "李雷"), ("โรงสีสร้างโดยมารา", "มารา")]
)
def test_a_script_that_the_english_rules_do_not_fit_is_named(
    tmp_path: Path, capsys: Captured, context: str, answer: str
) -> None:
    gold = {"text": answer, "answer_start": context.index(answer)}
    asked = [{"id": str(n), "question": "?", "answers": [gold]} for n in range(2)]
    paragraphs = [{"context": context, "qas": asked}]
    data = save(tmp_path / "d.json", {"data": [{"title": "t", "paragraphs": paragraphs}]})
    predictions = save(tmp_path / "p.json", {"0": answer, "1": answer[1:]})
    assert score("--data", data, "--predictions", predictions) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"exact_match": 50.0, "f1": 50.0, "total": 2}
    assert captured.err.startswith("warning: 2 of 2 gold answers are in a script without blanks")
    assert "English rules of SQuAD v1.1" in captured.err


def test_squad_2_is_refused_with_what_is_supported(tmp_path: Path) -> None:
    impossible = {"id": "1", "question": "?", "answers": [], "is_impossible": True}
    paragraphs = [{"context": "Mara left.", "qas": [impossible]}]
    content = {"version": "v2.0", "data": [{"title": "t", "paragraphs": paragraphs}]}
    data, predictions = save(tmp_path / "d.json", content), save(tmp_path / "p.json", {})
    with pytest.raises(DataError, match=r"version 'v2\.0', expected '1\.1'\nfix: use SQuAD v1\.1"):
        score("--data", data, "--predictions", predictions)


def test_what_a_refused_file_is_imported_to_is_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The remedy that is printed for SQuAD 2.0, as it stands there, with the file's name."""
    gold = {"text": "Mara", "answer_start": 0}
    asked = [
        {"id": "1", "question": "Who left?", "answers": [gold], "is_impossible": False},
        {"id": "2", "question": "Why?", "answers": [], "is_impossible": True},
    ]
    content = {"version": "v2.0", "data": [{"title": "t", "paragraphs": [
        {"context": "Mara left.", "qas": asked}]}]}  # fmt: skip
    data, predictions = save(tmp_path / "d.json", content), save(tmp_path / "p.json", {"1": "Mara"})
    with pytest.raises(DataError) as caught:
        score("--data", data, "--predictions", predictions)
    command = str(caught.value.fix).split("`")[1].replace("FILE", str(data))
    monkeypatch.chdir(tmp_path)
    assert main([*shlex.split(command)[1:], "--impossible", "drop"]) == 0
    capsys.readouterr()
    assert score("--data", Path("data.jsonl"), "--predictions", predictions) == 0
    assert json.loads(capsys.readouterr().out) == {"exact_match": 100.0, "f1": 100.0, "total": 1}


def test_files_of_the_wrong_kind_are_refused(
    squad_file: Path, gold: dict[str, str], tmp_path: Path, capsys: Captured
) -> None:
    predictions = save(tmp_path / "p.json", gold)
    with pytest.raises(DataError, match=r"p\.json: no 'data' \(its keys: '0-0'"):
        score("--data", predictions, "--predictions", predictions)
    with pytest.raises(DataError, match="the prediction of question 'data' is a list"):
        score("--data", squad_file, "--predictions", squad_file)
    listed = save(tmp_path / "l.json", [{"id": i, "prediction_text": t} for i, t in gold.items()])
    with pytest.raises(DataError, match=r"l\.json: the top level is a list.*\nfix: convert it: jq"):
        score("--data", squad_file, "--predictions", listed)
    with pytest.raises(DataError, match="the top level is a list, expected an object"):
        score("--data", listed, "--predictions", predictions)
    with pytest.raises(DataError, match="cannot be read"):
        score("--data", tmp_path, "--predictions", predictions)
    assert capsys.readouterr().out == ""


def test_a_missing_file_has_its_own_exit_status(squad_file: Path, tmp_path: Path) -> None:
    missing = tmp_path / "no.json"
    with pytest.raises(ResourceError, match=r"no\.json: no such predictions file") as caught:
        score("--data", squad_file, "--predictions", missing)
    assert caught.value.exit_status == 4
    with pytest.raises(ResourceError, match=r"no\.json: no such SQuAD file"):
        score("--data", missing, "--predictions", missing)


def test_a_refused_file_leaves_no_line_file(squad_file: Path, tmp_path: Path) -> None:
    path, lines = save(tmp_path / "p.json", []), tmp_path / "lines.jsonl"
    with pytest.raises(DataError):
        score("--data", squad_file, "--predictions", path, "--per-example", lines)
    assert not lines.exists()


@pytest.mark.parametrize("arguments", [[], ["--data", "x.json"], ["--predictions", "x.json"]])
def test_both_files_are_required(arguments: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        score(*arguments)
    assert caught.value.code == 2
    assert "required" in capsys.readouterr().err
