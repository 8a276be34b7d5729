"""What befalls single runs: no numbers, no memory, company, clocks that jump."""

import json
from pathlib import Path
from typing import Any

from tuning_curves.study.records import RecordStore, read_record
from tuning_curves.study.survey import survey

from .conftest import Bench, wait_for

RUN = "tuning_curves.training.loop:Trainer.train"
STEP = "tuning_curves.training.loop:Trainer.step"
MISSING = 4


def test_a_loss_that_is_no_number_is_a_result_and_the_grid_goes_on(make_bench: Any) -> None:
    # In float32 this epsilon is 0, and Adam divides 0 by 0 for words without a gradient.
    rates = {"full": 1e-3, "head": 1e-2}
    methods = [{"name": name, "learning_rates": [rate]} for name, rate in rates.items()]
    bench = make_bench({"methods": methods, "training": {"adam_epsilon": 1e-300}})
    ended = bench.train()
    assert ended.status == 0, ended.said
    assert "1 trained, 1 diverged, 0 had records" in ended.said
    records = {r["run"]["method"]: r for r in bench.numbers().values()}
    assert records["head"]["status"] == "finished"
    assert records["full"]["status"] == "diverged"
    assert records["full"]["failure"].startswith("the loss became nan at or before step")
    assert records["full"]["scores"] is None
    runs = survey(bench.study, bench.folder)["runs"]
    assert (runs["done"], runs["diverged"], runs["failed"]) == (2, 1, 0)


def test_a_run_without_enough_memory_is_a_failure_and_the_rest_goes_on(
    bench: Bench, undisturbed: dict[str, Any]
) -> None:
    starved = {"at": STEP, "call": 3, "do": "lack_memory"}  # in the third step of the first run
    ended = bench.train("--done", bench.folder / "done", faults=(starved,))
    assert ended.status == MISSING, ended.said
    planned = bench.study.unique[0]
    assert f"error: run {planned.run.path} ran out of memory" in ended.said
    assert "can't allocate memory: you tried to allocate 1073741824 bytes" in ended.said
    assert "fix: give it more memory" in ended.said
    assert not (bench.folder / "done").exists()
    assert list(bench.numbers()) == [bench.study.unique[1].id]

    found = survey(bench.study, bench.folder)
    assert (found["runs"]["done"], found["runs"]["failed"], found["runs"]["missing"]) == (
        1,
        1,
        0,
    )
    (failure,) = found["failures"]
    assert (failure["run"], failure["reason"]) == (planned.run.path, "out of memory")
    assert "1073741824 bytes" in failure["needed"]
    assert 0 < failure["held_bytes"] < failure["limit_bytes"]
    study = bench.study_file()
    status = bench.processes.run("status", study, folder=bench.folder)
    assert f"failed: {planned.run.path}: out of memory: " in status.said
    collecting = bench.processes.run(
        "collect", "--study", study, "--out", bench.folder / "c", folder=bench.folder
    )
    assert collecting.status == MISSING
    assert "1 of 2 runs of tiny have no record" in collecting.said

    ended = bench.train()  # it is tried again
    assert "1 trained, 0 diverged, 1 had records" in ended.said
    assert bench.numbers() == undisturbed
    assert bench.litter() == []
    assert survey(bench.study, bench.folder)["failures"] == []


def test_an_encoder_that_memory_has_no_room_for_is_one_clear_error(bench: Bench) -> None:
    starved = {"at": "tuning_curves.training.run:load_encoder", "do": "lack_memory"}
    ended = bench.train(faults=(starved,))
    assert ended.status == MISSING, ended.said
    assert "error: the encoder does not fit into memory" in ended.said
    assert "fix: run again with more memory" in ended.said


def test_two_processes_at_one_job_share_its_runs(bench: Bench, undisturbed: dict[str, Any]) -> None:
    at_work, seen = bench.folder / "at-work", bench.folder / "seen"
    held = {"at": RUN, "do": "wait", "reached": str(at_work), "until": str(seen)}
    first = bench.start(faults=(held,))
    wait_for(at_work)
    free = {"at": "tuning_curves.training.worker:Worker._record", "after": True, "do": "touch"}
    second = bench.start(faults=(free | {"file": str(seen)},))  # does the run that is free
    ended = [bench.processes.wait(process) for process in (first, second)]
    assert [e.status for e in ended] == [0, 0], ended
    assert all("1 trained, 0 diverged, 1 had records" in e.said for e in ended), ended
    assert bench.numbers() == undisturbed
    assert bench.litter() == []


def test_a_clock_that_jumps_changes_no_number(bench: Bench, undisturbed: dict[str, Any]) -> None:
    jumping = {
        "at": "tuning_curves.training.run:RunContext._choose_examples",
        "do": "jump_clock",
    }
    assert bench.train(faults=(jumping,)).status == 0
    assert bench.numbers() == undisturbed
    for planned in bench.study.unique:
        record = read_record(bench.path_of(planned), planned, bench.study.settings).to_json()
        assert 0 < record["cost"]["train_seconds"] < 600  # by the clock that never jumps


def test_a_failure_is_no_record(bench: Bench, tmp_path: Path) -> None:
    from tuning_curves.study.records import write_failure

    planned = bench.study.unique[0]
    write_failure(bench.workspace, planned, "out of memory", {"needed": "more"})
    assert RecordStore(bench.study, bench.folder).find(planned) is None
    assert not list((bench.workspace / "records").rglob("*.json"))
    assert json.loads(next((bench.workspace / "failures").iterdir()).read_bytes())["id"]
