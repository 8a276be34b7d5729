"""Slots are lock files: real processes take them here, on GPUs that are only names."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stderr
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

import pytest
import torch

from tuning_curves.training import devices
from tuning_curves.training.devices import (
    SCHEDULERS,
    GpuSlots,
    chosen_already,
    chosen_device,
    free_slot,
)
from tuning_curves.util.locks import is_locked

FORK = multiprocessing.get_context("fork")


class Holder:
    """A process of its own that takes a slot, says which GPU it has, and keeps it.

    It is forked, since it needs nothing but what is loaded here already.
    """

    def __init__(self, folder: Path) -> None:
        reading, writing = os.pipe()
        self.said = os.fdopen(reading)
        with os.fdopen(writing, "w") as saying:
            self.process = FORK.Process(target=hold, args=(folder, saying))
            self.process.start()

    def end(self) -> None:
        self.process.kill()
        self.process.join()


def hold(folder: Path, saying: TextIO) -> None:
    """Take a slot and keep it; what is said on stderr is told too."""
    slots = GpuSlots(folder=folder, workers=2)
    with redirect_stderr(saying), free_slot(["GPU-a", "GPU-b"], slots) as gpu:
        print(gpu, file=saying, flush=True)
        signal.pause()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Holder]]:
    """A function that starts a process; all are ended with the test."""
    started: list[Holder] = []

    def start() -> Holder:
        started.append(Holder(tmp_path))
        return started[-1]

    yield start
    for holder in started:
        holder.end()
        holder.said.close()


def test_processes_spread_over_the_gpus_and_one_too_many_waits_for_a_killed_one(
    start: Callable[[], Holder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "WAIT_SECONDS", 0.05)
    holders, had = [], []
    for _ in range(4):
        holders.append(start())
        had.append(holders[-1].said.readline())
    assert had == ["0\n", "1\n", "0\n", "1\n"]
    late = start()
    said = late.said.readline()
    assert said == "waiting for a free place on a GPU (2 GPUs, 2 workers each)\n"
    holders[1].end()
    assert late.said.readline() == "1\n"


def test_a_slot_is_free_again_after_its_holder(tmp_path: Path) -> None:
    slots = GpuSlots(folder=tmp_path / "not" / "there")
    for _ in range(2):
        with free_slot(["GPU-a"], slots) as gpu:
            assert gpu == 0


def test_another_order_of_the_same_gpus_finds_the_same_locks(tmp_path: Path) -> None:
    slots = GpuSlots(folder=tmp_path)
    with ExitStack() as held:
        assert held.enter_context(free_slot(["GPU-a", "GPU-b"], slots)) == 0
        assert held.enter_context(free_slot(["GPU-b", "GPU-a"], slots)) == 0
        assert held.enter_context(free_slot(["GPU-a", "GPU-b", "GPU-c"], slots)) == 2


@pytest.mark.parametrize(
    ("environment", "count", "chosen"),
    [
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "3"}, 1, True),
        ({"PBS_JOBID": "7", "CUDA_VISIBLE_DEVICES": "GPU-a"}, 1, True),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "2,3"}, 2, False),
        ({"SLURM_JOB_ID": "7"}, 1, False),  # a scheduler that knows nothing of GPUs
        ({"CUDA_VISIBLE_DEVICES": "3"}, 1, False),  # a person, who may start as many as cores
        ({}, 1, False),
    ],
)
def test_a_scheduler_s_job_with_a_single_gpu_has_its_own(
    environment: dict[str, str], count: int, chosen: bool
) -> None:
    assert chosen_already(environment, count) is chosen


def test_a_process_trains_on_the_gpu_whose_slot_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current: list[int] = []
    for name in ("CUDA_VISIBLE_DEVICES", *SCHEDULERS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda gpu: SimpleNamespace(uuid=f"uuid-{gpu}")
    )
    slots = GpuSlots(folder=tmp_path)
    with chosen_device("auto", slots) as first, chosen_device("cuda", slots) as second:
        assert (str(first), str(second), current) == ("cuda:0", "cuda:1", [0, 1])
        assert is_locked(tmp_path / "uuid-0-0.lock")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with free_slot(["uuid-0"], slots), chosen_device("auto", slots) as given:
        assert str(given) == "cuda"  # a scheduler's choice is not waited for


def test_a_cpu_takes_no_slot(tmp_path: Path) -> None:
    with chosen_device("cpu", GpuSlots(folder=tmp_path)) as device:
        assert device.type == "cpu"
    assert not list(tmp_path.iterdir())
