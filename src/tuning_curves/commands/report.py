"""`tuning-curves report`: figures, tables for reading, and the numbers of the prose."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_study

DESCRIPTION = """\
Draw a study's figures (SVG and PDF), or write its tables for reading (Markdown, the
main one as CSV too) and numbers.json, from the tables that `analyse` wrote.
"""
EPILOG = """\
example:
  $ tuning-curves report figures --study config/sentiment.yaml \\
      --tables results/sentiment/tables --out figures
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "report",
        run,
        help="draw figures, write tables",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("what", choices=("figures", "tables"))
    add_study(parser)
    parser.add_argument(
        "--tables", type=Path, required=True, metavar="DIR", help="what `analyse` wrote"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")


def run(args: argparse.Namespace) -> int:
    """Draw or write."""
    from tuning_curves.report import write
    from tuning_curves.study.config import read_study

    config = read_study(args.study).config
    if args.what == "figures":
        write.write_figures(args.tables, config, args.out)
    else:
        write.write_report_tables(args.tables, config, args.out / "tables")
        write.write_numbers(args.tables, config, args.out / "numbers.json")
    return 0
