"""What `score` takes of classification tasks, and what it refuses: labels and predictions."""

import json
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.tasks import task_class
from tuning_curves.tasks.base import Scored
from tuning_curves.util.errors import DataError

TEXTS, WORDS = "text-classification", "token-classification"
TWO = '{"text": "x", "label": "a"}\n{"text": "y", "label": "b"}'
SENTENCE = '{"words": ["x", "y"], "labels": ["a", "b"]}'


def score(folder: Path, task: str, data: str, predictions: Any) -> Scored:
    (folder / "d.jsonl").write_text(data)
    (folder / "p.json").write_text(json.dumps(predictions))
    return task_class(task).score_file(folder / "d.jsonl", folder / "p.json")


def test_labels_that_are_numbers_or_booleans_are_those_that_a_study_reads(tmp_path: Path) -> None:
    texts = '{"text": "x", "label": 1}\n{"text": "y", "label": true}\n{"text": "z", "label": 2.5}'
    found = score(tmp_path, TEXTS, texts, {"1": "1", "2": "true", "3": "2.5"})
    assert found.scores["accuracy"] == 100
    words = '{"words": ["x", "y"], "labels": [0, 1]}'
    assert score(tmp_path, WORDS, words, {"1": ["0", "0"]}).scores == {"accuracy": 50, "total": 1}


@pytest.mark.parametrize(
    ("task", "data", "predictions", "said"),
    [
        (TEXTS, '{"text": "x", "label": null}', {}, "d.jsonl: line 1: label is null, expected"),
        (TEXTS, '{"text": "x", "label": ["a"]}', {}, 'line 1: label is ["a"], expected some text'),
        (TEXTS, '{"text": "x", "label": NaN}', {}, "line 1: label is NaN, expected some text"),
        (TEXTS, '{"label": "a", "label": "b"}', {}, "line 1: the line is not valid JSON (an obj"),
        (TEXTS, TWO, {"1": 1}, 'p.json: the label of "1" is 1, expected a text'),
        (TEXTS, TWO, {"1": None}, 'p.json: the label of "1" is null, expected a text'),
        (TEXTS, TWO, ["a"], "p.json: the top level is a list, expected an object"),
        (WORDS, SENTENCE, {"1": "a b"}, '"1" is "a b", expected a list of texts'),
        (WORDS, SENTENCE, {"1": ["a"]}, "'1' has 1 label, expected a text for each of its 2 words"),
        (WORDS, '{"labels": ["a", null]}', {}, "line 1, word 2: label is null, expected some text"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    task: str, data: str, predictions: Any, said: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        score(tmp_path, task, data, predictions)
    assert said in caught.value.message
