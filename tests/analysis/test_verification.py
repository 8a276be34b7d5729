"""A study run again: digit for digit on the same kind of processor, within bounds elsewhere."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.analysis.verification import BOUNDS, compare, kind_of, numbers_of
from tuning_curves.cli import main
from tuning_curves.study.config import read_study
from tuning_curves.study.records import Record, validate_record
from tuning_curves.tasks import make_task
from tuning_curves.util.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "config" / "pos-ewt-rates.yaml"
ARCHIVE = ROOT / "results" / "pos-ewt-rates" / "records"


@pytest.fixture(scope="module")
def records() -> dict[str, Record]:
    """Two archived records, by id."""
    paths = [min((ARCHIVE / name).iterdir()) for name in ("bitfit", "full")]
    read = [validate_record(path, json.loads(path.read_text("utf-8"))) for path in paths]
    return {record.id: record for record in read}


def numbers(records: dict[str, Record]) -> dict[str, dict[str, Any]]:
    study = read_study(STUDY)
    planned = [p for p in study.unique if p.id in records]
    return numbers_of(planned, records, make_task(study.config.task).metric)


@pytest.fixture(scope="module")
def stored(records: dict[str, Record]) -> dict[str, Any]:
    """The stored numbers as their file has them."""
    content = {"kind": kind_of(records, "AVX512"), "runs": numbers(records)}
    return json.loads(json.dumps(content))


def changed(stored: dict[str, Any], name: str, by: float) -> dict[str, Any]:
    """The stored numbers with the first of this name moved in each run, in the bound's unit."""
    other = copy.deepcopy(stored["runs"])
    for run in other.values():
        if run[name]:
            run[name][0] += by * abs(run[name][0]) if BOUNDS[name].relative else by
            run["sha256"] = "0" * 64
    return other


def test_the_same_numbers_are_the_same(stored: dict[str, Any], records: dict[str, Record]) -> None:
    found = compare(stored, stored["kind"], numbers(records))
    assert found.same_kind and not found.faults
    assert set(found.largest.values()) == {0.0}


def test_seconds_memory_and_where_it_ran_are_not_compared(
    stored: dict[str, Any], records: dict[str, Record]
) -> None:
    def elsewhere(record: Record) -> Record:
        cost = replace(record.cost, train_seconds=1e6, peak_memory_bytes=1)
        return replace(record, cost=cost, provenance=replace(record.provenance, commit="c0ffee"))

    again = numbers({key: elsewhere(record) for key, record in records.items()})
    assert not compare(stored, stored["kind"], again).faults


@pytest.mark.parametrize("name", BOUNDS)
def test_on_the_same_kind_one_digit_is_a_fault_and_elsewhere_a_bound_is(
    stored: dict[str, Any], name: str
) -> None:
    kind, other = stored["kind"], {**stored["kind"], "instructions": "AVX2"}
    little = changed(stored, name, 0.5 * BOUNDS[name].most)
    much = changed(stored, name, 2.0 * BOUNDS[name].most)
    assert "not digit for digit" in compare(stored, kind, little).faults[0]
    near, far = compare(stored, other, little), compare(stored, other, much)
    assert not near.same_kind and not near.faults
    assert near.largest[name] == pytest.approx(0.5 * BOUNDS[name].most)
    assert far.faults and all("from what is stored, expected" in fault for fault in far.faults)


def test_counts_and_the_number_of_losses_are_exact_everywhere(stored: dict[str, Any]) -> None:
    other = {**stored["kind"], "device": "another"}
    for name in ("parameters", "losses"):
        runs = copy.deepcopy(stored["runs"])
        run = next(iter(runs.values()))
        if name == "parameters":
            run["parameters"]["backbone"] += 1
        else:
            run["losses"].pop()
        assert compare(stored, other, runs).faults


def test_a_loss_that_is_no_number_is_a_fault(stored: dict[str, Any]) -> None:
    runs = changed(stored, "losses", float("nan"))
    assert compare(stored, {**stored["kind"], "threads": 9}, runs).faults


def test_other_runs_than_the_stored_ones_are_refused(stored: dict[str, Any]) -> None:
    runs = copy.deepcopy(stored["runs"])
    path, run = runs.popitem()
    with pytest.raises(DataError, match=path):
        compare(stored, stored["kind"], runs)
    with pytest.raises(DataError, match="the study or the engine's version has changed"):
        compare(stored, stored["kind"], {**runs, path: {**run, "id": "f" * 16}})


def test_records_of_two_machines_have_no_kind(records: dict[str, Record]) -> None:
    (key, record), *others = records.items()
    moved = replace(record, provenance=replace(record.provenance, device="another processor"))
    with pytest.raises(DataError, match="several kinds of machine"):
        kind_of({key: moved, **dict(others)}, "AVX2")


def test_a_library_that_one_method_alone_needs_belongs_to_the_kind(
    records: dict[str, Record],
) -> None:
    (key, record), *others = records.items()
    made = replace(record.provenance, versions={**record.provenance.versions, "peft": "0.18.0"})
    kind = kind_of({key: replace(record, provenance=made), **dict(others)}, "AVX2")
    assert kind["versions"]["peft"] == "0.18.0"


def test_records_that_other_code_has_made_say_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    file = tmp_path / "stored.json"
    assert main(["verify", "--study", str(STUDY), "--stored", str(file), "--renew"]) == 3
    assert "was trained by other code\nfix: run `make verify`" in capsys.readouterr().err
    assert not file.exists()
    assert main(["verify", "--study", str(STUDY), "--stored", str(file)]) == 4
    assert "stored numbers is missing" in capsys.readouterr().err
