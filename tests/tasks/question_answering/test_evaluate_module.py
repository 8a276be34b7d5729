"""The metric as a module of the `evaluate` library, in a process that cannot reach the hub."""

import json
import os
import subprocess
import sys
from pathlib import Path

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
print(json.dumps(metric.compute(predictions=predictions, references=references)))
for prediction, reference in zip(predictions, references):
    metric.add(prediction=prediction, reference=reference)
print(json.dumps(metric.compute()))
wrong = [{"id": "7", "prediction_text": "cat"}, {"id": "1", "prediction_text": "a"}]
print(json.dumps(load_metric("another").compute(predictions=wrong, references=references)))
"""


def test_the_module_loads_offline_and_agrees(tmp_path: Path) -> None:
    """Exact match 1 of 2; F1 (2/3 + 0) / 2. A prediction with another's id is none."""
    pytest.importorskip("evaluate")
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src"),
        "HF_HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole, added, wrong = map(json.loads, done.stdout.splitlines())
    assert whole == added
    assert whole == {"exact_match": 50.0, "f1": pytest.approx(100 / 3)}
    assert wrong == {"exact_match": 50.0, "f1": 0.0}
