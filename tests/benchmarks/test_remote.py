"""Talk with a peer in a process of its own, as the AdapterHub row has it."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.rows.libraries import next_answer


@pytest.fixture
def speaker() -> Iterator[Any]:
    """Starts processes that run some Python; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_lines_that_arrive_together_are_all_read(speaker: Any) -> None:
    code = "import os; os.write(1, b'noise\\n> 1 2\\n> 3 4\\n'); input()"
    process = speaker(code)
    assert next_answer(process, 60.0) == "1 2"
    assert next_answer(process, 5.0) == "3 4"
    assert process.poll() is None


def test_a_peer_that_falls_silent_is_ended(speaker: Any) -> None:
    process = speaker("print('noise', flush=True); input()")
    assert next_answer(process, 0.5) is None
    assert process.poll() is not None


def test_a_peer_that_ends_has_no_answer(speaker: Any) -> None:
    assert next_answer(speaker("print('noise')"), 60.0) is None
