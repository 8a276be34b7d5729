"""What is kept of a frozen lower part: each window's own, whoever it passed with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tuning_curves.encoders import batches
from tuning_curves.encoders.batches import ActivationCache, Room
from tuning_curves.encoders.model import load_encoder
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.question_answering.data import SquadData
from tuning_curves.tasks.windows import Windows, make_windows, open_windows

TASK = QuestionAnswering(n_best=20, max_answer_tokens=30)
ASKED = np.arange(12)


@pytest.fixture
def windows(tiny_encoder: Path, tiny_squad: SquadData, tmp_path: Path) -> Windows:
    data = {"train": tiny_squad, "test": tiny_squad}
    make_windows(TASK, data, tiny_encoder, tmp_path, max_length=80, stride=16)
    return open_windows(tmp_path)["train"]


@pytest.fixture
def cache(tiny_encoder: Path, windows: Windows) -> ActivationCache:
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.1, attention_dropout=0.0)
    return ActivationCache(model.eval(), windows, 2, "float32", Room(1 << 30))


def alone(cache: ActivationCache) -> Tensor:
    with torch.inference_mode():
        return torch.cat([cache._pass([int(window)])[0] for window in ASKED])


def counted(cache: ActivationCache, monkeypatch: pytest.MonkeyPatch, off: float) -> list[int]:
    """How many windows each pass had; those of several come out by so much another number."""
    sizes: list[int] = []
    original = cache._pass

    def passing(chosen: Sequence[int]) -> tuple[Tensor, list[int]]:
        sizes.append(len(chosen))
        states, lengths = original(chosen)
        return states + off * (len(chosen) > 1), lengths

    monkeypatch.setattr(cache, "_pass", passing)
    return sizes


def test_windows_pass_together_where_that_changes_no_bit(
    cache: ActivationCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, sizes = alone(cache), counted(cache, monkeypatch, off=0.0)
    monkeypatch.setattr(batches, "TOGETHER", int(cache.windows.lengths[ASKED].sum()) // 3)
    cache.warm(ASKED)
    found = cache.batch(ASKED).hidden[0].half()
    assert torch.equal(found, expected)
    if cache.alike:  # this processor's own answer
        assert max(sizes) > 1
        assert sum(size for size in sizes if size > 1) >= len(ASKED) - 2


def test_each_window_passes_alone_where_company_changes_a_bit(
    cache: ActivationCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, sizes = alone(cache), counted(cache, monkeypatch, off=2e-3)
    cache.warm(ASKED)
    assert torch.equal(cache.batch(ASKED).hidden[0].half(), expected)
    assert cache.alike is False
    assert [size for size in sizes if size > 1] == [len(ASKED)]  # the one look
