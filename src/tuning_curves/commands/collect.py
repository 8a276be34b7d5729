"""`tuning-curves collect`: gather a study's records into one table of runs."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_study, chosen_study
from tuning_curves.util.errors import DataError, ResourceError

DESCRIPTION = """\
Gather the records of a study, archived or fresh, into runs.csv and outcomes.npz. Each
record is checked against the study: one of other settings is refused, never averaged in.
"""
EPILOG = """\
example:
  $ tuning-curves collect --study config/minilm-slice.yaml --out runs/minilm-slice/collected
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
        help="folder for runs.csv, biases.csv and outcomes.npz",
    )
    parser.add_argument(
        "--recorded",
        type=int,
        metavar="N",
        help="leave gaps: take the records at hand, which must be N",
    )


def run(args: argparse.Namespace) -> int:
    """Collect."""
    from tuning_curves.analysis.runs import collect
    from tuning_curves.study.records import RecordStore, no_records

    study = chosen_study(args)
    paths = RecordStore(study).found()
    missing = len(study.unique) - len(paths)
    if missing and args.recorded is None:
        raise ResourceError(
            f"{missing} of {len(study.unique)} runs of {study.name} have no record",
            fix="train them: `snakemake --cores all --configfile config/<study>.yaml`; or collect "
            "those at hand with --recorded",
        )
    if args.recorded not in (None, len(paths)):
        raise DataError(
            f"{len(paths)} runs of {study.name} have a record, expected {args.recorded}",
            fix="run again: records came or went meanwhile",
        )
    if not paths:
        raise no_records(study)
    expected = [planned.row() for planned in study.planned if planned.id in paths]
    collect(expected, study.settings, paths, args.out)
    return 0
