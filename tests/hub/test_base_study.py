"""The whole of `bert-base-squad` at tiny sizes, through a loopback hub, from nothing to the paper.

Its `encoder` and `data` sections are used as they are: the hub serves an encoder and questions of
its own under the names and revisions that they pin. The encoder has BERT-base's shapes and random
weights with `--base-sized`, and is tiny without.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..workflow.conftest import checkout  # noqa: F401 (a fixture)
from .conftest import run_study, serve_pins
from .server import Hub

pytestmark = pytest.mark.workflow
STUDY = "bert-base-squad"

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
    folder = tiny_encoder
    if base_sized:
        folder = tmp_path / "base"
        save_base_encoder(tiny_encoder, folder)
    served = serve_pins(checkout, STUDY, folder, dataset_repository)
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
    overrides = OVERRIDES | ({"training": FLOAT32} if base_sized else {})
    records = run_study(pinned_hub, checkout, STUDY, overrides, tmp_path / "home")
    assert len(records) == 4
    assert {record["status"] for record in records} == {"finished"}
    pins = {record["settings"]["encoder"]["pin"] for record in records}
    assert pins == {"google-bert/bert-base-cased@cd5ef92a9fb2f889e972770a36d4ed042daf221e"}
    trained = {r["run"]["method"]: r["parameters"]["backbone"] for r in records}
    if base_sized:  # BitFit's count is the paper's 0.09 % of BERT-base
        assert trained == {"full": 107_719_680, "bitfit": 102_144}
