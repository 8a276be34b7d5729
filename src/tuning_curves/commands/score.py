"""`tuning-curves score`: exact match and F1 of a predictions file, by SQuAD v1.1's rules."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tuning_curves.commands.options import add
from tuning_curves.tasks.question_answering.data import SquadData, read_squad
from tuning_curves.tasks.question_answering.metric import GoldAnswers, percent
from tuning_curves.tasks.question_answering.predictions import align, read_predictions
from tuning_curves.util.errors import quoted
from tuning_curves.util.files import write_text

DESCRIPTION = """\
Score answers to SQuAD v1.1 questions as the official script does: exact match and
F1, each the best over a question's gold answers, in percent of ALL questions of the
data. A question without a prediction counts as wrong and is warned about.
"""
EPILOG = """\
example:
  $ tuning-curves score --data dev-v1.1.json --predictions predictions.json
  {"exact_match": 80.88, "f1": 88.42, "total": 10570}    (numbers for illustration)

The predictions are one JSON object, {"<question id>": "<answer text>", ...}: what the
official script reads and the Hugging Face example writes.

exit status: 0 scored (also with warnings), 3 damaged or unsuitable file, 4 no such file
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommand; the parsed arguments carry `run` as `run`."""
    parser = add(
        subparsers,
        "score",
        run,
        help="score a predictions file on a SQuAD file",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="questions, in SQuAD v1.1's JSON"
    )
    parser.add_argument(
        "--predictions", type=Path, required=True, metavar="FILE", help="JSON object, id to text"
    )
    parser.add_argument(
        "--per-question",
        type=Path,
        metavar="FILE",
        help="also write a JSON line a question: id, exact_match, f1, prediction, answers",
    )
    parser.add_argument("--json", action="store_true", help="the output is JSON in any case")


def run(args: argparse.Namespace) -> int:
    """Print the scores as one JSON line.

    Raises:
        DataError, ResourceError: see `read_squad` and `read_predictions`.
    """
    data = read_squad(args.data)
    aligned = align(read_predictions(args.predictions), [q.id for q in data.questions])
    _warn(aligned.missing, "have no prediction and count as wrong")
    _warn(aligned.unknown, "are not in the data and are left out", what="predictions")
    golds = GoldAnswers([[answer.text for answer in q.answers] for q in data.questions])
    exact, f1 = golds.score(aligned.texts)
    if args.per_question is not None:
        write_text(args.per_question, _lines(data, aligned.texts, exact, f1))
    scores = {"exact_match": percent(exact), "f1": percent(f1), "total": len(data.questions)}
    print(json.dumps(scores))
    return 0


def _warn(ids: Sequence[str], trouble: str, *, what: str = "questions") -> None:
    if ids:
        examples = ", ".join(quoted(one)[1:-1] for one in ids[:3]) + (
            ", ..." if len(ids) > 3 else ""
        )
        print(f"warning: {len(ids)} {what} {trouble}: {examples}", file=sys.stderr)


def _lines(data: SquadData, texts: Sequence[str | None], exact: np.ndarray, f1: np.ndarray) -> str:
    """JSON Lines in the data's order; exact_match and f1 in 0 to 1, a missing prediction null."""
    rows = zip(data.questions, texts, exact.tolist(), f1.tolist(), strict=True)
    return "".join(
        json.dumps(
            {
                "id": question.id,
                "exact_match": int(hit),
                "f1": overlap,
                "prediction": text,
                "answers": [answer.text for answer in question.answers],
            },
            ensure_ascii=False,
        )
        + "\n"
        for question, text, hit, overlap in rows
    )
