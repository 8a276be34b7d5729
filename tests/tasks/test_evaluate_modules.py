"""The metrics as modules of the `evaluate` library, in a process that cannot reach the hub."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# `evaluate` imports the model library's pipelines where it can: 10 seconds that no metric needs
SCRIPT = """
import json, sys
sys.modules["transformers"] = None
import evaluate
del sys.modules["transformers"]
from tuning_curves.tasks.question_answering.metric import load_metric
metric = load_metric()
predictions = [{"id": "2", "prediction_text": "black cat"}, {"id": "1", "prediction_text": "a"}]
references = [
    {"id": "2", "answers": {"text": ["cat", "the cat"], "answer_start": [4, 0]}},
    {"id": "1", "answers": {"text": ["a"], "answer_start": [7]}},
]
said = {"whole": metric.compute(predictions=predictions, references=references)}
for prediction, reference in zip(predictions, references):
    metric.add(prediction=prediction, reference=reference)
said["added"] = metric.compute()
wrong = [{"id": "7", "prediction_text": "cat"}, {"id": "1", "prediction_text": "a"}]
said["wrong"] = load_metric("another").compute(predictions=wrong, references=references)
classes = evaluate.load(sys.argv[1] + "/text_classification/classification_metric")
gold = ["good", "bad", "bad", "bad"]
said["classes"] = classes.compute(predictions=["good", "good", "bad", "bad"], references=gold)
said["numbers"] = classes.compute(predictions=[1, 1, 0, 0], references=[1, 0, 0, 0])
tags = evaluate.load(sys.argv[1] + "/token_classification/tagging_metric")
guess, gold = [["I-x", "I-x", "O"], ["B-y"]], [["B-x", "I-x", "O"], ["B-z"]]
said["tags"] = tags.compute(predictions=guess, references=gold)
try:
    tags.compute(predictions=[["O"]], references=[["O", "O"]])
except Exception as error:
    said["short"] = error.message
print(json.dumps(said))
"""
SOURCE = Path(__file__).resolve().parents[2] / "src"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the modules answer."""
    home = tmp_path_factory.mktemp("hub")
    environment = os.environ | {
        "PYTHONPATH": str(SOURCE),
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(SOURCE / "tuning_curves" / "tasks")],
        capture_output=True,
        text=True,
        env=environment,
        cwd=home,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_answers_are_scored(said: dict[str, Any]) -> None:
    """Exact match 1 of 2; F1 (2/3 + 0) / 2. A prediction with another's id is none."""
    assert said["whole"] == said["added"]
    assert said["whole"] == {"exact_match": 50.0, "f1": pytest.approx(100 / 3)}
    assert said["wrong"] == {"exact_match": 50.0, "f1": 0.0}


def test_classes_are_scored(said: dict[str, Any]) -> None:
    """Right 3 of 4; (3 * 4 - (2 + 6)) / sqrt(8 * 6); F1 of one class 2/3, of the other 4/5."""
    expected = {"accuracy": 75.0, "matthews": 400 / 48**0.5, "macro_f1": 50 * (2 / 3 + 4 / 5)}
    assert said["classes"] == pytest.approx(expected)
    assert said["numbers"] == said["classes"]


def test_tags_are_scored(said: dict[str, Any]) -> None:
    """Of four words two are right; of two entities on either side one is both's."""
    assert said["tags"] == {"accuracy": 50.0, "entity_f1": 50.0}
    assert said["short"].startswith("sentence number 0 (from 0) has 1 predicted labels and 2 gold")
