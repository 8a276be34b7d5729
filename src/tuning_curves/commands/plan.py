"""`tuning-curves plan`: a study's runs, or some of them, as a job for another machine."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_choice, chosen_runs
from tuning_curves.util.errors import UsageError, plural

DESCRIPTION = """\
Print a job, which `tuning-curves train` runs: the study's runs that have no record
yet, or those of them that the options choose.
"""
EPILOG = """\
example:
  $ tuning-curves plan config/squad-steps.yaml --method bitfit --size 1000 > job.json
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "plan",
        run,
        help="print a study's runs as a job",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="config/<study>.yaml")
    add_choice(parser)
    parser.add_argument("--all", action="store_true", help="also runs that have a record")


def run(args: argparse.Namespace) -> int:
    """Print the job on stdout and its extent on stderr."""
    from tuning_curves.study.config import read_study
    from tuning_curves.study.records import RecordStore
    from tuning_curves.study.resources import longer_than_said

    study = read_study(args.study)
    store = RecordStore(study)
    runs = tuple(p for p in chosen_runs(args, study) if args.all or store.find(p) is None)
    if not runs:
        raise UsageError(
            "no run of the study is chosen, or all of them have records",
            fix="loosen the options, or add --all",
        )
    kept = sum(store.keeps_training(p) for p in runs if store.find(p) is None)
    steps = sum(p.run.steps for p in runs if store.find(p) or not store.keeps_training(p))
    extent = f"{plural(len(runs), 'run')}, {plural(steps, 'training step')}"
    if kept:
        extent += f"; {plural(kept, 'run')} to score, whose training is kept"
    print(extent, file=sys.stderr)
    if (longer := longer_than_said(study)) is not None:
        print(longer, file=sys.stderr)
    print(json.dumps(study.job(runs).to_json()))  # in ASCII, whatever the terminal has
    return 0
