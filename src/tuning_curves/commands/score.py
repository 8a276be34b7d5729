"""`tuning-curves score`: the metrics of a predictions file, by the rules of its task."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_task_name, files_of_tasks
from tuning_curves.util.files import write_text

DESCRIPTION = """\
Score a file of predictions by the metrics of a task, in percent of ALL examples of the
data. An example without a prediction counts as wrong and is warned about.
"""
EPILOG = """\
example:
  $ tuning-curves score --task question-answering --data test.json --predictions predictions.json

{files}

exit status: 0 scored (also with warnings), 3 damaged or unsuitable file, 4 no such file
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommand; the parsed arguments carry `run` as `run`."""
    parser = add(
        subparsers,
        "score",
        run,
        help="score a predictions file",
        description=DESCRIPTION,
        epilog=EPILOG.format(files=files_of_tasks()),
    )
    add_task_name(parser)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="the labelled examples"
    )
    parser.add_argument(
        "--predictions", type=Path, required=True, metavar="FILE", help="JSON object, by id"
    )
    parser.add_argument(
        "--per-example",
        type=Path,
        metavar="FILE",
        help="also write one line of JSON per example",
    )
    parser.add_argument("--json", action="store_true", help="the output is JSON in any case")


def run(args: argparse.Namespace) -> int:
    """Print the scores as one JSON line.

    Raises:
        DataError, ResourceError: a file that is missing or damaged.
    """
    from tuning_curves.tasks import task_class

    scored = task_class(args.task, "--task").score_file(args.data, args.predictions)
    for warning in scored.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if args.per_example is not None:
        write_text(args.per_example, _lines(scored.rows))
    print(json.dumps(scored.scores))
    return 0


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
