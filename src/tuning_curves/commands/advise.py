"""`tuning-curves advise`: which method at your size, and what more labels may bring."""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, at_least_one, not_negative

DESCRIPTION = """\
Say from a study's records which method to take at a number of labelled examples, or
between which it is undecided, and what labelling twice as many is expected to bring,
each with its interval. Needs the records alone, and trains nothing.
"""
EPILOG = """\
example:
  $ tuning-curves advise config/minilm-slice.yaml --size 400

A method is out when another one is ahead of it beyond the interval of their paired
difference; intervals are widened for the number of methods. Beyond the largest size the
rule is that the last doubling's gain comes again, with the error that this rule has on
the study's own earlier sizes (docs/your-data.md).
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "advise",
        run,
        help="which method at your size, and what more labels may bring",
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
        help="leave out methods whose training took longer at that size",
    )
    parser.add_argument(
        "--json", action="store_true", help="print a JSON list, one item per budget and size"
    )


def run(args: argparse.Namespace) -> int:
    """Print the advice.

    Raises:
        ResourceError: no records.
        DataError: damaged ones, or none of a run that has finished.
    """
    from tuning_curves.analysis.labels import read_limits
    from tuning_curves.analysis.recommend import make_advice, read_chosen_runs
    from tuning_curves.study.config import read_study
    from tuning_curves.study.paths import StudyPaths
    from tuning_curves.tasks import make_task
    from tuning_curves.tasks.ceiling import ceiling_sentences

    study = read_study(args.study)
    advice = make_advice(*read_chosen_runs(study), study.config, args.size, args.minutes)
    task = make_task(study.config.task)
    limits = read_limits(StudyPaths(study)).get("test", ())
    limited = ceiling_sentences(limits, {metric.name: metric.label for metric in task.metrics})
    if args.json:
        print(json.dumps([one | {"limits": limited} for one in advice], indent=1))
        return 0
    several, examples = len(advice) > 1, task.nouns.examples
    print("\n".join(limited), end="\n" if limited else "")
    for one in advice:
        if several:
            print(f"budget {one['budget']}, {one['n_train']:,} {examples}:")
        print("\n".join(("  " if several else "") + said for said in one["sentences"]))
    if advice[-1]["left"]:
        print(_keeping(args.study, study, advice[-1]))
    return 0


def _keeping(path: Path, study: Any, advice: dict[str, Any]) -> str:
    """The command that keeps the best method as a model."""
    best = advice["left"][0]
    seed = next(p.run.init_seed for p in study.planned if p.run.method == best)
    return (
        f"To keep {best} as a model: tuning-curves train --study {shlex.quote(str(path))}"
        f" --method {best} --size {advice['n_train']} --budget {advice['budget']}"
        f" --learning-rate {advice['learning_rates'][best]:g} --seed {seed} --keep-delta"
    )
