"""`tuning-curves paper`: compile a study's paper from its results."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_study

DESCRIPTION = """\
Compile the paper with Typst. Its text lies in paper/; every number, table and figure in
it comes from the study's results.
"""
EPILOG = """\
example:
  $ tuning-curves paper --study config/sentiment.yaml --results results/sentiment \\
      --out paper.pdf
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers, "paper", run, help="compile the paper", description=DESCRIPTION, epilog=EPILOG
    )
    add_study(parser)
    parser.add_argument(
        "--source",
        type=Path,
        default=Path("paper"),
        metavar="DIR",
        help="the paper's text (default: %(default)s)",
    )
    parser.add_argument(
        "--results", type=Path, required=True, metavar="DIR", help="results/<study>"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the PDF")


def run(args: argparse.Namespace) -> int:
    """Compile."""
    from tuning_curves.report import paper
    from tuning_curves.study.config import read_study

    paper.compile_paper(args.source, args.results, read_study(args.study).config, args.out)
    return 0
