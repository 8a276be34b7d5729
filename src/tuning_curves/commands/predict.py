"""`tuning-curves predict`: answer questions with a kept delta."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.commands.options import add
from tuning_curves.util.errors import UsageError

if TYPE_CHECKING:
    from tuning_curves.tasks.question_answering.data import SquadData
    from tuning_curves.trained.predict import Given

DESCRIPTION = """\
Answer questions with what a run has trained: its encoder and its delta. Windows,
arithmetic and decoding are those of the run's own evaluation, whose answers it gives.
"""
EPILOG = """\
example:
  $ tuning-curves predict --delta runs/demo/deltas/bitfit/....safetensors \\
      --encoder resources/encoders/all-MiniLM-L6-v2-... \\
      --question "Who built it?" --context "It was built in 1843 by Mara Voss."

--file takes SQuAD v1.1's layout (.json; answers may be left out), or JSON Lines (.jsonl)
with the keys question and context, and id if there are ids. One line a question is
printed: id, tab, answer. --predictions writes what `tuning-curves score` reads. An answer
is always a piece of the context: whether the context answers the question at all is not
judged.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "predict",
        run,
        help="answer questions with a kept delta",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("--delta", type=Path, required=True, metavar="FILE")
    parser.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    parser.add_argument("--question", metavar="TEXT")
    parser.add_argument("--context", metavar="TEXT", help="the passage to answer from")
    parser.add_argument("--file", type=Path, metavar="FILE", help="many questions")
    parser.add_argument("--json", action="store_true", help="print a JSON object a question")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="also write id to answer")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def run(args: argparse.Namespace) -> int:
    """Print the answers.

    Raises:
        UsageError, ResourceError, DataError: see `read_questions`, `read_delta`, `Answerer`.
    """
    from tuning_curves.tasks.question_answering.predictions import one_question, read_questions
    from tuning_curves.trained.predict import Answerer
    from tuning_curves.training.delta import read_delta
    from tuning_curves.training.devices import choose_device

    single = args.question is not None or args.context is not None
    if single == (args.file is not None):
        raise UsageError(
            "give --question with --context, or --file", fix="`tuning-curves predict --help`"
        )
    for name, read in (("--file", args.file), ("--delta", args.delta)):
        if args.predictions is not None and read is not None and _same(args.predictions, read):
            raise UsageError(
                f"--predictions {args.predictions} is the file of {name}, which it would replace",
                fix="name another file for the predictions",
            )
    if args.predictions is not None and _same(args.predictions.parent, args.encoder):
        raise UsageError(
            f"--predictions {args.predictions} lies in the encoder's folder",
            fix="name a file elsewhere: what an encoder consists of is checked by its hashes",
        )
    asked = one_question(args.question, args.context) if single else read_questions(args.file)
    answerer = Answerer(read_delta(args.delta), args.encoder, choose_device(args.device))
    given = answerer.answer(asked)
    _print(asked, given, single=single, as_json=args.json)
    if args.predictions is not None:
        from tuning_curves.tasks.question_answering.predictions import write_predictions

        ids = [question.id for question in asked.questions]
        write_predictions(args.predictions, ids, [one.text for one in given])
    return 0


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _print(asked: "SquadData", given: "list[Given]", *, single: bool, as_json: bool) -> None:
    for question, one in zip(asked.questions, given, strict=True):
        if as_json:
            row: dict[str, Any] = {"question": question.question, "answer": one.text}
            row |= {"start": one.start, "score": one.score, "windows": one.windows}
            print(json.dumps(row if single else {"id": question.id, **row}, ensure_ascii=False))
        else:
            print(one.text if single else f"{question.id}\t{' '.join(one.text.split())}")
    empty = sum(one.start is None for one in given)
    if empty:
        print(f"warning: {empty} questions have no valid span in their context", file=sys.stderr)
