"""`tuning-curves archive`: move a study's finished records from the workspace into the archive."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add

DESCRIPTION = """\
Move a study's records from runs/<study>/records to results/<study>/records, where they
can be committed, and beside them what limits the study's scores (limits.json). Each is
checked against the study first; archived ones are never overwritten.
"""
EPILOG = """\
example:
  $ tuning-curves archive config/demo.yaml
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "archive",
        run,
        help="move finished records to results/",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="config/<study>.yaml")


def run(args: argparse.Namespace) -> int:
    """Archive."""
    from tuning_curves.analysis.labels import archive_limits
    from tuning_curves.study.config import read_study
    from tuning_curves.study.paths import StudyPaths
    from tuning_curves.study.records import RecordStore, archive_records

    study = read_study(args.study)
    store = RecordStore(study)
    archive_limits(StudyPaths(study))
    moved = archive_records(store)
    print(f"{moved} records moved to {store.archive}", file=sys.stderr)
    return 0
