"""`tuning-curves methods`: what each method trains, counted on an encoder's shapes."""

import argparse
import json
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, at_least_one
from tuning_curves.util.errors import ResourceError
from tuning_curves.util.log import say

DESCRIPTION = """\
List the methods with the parameters that each trains on an encoder. Needs its
config.json alone: nothing is downloaded and no weights are read.
"""
EPILOG = """\
example:
  $ tuning-curves methods --encoder bert-base-cased/config.json

columns: trainable_backbone, trainable_added and trainable_head are counts; total is
the untouched encoder with a head of --outputs logits; share is (backbone + added) of
the untouched encoder. --pooler counts the pooler in, as a task that reads it has it.
Adapters take any bottleneck, lora any rank, prefix any number of virtual tokens, top any
number of layers: --method adapter-houlsby-8 --method top-4.
docs/methods.md explains each method.
"""
COLUMNS = (
    "method",
    "trainable_backbone",
    "trainable_added",
    "trainable_head",
    "total",
    "share",
)


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "methods",
        run,
        help="list the methods and what each trains",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "--encoder", type=Path, required=True, metavar="CONFIG_OR_DIR", help="config.json or folder"
    )
    parser.add_argument(
        "--method", action="append", metavar="NAME", help="only this one (may be repeated)"
    )
    parser.add_argument(
        "--pooler", action="store_true", help="count the pooler in (task.pooling: pooler)"
    )
    parser.add_argument(
        "--outputs", type=at_least_one, default=2, metavar="N", help="logits (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of rows")


def run(args: argparse.Namespace) -> int:
    """Print one row per method."""
    path = args.encoder / "config.json" if args.encoder.is_dir() else args.encoder
    from tuning_curves.methods.counting import count_methods
    from tuning_curves.methods.registry import list_names

    if not path.is_file():
        raise ResourceError(
            f"{path}: no such file (expected an encoder's config.json or its folder)",
            fix="correct the path",
        )
    rows = count_methods(path, args.method, args.pooler, outputs=args.outputs)
    if args.method is None and (left := set(list_names()) - {row["method"] for row in rows}):
        say(f"left out, since they do not apply to this encoder: {', '.join(sorted(left))}")
    print(json.dumps(rows, indent=1) if args.json else table(rows))
    return 0


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as aligned text, counts with thousands marked."""
    lines = [list(COLUMNS)]
    for row in rows:
        counts = [f"{row[key]:,}" for key in COLUMNS[1:5]]
        lines.append([row["method"], *counts, f"{100 * row['share']:.4f} %"])
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
