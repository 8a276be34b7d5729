"""`tuning-curves status`: how far a study is."""

import argparse
import json
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add

DESCRIPTION = """\
Count a study's runs: done (archived or in the workspace; those that diverged are
results), running, missing, failed (tried, and no record: with the reason), damaged (a
record that cannot be read: with what to do; the exit status is 3 then); and reckon the
time that the rest takes from those that are done. Of a missing run whose training is kept
(`execution.keep_deltas`) only the evaluation is left.
"""
EPILOG = """\
example:
  $ tuning-curves status config/sentiment.yaml

time left: training steps and evaluations that are missing, at the mean speed of the
records of the same method, on one worker; divide by the number of workers. A method
without a record is reckoned from the others' by the operations of its steps: bitfit
2/3 of full, adapters and all others 0.73, head (from its cache) 0.003.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "status",
        run,
        help="runs done, running, missing, failed, damaged; time left",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="config/<study>.yaml")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the counts; exit as a `DataError` does where a record is damaged."""
    from tuning_curves.study.config import read_study
    from tuning_curves.study.resources import longer_than_said
    from tuning_curves.study.survey import survey
    from tuning_curves.util.errors import DataError, plural

    study = read_study(args.study)
    found = survey(study)
    status = DataError.exit_status if found["damages"] else 0
    if args.json:
        print(json.dumps(found, indent=1))
        return status
    runs = found["runs"]
    shown = ("done", "running", "missing", "failed", *(["damaged"] if found["damages"] else []))
    counts = "  ".join(f"{key} {runs[key]}" for key in shown)
    print(f"{study.name}: {plural(runs['total'], 'run')}  {counts}")
    if runs["diverged"]:
        print(f"  of those done, {runs['diverged']} diverged")
    if runs["to_score"]:
        alone = runs["to_score"] == 1
        print(
            f"  the training of {runs['to_score']} of the missing runs is kept: "
            f"{'it is' if alone else 'they are'} only scored"
        )
    for row in found["methods"]:
        print(f"  {row['method']:<20} {row['done']:>5} of {row['total']}")
    for failure in found["failures"]:
        print(f"failed: {failure['run']}: {failure['reason']}: {failure['needed']}")
    for damage in found["damages"]:
        print(f"damaged: {damage}")
    if (longer := longer_than_said(study)) is not None:
        print(longer)
    print(_time_left(found))
    return status


def _time_left(found: dict[str, Any]) -> str:
    """What is left to train, and which methods are reckoned from the seconds of others."""
    left, runs, reckoned = found["seconds_left"], found["runs"], found["reckoned"]
    if runs["done"] == runs["total"]:
        return "nothing is left to train"
    if left is None:
        first = "run of a method that runs the encoder has finished" if runs["done"] else "record"
        return f"time left: not known before the first {first}"
    lacking = f" ({', '.join(reckoned)} reckoned from the others)" if reckoned else ""
    return f"time left: about {left / 60:.0f} min on one worker{lacking}"
