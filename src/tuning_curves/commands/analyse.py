"""`tuning-curves analyse`: from records to curves, contrasts, costs and verdicts."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_recorded, add_study

DESCRIPTION = """\
Read the study's records, choose each learning rate on the validation split, then write
the study's tables as CSV: curves, contrasts, crossovers, changes between budgets, costs,
counts, biases, provenance, and a verdict for each claim of the file of claims. Equal input
gives equal bytes.
"""
EPILOG = """\
example:
  $ tuning-curves analyse --study config/demo.yaml --claims config/claims.yaml \\
      --out results/demo/tables
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "analyse",
        run,
        help="write the study's tables",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    add_study(parser)
    parser.add_argument(
        "--claims",
        type=Path,
        metavar="FILE",
        help="other claims than the package's own, which are config/claims.yaml",
    )
    add_recorded(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the tables"
    )


def run(args: argparse.Namespace) -> int:
    """Analyse."""
    from tuning_curves.analysis.claims.published import PUBLISHED, read_claims
    from tuning_curves.analysis.labels import read_limits
    from tuning_curves.analysis.runs import read_study_runs
    from tuning_curves.analysis.tables import write_tables
    from tuning_curves.study.config import read_study
    from tuning_curves.study.paths import StudyPaths

    claims, study = read_claims(args.claims or PUBLISHED), read_study(args.study)
    runs = read_study_runs(study, recorded=args.recorded)
    write_tables(runs, study.config, claims, args.out, read_limits(StudyPaths(study)))
    return 0
