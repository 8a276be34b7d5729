"""`tuning-curves windows`: tokenise a data set once for an encoder."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, json_object

DESCRIPTION = """\
Tokenise fetched data with a fetched encoder's tokenizer, cut it into windows and
write them as flat arrays that any number of processes can map.
"""
EPILOG = """\
example:
  $ tuning-curves windows --data resources/data/... --encoder resources/encoders/... \\
      --out runs/windows/mine --max-length 384 --stride 128 \\
      --task '{"name": "question-answering", "n_best": 20, "max_answer_tokens": 30}'
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "windows",
        run,
        help="tokenise data for an encoder",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="fetched data")
    parser.add_argument(
        "--encoder", type=Path, required=True, metavar="DIR", help="fetched encoder"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the windows"
    )
    parser.add_argument("--task", required=True, metavar="JSON", help="the study's section `task`")
    parser.add_argument("--max-length", type=int, required=True, help="tokens of a window")
    parser.add_argument("--stride", type=int, help="tokens windows overlap by")
    parser.add_argument("--held-out", type=int, default=0, help="examples of the validation split")
    parser.add_argument("--largest-size", type=int, default=1, help="training size to make sure of")


def run(args: argparse.Namespace) -> int:
    """Make the windows."""
    from tuning_curves.data.fetch_data import open_data
    from tuning_curves.data.subsets import split_pools, subset
    from tuning_curves.encoders.fetch_encoder import open_encoder
    from tuning_curves.encoders.verify import check_length
    from tuning_curves.study.config import check_windows
    from tuning_curves.tasks import make_task
    from tuning_curves.tasks.windows import make_windows

    task = make_task(json_object(args.task, "--task"), "--task")
    check_windows(task, args.max_length, args.stride, "--stride")
    open_encoder(args.encoder)
    check_length(args.encoder / "config.json", args.max_length)
    data = open_data(task, args.data)
    pool, _ = split_pools(data["train"].group_sizes, args.held_out)
    subset(pool, args.largest_size, seed=0)  # a size beyond the data fails before any training
    told = make_windows(
        task, data, args.encoder, args.out, max_length=args.max_length, stride=args.stride
    )
    for line in told:
        print(line, file=sys.stderr)
    print(f"windows written to {args.out}", file=sys.stderr)
    return 0
