"""The whole of `bert-base-squad` at tiny sizes, through a loopback hub, from nothing to the paper.

Its `encoder` and `data` sections are used as they are: the hub serves an encoder and questions of
its own under the names and revisions that they pin. The encoder has BERT-base's shapes and random
weights with `--base-sized`, and is tiny without.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ..workflow.conftest import checkout  # noqa: F401 (a fixture)
from .conftest import environment
from .server import Hub

pytestmark = pytest.mark.workflow

OVERRIDES = {
    "sizes": "[2]",
    "seeds": "[0, 1]",
    "methods": "[{name: full, learning_rates: [3.0e-5]}, {name: bitfit, learning_rates: [1.0e-3]}]",
    "budgets": "[{name: epochs, epochs: 1, min_steps: 0}]",
    "data": "{held_out_examples: 5}",
    "windows": "{max_length: 256, stride: 64}",
    "training": "{batch_size: 2}",
    "evaluation": "{test_examples: 5, validation_examples: 5}",
    "analysis": "{contrasts: [[bitfit, full]], n_bootstrap: 200}",
}
# For BERT-base's size: without units for the study's bfloat16 a processor takes ten times as long.
FLOAT32 = "{batch_size: 2, precision: float32}"


@pytest.fixture
def pinned_hub(
    tiny_encoder: Path,
    dataset_repository: Path,
    checkout: Path,  # noqa: F811
    base_sized: bool,
    tmp_path: Path,
) -> Iterator[Hub]:
    """Serves what the study pins."""
    config = yaml.safe_load((checkout / "config" / "bert-base-squad.yaml").read_text("utf-8"))
    folder = tiny_encoder
    if base_sized:
        folder = tmp_path / "base"
        save_base_encoder(tiny_encoder, folder)
    served = Hub()
    for kind, section, content in (
        ("models", config["encoder"], folder),
        ("datasets", config["data"], dataset_repository),
    ):
        served.add(kind, section["repository"], content, section["revision"])
    yield served
    served.close()


def save_base_encoder(tiny: Path, folder: Path) -> None:
    """BERT-base's shapes, random weights; the tiny tokenizer, its vocabulary filled up."""
    import torch
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    config = BertConfig(vocab_size=28_996)  # all else is BERT-base's by default
    torch.manual_seed(0)
    model = BertModel(config, add_pooling_layer=False)
    assert sum(p.numel() for p in model.parameters()) == 107_719_680
    config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer = json.loads((tiny / "tokenizer.json").read_text("utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    missing = range(len(vocabulary), config.vocab_size)
    vocabulary |= {f"[unused{number}]": number for number in missing}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    (folder / "tokenizer_config.json").write_bytes((tiny / "tokenizer_config.json").read_bytes())


def test_the_study_runs_from_the_hub_to_the_paper(
    pinned_hub: Hub,
    checkout: Path,  # noqa: F811
    base_sized: bool,
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    command += ["--configfile", "config/bert-base-squad.yaml", "--config"]
    overrides = OVERRIDES | ({"training": FLOAT32} if base_sized else {})
    command += [f"{key}={value}" for key, value in overrides.items()]
    variables = environment(
        pinned_hub.url,
        tmp_path / "home",
        PYTHONPATH=str(checkout / "src"),
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    done = subprocess.run(
        command, cwd=checkout, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = checkout / "results" / "bert-base-squad"
    assert (results / "paper.pdf").read_bytes().startswith(b"%PDF")
    records = [
        json.loads(path.read_text("utf-8"))
        for path in (checkout / "runs" / "bert-base-squad" / "records").rglob("*.json")
    ]
    assert len(records) == 4
    assert {record["status"] for record in records} == {"finished"}
    pins = {record["settings"]["encoder"]["pin"] for record in records}
    assert pins == {"google-bert/bert-base-cased@cd5ef92a9fb2f889e972770a36d4ed042daf221e"}
    trained = {r["run"]["method"]: r["parameters"]["backbone"] for r in records}
    if base_sized:  # BitFit's count is the paper's 0.09 % of BERT-base
        assert trained == {"full": 107_719_680, "bitfit": 102_144}
