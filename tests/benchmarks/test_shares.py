"""The share of a run's wall time in which no run trained or was evaluated."""

import datetime
import os
from pathlib import Path

import pytest

from benchmarks.shares import covered, shares
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import write_json

BEGIN = 1_800_000_000.0


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of 100 seconds on two cores."""
    log = tmp_path / ".snakemake" / "log" / "2027-01-15T080000.0.snakemake.log"
    log.parent.mkdir(parents=True)
    begin = datetime.datetime.fromtimestamp(BEGIN)  # in local time, as Snakemake writes it
    log.write_text(f"SNAKEMAKE\n  Date: {begin}\nProvided cores: 2\n", "utf-8")
    os.utime(log, (BEGIN + 100, BEGIN + 100))
    return tmp_path


def add_record(root: Path, name: str, end: float, train: float, evaluate: float) -> None:
    path = root / "runs" / "demo" / "records" / "full" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"cost": {"train_seconds": train, "evaluate_seconds": evaluate}})
    os.utime(path, (BEGIN + end, BEGIN + end))


def test_time_that_two_runs_share_counts_once_on_the_wall_and_twice_on_the_cores(
    run: Path,
) -> None:
    add_record(run, "a", 60, 40, 10)  # from 10 to 60
    add_record(run, "b", 80, 50, 0)  # from 30 to 80
    assert shares(run, "demo") == (
        "100 s on 2 cores, 2 runs: in 30% of the wall time no run trained or was evaluated; "
        "of the cores' time, 50% did something else or waited"
    )


def test_records_of_an_earlier_run_are_refused(run: Path) -> None:
    add_record(run, "a", -5, 40, 10)
    with pytest.raises(DataError, match="expected records of Snakemake's last run alone"):
        shares(run, "demo")


def test_intervals_are_united() -> None:
    assert covered([(5, 6), (0, 2), (1, 3), (1.5, 2)]) == 4
