"""A real Slurm of one node on the loopback, for as long as standard input stays open.

Runs as the first process of namespaces of its own (`unshare --mount --net --pid --uts …`, as
conftest.py starts it): what it mounts over /etc/slurm, its ports and its host name are seen by
nobody outside, and when it ends, however it ends, the kernel ends every daemon and job with it.

Two GPUs are pretended, so that requests for them are scheduled; nothing computes on them. No
control groups and no accounting database.

    loopback.py FOLDER      FOLDER holds configuration, state and the daemons' logs
"""

import fcntl
import os
import secrets
import select
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

HOST = "localhost"  # resolves on every machine
CPUS, MEMORY_MB, GPUS = 4, 64_000, 2  # pretended, so that the test is the same everywhere
READY_SECONDS = 30
SLURM_CONF = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=20
KillWait=5
SchedulerParameters=sched_interval=2,bf_interval=2
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
GRES_CONF = "NodeName={host} Name=gpu File={folder}/gpu[0-1]\n"


def main(folder: Path) -> None:
    """Start the daemons, say `ready`, reap what ends, until standard input is closed."""
    enter_namespaces()
    configure(folder)
    start_daemons(folder)
    wait_until_idle()
    print("ready", os.getpid(), flush=True)
    while not _closed(sys.stdin.fileno(), seconds=0.2):
        _reap()


def enter_namespaces() -> None:
    """A host name, a loopback and a /etc/slurm that only this process's descendants see."""
    socket.sethostname(HOST)
    _raise_loopback()
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/etc/slurm"], check=True)


def _raise_loopback() -> None:
    """What `ip` does, on machines without it: `link set lo up`, `address add 127.0.0.2 test lo`.

    Where 127.0.0.1 is the only address, the C library resolves no name for Slurm (AI_ADDRCONFIG).
    """
    set_flags, set_address, up = 0x8914, 0x8916, 0x1
    second = struct.pack("=H2x4s8x", socket.AF_INET, socket.inet_aton("127.0.0.2"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up))
        fcntl.ioctl(any_socket, set_address, struct.pack("16s16s", b"lo:1", second))


def configure(folder: Path) -> None:
    """Write Slurm's files and munge's key."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    values = {"host": HOST, "folder": folder, "cpus": CPUS, "memory": MEMORY_MB, "gpus": GPUS}
    Path("/etc/slurm/slurm.conf").write_text(SLURM_CONF.format(**values), "utf-8")
    Path("/etc/slurm/gres.conf").write_text(GRES_CONF.format(**values), "utf-8")
    for number in range(GPUS):
        (folder / f"gpu{number}").touch()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)


def start_daemons(folder: Path) -> None:
    """Each returns once its daemon runs in the background."""
    places = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
    options = [f"--{option}={folder}/munge.{name}" for option, name in places.items()]
    subprocess.run(["munged", "--force", f"--seed-file={folder}/seed", *options], check=True)
    subprocess.run(["slurmctld"], check=True)
    subprocess.run(["slurmd"], check=True)


def wait_until_idle() -> None:
    """Wait until the node takes jobs."""
    for _ in range(READY_SECONDS * 5):
        asked = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, check=False
        )
        if asked.stdout.strip() == "idle":
            return
        time.sleep(0.2)
    raise SystemExit(f"the node is not idle after {READY_SECONDS} s: {asked.stdout}{asked.stderr}")


def _closed(stream: int, *, seconds: float) -> bool:
    """Whether the stream came to its end within so many seconds."""
    readable, _, _ = select.select([stream], [], [], seconds)
    return bool(readable) and not os.read(stream, 1)


def _reap() -> None:
    """The first process inherits orphans; Slurm takes a zombie for a running process."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
