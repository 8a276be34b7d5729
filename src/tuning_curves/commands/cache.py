"""`tuning-curves cache`: what the frozen parts' output takes on disk, and how to be rid of it."""

import argparse
import json
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add

DESCRIPTION = """\
List what is kept of the frozen lower parts (of `head`, `top-1`, ...), or remove it. It is
made again when it is needed; nothing else depends on it.
"""
EPILOG = """\
examples:
  $ tuning-curves cache
  $ tuning-curves cache --remove
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "cache",
        run,
        help="what the frozen parts' output takes on disk; remove it",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("--dir", type=Path, default=Path("runs/activations"), metavar="DIR")
    parser.add_argument("--remove", action="store_true", help="remove all of it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print or remove."""
    from tuning_curves.encoders.disk_cache import remove_stores, sizes_of_stores

    sizes = sizes_of_stores(args.dir)
    if args.remove:
        remove_stores(args.dir)
    total = sum(sizes.values())
    if args.json:
        print(json.dumps({"stores": sizes, "bytes": total, "removed": args.remove}, indent=1))
        return 0
    for name, size in sizes.items():
        print(f"{size / 1e6:>10.1f} MB  {name}")
    print(f"{total / 1e6:>10.1f} MB  {'removed from' if args.remove else 'in'} {args.dir}")
    return 0
