"""`tuning-curves predict`: predict examples with a kept delta."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuning_curves.commands.options import (
    add,
    add_plugin,
    files_of_tasks,
    inputs_of_tasks,
    run_plugins,
)
from tuning_curves.util.errors import UsageError

if TYPE_CHECKING:
    from tuning_curves.tasks.base import Prediction, Task

DESCRIPTION = """\
Predict with what a run has trained: its encoder and its delta. Windows, arithmetic and
decoding are those of the run's own evaluation, whose predictions it gives.
"""
EPILOG = """\
example:
  $ tuning-curves predict --delta runs/demo/deltas/bitfit/....safetensors \\
      --encoder resources/encoders/all-MiniLM-L6-v2-... --file examples.json

One line per example is printed: id, tab, prediction. --predictions writes what
`tuning-curves score` reads. Labels may be left out of --file.

{files}
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "predict",
        run,
        help="predict examples with a kept delta",
        description=DESCRIPTION,
        epilog=EPILOG.format(files=files_of_tasks()),
    )
    parser.add_argument("--delta", type=Path, required=True, metavar="FILE")
    parser.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    add_plugin(parser)
    for name, meaning in inputs_of_tasks().items():
        parser.add_argument(f"--{name}", metavar="TEXT", help=meaning)
    parser.add_argument("--file", type=Path, metavar="FILE", help="many examples")
    parser.add_argument("--json", action="store_true", help="print one JSON object per example")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="also write them by id")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def run(args: argparse.Namespace) -> int:
    """Print the predictions.

    Raises:
        UsageError, ResourceError, DataError: see `Task.read_unlabelled`, `read_delta`,
            `TrainedModel`.
    """
    _check_predictions(args)
    _print(_predict(args), single=args.file is None, as_json=args.json)
    return 0


def _predict(args: argparse.Namespace) -> "Sequence[Prediction]":
    """Read what is asked, predict it, and write the predictions where they are asked for."""
    from tuning_curves.tasks import make_task
    from tuning_curves.trained.predict import TrainedModel
    from tuning_curves.training.delta import read_delta
    from tuning_curves.training.devices import choose_device

    run_plugins(args)
    delta = read_delta(args.delta)
    task = make_task(delta.about.settings.task, str(args.delta))
    data = task.read_unlabelled(_given(args, task), args.file)
    predictions = TrainedModel(delta, args.encoder, choose_device(args.device)).describe(data)
    if args.predictions is not None:
        task.write_predictions(args.predictions, predictions)
    return predictions


def _given(args: argparse.Namespace, task: "Task") -> dict[str, str | None]:
    """The texts of the command line that the task reads, where no file is given.

    Raises:
        UsageError: neither or both, or a text that another task reads.
    """
    given = {name: getattr(args, name.replace("-", "_")) for name in inputs_of_tasks()}
    texts = [name for name, text in given.items() if text is not None]
    own = " with ".join(f"--{name}" for name in task.inputs)
    if bool(texts) == (args.file is not None):
        raise UsageError(f"give {own}, or --file", fix="`tuning-curves predict --help`")
    for name in texts:
        if name not in task.inputs:
            raise UsageError(f"--{name} is nothing that {task.name} reads", fix=f"give {own}")
    return {name: given[name] for name in task.inputs}


def _check_predictions(args: argparse.Namespace) -> None:
    """Refuse to write over what is read."""
    out = args.predictions
    if out is None:
        return
    for name, read in (("--file", args.file), ("--delta", args.delta)):
        if read is not None and _same(out, read):
            raise UsageError(
                f"--predictions {out} is the file of {name}, which it would replace",
                fix="name another file for the predictions",
            )
    if _same(out.parent, args.encoder):
        raise UsageError(
            f"--predictions {out} lies in the encoder's folder",
            fix="name a file elsewhere: what an encoder consists of is checked by its hashes",
        )


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _shows_all() -> bool:
    """Whether the output's encoding has every character."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def _cell(text: str) -> str:
    """A text that breaks no table: one blank for tabs, line ends and other white space."""
    return " ".join(text.split())


def _print(predictions: "Sequence[Prediction]", *, single: bool, as_json: bool) -> None:
    for one in predictions:
        if as_json:
            row = one.row if single else {"id": one.id, **one.row}
            print(json.dumps(row, ensure_ascii=not _shows_all()))
        else:
            print(one.text if single else f"{_cell(one.id)}\t{_cell(one.text)}")
    for warning, count in Counter(one.warning for one in predictions).items():
        if warning is not None:
            print(f"warning: {count} {warning}", file=sys.stderr)
