"""`tuning-curves export`: a delta and its encoder as one checkpoint that `transformers` loads."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_plugin, run_plugins

DESCRIPTION = """\
Fold a delta into its encoder and write a whole checkpoint of its task with its
tokenizer: config.json, model.safetensors, tokenizer files, and tuning_curves.json, which
says what it is of.
"""
EPILOG = """\
load it with the class that transformers has for the task, by from_pretrained(DIR). Biases,
whole tensors, chosen entries, LoRA and IA3 fold into the encoder's own tensors; adapters,
prefixes and encoders without pre-training do not, and are refused.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "export",
        run,
        help="write a checkpoint that transformers loads",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("--delta", type=Path, required=True, metavar="FILE")
    parser.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    add_plugin(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")


def run(args: argparse.Namespace) -> int:
    """Export."""
    from tuning_curves.trained.to_transformers import export_checkpoint
    from tuning_curves.training.delta import read_delta

    run_plugins(args)
    export_checkpoint(read_delta(args.delta), args.encoder, args.out)
    print(f"checkpoint written to {args.out}", file=sys.stderr)
    return 0
