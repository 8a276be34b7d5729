"""`tuning-curves collect`: export a study's runs as tables for people."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_recorded, add_study

DESCRIPTION = """\
Gather the records of a study, archived or fresh, into runs.csv (one row per run and
budget) and biases.csv. Each record is checked against the study: one of other settings is
refused, never averaged in. The tables are for people; `analyse` reads the records.
"""
EPILOG = """\
example:
  $ tuning-curves collect --study config/demo.yaml --out runs/demo/collected
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "collect",
        run,
        help="gather records into one table",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    add_study(parser)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for runs.csv and biases.csv",
    )
    add_recorded(parser)


def run(args: argparse.Namespace) -> int:
    """Collect."""
    from tuning_curves.analysis.runs import export_runs, read_study_records
    from tuning_curves.study.config import read_study
    from tuning_curves.tasks import make_task

    study = read_study(args.study)
    planned, records = read_study_records(study, recorded=args.recorded)
    export_runs(planned, records, make_task(study.config.task), args.out)
    return 0
