"""A real Slurm for a test, where root and Debian's packages are there."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).parent
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin", "/sbin"))
NEEDED = ("munged", "slurmctld", "slurmd", "srun", "unshare", "nsenter")
FIRST = ("--fork", "--kill-child", "--mount-proc")
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts")
WAIT_SECONDS = 600  # for anything: then something hangs


class Slurm:
    """A Slurm of one node in namespaces of its own; `first` is the first process in them."""

    def __init__(self, first: psutil.Process, folder: Path) -> None:
        self.first, self.folder = first, folder

    def start(
        self, *command: str, cwd: Path, output: Path, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command as a user of the cluster would; its output goes to a file."""
        enter = ["nsenter", f"--target={self.first.pid}", *NAMESPACES, "env", f"--chdir={cwd}"]
        with output.open("wb") as stream:
            return subprocess.Popen(
                [*enter, *command],
                env={**os.environ, "PATH": PATH, **(environment or {})},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def ask(self, *command: str) -> str:
        """What a command says."""
        output = self.folder / "asked"
        assert self.start(*command, cwd=Path("/"), output=output).wait(60) == 0, self.logs()
        return output.read_text("utf-8")

    def crash_node(self) -> None:
        """End the node's daemon and all its jobs at once, as a power failure does."""
        daemons = [p for p in self._processes() if p.name() in ("slurmd", "slurmstepd")]
        jobs = [child for daemon in daemons for child in daemon.children(recursive=True)]
        for process in (*daemons, *jobs):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def boot_node(self) -> None:
        """Start the node's daemon again."""
        self.ask("slurmd")

    def held_back(self) -> list[str]:
        """Numbers of the jobs that were requeued: Slurm holds them back for two minutes."""
        rows = self.ask("squeue", "--noheader", "--format=%i %r", "--states=PENDING").splitlines()
        return [row.split()[0] for row in rows if row.endswith(" BeginTime")]

    def hasten(self) -> None:
        """Let requeued jobs start now."""
        for number in self.held_back():
            self.ask("scontrol", "update", f"JobId={number}", "StartTime=now")

    def training(self, chunk: str) -> list[psutil.Process]:
        """The chunk's training processes, without the shells and Snakemakes around them."""
        return [p for p in self._processes() if _trains(p, f"/{chunk}.done")]

    def _processes(self) -> list[psutil.Process]:
        return self.first.children(recursive=True)

    def wait(self, what: str, happened: Callable[[], object]) -> None:
        """Wait until something has happened; fail with the daemons' logs."""
        end = time.monotonic() + WAIT_SECONDS
        while not happened():
            assert time.monotonic() < end, f"{what}: not within {WAIT_SECONDS} s\n{self.logs()}"
            time.sleep(0.05)

    def logs(self) -> str:
        """The ends of all logs."""
        texts = {p: p.read_text("utf-8", "replace") for p in sorted(self.folder.glob("*.log"))}
        return "\n".join(f"== {path.name}\n{text[-4000:]}" for path, text in texts.items())


def _trains(process: psutil.Process, done: str) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        command = process.cmdline()  # empty between its start and its program, and at its end
        return "train" in command and "python" in command[0] and command[-1].endswith(done)
    return False


@pytest.fixture
def slurm(request: pytest.FixtureRequest) -> Iterator[Slurm]:
    """A running Slurm; the kernel ends all of it with the namespaces' first process."""
    _skip_without_slurm()
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # short: it holds a socket
    with (folder / "start.log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", *NAMESPACES, *FIRST, sys.executable, str(HERE / "loopback.py"), folder],
            env={**os.environ, "PATH": PATH},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    try:
        first = _first_process(process)
        slurm = Slurm(first, folder)
        started = folder / "start.log"
        slurm.wait("the start of Slurm", lambda: process.poll() or "ready" in started.read_text())
        assert process.poll() is None, slurm.logs()
        yield slurm
    finally:
        process.kill()
        process.wait()
        if kept := request.config.getoption("--slurm-logs"):
            kept.mkdir(parents=True, exist_ok=True)
            for log in folder.glob("*.log"):
                shutil.copy(log, kept)
        shutil.rmtree(folder, ignore_errors=True)


def _first_process(unshare: subprocess.Popen[bytes]) -> psutil.Process:
    while unshare.poll() is None:
        if children := psutil.Process(unshare.pid).children():
            return children[0]
        time.sleep(0.01)
    raise AssertionError("unshare ended at once")


def _skip_without_slurm() -> None:
    """Say why there can be no Slurm here."""
    missing = [name for name in NEEDED if shutil.which(name, path=PATH) is None]
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("a Slurm of one's own needs root on Linux")
    if missing:
        pytest.skip(f"no {missing[0]}: run {HERE / 'install_slurm.sh'} as root (Debian)")
    mount = ("mount", "-t", "tmpfs", "none", "/etc/slurm")  # gone with its namespace
    command = ["unshare", *NAMESPACES, *FIRST, *mount]
    tried = subprocess.run(command, capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no namespaces of one's own here: {tried.stderr.decode().strip()}")
