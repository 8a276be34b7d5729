"""What is measured has not been trained on: an article stands in one place, or is refused."""

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.data.fetch_data import fetch_data
from tuning_curves.data.leakage import count_alike
from tuning_curves.data.section import PathData
from tuning_curves.tasks import make_task
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.util.errors import DataError

TASK = QuestionAnswering(n_best=20, max_answer_tokens=30)


def own(train: Path, **rest: Any) -> dict[str, Any]:
    return {"name": "mine", "source": "path", "train": str(train), "held_out_examples": 5, **rest}


def changed(source: Path, path: Path, change: Any) -> Path:
    """A copy of a SQuAD file whose articles `change` has edited in place."""
    content = json.loads(source.read_text("utf-8"))
    change(content["data"])
    path.write_text(json.dumps(content), "utf-8")
    return path


def refusal(data: dict[str, Any], folder: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        fetch_data(TASK, PathData(**data), folder)
    assert not folder.exists()
    return caught.value


def test_files_of_different_articles_are_taken(
    squad_file: Path, tiny_test_file: Path, tmp_path: Path
) -> None:
    fetch_data(TASK, PathData(**own(squad_file, test=str(tiny_test_file))), tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["examples"] == {"train": 25, "test": 25}


def test_the_training_file_given_again_as_dev_is_refused(squad_file: Path, tmp_path: Path) -> None:
    copy = shutil.copy(squad_file, tmp_path / "test.json")
    error = refusal(own(squad_file, test=str(copy)), tmp_path / "out")
    said = 'mine: two articles have the name "Orrin", one in train and one in test'
    assert error.message == said
    assert error.fix is not None
    assert "keep whole articles on one side" in error.fix


def test_a_training_context_under_another_title_in_dev_is_refused(
    squad_file: Path, tiny_test_file: Path, tmp_path: Path
) -> None:
    trained = json.loads(squad_file.read_text("utf-8"))["data"][1]["paragraphs"][1]

    def add(articles: list[Any]) -> None:
        questions = [{**one, "id": f"again-{one['id']}"} for one in trained["qas"]]
        articles[2]["paragraphs"].append({**trained, "qas": questions})

    test = changed(tiny_test_file, tmp_path / "test.json", add)
    error = refusal(own(squad_file, test=str(test)), tmp_path / "out")
    assert error.message.startswith('mine: the text "Its lamp burns coal gas')
    assert error.message.endswith('stands in two articles, "Tannsund" (train) and "Anse" (test)')


def test_an_article_written_as_an_entry_a_paragraph_is_refused(
    squad_file: Path, tmp_path: Path
) -> None:
    """Each entry would count as an article of its own, and could be held out alone."""

    def part(articles: list[Any]) -> None:
        articles[:] = [
            {"title": article["title"], "paragraphs": [paragraph]}
            for article in articles
            for paragraph in article["paragraphs"]
        ]

    mine = changed(squad_file, tmp_path / "mine.json", part)
    error = refusal(own(mine, test_from_train=5), tmp_path / "out")
    assert error.message.startswith("mine: two articles have the name ")
    assert error.fix is not None
    assert error.fix.startswith("write all texts of one article under one entry of its name")


def test_a_context_that_an_article_repeats_is_its_own_affair(
    squad_file: Path, tiny_test_file: Path, tmp_path: Path
) -> None:
    """SQuAD's training part has five such paragraphs."""

    def repeat(articles: list[Any]) -> None:
        first = articles[0]["paragraphs"][0]
        asked = [{**one, "id": f"more-{one['id']}"} for one in first["qas"]]
        articles[0]["paragraphs"].append({**first, "qas": asked})

    train = changed(squad_file, tmp_path / "train.json", repeat)
    fetch_data(TASK, PathData(**own(train, test=str(tiny_test_file))), tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["examples"]["train"] == 27


def test_a_context_with_other_white_space_or_unicode_form_is_refused(
    squad_file: Path, tiny_test_file: Path, tmp_path: Path
) -> None:
    trained = json.loads(squad_file.read_text("utf-8"))["data"][1]["paragraphs"][0]
    assert "Éloïse" in trained["context"]

    def add(articles: list[Any]) -> None:
        asked = [{"id": "again", "question": "When?", "answers": []}]
        context = unicodedata.normalize("NFD", trained["context"]) + "\n"
        asked[0]["answers"] = [{"text": "1911", "answer_start": context.index("1911")}]
        articles[2]["paragraphs"].append({"context": context, "qas": asked})

    test = changed(tiny_test_file, tmp_path / "test.json", add)
    error = refusal(own(squad_file, test=str(test)), tmp_path / "out")
    assert error.message.endswith('stands in two articles, "Tannsund" (train) and "Anse" (test)')


def test_a_title_with_other_white_space_is_the_same(
    squad_file: Path, tiny_test_file: Path, tmp_path: Path
) -> None:
    def rename(articles: list[Any]) -> None:
        articles[0]["title"] = " Pell  Rock"

    test = changed(tiny_test_file, tmp_path / "test.json", rename)
    error = refusal(own(squad_file, test=str(test)), tmp_path / "out")
    assert "two articles have the name" in error.message


def test_dropping_tells_of_texts_that_differ_in_white_space_alone() -> None:
    task = make_task(
        {
            "name": "text-classification",
            "labels": ["a", "b"],
            "pooling": "first",
            "main_metric": "accuracy",
        }
    )
    train = task.parse([["1", "a bell ", None, "a"], ["2", "coal", None, "b"]], "train")
    test = task.parse([["3", "a  bell", None, "a"], ["4", "oil", None, "b"]], "test")
    assert count_alike({"train": train, "test": test}) == 1
