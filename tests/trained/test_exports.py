"""What is exported gives our own model's logits when its library has loaded it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trained.made import TASKS, make_delta
from tuning_curves.cli import main
from tuning_curves.encoders.packing import Packing
from tuning_curves.trained.export import export
from tuning_curves.trained.restore import restore_models
from tuning_curves.training.delta import read_delta
from tuning_curves.util.errors import UsageError

Make = Callable[[str, str], Path]
CPU = torch.device("cpu")
TEXTS = ["the tower burns oil", "a bell", "how much does the lamp weigh in winter?"]
CLASSES = {
    "questions": "AutoModelForQuestionAnswering",
    "words": "AutoModelForTokenClassification",
    "mean": "AutoModelForSequenceClassification",
    "first": "AutoModelForSequenceClassification",
    "pooler": "AutoModelForSequenceClassification",
}


def library_class(task: str) -> Any:
    import transformers

    return getattr(transformers, CLASSES[task])


def batch_of(folder: Path) -> Any:
    """Pairs of texts in a padded batch, cut by an exported tokenizer: token types matter."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    return tokenizer(TEXTS, TEXTS[::-1], padding=True, return_tensors="pt")


def ours(delta: Path, encoder: Path, batch: Any) -> np.ndarray:
    """Our own model's logits: of all tokens one behind the other, or of the texts."""
    pristine, model = restore_models(read_delta(delta), encoder)
    mask = batch["attention_mask"].bool()
    lengths = mask.sum(1).tolist()
    types = batch.get("token_type_ids", torch.zeros_like(batch["input_ids"]))
    places = torch.cat([torch.arange(length) for length in lengths])[None]
    found = []
    with torch.inference_mode():
        for one in (pristine, model):
            hidden = one.embed(batch["input_ids"][mask][None], places, types[mask][None])
            found.append(one(hidden, Packing.of(lengths, CPU)).numpy())
    assert np.abs(found[1] - found[0]).max() > 1e-2  # what was trained matters
    return found[1]


def theirs(model: Any, batch: Any) -> np.ndarray:
    """A library's model's logits, likewise."""
    with torch.inference_mode():
        out = model.eval()(**batch)
    if hasattr(out, "start_logits"):
        logits = torch.stack((out.start_logits, out.end_logits), dim=2)
    else:
        logits = out.logits
    return (logits[batch["attention_mask"].bool()] if logits.ndim == 3 else logits).numpy()


def same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("task", ["mean", "first", "words"])
def test_a_checkpoint_of_every_task(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, task: str
) -> None:
    delta, out = made_delta(task, "bitfit"), tmp_path / "out"
    export(read_delta(delta), tiny_encoder, out)
    model, loading = library_class(task).from_pretrained(
        out, trust_remote_code=task in ("mean", "first"), output_loading_info=True
    )
    assert not any(loading.values())
    assert [*model.config.id2label.values()] == TASKS[task]["labels"]
    batch = batch_of(out)
    same(theirs(model, batch), ours(delta, tiny_encoder, batch))
    assert str(tiny_encoder) not in (out / "config.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("family", "task"),
    [
        ("bert", "pooler"),
        ("roberta", "pooler"),
        ("distilbert", "first"),
        ("electra", "mean"),
        ("modernbert", "mean"),
    ],
)
def test_a_text_classifier_of_every_family(
    other_encoder: Callable[[str], Path], tmp_path: Path, family: str, task: str
) -> None:
    encoder, out = other_encoder(family), tmp_path / "out"
    delta = make_delta(tmp_path / "delta", task, "full", encoder)
    export(read_delta(delta), encoder, out)
    own = (family, task) != ("bert", "pooler")
    assert (out / "pooled_classifier.py").exists() == own
    model = library_class(task).from_pretrained(out, trust_remote_code=own)
    batch = batch_of(out)
    same(theirs(model, batch), ours(delta, encoder, batch))


def test_without_trust_no_other_class_takes_a_pooled_classifier(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path
) -> None:
    export(read_delta(made_delta("mean", "bitfit")), tiny_encoder, tmp_path / "out")
    with pytest.raises((ValueError, OSError), match="trust_remote_code"):
        library_class("mean").from_pretrained(tmp_path / "out", trust_remote_code=False)


PEFT = ["lora-2", "lora-all", "ia3", "layernorm", "bitfit", "bitfit-qm2", "bitfit-norm", "head"]


@pytest.mark.parametrize(
    ("task", "method"),
    [*(("words", method) for method in PEFT), ("mean", "lora"), ("questions", "bitfit-norm")],
)
def test_peft_loads_an_adapter_with_the_same_outputs(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, task: str, method: str
) -> None:
    delta, out = made_delta(task, method), tmp_path / "out"
    export(read_delta(delta), tiny_encoder, out, "peft")
    base = base_model(task, tiny_encoder, out)
    assert sum(path.stat().st_size for path in out.glob("*.safetensors")) < 100_000
    batch = batch_of(out)
    same(theirs(peft_model(base, out), batch), ours(delta, tiny_encoder, batch))


@pytest.mark.parametrize(
    ("family", "method"), [("distilbert", "lora-all"), ("roberta", "bitfit"), ("electra", "ia3")]
)
def test_peft_loads_an_adapter_of_every_family(
    other_encoder: Callable[[str], Path], tmp_path: Path, family: str, method: str
) -> None:
    encoder, out = other_encoder(family), tmp_path / "out"
    delta = make_delta(tmp_path / "delta", "words", method, encoder)
    export(read_delta(delta), encoder, out, "peft")
    batch = batch_of(out)
    found = theirs(peft_model(base_model("words", encoder, out), out), batch)
    same(found, ours(delta, encoder, batch))


def test_the_configuration_beside_an_adapter_names_the_model_that_the_library_lacks(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path
) -> None:
    """A process in which the class was loaded once finds it without."""
    export(read_delta(made_delta("mean", "lora")), tiny_encoder, tmp_path / "out", "peft")
    named = json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))["auto_map"]
    assert named == {
        "AutoConfig": "pooled_classifier.PooledClassifierConfig",
        "AutoModelForSequenceClassification": "pooled_classifier.PooledForSequenceClassification",
    }


def base_model(task: str, encoder: Path, out: Path) -> Any:
    """The library's model of the task on the untouched encoder, as an adapter's folder has it."""
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(out, trust_remote_code=True)
    if task != "mean":
        return library_class(task).from_pretrained(encoder, config=config)
    base = library_class(task).from_config(config, trust_remote_code=True)
    base.backbone = AutoModel.from_pretrained(encoder, add_pooling_layer=False)
    return base


def peft_model(base: Any, out: Path) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(base, out)


@pytest.mark.parametrize(
    ("method", "form", "said"),
    [
        ("adapter-houlsby-4", "transformers", "fix: `--format adapters`, or use the delta itself"),
        ("adapter-houlsby-4", "peft", "fix: `--format adapters`, or use the delta itself"),
        ("prefix-3", "transformers", "fix: use the delta itself, with `tuning-curves predict`"),
        ("full", "peft", "peft has nothing that holds what full trains"),
        ("lora", "adapters", "is for bottleneck adapters, and lora has none"),
    ],
)
def test_what_a_library_cannot_hold_is_refused_with_what_helps(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, method: str, form: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        export(read_delta(made_delta("words", method)), tiny_encoder, tmp_path / "out", form)
    assert said in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_not_touched(
    made_delta: Make, tiny_encoder: Path, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "mine").write_text("x")
    delta = str(made_delta("words", "bitfit"))
    one = ["export", "--delta", delta, "--encoder", str(tiny_encoder), "--out", str(tmp_path)]
    assert main(one) == 2
    assert "exists and is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
