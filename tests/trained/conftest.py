"""What tests of trained models share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trained.made import make_delta


@pytest.fixture(scope="session")
def made_delta(tiny_encoder: Path, made_once: Any) -> Callable[[str, str], Path]:
    """A function from a task of `made.TASKS` and a method to a delta on the tiny encoder."""

    def make(task: str, method: str) -> Path:
        def fill(folder: Path) -> None:
            make_delta(folder / "delta.safetensors", task, method, tiny_encoder)

        return made_once(f"made-{task}-{method}", fill) / "delta.safetensors"

    return make
