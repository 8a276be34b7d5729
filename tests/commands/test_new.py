"""`tuning-curves new`: from a file to a study that can be planned, and one to its records."""

import csv
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import COMMON, WALK
from tuning_curves.cli import main
from tuning_curves.commands import pace
from tuning_curves.data.fetch_data import fetch_data, open_data
from tuning_curves.encoders.fetch_encoder import fetch_encoder
from tuning_curves.study.config import read_study
from tuning_curves.study.paths import StudyPaths, records_folder
from tuning_curves.tasks import make_task
from tuning_curves.tasks.windows import make_windows

TEXTS, WORDS, QA = "text-classification", "token-classification", "question-answering"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, on a machine whose speed is known and where nobody can be asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pace, "measure", lambda *_: 10e9)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    return tmp_path


def texts(n: int) -> list[tuple[str, str, str]]:
    """Texts, each another one, with a label and the keeper who wrote it."""
    words = COMMON.split()
    return [
        (f"the {words[i % 40]} {words[i % 37]} weighs {i}", ("dark", "lit")[i % 2], f"k{i % 20}")
        for i in range(n)
    ]


def write_csv(path: Path, rows: Sequence[Sequence[str]], header: str = "note,state,keeper") -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header.split(","), *rows])


def tagged(n: int) -> list[tuple[list[str], list[str]]]:
    return [(["the", "ship", "of", f"Ake{i}"], ["O", "O", "O", "B-PER"]) for i in range(n)]


def questions(articles: int) -> dict[str, Any]:
    found = []
    for i in range(articles):
        context = f"{WALK}The tower was built in {1700 + i} by keeper number {i}."
        start = context.index(f"{1700 + i}")
        asked = [
            {"id": f"{i}-{k}", "question": f"When, asks {k}?",
             "answers": [{"text": f"{1700 + i}", "answer_start": start}]}
            for k in range(4)
        ]  # fmt: skip
        found.append({"title": f"tower {i}", "paragraphs": [{"context": context, "qas": asked}]})
    return {"version": "1.1", "data": found}


def flat(squad: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": question["id"],
            "title": article["title"],
            "context": paragraph["context"],
            "question": question["question"],
            "answers": {
                "text": [answer["text"] for answer in question["answers"]],
                "answer_start": [answer["answer_start"] for answer in question["answers"]],
            },
        }
        for article in squad["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def write_lines(path: Path, rows: Sequence[Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def write_conllu(path: Path, n: int) -> None:
    blocks = [
        "".join(
            f"{k}\t{word}\t_\t{'NOUN' if label == 'O' else 'PROPN'}\t_\t_\t_\t_\t_\t_\n"
            for k, (word, label) in enumerate(zip(*sentence, strict=True), 1)
        )
        for sentence in tagged(n)
    ]
    path.write_text("\n".join(blocks), "utf-8")


def write_words(path: Path, n: int) -> None:
    blocks = ["".join(f"{w}\t{t}\n" for w, t in zip(*s, strict=True)) for s in tagged(n)]
    path.write_text("\n".join(blocks), "utf-8")


MAKERS: dict[str, tuple[str, Callable[[Path], object], list[str]]] = {
    "notes.csv": (
        TEXTS,
        lambda path: write_csv(path, texts(300)),
        ["--text", "note", "--label", "state", "--group", "keeper"],
    ),
    "notes.jsonl": (
        TEXTS,
        lambda path: write_lines(path, [{"text": t, "label": s} for t, s, _ in texts(100)]),
        [],
    ),
    "tags.tsv": (WORDS, lambda path: write_words(path, 120), []),
    "tags.conll": (
        WORDS,
        lambda path: path.write_text(
            "-DOCSTART- O\n\n"
            + "\n".join("".join(f"{w} {t}\n" for w, t in zip(*s, strict=True)) for s in tagged(60))
        ),
        [],
    ),
    "tags.conllu": (WORDS, lambda path: write_conllu(path, 120), []),
    "tags.jsonl": (
        WORDS,
        lambda path: write_lines(path, [{"words": w, "labels": t} for w, t in tagged(120)]),
        [],
    ),
    "asked.json": (QA, lambda path: path.write_text(json.dumps(questions(30))), []),
    "asked.jsonl": (QA, lambda path: write_lines(path, flat(questions(30))), []),
}


def new(*options: str) -> int:
    return main(["new", *options])


@pytest.mark.parametrize("name", MAKERS)
def test_each_kind_of_file_becomes_a_study_that_can_be_planned(
    name: str, tiny_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task, make, columns = MAKERS[name]
    make(tmp_path / name)
    options = ["--task", task, "--train", name, *columns, "--encoder", str(tiny_encoder)]
    assert new("mine", *options) == 0
    said = capsys.readouterr().out
    study = read_study(Path("config/mine.yaml"))
    assert f"config/mine.yaml: {len(study.unique)} runs" in said
    assert "snakemake --cores all --configfile config/mine.yaml" in said
    assert study.config.task["name"] == task
    assert main(["plan", "config/mine.yaml"]) == 0
    assert new("mine", *options) == 2
    assert "not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("the ship of", None),
        ("1843 1843 1843", "cuts words into"),  # a token a digit
        ("кит кот лис", "does not know"),
        ("鲸鱼和船", "does not know"),
    ],
)
def test_texts_that_the_encoder_reads_badly_are_told(
    words: str, said: str | None, tiny_encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(f"{words} {i}", ("dark", "lit")[i % 2]) for i in range(200)]
    write_csv(Path("notes.csv"), rows, "text,label")
    options = ["--task", TEXTS, "--train", "notes.csv", "--encoder", str(tiny_encoder)]
    assert new("mine", *options) == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if "is of another" in line]
    assert bool(notes) == (said is not None)
    assert said is None or said in notes[0]
    assert "鲸" not in words or "cuts words" not in notes[0]


def test_groups_are_not_divided_and_what_fits_is_taken(tiny_encoder: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "notes.csv", texts(300))
    options = ["--text", "note", "--label", "state", "--group", "keeper"]
    new("mine", "--task", TEXTS, "--train", "notes.csv", *options, "--encoder", str(tiny_encoder))
    config = read_study(Path("config/mine.yaml")).config
    fetch_data(make_task(config.task), config.data, tmp_path / "data")
    parts = open_data(make_task(config.task), tmp_path / "data")
    assert not {*parts["train"].group_names} & {*parts["test"].group_names}
    assert len(parts["test"]) == 90  # six keepers of 15 notes
    held = 45  # three keepers
    assert config.all_sizes[-1] <= len(parts["train"]) - held
    assert config.task["labels"] == ["dark", "lit"]
    assert config.encoder.weights_sha256 is not None


def test_a_study_of_it_leaves_records(tiny_encoder: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "notes.csv", texts(60), "text,label,keeper")
    options = ["--task", TEXTS, "--train", "notes.csv", "--encoder", str(tiny_encoder), "--hours"]
    assert new("mine", *options, "0") == 0
    study = read_study(Path("config/mine.yaml"))
    paths, task = StudyPaths(study), make_task(study.config.task)
    fetch_encoder(study.config.encoder, paths.encoder)
    fetch_data(task, study.config.data, paths.data)
    sections = study.config.windows.model_dump()
    make_windows(task, open_data(task, paths.data), paths.encoder, paths.windows, **sections)
    chosen = ["--method", "bitfit", "--budget", "epochs", "--seed", "0"]
    assert main(["train", "--study", "config/mine.yaml", *chosen]) == 0
    records = [*records_folder(paths.workspace).rglob("*.json")]
    assert len(records) == len(study.config.all_sizes)


def test_a_test_file_is_measured_on(tiny_encoder: Path, tmp_path: Path) -> None:
    rows = texts(200)
    write_csv(tmp_path / "train.csv", rows[:150], "text,label,k")
    write_csv(tmp_path / "test.csv", [*rows[150:], ("a third", "dim", "")], "text,label,k")
    files = ["--train", "train.csv", "--test", "test.csv"]
    assert new("mine", "--task", TEXTS, *files, "--encoder", str(tiny_encoder)) == 0
    config = read_study(Path("config/mine.yaml")).config
    assert config.data.source == "path" and config.data.test == "test.csv"
    assert config.task["labels"] == ["dark", "dim", "lit"]


def test_the_default_encoder_need_not_be_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "notes.csv", texts(100), "text,label,k")
    assert new("mine", "--task", TEXTS, "--train", "notes.csv") == 0
    text = Path("config/mine.yaml").read_text("utf-8")
    encoder = yaml.safe_load(text)["encoder"]
    demo = Path(__file__).resolve().parents[2] / "config" / "demo.yaml"
    assert encoder == yaml.safe_load(demo.read_text("utf-8"))["encoder"]
    assert "reckoned from characters" in text
    assert "not here to be timed" in capsys.readouterr().out


def test_what_is_missing_is_asked_for_in_a_terminal(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "notes.csv", texts(100))
    answers = iter(["mine", TEXTS, "notes.csv", "0.5", "note", "state", "keeper"])
    asked = []

    def answer(question: str) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    assert new("--encoder", str(tiny_encoder)) == 0
    config = read_study(Path("config/mine.yaml")).config
    assert config.data.source == "path"
    assert config.to_json()["data"]["format"]["columns"] == {
        "text": "note",
        "label": "state",
        "group": "keeper",
    }
    assert "note, state, keeper" in asked[-2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "NAME is missing"),
        (["mine"], "--task is missing"),
        (["mine", "--task", TEXTS], "--train is missing"),
        (["mine", "--task", "text-clasification", "--train", "x.csv"], "did you mean"),
        (["My Study", "--task", TEXTS, "--train", "x.csv"], "call it my-study"),
        (["x" * 90, "--task", TEXTS, "--train", "x.csv"], f"call it {'x' * 70}\n"),
        (["mine", "--task", TEXTS, "--train", "none.csv"], "none.csv: no such file"),
        (["mine", "--task", TEXTS, "--train", "notes.csv"], "name one with --text"),
        (["mine", "--task", TEXTS, "--train", "notes.csv", "--text", "not"], "correct --text"),
        (["mine", "--task", TEXTS, "--train", "notes.csv", "--words", "1"], "--words: text-class"),
        (["mine", "--task", TEXTS, "--train", "notes.csv", "--text", "note", "--label", "keeper",
          "--encoder", "nobody/knows"], "--encoder is 'nobody/knows'"),
        (["mine", "--task", TEXTS, "--train", "notes.csv", "--text", "state", "--label", "note"],
         "300 distinct labels in 300 examples of column note"),
        (["mine", "--task", TEXTS, "--train", "one.csv"], "every label in column label is"),
        (["mine", "--task", TEXTS, "--train", "rated.csv"], "these are numbers, not labels"),
        (["mine", "--task", TEXTS, "--train", "gaps.csv"], "1 label of 100 is empty (line 3)"),
        (["mine", "--task", TEXTS, "--train", "notes.csv", "--text", "note", "--label", "note"],
         'text and label are both read from the column "note"'),
        (["mine", "--task", TEXTS, "--train", "numbers.json"],
         "its first entry is 1, expected an object with text, label"),
        (["mine", "--task", TEXTS, "--train", "mixed.jsonl"],
         'line 1: no column "label" for label (there are: "text")\nfix: give it "label"'),
        (["mine", "--task", TEXTS, "--train", "none.json"], "its first entry is {}, expected"),
        (["mine", "--task", TEXTS, "--train", "torn.jsonl"], "first line: it is not valid JSON"),
        (["mine", "--task", TEXTS, "--train", "deep.json"], "the file is not valid JSON (maximum"),
        (["mine", "--task", TEXTS, "--train", "book.csv"], "a zip archive, as Excel's workbooks"),
        (["mine", "--task", TEXTS, "--train", "."], "a folder, expected a file"),
        (["mine", "--task", TEXTS, "--train", "few.csv"], "20 examples, expected 30 or more"),
    ],
)  # fmt: skip
def test_wrong_input_gets_one_error_and_no_file(
    options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "text,label,k"
    rows = texts(100)
    write_csv(tmp_path / "notes.csv", texts(300))
    write_csv(tmp_path / "one.csv", [(t, "lit", k) for t, _, k in rows], header)
    write_csv(tmp_path / "rated.csv", [(t, f"{i / 7:.3f}", "") for i, (t, _, _) in enumerate(rows)],
              header)  # fmt: skip
    write_csv(tmp_path / "gaps.csv", [rows[0], (rows[1][0], "", "k"), *rows[2:]], header)
    write_csv(tmp_path / "few.csv", rows[:20], header)
    (tmp_path / "numbers.json").write_text("[1, 2]", "utf-8")
    lines = ['{"text": "a"}', *['{"text": "b", "label": "c"}'] * 39]
    (tmp_path / "mixed.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "none.json").write_text("{}", "utf-8")
    (tmp_path / "torn.jsonl").write_text('{"text": "a"', "utf-8")
    (tmp_path / "deep.json").write_text("[" * 100_000, "utf-8")
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04\xe6\x00")
    assert new(*options) != 0
    said = capsys.readouterr().err
    assert words in said
    assert said.count("error:") == 1
    assert not Path("config").exists()


@pytest.mark.parametrize("load", [0.0, 64.0])
def test_the_machine_is_measured_with_the_engine(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: float
) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.getloadavg", lambda: (load, load, load))
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    write_csv(tmp_path / "notes.csv", texts(60), "text,label,k")
    options = ["--task", TEXTS, "--train", "notes.csv", "--encoder", str(tiny_encoder), "--yes"]
    assert new("mine", *options) == 0
    written = " ".join(
        line.strip("# ") for line in Path("config/mine.yaml").read_text("utf-8").splitlines()
    )
    assert f"timed in {pace.STEPS} steps here" in written
    assert ("beside other work (a load of 64 on 4 cores)" in written) == (load > 0)
    assert not Path("runs").exists()
