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
from tuning_curves.tasks.windows import Windows, bounds_of, make_windows, open_windows

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


def alone(cache: ActivationCache, asked: np.ndarray = ASKED) -> Tensor:
    with torch.inference_mode():
        return torch.cat([cache._pass([int(window)])[0].half() for window in asked])


def counted(
    cache: ActivationCache, monkeypatch: pytest.MonkeyPatch, off: dict[int, float]
) -> list[int]:
    """How many windows each pass had; in company, those of some lengths come out by so much off."""
    sizes: list[int] = []
    original = cache._pass

    def passing(chosen: Sequence[int]) -> tuple[Tensor, list[int]]:
        sizes.append(len(chosen))
        states, lengths = original(chosen)
        wrong = [torch.full((n, 1), off.get(n, 0.0) * (len(chosen) > 1)) for n in lengths]
        return states + torch.cat(wrong), lengths

    monkeypatch.setattr(cache, "_pass", passing)
    return sizes


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_windows_pass_together_as_far_as_that_changes_no_bit(
    cache: ActivationCache, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    """`wrong` lengths come out otherwise in company, on top of those that do so here anyway."""
    lengths = cache.windows.lengths[ASKED]
    off = dict.fromkeys(sorted({*lengths.tolist()})[:wrong], 1e-6)
    expected = alone(cache)
    monkeypatch.setattr(cache, "short", range(int(lengths.max()) + 1))
    sizes = counted(cache, monkeypatch, off)
    cache.warm(ASKED[:8])
    cache.warm(ASKED[8:])
    assert torch.equal(cache.batch(ASKED).hidden[0].half(), expected)
    assert not any(cache.alike[length] for length in off)
    assert max(sizes) > 1
    known = len(sizes)
    cache.kept.clear()
    cache.warm(
        ASKED
    )  # each length was looked at: those that differ pass alone, the others together
    differ = sum(not cache.alike[int(length)] for length in lengths)
    assert sorted(sizes[known:]) == sorted([1] * differ + [len(ASKED) - differ] * (differ < 12))


def test_a_long_window_passes_alone(
    cache: ActivationCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "short", range(5))
    sizes = counted(cache, monkeypatch, {})
    cache.warm(ASKED)
    assert sizes == [1] * len(ASKED)


@pytest.mark.parametrize("tiles", [True, False])
def test_in_tiles_every_window_passes_alone(
    cache: ActivationCache, monkeypatch: pytest.MonkeyPatch, tiles: bool
) -> None:
    monkeypatch.setattr(batches, "has_tiles", lambda: tiles)
    assert (
        ActivationCache(cache.model, cache.windows, 2, "float32", Room(1 << 30)).short
        == batches.SHORT
    )
    made = ActivationCache(cache.model, cache.windows, 2, "bfloat16", Room(1 << 30))
    assert bool(made.short) is not tiles


@pytest.mark.slow
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_windows_of_every_length_keep_their_bits_with_a_real_encoder(
    real_encoder: Path, precision: str, order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several windows of a length, whichever of them is looked at first."""
    model = load_encoder(real_encoder, outputs=2, hidden_dropout=0.1, attention_dropout=0.0)
    generator = np.random.default_rng(order)
    lengths = np.repeat(np.arange(1, 67), 3)
    tokens = generator.integers(1_000, 30_000, lengths.sum()).astype(np.uint16)
    windows = Windows(
        {
            "tokens": tokens,
            "token_bounds": bounds_of(lengths),
            "types": np.zeros_like(tokens),
            "labels": np.zeros(len(lengths), np.int32),
            "window_bounds": np.arange(len(lengths) + 1),
            "group_sizes": np.ones(len(lengths), np.int64),
        }
    )
    cache = ActivationCache(model.eval(), windows, 2, precision, Room(1 << 30))
    monkeypatch.setattr(batches, "shuffled", lambda some: list(generator.permutation(some)))
    asked = np.arange(len(lengths))
    cache.warm(asked)
    assert torch.equal(cache.batch(asked).hidden[0].half(), alone(cache, asked))
