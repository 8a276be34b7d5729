"""Predictions files: read, written and put into order; the likely mistakes are named."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning_curves.tasks.question_answering.predictions import align, read_predictions
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import write_json


def test_a_file_is_read_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    write_json(path, {"q2": "Ĉevlo", "q1": ""})
    assert list(read_predictions(path).items()) == [("q2", "Ĉevlo"), ("q1", "")]


def test_predictions_come_into_the_datas_order() -> None:
    found = align({"c": "3", "a": "1", "x": "?"}, ["a", "b", "c"])
    assert found.texts == ["1", None, "3"]
    assert found.missing == ["b"]
    assert found.unknown == ["x"]


def refusal(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_predictions(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_list_of_predictions_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    content = json.dumps([{"id": "q1", "prediction_text": "x"}])
    assert refusal(tmp_path / "p.json", content) == (
        "the top level is a list, expected an object from id to text (its entries have "
        '"id", "prediction_text")\n'
        "fix: convert it: jq 'map({(.id): .prediction_text}) | add' old.json > new.json"
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [("[]", "a list"), ('"x"', "a string"), ("3", "a number (3)"), ("null", "null")],
)
def test_another_top_level_is_refused(tmp_path: Path, content: str, kind: str) -> None:
    message = refusal(tmp_path / "p.json", content)
    assert message.startswith(f"the top level is {kind}, expected an object from id to text\nfix:")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (1903, "a number (1903)"),
        (True, "a boolean"),
        (["x"], "a list"),
        ({"text": "x"}, "an object"),
    ],
)
def test_an_answer_that_is_no_text_is_named(tmp_path: Path, value: object, kind: str) -> None:
    message = refusal(tmp_path / "p.json", json.dumps({"q1": "fine", "q2": value}))
    assert message.startswith(f"the prediction of question 'q2' is {kind}, expected a string\nfix:")


@pytest.mark.parametrize("content", ["", "q1,x\n", '{"q1": "x"'])
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: str) -> None:
    assert refusal(tmp_path / "p.csv", content).startswith("predictions file is not valid JSON (")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_predictions(tmp_path)


def test_a_missing_file_is_a_missing_resource(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"no\.json: no such predictions file\nfix: correct"):
        read_predictions(tmp_path / "no.json")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"q1": "\\ud835"}', "the prediction of question 'q1' holds half a surrogate pair"),
        ('{"\\ud835": "x"}', "holds half a surrogate pair"),
        ('{"q1": "x", "q1": "y"}', "an object has the key 'q1' twice"),
        ('{"q1": ' + "9" * 5000 + "}", "is not valid JSON (Exceeds the limit"),
        ("[" * 200_000, "is not valid JSON (maximum recursion"),
    ],
)
def test_what_cannot_be_meant_or_written_is_refused(
    tmp_path: Path, content: str, words: str
) -> None:
    assert words in refusal(tmp_path / "p.json", content)


def test_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read \(File name too long\)"):
        read_predictions(tmp_path / ("x" * 5000))


@settings(max_examples=100)
@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_content_makes_the_reader_fall_over(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("predictions") / "p.json"
    path.write_bytes(content)
    try:
        found = read_predictions(path)
    except DataError:
        return
    assert found == json.loads(content)


@given(st.dictionaries(st.text(), st.text()))
def test_any_predictions_go_out_and_come_back_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("predictions") / "p.json"
    path.write_text(json.dumps(value))
    try:
        value_as_bytes = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        with pytest.raises(DataError, match="half a surrogate pair"):
            read_predictions(path)
        return
    assert read_predictions(path) == json.loads(value_as_bytes)
