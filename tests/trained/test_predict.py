"""What is asked of a trained model, by file or command line, and what comes of each example."""

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trained.made import LABELS, TASKS
from tuning_curves.cli import main
from tuning_curves.tasks import make_task
from tuning_curves.tasks.question_answering.answers import choose
from tuning_curves.tasks.question_answering.ranking import rank
from tuning_curves.trained import predict
from tuning_curves.trained.asked import Asked, read_file
from tuning_curves.trained.predict import TrainedModel
from tuning_curves.training.delta import read_delta
from tuning_curves.training.evaluate import Predictor
from tuning_curves.util.errors import DataError

Make = Callable[[str, str], Path]
CPU = torch.device("cpu")


def read(folder: Path, task: str, content: str | bytes, **columns: str) -> list[Asked]:
    """What is asked by a file of this content."""
    path = folder / "asked"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_file(make_task(TASKS[task]), path, columns, None)[0]


def errors(asked: list[Asked]) -> list[str]:
    return [one.error for one in asked]


@pytest.mark.parametrize(
    "content",
    [
        "id,text\na,one tower\nb,two ferries\n",
        "text;id\none tower;a\ntwo ferries;b\n",
        "id\ttext\r\na\tone tower\r\nb\ttwo ferries\r\n",
        b"\xef\xbb\xbfid,text\na,one tower\nb,two ferries\n",
        "id,text\na,one tower\nb,two ferries\n".encode("utf-16"),
        '{"id": "a", "text": "one tower"}\n\n{"id": "b", "text": "two ferries"}\n',
        '[{"id": "a", "text": "one tower"}, {"id": "b", "text": "two ferries"}]',
        '{"data": [{"id": "a", "sentence": "one tower"}, {"id": "b", "sentence": "two ferries"}]}',
    ],
)
def test_files_of_every_form_ask_the_same(tmp_path: Path, content: str | bytes) -> None:
    asked = read(tmp_path, "mean", content)
    assert [(one.id, one.row["text"], one.error) for one in asked] == [
        ("a", "one tower", ""),
        ("b", "two ferries", ""),
    ]


def test_a_faulty_line_of_a_table_stops_no_other(tmp_path: Path) -> None:
    long = "tower " * 40_000  # beyond the limit of the standard library's reader
    lines = [
        "text,label",
        "one,good",
        "two, three,good",
        '"never closed,good',
        '"he said ""no"", twice",bad',
        '"over\ntwo lines",bad',
        " ,bad",
        f"{long},odd",
    ]
    asked = read(tmp_path, "mean", "\n".join(lines))
    assert [one.id for one in asked] == [str(n) for n in range(1, 8)]
    assert [one.row.get("text") for one in asked] == [
        "one", None, None, 'he said "no", twice', "over\ntwo lines", None, long,
    ]  # fmt: skip
    assert [one.error for one in asked if one.error] == [
        'line 3: 3 fields, expected 2 (it begins "two")',
        "line 4: ',' expected after '\"'",
        "line 8: text is ' ', expected some text",
    ]


def test_a_quote_that_is_never_closed_takes_its_own_line_alone(tmp_path: Path) -> None:
    asked = read(tmp_path, "mean", 'text,n\none,1\n"two,2\nthree,3\nfour,4\n')
    assert errors(asked) == ["", "line 3: a quotation mark that is never closed", "", ""]
    assert [one.row["text"] for one in asked if not one.error] == ["one", "three", "four"]


def test_a_quote_in_columns_parted_by_tabs_is_a_character(tmp_path: Path) -> None:
    asked = read(tmp_path, "mean", 'id\ttext\n1\t"so they said\n2\tthe 5" bell\n')
    assert [one.row["text"] for one in asked] == ['"so they said', 'the 5" bell']


def test_one_column_has_no_separator(tmp_path: Path) -> None:
    asked = read(tmp_path, "mean", "text\nGreat, really; no | or but.\n")
    assert [one.row["text"] for one in asked] == ["Great, really; no | or but."]


def test_columns_may_be_named_or_numbered(tmp_path: Path) -> None:
    table = "nr,what people say\n7,one tower\n"
    assert read(tmp_path, "mean", table, text="what people say", id="nr")[0].id == "7"
    bare = read(tmp_path, "mean", "7,one tower\n8,two\n", text="2", id="1")
    assert [(one.id, one.row["text"]) for one in bare] == [("7", "one tower"), ("8", "two")]


@pytest.mark.parametrize(
    ("task", "content", "said"),
    [
        ("mean", "nr,comment\n1,x\n", 'no column text or .* for text .there are: "nr", "comment"'),
        ("mean", '{"comment": "x"}\n', 'no column text or .* .there are: "comment"'),
        ("questions", "question\nWho?\n", "no column context or passage or paragraph for context"),
        ("mean", "text,text\na,b\n", 'the column "text" stands twice in the header'),
        ("mean", "  \n", "empty, expected examples"),
        ("mean", '{"text": "x"\n{"text": \n', "nothing in it can be read; line 1: the line is"),
        ("mean", "[" * 100_000, "nothing in it can be read; line 1: the line is"),
    ],
)
def test_a_file_that_asks_nothing_is_refused(
    tmp_path: Path, task: str, content: str, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, task, content)


def test_a_faulty_line_of_json_stops_no_other(tmp_path: Path) -> None:
    lines = [
        '{"text": "one\u2028tower"}',
        "{",
        '["a"]',
        '{"label": "good"}',
        '{"text": 5, "id": 12}',
        r'{"text": "a\ud800"}',
        '{"text": "two", "id": true}',
        r'{"text": "two", "id": "\ud800"}',
        '{"text": "two", "text": "three"}',
    ]
    asked = read(tmp_path, "mean", "\r\n".join(lines))
    assert [one.id for one in asked] == ["1", "2", "3", "4", "12", "6", "7", "8", "9"]
    assert [one.row["text"] for one in asked if not one.error] == ["one\u2028tower", "5"]
    said = [error.partition(": ")[2].split(" (")[0] for error in errors(asked) if error]
    assert said == [
        "the line is not valid JSON",
        "list, expected an object",
        "text is None, expected some text",
        "text holds half a surrogate pair at offset 1",
        "id is True, expected text or an integer",
        "id holds half a surrogate pair",
        "the line is not valid JSON",
    ]


def test_a_text_without_the_pair_that_others_have_is_at_fault(tmp_path: Path) -> None:
    asked = read(tmp_path, "mean", "text,text_pair\na,b\nc,d\ne,\n")
    assert errors(asked) == ["", "", "line 4: no text_pair, while most examples have one"]
    asked = read(tmp_path, "mean", '{"text": "a"}\n{"text": "b", "text_pair": "c"}\n{"text": "d"}')
    assert errors(asked) == ["", "line 2: a text_pair, while most examples have none", ""]


def test_words_are_lists_or_stand_between_blanks(tmp_path: Path) -> None:
    table = 'words\nthe tower burns\n"[""the old"", ""tower""]"\n[ 1 ]\n'
    assert [one.row["words"] for one in read(tmp_path, "words", table)] == [
        ["the", "tower", "burns"],
        ["the old", "tower"],
        ["[", "1", "]"],
    ]
    rows = '{"words": ["a", "b"]}\n{"words": "a b"}\n{"words": []}\n{"words": ["a", ""]}\n'
    asked = read(tmp_path, "words", rows)
    assert [one.row.get("words") for one in asked] == [["a", "b"], ["a", "b"], None, None]
    assert errors(asked)[3] == "line 4: word 2 is '', expected some text"


def test_a_faulty_entry_of_squads_layout_stops_no_other(tmp_path: Path) -> None:
    one = {"context": "a bell", "qas": [{"id": "q1", "question": "What?"}, {"id": "q2"}, 3]}
    file = {"data": [{"paragraphs": [one, {"context": "b"}]}, {"title": "t"}]}
    asked = read(tmp_path, "questions", json.dumps(file))
    assert [one.id for one in asked] == ["q1", "q2", "3", "4", "5"]
    assert asked[0].row == {"context": "a bell", "question": "What?"}
    assert errors(asked)[1:] == [
        "article 1, paragraph 1, question 2: 'question' is None, expected some text",
        "article 1, paragraph 1, question 3: int, expected an object",
        "article 1, paragraph 2, question: no list 'qas'",
        "article 2, paragraph: no list 'paragraphs'",
    ]


# Predicting


def command(made_delta: Make, tiny_encoder: Path, task: str) -> list[str]:
    delta = made_delta(task, "bitfit")
    return ["predict", "--delta", str(delta), "--encoder", str(tiny_encoder)]


ASKED = {
    "mean": '{"text": "the tower burns"}\n{"text": ""}\n{"text": "whale oil", "id": "z"}\n',
    "words": '{"words": ["the", "tower"]}\n{"words": []}\n{"words": ["oil"], "id": "z"}\n',
    "questions": '{"question": "who?", "context": "the tower burns oil."}\n'
    '{"question": "' + "who " * 160 + '", "context": "x"}\n'
    '{"id": "z", "question": "what?", "context": "the sea"}\n',
}


@pytest.mark.parametrize("task", list(ASKED))
def test_one_bad_example_does_not_stop_the_rest(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, capsys: Any, task: str
) -> None:
    (tmp_path / "asked.jsonl").write_text(ASKED[task], "utf-8")
    one = [*command(made_delta, tiny_encoder, task), "--file", str(tmp_path / "asked.jsonl")]
    out, by_id = tmp_path / "new" / "out.jsonl", tmp_path / "by-id.json"
    written = ["--top", "2", "--out", str(out), "--predictions", str(by_id)]
    assert main([*one, *written]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert "1 of 3 examples not predicted; the first: line 2: " in told.err
    assert "fix: mend these examples, or leave them out; the others are predicted" in told.err
    assert "room for -" not in told.err  # no context has fewer tokens than none
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["1", "2", "z"]
    assert ["error" in row for row in rows] == [False, True, False]
    assert list(json.loads(by_id.read_text("utf-8"))) == ["1", "z"]
    for row in (rows[0], rows[2]):
        assert len(row["top"]) == 2
        assert row["top"][0].items() <= row.items()
    assert main([*one, "--json"]) == 3
    plain = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert plain == [{k: v for k, v in row.items() if k != "top"} for row in rows]
    assert main(one) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("2\t\terror: line 2: ")
    assert [line.split("\t")[0] for line in lines] == ["1", "2", "z"]


def test_what_was_cut_is_said_once_of_all_chunks(
    made_delta: Make,
    tiny_encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(predict, "CHUNK", 2)
    lines = ["text", *["tower"] * 2, *["tower " * 300, "oil"] * 2, "bell"]
    (tmp_path / "asked.csv").write_text("\n".join(lines), "utf-8")
    assert (
        main([*command(made_delta, tiny_encoder, "mean"), "--file", str(tmp_path / "asked.csv")])
        == 0
    )
    (line,) = (one for one in capsys.readouterr().err.splitlines() if "longer than" in one)
    assert line.startswith("warning: 2 of 7 texts are longer than ")


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_table_of_predictions_is_asked_again(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, capsys: Any, suffix: str
) -> None:
    texts = ["the tower, it burns", 'a "bell"', "over\ntwo\tlines", "Éloïse 🌉"]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "asked.jsonl").write_text(lines + '{"text": ""}\n', "utf-8")
    one, out = command(made_delta, tiny_encoder, "mean"), tmp_path / f"out{suffix}"
    asked = ["--file", str(tmp_path / "asked.jsonl"), "--top", "3", "--out", str(out)]
    assert main([*one, *asked]) == 3
    separator = "\t" if suffix == ".tsv" else ","
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=separator))
    assert [row["text"] for row in rows] == [*texts, ""]
    assert [bool(row["error"]) for row in rows] == [False] * 4 + [True]
    first = rows[0]
    assert sorted(first[name] for name in ("label", "label_2", "label_3")) == sorted(LABELS)
    names = ("probability", "probability_2", "probability_3")
    assert sum(float(first[name]) for name in names) == pytest.approx(1, abs=1e-5)
    again = tmp_path / "again.csv"
    assert main([*one, "--file", str(out), "--out", str(again)]) == 3
    with again.open(encoding="utf-8", newline="") as stream:
        assert [row["label"] for row in csv.DictReader(stream)] == [row["label"] for row in rows]
    capsys.readouterr()


def test_probabilities_of_words_are_those_of_their_labels(
    made_delta: Make, tiny_encoder: Path
) -> None:
    delta = read_delta(made_delta("words", "bitfit"))
    asked = [Asked(id="1", where="x", row={"words": ["the", "whale", "tower"]})]
    (found,) = TrainedModel(delta, tiny_encoder, CPU).answer(asked, top=3)
    assert found.prediction is not None
    row = found.prediction.row
    assert row["labels"] == row["top"][0]["labels"] == found.prediction.value
    shares = np.array([one["probabilities"] for one in row["top"]])
    np.testing.assert_allclose(shares.sum(0), 1, atol=1e-5)
    assert (np.diff(shares, axis=0) <= 0).all()
    by_word = zip(*(one["labels"] for one in row["top"]), strict=True)
    assert all(sorted(labels) == sorted(TASKS["words"]["labels"]) for labels in by_word)


def test_the_first_of_the_best_answers_is_the_evaluations(
    made_delta: Make, tiny_encoder: Path, tiny_test: Any
) -> None:
    model = TrainedModel(read_delta(made_delta("questions", "bitfit")), tiny_encoder, CPU)
    windows = model.task.encode(tiny_test, model.tokenizer, max_length=48, stride=16)
    sample = Predictor(model.task, windows, np.arange(len(tiny_test))).sample
    rng = np.random.default_rng(2)
    tied = rng.integers(-2, 3, (sample.bounds[-1], 2)).astype(np.float32)
    for logits in (rng.normal(size=tied.shape).astype(np.float32), tied):
        limits = {"n_best": 5, "max_answer_tokens": 7}
        ranked = rank(logits, sample, **limits)
        best = [
            tiny_test.contexts[q.paragraph][spans[0].start : spans[0].end] if spans else ""
            for q, spans in zip(tiny_test.questions, ranked, strict=True)
        ]
        assert best == choose(logits, sample, **limits).texts
        for spans in ranked:
            assert len(spans) <= 5
            assert [s.score for s in spans] == sorted((s.score for s in spans), reverse=True)
            assert len({(s.start, s.end) for s in spans}) == len(spans)
    assert max(len(spans) for spans in ranked) == 5


def test_a_question_without_a_span_has_an_empty_answer(
    made_delta: Make, tiny_encoder: Path
) -> None:
    model = TrainedModel(read_delta(made_delta("questions", "bitfit")), tiny_encoder, CPU)
    data = model.task.read_unlabelled([("x", {"question": "who?", "context": "\u200b\u0007"})])
    (found,) = model.describe(data, top=2)
    assert (found.text, found.row["start"], found.row["score"]) == ("", None, None)
    assert found.warning == "questions have no valid span in their context"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--text", "x", "--top", "2"], 2, "--top 2: a line for people holds the best prediction"),
        (["--text", "x", "--out", "p.xlsx"], 2, "its name ends in '.xlsx', expected .csv, .tsv"),
        (["--text", "x", "--words", "y"], 2, "--words is nothing that text-classification reads"),
        (["--text", "x", "--out", "a.csv", "--predictions", "a.csv"], 2, "are both a.csv"),
        (["--file", "twice.jsonl", "--predictions", "p.json"], 3, "the id 'a' is there twice"),
        (["--file", "twice.jsonl", "--column", "sentence=x"], 2, "one of text, text_pair, id"),
        (["--file", "twice.jsonl", "--column", "text_pair=x"], 3, "no column x for text_pair"),
        (["--file", "twice.jsonl", "--encoding", "klingon"], 2, "no such encoding"),
        (["--file", "none.jsonl"], 4, "none.jsonl: no such file"),
        (["--file", "."], 3, "a folder, expected a file"),
    ],
)
def test_what_cannot_be_meant(
    made_delta: Make,
    tiny_encoder: Path,
    tmp_path: Path,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("twice.jsonl").write_text('{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n')
    assert main([*command(made_delta, tiny_encoder, "mean"), *arguments]) == status
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["twice.jsonl"]


def test_a_terminal_that_lacks_a_letter_gets_escapes_and_files_get_letters(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "asked.csv").write_text("id,text\nÉ🌉,tower\nb,\n", "utf-8")
    one = [*command(made_delta, tiny_encoder, "mean"), "--file", str(tmp_path / "asked.csv")]
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, "ascii", write_through=True))
    assert main([*one, "--predictions", str(tmp_path / "p.json")]) == 3
    assert shown.getvalue().splitlines()[0].startswith(b"\\xc9\\U0001f309\t")
    assert list(json.loads((tmp_path / "p.json").read_text("utf-8"))) == ["É🌉"]


def test_a_reader_that_goes_away_takes_nothing_from_the_file(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    (tmp_path / "asked.csv").write_text("text\ntower\n", "utf-8")
    one = [*command(made_delta, tiny_encoder, "mean"), "--file", str(tmp_path / "asked.csv")]
    monkeypatch.setattr(sys, "stdout", Gone())
    assert main([*one, "--predictions", str(tmp_path / "p.json")]) == 141
    assert list(json.loads((tmp_path / "p.json").read_text("utf-8"))) == ["1"]
