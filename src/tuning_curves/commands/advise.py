"""`tuning-curves advise`: what to take at your size, and how many labels a score needs."""

import argparse
import json
import math
import shlex
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, at_least_one, not_negative

DESCRIPTION = """\
Say from a study's records which method and budget to take at a number of labelled
examples, what is tied with that and cheaper, and what labelling twice as many is
expected to bring; with --target, how many labels a score needs. Everything has its
interval. Needs the records alone, and trains nothing.
"""
EPILOG = """\
examples:
  $ tuning-curves advise config/sentiment.yaml --size 400
  $ tuning-curves advise config/sentiment.yaml --target 0.8

What is tied is what the best mean is not ahead of beyond the interval of their paired
difference; intervals are widened for the number of comparisons. docs/advice.md has the
rules, and how often they are right.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "advise",
        run,
        help="what to take at your size, and how many labels a score needs",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="config/<study>.yaml")
    parser.add_argument(
        "--size",
        type=at_least_one,
        metavar="N",
        help="your labelled examples (otherwise the study's largest size); between two sizes of "
        "the study there is advice for both",
    )
    parser.add_argument(
        "--minutes",
        type=not_negative,
        metavar="M",
        help="leave out what took longer to train at that size",
    )
    parser.add_argument(
        "--target",
        type=percent,
        metavar="SCORE",
        help="how many labels this score needs: a share (0.85) or per cent, as tables have it "
        "(85 or 85%%)",
    )
    parser.add_argument(
        "--metric", metavar="NAME", help="another metric of the task than the study's own"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def percent(text: str) -> float:
    """A score in percent, from a share, from per cent, or from per cent with its sign.

    A bare 1 could be either, and is refused.
    """
    number = text.strip()
    signed = number.endswith("%")
    try:
        value = float(number.rstrip("%"))
    except ValueError:
        value = math.nan
    if not signed and 0 < value < 1:
        value *= 100
    elif not signed and value == 1:
        raise argparse.ArgumentTypeError(f"{text!r}, which may be 1 % or all: write 1% or 100%")
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(
            f"{text!r}, expected a share between 0 and 1 (0.85) or per cent up to 100 (85 or 85%)"
        )
    return value


def run(args: argparse.Namespace) -> int:
    """Print the advice.

    Raises:
        ResourceError: no records.
        UsageError: a metric that the task has not.
        DataError: damaged records, or none of a run that has finished.
    """
    from tuning_curves.analysis.advice.advise import labels_needed, make_advice, read_curves
    from tuning_curves.study.config import read_study
    from tuning_curves.tasks import make_task
    from tuning_curves.tasks.ceiling import ceiling_sentences

    study = read_study(args.study)
    curves = read_curves(study, args.metric)
    advice = make_advice(curves, args.size, args.minutes)
    needed = None if args.target is None else labels_needed(curves, args.target)
    labels = {metric.name: metric.label for metric in make_task(study.config.task).metrics}
    limited = ceiling_sentences(curves.limits, labels)
    if args.json:
        said = {"study": study.name, "metric": curves.metric.name, "limits": limited}
        print(json.dumps(said | {"advice": advice, "labels_needed": needed}, indent=1))
        return 0
    for sentence in (
        *limited,
        *(sentence for one in advice for sentence in (*one["notes"], *one["sentences"])),
        *(needed["sentences"] if needed else ()),
    ):
        print(sentence)
    if advice[-1]["best"] and not advice[-1]["at_baseline"]:  # what learnt nothing is no model
        print(_keeping(args.study, study, advice[-1]))
    return 0


def _keeping(path: Path, study: Any, advice: dict[str, Any]) -> str:
    """The command that keeps the best arm as a model."""
    best = advice["best"]
    rate = next(
        arm["learning_rate"] for arm in advice["arms"] if best == {key: arm[key] for key in best}
    )
    method, budget = best["method"], best["budget"]
    seed = next(p.run.init_seed for p in study.planned if p.run.method == method)
    return (
        f"To keep {method} as a model: tuning-curves train --study {shlex.quote(str(path))}"
        f" --method {method} --size {advice['n_train']} --budget {budget}"
        f" --learning-rate {rate} --seed {seed} --keep-delta"
    )
