"""`tuning-curves predict`: predict examples with a kept delta."""

import argparse
import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.commands.options import (
    add,
    add_columns,
    add_plugin,
    at_least_one,
    columns_of,
    files_of_tasks,
    inputs_of_tasks,
    run_plugins,
)
from tuning_curves.util.errors import DataError, UsageError, plural
from tuning_curves.util.files import write_json, write_text

if TYPE_CHECKING:
    from tuning_curves.tasks.base import Task
    from tuning_curves.trained.asked import Asked
    from tuning_curves.trained.predict import Answered

DESCRIPTION = """\
Predict with what a run has trained: its encoder and its delta. Windows, arithmetic and
decoding are those of the run's own evaluation, whose predictions it gives.
"""
EPILOG = """\
examples:
  $ tuning-curves predict --delta runs/demo/deltas/bitfit/....safetensors \\
      --encoder resources/encoders/all-MiniLM-L6-v2-... --text "It broke on the second day."
  $ tuning-curves predict --delta D --encoder E --file reviews.csv --column text=review \\
      --top 3 --out predictions.csv

--file is JSON Lines, JSON, or a table with a header (commas, tabs, semicolons or bars); SQuAD's
layout too for questions; labels may stand there and are not read. One line per example is
printed, id, tab, prediction; --out writes a table or JSON Lines with scores in its place, and
--predictions what `tuning-curves score` reads. Files are written before anything is printed.

An example that cannot be predicted has an error in the place of its prediction; all others
are predicted.

{files}

exit status: 0 all predicted; 2 usage; 3 some examples have an error (the others are predicted
and written), or a damaged file; 4 no such file
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
    add_columns(parser)
    parser.add_argument(
        "--encoding", metavar="NAME", help="of --file, where it is not told by itself"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per example")
    parser.add_argument(
        "--top",
        type=at_least_one,
        metavar="K",
        help="list the K best predictions of each example too (with --json or --out)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write all to FILE.csv, FILE.tsv or FILE.jsonl"
    )
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="also write them by id")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def run(args: argparse.Namespace) -> int:
    """Write and print the predictions.

    Returns:
        the exit status: 3 where an example of a file has an error.

    Raises:
        UsageError, ResourceError, DataError: see `read_file`, `read_delta`, `TrainedModel`.
    """
    _check_options(args)
    answered = _answer(args)
    if args.out is not None:
        write_text(args.out, FORMS[args.out.suffix.lower()](answered))
    if args.predictions is not None:
        sound = {one.id: one.prediction.value for one in answered if one.prediction is not None}
        write_json(args.predictions, sound)
    if args.out is None:
        _print(answered, single=args.file is None, as_json=args.json)
    return _tell(args, answered)


def _answer(args: argparse.Namespace) -> "list[Answered]":
    """Read what is asked, and predict it."""
    from tuning_curves.tasks import make_task
    from tuning_curves.tasks.windows import sentences
    from tuning_curves.trained.predict import TrainedModel
    from tuning_curves.training.delta import read_delta
    from tuning_curves.training.devices import choose_device

    run_plugins(args)
    delta = read_delta(args.delta)
    task = make_task(delta.about.settings.task, str(args.delta))
    asked = _asked(args, task)
    model = TrainedModel(delta, args.encoder, choose_device(args.device))
    answered = list(model.answer(asked, args.top))
    if args.file is None and answered[0].error:
        raise DataError(answered[0].error, fix="shorten it")
    for line in sentences(model.notes):
        print(f"warning: {line}", file=sys.stderr)
    return answered


def _asked(args: argparse.Namespace, task: "Task") -> "Sequence[Asked]":
    """The examples of the file, or the one whose texts the command line has.

    Raises:
        UsageError: neither or both, a text that another task reads, or an id that stands twice
            where predictions are to be written by it.
    """
    from tuning_curves.trained.asked import read_file, read_texts

    given = {name: getattr(args, name.replace("-", "_")) for name in inputs_of_tasks()}
    texts = [name for name, text in given.items() if text is not None]
    own = " with ".join(f"--{name}" for name in task.inputs)
    if bool(texts) == (args.file is not None):
        raise UsageError(f"give {own}, or --file", fix="`tuning-curves predict --help`")
    for name in texts:
        if name not in task.inputs:
            raise UsageError(f"--{name} is nothing that {task.name} reads", fix=f"give {own}")
    if args.file is None:
        return [read_texts(task, given)]
    known = [field.name for field in task.asked_fields()]
    columns = columns_of(args.column, [*known, "id"])
    asked, told = read_file(task, args.file, columns, args.encoding)
    for line in told:
        print(f"warning: {args.file}: {line}", file=sys.stderr)
    twice = [identity for identity, n in Counter(one.id for one in asked).items() if n > 1]
    if twice and args.predictions is not None:
        raise DataError(
            f"{args.file}: the id {twice[0]!r} is there twice, and --predictions has one "
            "prediction for each id",
            fix="give each its own id, or write --out, which has all in the file's order",
        )
    return asked


def _check_options(args: argparse.Namespace) -> None:
    """Refuse what cannot be written, and to write over what is read."""
    out = args.out
    if out is not None and out.suffix.lower() not in FORMS:
        raise UsageError(
            f"--out {out}: its name ends in {out.suffix or 'nothing'!r}, expected "
            f"{', '.join(FORMS)}",
            fix=f"write --out {out.with_suffix('.csv')}",
        )
    if args.top is not None and out is None and not args.json:
        raise UsageError(
            f"--top {args.top}: a line for people holds the best prediction alone",
            fix="add --json, or --out FILE.csv or FILE.jsonl",
        )
    if out is not None and args.predictions is not None and _same(out, args.predictions):
        raise UsageError(f"--out and --predictions are both {out}", fix="name two files")
    for option in ("out", "predictions"):
        path = getattr(args, option)
        if path is not None:
            _check_output(f"--{option}", path, args)


def _check_output(option: str, path: Path, args: argparse.Namespace) -> None:
    for name, read in (("--file", args.file), ("--delta", args.delta)):
        if read is not None and _same(path, read):
            raise UsageError(
                f"{option} {path} is the file of {name}, which it would replace",
                fix="name another file for the predictions",
            )
    if _same(path.parent, args.encoder):
        raise UsageError(
            f"{option} {path} lies in the encoder's folder",
            fix="name a file elsewhere: what an encoder consists of is checked by its hashes",
        )


def _same(one: Path, other: Path) -> bool:
    return realpath(one) == realpath(other)  # of a ring of links `resolve` makes an error


def _json_lines(answered: "Iterable[Answered]") -> str:
    return "".join(json.dumps(one.row, ensure_ascii=False) + "\n" for one in answered)


def _table(answered: "Sequence[Answered]", separator: str = ",") -> str:
    """A row for each example under the names of all; lists as JSON."""
    rows = [_flat(one.row) for one in answered]
    names = list(dict.fromkeys(name for row in rows for name in row if name != "error"))
    stream = io.StringIO(newline="")
    table = csv.writer(stream, delimiter=separator, lineterminator="\n")
    table.writerow([*names, "error"])
    table.writerows([_written(row.get(name)) for name in (*names, "error")] for row in rows)
    return stream.getvalue()


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The k-th of the best with `_k` behind its columns' names; the first one is the row's own."""
    own = {name: value for name, value in row.items() if name != "top"}
    for rank, one in enumerate(row.get("top", ())[1:], 2):
        own |= {f"{name}_{rank}": value for name, value in one.items()}
    return own


def _written(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


FORMS = {
    ".csv": _table,
    ".tsv": lambda answered: _table(answered, "\t"),
    ".jsonl": _json_lines,
}


def _shows_all() -> bool:
    """Whether the output's encoding has every character."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def _cell(text: str) -> str:
    """A text that breaks no table: one blank for tabs, line ends and other white space."""
    return " ".join(text.split())


def _print(answered: "Sequence[Answered]", *, single: bool, as_json: bool) -> None:
    """A line for each: JSON, or id and prediction; an error stands in a third column."""
    for one in answered:
        if as_json:
            row = {name: value for name, value in one.row.items() if name != "id" or not single}
            print(json.dumps(row, ensure_ascii=not _shows_all()))
        elif one.prediction is None:
            print(f"{_cell(one.id)}\t\terror: {_cell(one.error)}")
        else:
            text = one.prediction.text
            print(text if single else f"{_cell(one.id)}\t{_cell(text)}")


def _tell(args: argparse.Namespace, answered: "Sequence[Answered]") -> int:
    """Say what was written and what is missing, and how it ended."""
    found = [one.prediction for one in answered if one.prediction is not None]
    if args.out is not None:
        print(f"{args.out}: {plural(len(found), 'prediction')}", file=sys.stderr)
    for warning, count in Counter(one.warning for one in found).items():
        if warning is not None:
            print(f"warning: {warning}: {count:,}", file=sys.stderr)
    errors = [one.error for one in answered if one.prediction is None]
    if not errors:
        return 0
    some = f"{len(errors):,} of {plural(len(answered), 'example')}"
    print(f"error: {some} not predicted; the first: {_cell(errors[0])}", file=sys.stderr)
    print("fix: mend these examples, or leave them out; the others are predicted", file=sys.stderr)
    return DataError.exit_status
