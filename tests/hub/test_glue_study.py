"""`bert-base-glue-mrpc` whole, at tiny sizes, through a loopback hub, from nothing to the paper.

Its `encoder` and `data` sections are used as they are, so a configuration of the data set, pairs
of texts, classes that have names and the encoder's own pooler all come from the hub.
"""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import COMMON
from ..workflow.conftest import checkout  # noqa: F401 (a fixture)
from .conftest import run_study, serve_pins
from .server import Hub

pytestmark = pytest.mark.workflow
STUDY = "bert-base-glue-mrpc"
WIDTH = 32  # of the tiny encoder
CLASSES = ("not_equivalent", "equivalent")
OVERRIDES = {
    "sizes": "[4]",
    "seeds": "[0, 1, 2]",
    "methods": "[{name: full, learning_rates: [3.0e-5]}, {name: bitfit, learning_rates: [1.0e-3]},"
    " {name: head, learning_rates: [1.0e-2]}]",
    "budgets": "[{name: epochs, epochs: 1, min_steps: 0}]",
    "data": "{held_out_examples: 8}",
    "training": "{batch_size: 2, precision: float32}",
    "analysis": "{contrasts: [[bitfit, full], [head, full]], n_bootstrap: 200}",
}
CARD = """\
---
configs:
- config_name: cola
  data_files: [{split: train, path: cola/train-*}]
- config_name: mrpc
  data_files:
  - {split: train, path: mrpc/train-*}
  - {split: validation, path: mrpc/validation-*}
dataset_info:
- config_name: mrpc
  features:
  - {name: sentence1, dtype: string}
  - {name: sentence2, dtype: string}
  - {name: label, dtype: {class_label: {names: {'0': not_equivalent, '1': equivalent}}}}
  - {name: idx, dtype: int32}
---
"""


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A data set repository as the hub holds MRPC, among other configurations."""
    import pandas as pd

    folder = tmp_path / "glue"
    (folder / "mrpc").mkdir(parents=True)
    words = itertools.permutations(COMMON.split()[:8], 3)
    texts = [" ".join(some) for some in itertools.islice(words, 60)]
    rows = [
        {"sentence1": text, "sentence2": text if n % 2 else texts[n - 1], "label": n % 2, "idx": n}
        for n, text in enumerate(texts)
    ]
    for split, own in (("train", rows[:40]), ("validation", rows[40:])):
        pd.DataFrame(own).to_parquet(folder / f"mrpc/{split}-00000-of-00001.parquet")
    (folder / "README.md").write_text(CARD, "utf-8")
    return folder


@pytest.fixture
def pooled(tiny_encoder: Path, tmp_path: Path) -> Path:
    """The tiny encoder with a pooler."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "pooled"
    shutil.copytree(tiny_encoder, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["pooler.dense.weight"] = torch.eye(WIDTH)
    tensors["pooler.dense.bias"] = torch.zeros(WIDTH)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def pinned_hub(pooled: Path, pairs: Path, checkout: Path) -> Iterator[Hub]:  # noqa: F811
    """Serves what the study pins."""
    served = serve_pins(checkout, STUDY, pooled, pairs)
    yield served
    served.close()


def test_the_study_runs_from_the_hub_to_the_paper(
    pinned_hub: Hub,
    checkout: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    records = run_study(pinned_hub, checkout, STUDY, OVERRIDES, tmp_path / "home")
    results = checkout / "results" / STUDY
    labels = (results / "tables" / "labels.csv").read_text("utf-8").splitlines()
    assert {line.split(",")[0] for line in labels[1:]} == {*CLASSES}
    assert len(records) == 9
    assert {record["status"] for record in records} == {"finished"}
    assert {record["scores"]["test"]["total"] for record in records} == {20}
    trained = {r["run"]["method"]: r["parameters"]["backbone"] for r in records}
    assert trained["head"] == 0  # the pooler is a part of the encoder, and frozen here
    assert trained["bitfit"] == 3 * 288 + WIDTH + WIDTH  # layers, the embeddings' LayerNorm, pooler
    assert trained["full"] == records[0]["parameters"]["total"] - (2 * WIDTH + 2)
