"""A scheduler's SIGTERM and a user's Ctrl-C: a checkpoint at once, and "try later" (75)."""

import os
import signal
import time
from typing import Any

import pytest

from tuning_curves.util.locks import try_lock

from .conftest import Bench, Fault, wait_for

STEP = "tuning_curves.training.loop:Trainer.step"
TAKE = "tuning_curves.training.evaluate:Evaluator.evaluate"
LATER = 75


@pytest.mark.parametrize(
    ("at", "call", "deed", "steps_left"),
    [
        pytest.param(STEP, 5, "terminate", 11, id="SIGTERM in a step"),
        pytest.param(STEP, 5, "interrupt", 11, id="Ctrl-C in a step"),
        pytest.param(TAKE, 2, "terminate", 8, id="SIGTERM in the evaluation"),
    ],
)
def test_a_signal_leaves_a_checkpoint_at_once_and_says_try_later(
    bench: Bench, undisturbed: dict[str, Any], at: str, call: int, deed: str, steps_left: int
) -> None:
    ended = bench.train(faults=({"at": at, "call": call, "do": deed},))
    assert ended.status == LATER, ended.said
    assert "fix: run the same again" in ended.said
    assert "Traceback" not in ended.said
    assert bench.checkpoint(0).exists()
    one_too_many = {"at": STEP, "call": steps_left + 1, "do": "kill"}
    assert bench.train(faults=(one_too_many,)).status == 0
    assert bench.numbers() == undisturbed
    assert bench.litter() == []


def test_a_signal_while_another_process_has_the_run_ends_the_wait(
    bench: Bench, undisturbed: dict[str, Any]
) -> None:
    first, second = bench.study.unique
    lock = bench.workspace / "locks" / f"{first.id}.lock"
    with try_lock(lock) as had:
        assert had
        process = bench.start()
        wait_for(bench.path(1))  # the free run is done, so that it waits for the other one
        time.sleep(0.2)
        os.kill(process, signal.SIGTERM)
        ended = bench.processes.wait(process)
    assert ended.status == LATER, ended.said
    assert list(bench.numbers()) == [second.id]
    assert bench.train().status == 0
    assert bench.numbers() == undisturbed


def test_a_signal_while_the_record_is_written_waits_for_the_record(bench: Bench) -> None:
    fault: Fault = {"at": "os:fsync", "do": "terminate"}
    assert bench.train(faults=(fault,)).status == LATER
    assert len(bench.numbers()) == 1
    assert bench.litter() == []
