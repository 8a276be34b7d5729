"""`tuning-curves plan`: a study's cells, or some of them, as a job for another machine."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add
from tuning_curves.errors import UsageError

DESCRIPTION = """\
Print a job, which `tuning-curves train` runs: the study's cells that have no record
yet, or those of them that the options choose.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers, "plan", run, help="print a study's cells as a job", description=DESCRIPTION
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="config/<study>.yaml")
    parser.add_argument("--method", action="append", metavar="NAME", help="may be repeated")
    parser.add_argument("--size", action="append", type=int, metavar="N", help="may be repeated")
    parser.add_argument("--seed", action="append", type=int, metavar="N", help="may be repeated")
    parser.add_argument("--budget", action="append", metavar="NAME", help="may be repeated")
    parser.add_argument("--all", action="store_true", help="also cells that have a record")


def run(args: argparse.Namespace) -> int:
    """Print the job on stdout and its extent on stderr."""
    from tuning_curves.records import Shelf
    from tuning_curves.study import read_study
    from tuning_curves.training.job import job_of

    study = read_study(args.study)
    shelf = Shelf(study)
    wanted = {
        p.id: p
        for p in study.planned
        if _chosen(args.method, p.cell.method)
        and _chosen(args.size, p.cell.n_train)
        and _chosen(args.seed, p.cell.init_seed)
        and _chosen(args.budget, p.budget)
        and (args.all or shelf.find(p) is None)
    }
    if not wanted:
        raise UsageError(
            "no cell of the study is chosen, or all of them have records",
            fix="loosen the options, or add --all",
        )
    cells = tuple(wanted.values())
    steps = sum(p.cell.steps for p in cells)
    print(f"{len(cells)} cells, {steps:,} training steps", file=sys.stderr)
    print(json.dumps(json.loads(job_of(study, cells).dump())))
    return 0


def _chosen(options: list[Any] | None, value: Any) -> bool:
    return options is None or value in options
