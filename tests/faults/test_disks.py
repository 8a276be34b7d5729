"""Disks that are full, too small or read-only: one clear error (4), nothing half, nothing lost."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from .conftest import Bench, Processes

KEPT = "then run again: finished runs keep their records"
WRITE_RECORD = "tuning_curves.training.worker:write_record"
MISSING = 4


def test_a_disk_that_fills_up_before_a_record_costs_that_run_alone(
    bench: Bench, undisturbed: dict[str, Any], small_disk: Path
) -> None:
    bench.workspace = small_disk / "workspace"
    fill = {"at": WRITE_RECORD, "call": 2, "do": "fill", "folder": str(small_disk)}
    ended = bench.train(faults=(fill,))
    assert ended.status == MISSING, ended.said
    assert f"error: {bench.path(1)}: No space left on device" in ended.said
    assert KEPT in ended.said
    assert len(bench.numbers()) == 1
    (small_disk / "ballast").unlink()
    ended = bench.train()
    assert "1 trained, 0 diverged, 1 had records" in ended.said
    assert bench.numbers() == undisturbed
    assert bench.litter() == []


def test_a_disk_without_room_for_a_checkpoint_costs_no_training(
    bench: Bench, undisturbed: dict[str, Any]
) -> None:
    each_step = {"tuning_curves.training.loop:CHECKPOINT_SECONDS": 0.0}
    ended = bench.train(changes=each_step, largest_file=20_000)  # a record has some 6,000 bytes
    assert ended.status == 0, ended.said
    assert "warning: no checkpoint of step 1 could be written" in ended.said
    assert bench.numbers() == undisturbed
    assert bench.litter() == []


def test_an_exhausted_quota_is_told_apart_and_named(
    bench: Bench, undisturbed: dict[str, Any]
) -> None:
    ended = bench.train(faults=({"at": "os:fsync", "do": "exceed_quota"},))
    assert ended.status == MISSING, ended.said
    assert f"error: {bench.path(0)}: {os.strerror(errno.EDQUOT)}" in ended.said
    assert "free space, or raise the quota" in ended.said
    assert bench.numbers() == {}
    assert bench.train().status == 0
    assert bench.numbers() == undisturbed
    assert bench.litter() == []


def test_windows_on_a_full_disk_are_not_taken_for_whole(
    tiny_config: dict[str, Any],
    bench: Bench,
    processes: Processes,
    small_disk: Path,
    tmp_path: Path,
) -> None:
    processes.run(
        "fetch", "data", "--spec", json.dumps(tiny_config["data"]),
        "--task", json.dumps(tiny_config["task"]), "--out", tmp_path / "d",
    )  # fmt: skip
    make = (
        "windows", "--data", tmp_path / "d", "--encoder", bench.encoder, "--out",
        small_disk / "windows", "--max-length", "96", "--stride", "24",
        "--task", json.dumps(tiny_config["task"]),
    )  # fmt: skip
    fill = {"at": "os:fsync", "call": 3, "do": "fill", "folder": str(small_disk)}
    ended = processes.run(*make, faults=(fill,))
    assert ended.status == MISSING, ended.said
    assert f"error: {small_disk}/windows/" in ended.said
    assert KEPT in ended.said
    assert not (small_disk / "windows" / "manifest.json").exists()
    (small_disk / "ballast").unlink()
    assert processes.run(*make).status == 0


def test_a_read_only_workspace_is_named_before_any_training(bench: Bench, read_only: Path) -> None:
    bench.workspace = read_only / "workspace"
    step = {"at": "tuning_curves.training.loop:Trainer.step", "do": "kill"}
    ended = bench.train(faults=(step,))
    assert ended.status == MISSING, ended.said
    assert f"error: {read_only}/workspace" in ended.said
    assert "Read-only file system" in ended.said
    assert "make that folder writable for this user, or name another" in ended.said


@pytest.mark.parametrize("disk", ["small_disk", "read_only"])
def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(
    make_bench: Any, request: pytest.FixtureRequest, disk: str
) -> None:
    bench = make_bench({"methods": [{"name": "head", "learning_rates": [1e-2]}]})
    folder = request.getfixturevalue(disk)
    if disk == "small_disk":
        (folder / "ballast").write_bytes(bytes((1 << 20) - (1 << 13)))
    ended = bench.train("--cache", folder / "activations")
    assert ended.status == 0, ended.said
    assert "warning: the frozen part's output stays in memory" in ended.said
    cached = bench.numbers()
    bench.workspace = bench.folder / "without"
    assert bench.train().status == 0
    assert bench.numbers() == cached


def test_a_log_that_nobody_reads_any_more_costs_no_training(
    bench: Bench, undisturbed: dict[str, Any]
) -> None:
    closed = {"at": "tuning_curves.training.loop:Trainer.step", "do": "lose_log"}
    assert bench.train(faults=(closed,)).status == 0
    assert bench.numbers() == undisturbed
