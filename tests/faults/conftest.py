import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.study.grid import Study
from tuning_curves.study.job import PlannedRun
from tuning_curves.study.records import read_record

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VOLATILE = ("cost", "provenance")
Fault = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status (negative: the signal), and all that it said."""

    status: int
    said: str


class Processes:
    """Starts `tuning-curves` commands, each a process of its own."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.numbers = itertools.count()
        self.outputs: dict[int, Path] = {}
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
        self.forker = subprocess.Popen(
            [sys.executable, str(HERE / "forker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def start(
        self,
        *arguments: str | Path,
        faults: tuple[Fault, ...] = (),
        folder: Path = ROOT,
        changes: dict[str, Any] | None = None,
        largest_file: int | None = None,
    ) -> int:
        """Start a command; returns its process id."""
        output = self.scratch / f"output-{next(self.numbers)}"
        output.touch(mode=0o666)
        order = {
            "arguments": [str(argument) for argument in arguments],
            "faults": faults,
            "folder": str(folder),
            "output": str(output),
            "changes": changes or {},
            "largest_file": largest_file,
        }
        process = self._ask(order)
        self.outputs[process] = output
        return process

    def wait(self, process: int) -> Ended:
        """Wait for a process that `start` has started."""
        status = self._ask({"wait": process})
        return Ended(status, self.outputs[process].read_text("utf-8", "replace"))

    def run(self, *arguments: str | Path, **options: Any) -> Ended:
        """Start a command and wait for its end."""
        return self.wait(self.start(*arguments, **options))

    def _ask(self, order: dict[str, Any]) -> Any:
        assert self.forker.stdin is not None
        assert self.forker.stdout is not None
        print(json.dumps(order), file=self.forker.stdin, flush=True)
        return json.loads(self.forker.stdout.readline())

    def close(self) -> None:
        assert self.forker.stdin is not None
        self.forker.stdin.close()
        self.forker.wait()


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Starts real processes."""
    found = Processes(tmp_path_factory.mktemp("outputs"))
    yield found
    found.close()


def numbers_of(
    study: Study, runs: Iterable[PlannedRun], records: Path
) -> dict[str, dict[str, Any]]:
    """The records of these runs by id, each checked, without clocks and machines."""
    found = {}
    for planned in runs:
        record = read_record(records / planned.record, planned, study.settings).to_json()
        found[planned.id] = {k: v for k, v in record.items() if k not in VOLATILE}
    return found


class Bench:
    """A job of the tiny study, a workspace of its own, and the ways to run the one in the other."""

    def __init__(
        self, study: Study, resources: tuple[Path, Path], processes: Processes, folder: Path
    ) -> None:
        self.study, self.processes, self.folder = study, processes, folder
        self.encoder, self.windows = resources
        self.workspace = folder / "runs" / study.name
        self.job = folder / "job.json"
        self.job.write_text(study.job(study.unique).dump(), "utf-8")

    def arguments(self, *more: str | Path) -> list[str | Path]:
        return [
            "train", "--job", self.job, "--encoder", self.encoder, "--device", "cpu",
            "--windows", self.windows, "--workspace", self.workspace, *more,
        ]  # fmt: skip

    def train(self, *more: str | Path, **options: Any) -> Ended:
        return self.processes.run(*self.arguments(*more), **options)

    def start(self, *more: str | Path, **options: Any) -> int:
        return self.processes.start(*self.arguments(*more), **options)

    def study_file(self) -> Path:
        """The study as a file, for commands that read one."""
        path = self.folder / "tiny.json"
        path.write_text(json.dumps(self.study.config.to_json()), "utf-8")
        return path

    def path(self, number: int) -> Path:
        """Where the record of the study's run of this number lies."""
        return self.path_of(self.study.unique[number])

    def path_of(self, planned: PlannedRun) -> Path:
        return self.workspace / "records" / planned.record

    def checkpoint(self, number: int) -> Path:
        return self.workspace / "checkpoints" / f"{self.study.unique[number].id}.checkpoint"

    def numbers(self) -> dict[str, dict[str, Any]]:
        """All records by id, each checked, without clocks and machines."""
        records = self.workspace / "records"
        runs = [p for p in self.study.unique if (records / p.record).exists()]
        return numbers_of(self.study, runs, records)

    def litter(self) -> list[str]:
        """What no finished run leaves behind: checkpoints, failures, partial files."""
        left = self.workspace.rglob("*")
        kinds = (".checkpoint", ".partial")
        return [str(p) for p in left if p.suffix in kinds or p.parent.name == "failures"]


SMALL = {
    "methods": [
        {"name": "full", "learning_rates": [1e-3]},
        {"name": "bitfit", "learning_rates": [1e-2]},
    ],
    "sizes": [8],
    "budgets": [{"name": "epochs", "epochs": 4, "min_steps": 0}],  # 8 steps
}


@pytest.fixture
def make_bench(
    make_study: Callable[..., Study],
    tiny_windows: tuple[Path, Path],
    processes: Processes,
    tmp_path: Path,
) -> Callable[[dict[str, Any]], Bench]:
    """A function from changes of the study to its bench."""

    def make(changes: dict[str, Any]) -> Bench:
        contrasts = {"analysis": {"contrasts": []}} if "methods" in changes else {}
        return Bench(make_study(SMALL | contrasts | changes), tiny_windows, processes, tmp_path)

    return make


@pytest.fixture
def bench(make_bench: Callable[[dict[str, Any]], Bench]) -> Bench:
    """Two runs of 8 steps, `full` and `bitfit`, to be trained in a fresh workspace."""
    return make_bench({})


@pytest.fixture(scope="session")
def whole(
    tiny_config: dict[str, Any],
    tiny_windows: tuple[Path, Path],
    processes: Processes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bench:
    """An uninterrupted run of `bench`'s job; to be read only."""
    from tuning_curves.study.config import check_study

    study = check_study(tiny_config | SMALL, "tiny")
    whole = Bench(study, tiny_windows, processes, tmp_path_factory.mktemp("undisturbed"))
    ended = whole.train()
    assert ended.status == 0, ended.said
    return whole


@pytest.fixture(scope="session")
def undisturbed(whole: Bench) -> dict[str, dict[str, Any]]:
    """What an uninterrupted run of `bench`'s job records, by run."""
    return whole.numbers()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB; needs root."""
    yield from _mounted(tmp_path / "disk", "size=1m")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A file system that nothing can be written to; needs root, whom modes do not hinder."""
    yield from _mounted(tmp_path / "read-only", "ro")


def _mounted(folder: Path, options: str) -> Iterator[Path]:
    """A tmpfs at a new folder, until the test ends."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


KILLED = -signal.SIGKILL


def wait_for(path: Path, seconds: float = 120.0) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)
