"""Encoders of other families all the way: fetched, windowed, trained, restored and exported."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.encoders.small import save_small
from tests.encoders.tokenizers_of_families import save_bytes
from tuning_curves.data.fetch_data import fetch_data, open_data
from tuning_curves.encoders.fetch_encoder import fetch_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.tasks import make_task
from tuning_curves.tasks.windows import make_windows
from tuning_curves.trained.export import export
from tuning_curves.trained.restore import restore_models
from tuning_curves.training.delta import Delta, read_delta
from tuning_curves.training.worker import run_job
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import sha256_of_file

LONGEST = 130


def checkpoint(name: str, folder: Path, wordpieces: Path) -> Path:
    """A small random encoder with a tokenizer of its family's kind."""
    folder.mkdir()
    if name == "roberta":
        size = save_bytes(folder)
    else:
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(wordpieces / file, folder)
        size = len(json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"])
    return save_small(name, folder, vocab_size=size, max_position_embeddings=LONGEST + 10)


def train(make_study: Any, encoder: Path, root: Path, method: str) -> tuple[Delta, WorkerPaths]:
    """One short run of a study of this encoder, and what it trained."""
    pinned = sha256_of_file(encoder / "model.safetensors")
    source = {"name": "small", "source": "path", "path": str(encoder), "weights_sha256": pinned}
    study = make_study(
        {
            "encoder": source,
            "windows": {"max_length": LONGEST, "stride": 24},
            "methods": [{"name": method, "learning_rates": [1e-2]}],
            "sizes": [8],
            "budgets": [{"name": "b", "epochs": 2, "min_steps": 0}],
            "analysis": {"contrasts": []},
        }
    )
    paths = WorkerPaths(
        encoder=root / "encoder", windows=root / "windows", workspace=root, keep_deltas=True
    )
    fetch_encoder(study.config.encoder, paths.encoder)
    task = make_task(study.config.task)
    fetch_data(task, study.config.data, root / "data")
    data = open_data(task, root / "data")
    windows = study.config.windows
    sizes = {"max_length": windows.max_length, "stride": windows.stride}
    make_windows(task, data, paths.encoder, paths.windows, **sizes)
    job = study.job(study.unique)
    assert run_job(job, paths, "cpu").trained == 1
    return read_delta(paths.delta(job.runs[0].run, job.settings)), paths


@pytest.mark.parametrize(
    ("name", "method"),
    [("roberta", "bitfit"), ("electra", "full"), ("distilbert", "lora-2")],
)
def test_a_trained_encoder_is_restored_and_exported(
    make_study: Any, tiny_encoder: Path, tmp_path: Path, name: str, method: str
) -> None:
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    encoder = checkpoint(name, tmp_path / "checkpoint", tiny_encoder)
    delta, paths = train(make_study, encoder, tmp_path / "work", method)
    pristine, model = restore_models(delta, paths.encoder)
    export(delta, paths.encoder, tmp_path / "out")
    whole, loading = AutoModelForQuestionAnswering.from_pretrained(
        tmp_path / "out", output_loading_info=True
    )
    assert not any(loading.values())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    batch = tokenizer("Where is Orrin?", "Orrin lies in the sea.", return_tensors="pt")
    types = batch.get("token_type_ids", torch.zeros_like(batch["input_ids"]))
    assert ("token_type_ids" in batch) == (name == "electra")
    with torch.inference_mode():
        out = whole.eval()(**batch)
        theirs = torch.stack((out.start_logits[0], out.end_logits[0]), dim=1)
        tokens = batch["input_ids"]
        places = torch.arange(tokens.shape[1])[None]
        packing = Packing.of([tokens.shape[1]], torch.device("cpu"))
        ours, before = (m(m.embed(tokens, places, types), packing) for m in (model, pristine))
    assert (ours - theirs).abs().max() < 1e-4
    assert (ours - before).abs().max() > 1e-3


def test_an_encoder_that_the_librarys_classes_read_otherwise_is_restored_and_not_exported(
    make_study: Any, tiny_encoder: Path, tmp_path: Path
) -> None:
    encoder = checkpoint("modernbert", tmp_path / "checkpoint", tiny_encoder)
    delta, paths = train(make_study, encoder, tmp_path / "work", "value-bias")
    _, model = restore_models(delta, paths.encoder)
    biases = [t for n, t in model.named_parameters() if n.endswith("value_bias")]
    assert len(biases) == 3
    assert all(bias.abs().max() > 0 for bias in biases)
    with pytest.raises(UsageError) as caught:
        export(delta, paths.encoder, tmp_path / "out")
    assert str(caught.value) == (
        "the library's classes of modernbert have a layer of their own between the encoder and the "
        "output, which was not trained: no checkpoint of it\n"
        "fix: use the delta itself, with `tuning-curves predict`"
    )
    assert not (tmp_path / "out").exists()
