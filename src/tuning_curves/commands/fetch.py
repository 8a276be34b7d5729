"""`tuning-curves fetch`: bring an encoder or a data set onto this machine, checked."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, json_object, section

DESCRIPTION = """\
Fetch what a study names, check its hashes and leave it in a folder with a manifest.
The workflow calls this; by hand, give the study's own sections as JSON.
"""
EPILOG = """\
example:
  $ tuning-curves fetch data --out resources/data/mine --spec '{"name": "mine", \\
      "source": "path", "train": "train.json", "test": "test.json", "held_out_examples": 500}' \\
      --task '{"name": "question-answering", "n_best": 20, "max_answer_tokens": 30}'
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "fetch",
        run,
        help="fetch an encoder or data, checked",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("what", choices=("encoder", "data"))
    parser.add_argument(
        "--spec", required=True, metavar="JSON", help="the study's section `encoder` or `data`"
    )
    parser.add_argument("--task", metavar="JSON", help="for data: the study's section `task`")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to fill")


def run(args: argparse.Namespace) -> int:
    """Fetch."""
    spec = section(args.spec, args.what)
    if args.what == "encoder":
        from tuning_curves.encoders.fetch_encoder import fetch_encoder

        fetch_encoder(spec, args.out)
    else:
        from tuning_curves.data.fetch_data import fetch_data
        from tuning_curves.tasks import make_task
        from tuning_curves.util.errors import UsageError

        if args.task is None:
            raise UsageError("fetch data without --task", fix="give the study's section `task`")
        fetch_data(make_task(json_object(args.task, "--task"), "--task"), spec, args.out)
    return 0
