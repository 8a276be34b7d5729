"""`tuning-curves export`: what a run trained, for another library."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.commands.options import add, add_plugin, run_plugins

if TYPE_CHECKING:
    from tuning_curves.study.records import Record
    from tuning_curves.trained.card import CardFacts

DESCRIPTION = """\
Write what a run trained as a model that another library loads by itself, with its
tokenizer, a model card (README.md) that has the code to load it, and tuning_curves.json,
which says what it is of.
"""
EPILOG = """\
example:
  $ tuning-curves export --delta runs/demo/deltas/lora/....safetensors \\
      --encoder resources/encoders/... --out my-model --format peft

formats:
  transformers   a whole checkpoint: full, head, biases, layers, masks, lora, lora-all, ia3
  peft           a small adapter for the untouched encoder: lora, lora-all, ia3, LayerNorms,
                 biases and a head alone
  adapters       the same by AdapterHub's library: adapter-houlsby, adapter-pfeiffer

What no library has (prefix, value-bias, rnn, fixed-window) stays a delta for
`tuning-curves predict`. --study adds the scores of all its seeds to the card.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "export",
        run,
        help="write a model that transformers, peft or adapters loads",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("--delta", type=Path, required=True, metavar="FILE")
    parser.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    add_plugin(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--format", choices=("transformers", "peft", "adapters"), default="transformers"
    )
    parser.add_argument("--study", type=Path, metavar="FILE", help="config/<study>.yaml")
    parser.add_argument("--data-licence", metavar="TEXT", help="for the card")
    parser.add_argument("--encoder-licence", metavar="TEXT", help="for the card")


def run(args: argparse.Namespace) -> int:
    """Export.

    Raises:
        UsageError, ResourceError, DataError: see `export` and `scores_of_study`.
    """
    from tuning_curves.trained.export import export
    from tuning_curves.training.delta import read_delta

    run_plugins(args)
    delta = read_delta(args.delta)
    export(delta, args.encoder, args.out, args.format, _facts(args, delta.about.record))
    print(f"{args.out}: written for {args.format}; README.md there loads it", file=sys.stderr)
    return 0


def _facts(args: argparse.Namespace, record: "Record") -> "CardFacts":
    from tuning_curves.trained.card import CardFacts
    from tuning_curves.trained.scores import scores_of_study

    licences = {"encoder_licence": args.encoder_licence, "data_licence": args.data_licence}
    if args.study is None:
        return CardFacts(**licences)
    from tuning_curves.study.config import read_study

    study = read_study(args.study)
    intervals = scores_of_study(study, record)
    return CardFacts(intervals=intervals, confidence=study.config.analysis.confidence, **licences)
