"""What tests of trained models share."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.encoders.small import save_small
from tests.trained.made import make_delta


@pytest.fixture(scope="session")
def made_delta(tiny_encoder: Path, made_once: Any) -> Callable[[str, str], Path]:
    """A function from a task of `made.TASKS` and a method to a delta on the tiny encoder."""

    def make(task: str, method: str) -> Path:
        def fill(folder: Path) -> None:
            make_delta(folder / "delta.safetensors", task, method, tiny_encoder)

        return made_once(f"made-{task}-{method}", fill) / "delta.safetensors"

    return make


@pytest.fixture
def other_encoder(tiny_encoder: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A function from a family to a small encoder of it with the tiny tokenizer."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(tiny_encoder / file, folder)
        size = len(json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"])
        return save_small(name, folder, vocab_size=size, max_position_embeddings=64)

    return make
