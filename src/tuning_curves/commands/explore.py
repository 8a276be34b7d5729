"""`tuning-curves explore`: one page to look at studies' results, without a network."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add

DESCRIPTION = """\
Build one self-contained HTML page from the tables of studies: curves, differences, training, costs,
verdicts, and what `advise` says of a number of labels and minutes. The page loads nothing and
works from a file. Links to records lead to the results as they lie beside it.
"""
EPILOG = """\
example:
  $ tuning-curves explore config/sentiment.yaml config/pos-ewt.yaml

A study needs its tables (`results/<study>/tables`, from `analyse`); advice is made from its
records, where there are any. docs/explorer.md has more.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "explore",
        run,
        help="one page to look at results",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "studies", type=Path, nargs="+", metavar="STUDY", help="config/<study>.yaml, one or more"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("results/explorer.html"), metavar="FILE",
        help="the page (default: %(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write the page.

    Raises:
        ResourceError: a study without tables, or vl-convert-python is not installed.
        DataError: damaged tables or records.
    """
    from tuning_curves.report.explorer.data import explorer_data
    from tuning_curves.report.explorer.page import write_page

    size = write_page(explorer_data(args.studies, args.out.parent), args.out)
    print(f"{args.out}: {size / 1e6:.1f} MB, open it in a browser")
    return 0
