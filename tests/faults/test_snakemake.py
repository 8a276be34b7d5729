"""Snakemake itself killed, stopped or started twice: the next `snakemake` goes on by itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.study.config import read_study

from ..workflow.conftest import checkout, snakemake, tiny_study, whole_run  # noqa: F401
from .conftest import numbers_of

pytestmark = pytest.mark.workflow
COMMAND = ("train", "--cores", "2", "--configfile", "config/tiny.yaml")
FUTURE, PAST = 2_200_000_000, 600_000_000  # seconds: 2039 and 1989


def start(folder: Path) -> subprocess.Popen[str]:
    """Start Snakemake as the leader of a process group, which a scheduler signals as a whole."""
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PATH": paths}
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", *COMMAND],
        cwd=folder,
        env=environment,
        stdout=(folder / "snakemake.log").open("a"),
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def records(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in (folder / "runs" / "tiny" / "records").rglob("*.json")}


def signal_after(folder: Path, number: signal.Signals, more: int) -> int:
    """Run until there are so many records more, signal the whole group; returns the exit status."""
    process, before = start(folder), len(records(folder))
    deadline = time.monotonic() + 240
    while len(records(folder)) < before + more and process.poll() is None:
        assert time.monotonic() < deadline, (folder / "snakemake.log").read_text()
        time.sleep(0.02)
    os.killpg(process.pid, number)
    return process.wait(120)


def date(paths: Iterable[Path], when: int) -> None:
    """Set the times of files."""
    for path in paths:
        os.utime(path, (when, when))


def test_after_kill_9_and_sigterm_the_next_snakemake_goes_on_with_nothing_typed(
    checkout: Path,  # noqa: F811
    tiny_study: Path,  # noqa: F811
    snakemake: Any,  # noqa: F811
    whole_run: Path,  # noqa: F811
) -> None:
    assert signal_after(checkout, signal.SIGKILL, 3) == -signal.SIGKILL
    assert list((checkout / ".snakemake" / "locks").glob("*.lock"))  # Snakemake's own, stale now
    kept = records(checkout)
    assert len(kept) >= 3

    assert signal_after(checkout, signal.SIGTERM, 3) != 0  # nobody said --unlock
    assert len(records(checkout)) >= len(kept) + 3

    snakemake(*COMMAND)
    made = records(checkout)
    assert len(made) == 32
    assert kept.items() <= made.items()
    study = read_study(tiny_study)
    whole = numbers_of(study, study.unique, whole_run / "runs" / "tiny" / "records")
    made_of = numbers_of(study, study.unique, checkout / "runs" / "tiny" / "records")
    assert made_of == whole

    runs = checkout / "runs"
    date(runs.glob("windows/*/manifest.json"), FUTURE)  # as a clock leaves them that was wrong
    date([*runs.rglob("*.done"), *made], PAST)
    snakemake(*COMMAND)
    assert records(checkout) == made


def test_a_second_snakemake_at_one_study_is_refused_and_disturbs_nothing(
    checkout: Path,  # noqa: F811
    tiny_study: Path,  # noqa: F811
    snakemake: Any,  # noqa: F811
) -> None:
    locks = checkout / ".snakemake" / "locks"
    first = start(checkout)
    try:
        deadline = time.monotonic() + 120
        while not list(locks.glob("*.lock")):
            assert time.monotonic() < deadline, (checkout / "snakemake.log").read_text()
            time.sleep(0.02)
        before = sorted(locks.glob("*.lock"))
        os.killpg(first.pid, signal.SIGSTOP)  # alive, whatever the machine's speed
        second = snakemake(*COMMAND, check=False)
        assert second.returncode != 0
        assert "locked" in second.stdout + second.stderr
        assert sorted(locks.glob("*.lock")) == before
        os.killpg(first.pid, signal.SIGCONT)
        assert first.poll() is None
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
