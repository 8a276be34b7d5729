"""`tuning-curves synthesis`: what all archived studies say together."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add

DESCRIPTION = """\
Set the archived studies beside each other: does the winner hang on the number of examples,
on the steps, on the task? From the tables and numbers.json of every study below results/,
but for demos and studies of fewer than three seeds: one table, one figure, and the paper.
Nothing is trained, no record is read, and a study that is archived later simply appears.
Numbers in the pages that stand between marks (report/pages.py) are written anew from them.
"""
EPILOG = """\
example:
  $ tuning-curves synthesis
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "synthesis",
        run,
        help="set the archived studies beside each other",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    for name, default, metavar, text in (
        ("--results", "results", "DIR", "the folder of all studies' results"),
        ("--source", "paper", "DIR", "the paper's text"),
        ("--out", "results/synthesis", "DIR", "folder of the table, the figure and the numbers"),
        ("--pdf", "paper/tuning-curves.pdf", "FILE", "the paper"),
    ):
        parser.add_argument(
            name, type=Path, default=Path(default), metavar=metavar,
            help=f"{text} (default: %(default)s)",
        )  # fmt: skip
    parser.add_argument(
        "--pages", type=Path, nargs="*", default=[Path("README.md")], metavar="FILE",
        help="Markdown pages with marked numbers (default: README.md)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write the synthesis, and the pages' numbers."""
    from tuning_curves.report.pages import write_page
    from tuning_curves.report.synthesis.write import write_synthesis

    write_synthesis(args.results, args.source, args.out, args.pdf)
    for page in args.pages:
        write_page(page, args.results)
    return 0
