"""The code in a model's card loads it, and says what `predict` says."""

import ast
import contextlib
import io
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trained.made import TASKS, WINDOWS, make_delta
from tuning_curves.encoders.batches import Feed
from tuning_curves.tasks import make_task
from tuning_curves.trained.export import export
from tuning_curves.trained.predict import TrainedModel
from tuning_curves.trained.snippets import snippet
from tuning_curves.training.delta import read_delta
from tuning_curves.training.evaluate import Predictor

Make = Callable[[str, str], Path]
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "taking-it-elsewhere.md"
ADAPTERS = os.environ.get("TUNING_CURVES_ADAPTERS_PYTHON") or None  # an interpreter with it
ASKED: dict[str, list[dict[str, Any]]] = {  # what the snippets ask
    "questions": [
        {"question": "Who built it?", "context": "The tower was built in 1843 by Mara Voss."}
    ],
    "mean": [
        {"text": "It broke on the second day."},
        {"text": "Light, quiet, and it still looks new."},
    ],
    "words": [{"words": ["Mara", "Voss", "left", "Aldervik", "."]}],
}
ASKED["first"] = ASKED["mean"]
FORMATS = [
    ("transformers", "mean", "bitfit"),
    ("transformers", "words", "lora"),
    ("transformers", "questions", "ia3"),
    ("peft", "mean", "lora"),
    ("peft", "words", "bitfit"),
    ("peft", "questions", "lora-all"),
]


def said(task: str, delta: Path, encoder: Path) -> str:
    """What `predict` says of what the snippets ask, as they print it."""
    model = TrainedModel(read_delta(delta), encoder, torch.device("cpu"))
    data = model.task.read_unlabelled([("here", row) for row in ASKED[task]])
    found = [one.value for one in model.describe(data)]
    return found[0] if task == "questions" else str(found[0] if task == "words" else found)


def written(folder: Path) -> str:
    """The snippet of an exported folder's card."""
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.S)
    return code


def laid_out(folder: Path, form: str, delta: Path, encoder: Path) -> str:
    """Export into a folder, with the encoder where the snippet has it; the card's snippet."""
    export(read_delta(delta), encoder, folder / "my-model", form)
    (folder / "encoder").symlink_to(encoder)
    return written(folder / "my-model")


@pytest.mark.parametrize(("form", "task", "method"), FORMATS)
def test_a_cards_snippet_says_what_predict_says(
    made_delta: Make,
    tiny_encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    task: str,
    method: str,
) -> None:
    delta = made_delta(task, method)
    code = laid_out(tmp_path, form, delta, tiny_encoder)
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        exec(compile(code, "the card's snippet", "exec"), {})
    assert shown.getvalue().splitlines()[-1] == said(task, delta, tiny_encoder)


@pytest.mark.skipif(ADAPTERS is None, reason="TUNING_CURVES_ADAPTERS_PYTHON names no interpreter")
@pytest.mark.parametrize("task", ["mean", "first", "words", "questions"])
@pytest.mark.parametrize("method", ["adapter-houlsby-5", "adapter-pfeiffer"])
def test_the_library_adapters_says_what_predict_says(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, task: str, method: str
) -> None:
    delta = made_delta(task, method)
    code = laid_out(tmp_path, "adapters", delta, tiny_encoder)
    predicted, logits = asked_of_adapters(code, tmp_path)
    assert predicted == said(task, delta, tiny_encoder)
    np.testing.assert_allclose(logits, own_logits(task, delta, tiny_encoder), atol=1e-4)


@pytest.mark.skipif(ADAPTERS is None, reason="TUNING_CURVES_ADAPTERS_PYTHON names no interpreter")
@pytest.mark.parametrize("family", ["roberta", "xlm-roberta", "electra", "distilbert"])
@pytest.mark.parametrize("method", ["adapter-houlsby-5", "adapter-pfeiffer-3"])
def test_the_library_adapters_has_every_family(
    other_encoder: Callable[[str], Path], tmp_path: Path, family: str, method: str
) -> None:
    encoder = other_encoder(family)
    delta = make_delta(tmp_path / "delta", "words", method, encoder)
    code = laid_out(tmp_path, "adapters", delta, encoder)
    _, logits = asked_of_adapters(code, tmp_path)
    np.testing.assert_allclose(logits, own_logits("words", delta, encoder), atol=1e-4)


def asked_of_adapters(code: str, folder: Path) -> tuple[str, np.ndarray]:
    """What a snippet prints in an environment that has the library, and its logits."""
    logits = "out.start_logits[0] + out.end_logits[0]" if "out = " in code else "logits"
    own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    found = subprocess.run(
        [str(ADAPTERS), "-c", f"{code}print(({logits}).tolist())"],
        cwd=folder, env=own, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-2000:]
    *_, predicted, shown = found.stdout.splitlines()
    return predicted, np.array(ast.literal_eval(shown))


def own_logits(task: str, delta: Path, encoder: Path) -> np.ndarray:
    """Our own model's: of texts, of all tokens of a sentence, or of a question both summed."""
    model = TrainedModel(read_delta(delta), encoder, torch.device("cpu"))
    data = model.task.read_unlabelled([("here", row) for row in ASKED[task]])
    windows = model.task.encode(data, model.tokenizer, **WINDOWS)
    predictor = Predictor(model.task, windows, np.arange(len(data)))
    logits = predictor.logits(Feed(model.model, windows, None), "float32")
    if task in ("mean", "first"):
        return model.task.predict(logits, predictor.sample)
    return logits.sum(1) if task == "questions" else logits


def test_the_pages_snippets_are_those_of_the_cards() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    made = [
        snippet("transformers", make_task(TASKS["mean"]), "bert"),
        snippet("peft", make_task(TASKS["words"]), "bert"),
        snippet("adapters", make_task(TASKS["questions"]), "bert", norms=True),
    ]
    assert blocks == made
