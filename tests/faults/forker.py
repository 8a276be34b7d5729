"""A process that has loaded everything once and forks a child for each command.

Each child is a process of its own that runs `tuning-curves` and dies for itself; only the seconds
of importing are shared. It reads a JSON object a line on stdin and answers with one.
"""

import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from injection import change, inject

PRELOADED = (
    "tuning_curves.analysis.tables",
    "tuning_curves.commands.train",
    "tuning_curves.report.paper",
    "tuning_curves.report.write",
    "tuning_curves.data.fetch_data",
    "tuning_curves.training.worker",
    "transformers",
    "typst",
)


def child(order: dict[str, Any]) -> int:
    """Run one command; returns its exit status."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order["folder"])
    handle = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    if order["largest_file"] is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python itself starts
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"], -1))
    for place, value in order["changes"].items():
        change(place, value)
    for fault in order["faults"]:
        inject(fault)
    from tuning_curves.cli import main

    return main(order["arguments"])


def fork(order: dict[str, Any]) -> int:
    """Start a child; returns its process id."""
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        status = child(order)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    """Answer orders until stdin ends."""
    for module in PRELOADED:
        __import__(module)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = fork(order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
