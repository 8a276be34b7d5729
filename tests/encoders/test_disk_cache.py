"""What frozen parts make of windows, kept on disk: whole or not at all, bounded, shared."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tuning_curves.cli import main
from tuning_curves.encoders import disk_cache as module
from tuning_curves.encoders.batches import ActivationCache
from tuning_curves.encoders.disk_cache import GIB, Store
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.training.worker import run_job

LENGTHS = np.array([3, 5, 4])
WIDTH = 8


def open_store(root: Path, limit: int = GIB) -> Store:
    return Store(root, "train-1-abc", LENGTHS, WIDTH, limit)


def states(window: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(window)
    return torch.randn(int(LENGTHS[window]), WIDTH, generator=generator).half()


def test_another_process_finds_what_one_has_kept(tmp_path: Path) -> None:
    first, second = open_store(tmp_path), open_store(tmp_path)
    assert second.get(1) is None
    assert first.put(1, states(1))
    found = second.get(1)
    assert found is not None
    assert torch.equal(found, states(1))
    assert second.get(0) is None
    assert second.get(2) is None


@pytest.mark.parametrize("damage", ["a flipped bit", "a torn write", "a cut file"])
def test_a_damaged_window_is_a_missing_one(tmp_path: Path, damage: str) -> None:
    for window in range(3):
        open_store(tmp_path).put(window, states(window))
    path = tmp_path / "train-1-abc" / "states.f16"
    data = bytearray(path.read_bytes())
    place = 2 * WIDTH * 3 + 7  # in window 1
    if damage == "a flipped bit":
        data[place] ^= 4
    elif damage == "a torn write":
        data[place : place + 40] = bytes(40)
    path.write_bytes(data[:place] if damage == "a cut file" else data)
    found = open_store(tmp_path)
    assert torch.equal(found.get(0), states(0))
    assert found.get(1) is None
    assert found.put(1, states(1))
    assert torch.equal(found.get(1), states(1))


def test_no_more_is_kept_than_the_limit_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEASURE_AFTER", 1)
    small = open_store(tmp_path, limit=1)
    assert [small.put(window, states(window)) for window in range(3)] == [False, False, False]
    assert small.full
    assert small.get(0) is None


def test_a_full_disk_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: Any) -> int:
        raise OSError(28, os.strerror(28))

    kept = open_store(tmp_path)
    monkeypatch.setattr(os, "pwrite", no_space)
    assert not kept.put(0, states(0))
    assert kept.full
    assert kept.get(0) is None


def numbers(places: WorkerPaths, study: Any) -> list[Any]:
    wanted = ("scores", "outcomes", "losses")
    found = [json.loads((places.records / p.record).read_text("utf-8")) for p in study.unique]
    return [{key: record[key] for key in wanted} for record in found]


def test_records_are_the_same_with_a_cold_a_warm_and_no_cache(
    make_study: Any, places: WorkerPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = [
        {"name": "head", "learning_rates": [1e-2]},
        {"name": "top-1", "learning_rates": [1e-3]},
    ]
    study = make_study({"methods": methods, "analysis": {"contrasts": [["top-1", "head"]]}})
    run_job(study.job(study.unique), places, "cpu")
    made: list[int] = []
    original = ActivationCache._make

    def counting(self: Any, missing: list[int]) -> Any:
        made.extend(missing)
        return original(self, missing)

    monkeypatch.setattr(ActivationCache, "_make", counting)
    for name, expected in (("cold", True), ("warm", False)):
        own = dataclasses.replace(places, workspace=tmp_path / name, cache=tmp_path / "activations")
        made.clear()
        run_job(study.job(study.unique), own, "cpu")
        assert bool(made) is expected
        assert numbers(own, study) == numbers(places, study)


def test_the_cache_is_listed_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_store(tmp_path).put(0, states(0))
    (tmp_path / "mine").mkdir()
    assert main(["cache", "--dir", str(tmp_path), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed["stores"]) == ["train-1-abc"]
    assert 0 < listed["bytes"] < 20_000
    assert main(["cache", "--dir", str(tmp_path), "--remove"]) == 0
    assert "removed" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
