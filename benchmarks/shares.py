"""What share of a study's wall time trained and evaluated, after a run from nothing to the paper.

    python -m benchmarks.shares demo

Reads the study's fresh records and Snakemake's newest log below the present folder. A run trains
and evaluates for the seconds that its record names, up to the moment at which that was written.
"""

import argparse
import datetime
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from tuning_curves.util.errors import DataError, TuningCurvesError
from tuning_curves.util.files import read_json

DATE, CORES = re.compile(r"^\s*Date: (\S+ \S+)$", re.M), re.compile(r"^Provided cores: (\d+)", re.M)
Interval = tuple[float, float]  # seconds of the epoch


def main() -> int:
    """Print the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", metavar="STUDY")
    args = parser.parse_args()
    try:
        print(shares(Path(), args.study))
    except TuningCurvesError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


def shares(root: Path, study: str) -> str:
    """The shares of a study's last run, in words.

    Raises:
        DataError: no run of it is there, or only one that found records of an earlier one.
    """
    run, cores = last_run(root)
    records = sorted((root / "runs" / study / "records").glob("*/*.json"))
    runs = [interval_of(path) for path in records]
    if not runs or min(runs)[0] < run[0]:
        raise DataError(
            f"runs/{study}: expected records of Snakemake's last run alone",
            fix=f"remove runs/{study}, and run the study from nothing to its paper",
        )
    wall, work = run[1] - run[0], sum(end - begin for begin, end in runs)
    busy = covered(runs)
    return (
        f"{wall:.0f} s on {cores} cores, {len(runs)} runs: in {1 - busy / wall:.0%} of the wall "
        f"time no run trained or was evaluated; of the cores' time, {1 - work / cores / wall:.0%} "
        "did something else or waited"
    )


def last_run(root: Path) -> tuple[Interval, int]:
    """When Snakemake's last run began and ended, and its cores."""
    logs = sorted((root / ".snakemake" / "log").glob("*.snakemake.log"))
    if not logs:
        raise DataError(f"{root / '.snakemake' / 'log'}: no log", fix="run a study here first")
    text = logs[-1].read_text("utf-8")
    date, cores = DATE.search(text), CORES.search(text)
    if date is None or cores is None:
        raise DataError(f"{logs[-1]}: names no date or no cores", fix="run the study to its end")
    begin = datetime.datetime.fromisoformat(date[1]).timestamp()
    return (begin, logs[-1].stat().st_mtime), int(cores[1])


def interval_of(record: Path) -> Interval:
    """When a run trained and was evaluated."""
    cost, end = read_json(record, what="a record")["cost"], record.stat().st_mtime
    return end - cost["train_seconds"] - cost["evaluate_seconds"], end


def covered(intervals: Iterable[Interval]) -> float:
    """Seconds in at least one of these intervals."""
    seconds, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        seconds += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
