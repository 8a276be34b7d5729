"""`tuning-curves new`: a study for a person's own labelled file, every choice with its reason."""

import argparse
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.commands.examine import Asked, encoder_named, propose_for
from tuning_curves.commands.options import add, not_negative
from tuning_curves.util.errors import UsageError, plural

if TYPE_CHECKING:
    from tuning_curves.study.facts import Machine
    from tuning_curves.study.propose import Proposal
    from tuning_curves.tasks.base import Task

DESCRIPTION = """\
Look at a file of labelled examples and write a study of it, config/NAME.yaml: how it is divided,
the encoder, methods, learning rates, sizes, seeds and budgets that fit into the hours on this
machine, each with its reason. Nothing is trained but a few steps, to see how fast the machine is.
"""
EPILOG = """\
examples:
  $ tuning-curves new my-study --task text-classification --train reviews.csv \\
      --text review --label stars --group customer
  $ tuning-curves new entities --task token-classification --train train.conll --test test.conll
  $ tuning-curves new questions --task question-answering --train questions.json --hours 8

Files: .csv and .tsv (texts), .jsonl and .json; .conllu and files of a word a line (.conll,
.txt, .tsv: --words and --labels are columns' numbers from 1; of CoNLL-U, --labels is UPOS, XPOS,
...); for questions SQuAD's layout (.json) or rows. Each may be compressed (.gz). A column that
nobody names is the one of the field's own name; group and text_pair are only read where they are
named. In a terminal what is missing is asked for; with --yes, or without a terminal, defaults are
taken, or an error names the option.
"""
HOURS = 2.0


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "new",
        run,
        help="write a study of your own labelled file",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="of the study: config/NAME.yaml")
    parser.add_argument("--task", metavar="TASK", help=f"one of {', '.join(_tasks())}")
    parser.add_argument("--train", metavar="FILE", help="labelled examples")
    parser.add_argument(
        "--test", metavar="FILE", help="those to measure on (default: a part of --train)"
    )
    for field, what in _fields().items():
        option = "--" + field.replace("_", "-")
        parser.add_argument(option, dest=f"column_{field}", metavar="COLUMN", help=what)
    parser.add_argument(
        "--encoder", metavar="NAME_OR_DIR", help="its name or folder (default: all-MiniLM-L6-v2)"
    )
    parser.add_argument(
        "--hours", type=not_negative, metavar="H", help=f"time for the study (default: {HOURS:g})"
    )
    parser.add_argument("--yes", action="store_true", help="ask nothing")


def _tasks() -> list[str]:
    from tuning_curves.tasks import task_names

    return task_names()


def _fields() -> dict[str, str]:
    """Every field of any task, with a word on it."""
    from tuning_curves.tasks import task_class

    return {f.name: f.what.replace("%", "%%") for n in _tasks() for f in task_class(n).fields}


def run(args: argparse.Namespace) -> int:
    """Write the study and say what comes next."""
    from tuning_curves.study.config import check_study
    from tuning_curves.study.draft import text_of
    from tuning_curves.util.files import write_text
    from tuning_curves.util.yaml_files import parse_yaml

    asked = _asked(args)
    path = Path("config") / f"{asked.name}.yaml"
    _refuse_existing(path)
    proposal, machine = propose_for(asked, encoder_named(args.encoder))
    text = text_of(proposal, _opening(proposal, machine))
    check_study(parse_yaml(text), str(path))
    write_text(path, text)
    print("\n".join(_closing(path, proposal, machine)))
    return 0


# What is asked for


def _asked(args: argparse.Namespace) -> Asked:
    """All that is given, and where somebody can be asked the rest.

    Raises:
        UsageError: something is missing, or cannot be meant.
    """
    from tuning_curves.tasks import task_class

    ask = _answer if sys.stdin.isatty() and not args.yes else None
    name = args.name or _needed(ask, "NAME", "Name of the study")
    _check_name(name)
    task = args.task or _needed(ask, "--task", f"Task ({', '.join(_tasks())})")
    kind = task_class(task, "--task")
    columns = {
        key.removeprefix("column_"): value
        for key, value in vars(args).items()
        if key.startswith("column_") and value is not None
    }
    _check_columns(columns, kind)
    train = args.train or _needed(ask, "--train", "File of labelled examples")
    hours = HOURS if args.hours is None else args.hours
    if ask is not None and args.hours is None:
        hours = _hours(ask(f"Hours for the study [{HOURS:g}]"))
    files = {"train": train, "test": args.test}
    return Asked(name=name, task=kind, columns=columns, hours=hours, ask=ask, **files)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,79}", name):
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:70].strip("-") or "my-study"
        raise UsageError(
            f"the study's name is {name!r}, expected small letters, digits and hyphens, a letter "
            "first, 80 at most",
            fix=f"call it {plain if plain[0].isalpha() else f'study-{plain}'}",
        )


def _check_columns(columns: Mapping[str, str], task: "type[Task]") -> None:
    known = [field.name for field in task.fields]
    for field in columns:
        if field not in known:
            options = ", ".join("--" + name.replace("_", "-") for name in known)
            raise UsageError(
                f"--{field.replace('_', '-')}: {task.name} reads no such field",
                fix=f"it has {options}",
            )


def _answer(question: str) -> str:
    """What a person types; nothing where they type nothing."""
    try:
        return input(f"{question}: ").strip()
    except EOFError:
        return ""


def _needed(ask: Callable[[str], str] | None, option: str, question: str) -> str:
    answer = "" if ask is None else ask(question)
    if not answer:
        raise UsageError(f"{option} is missing", fix=f"give {option}; see `tuning-curves new -h`")
    return answer


def _hours(answer: str) -> float:
    try:
        return not_negative(answer or str(HOURS))
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"hours: {error}", fix="give a number, such as 2") from None


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise UsageError(
            f"{path}: there is such a study already, which is not overwritten",
            fix="give the new one another name, or delete that file",
        )


# What is said


def _opening(proposal: "Proposal", machine: "Machine") -> str:
    from tuning_curves.study.propose import in_words

    return (
        f"Written by `tuning-curves new`: {proposal.runs:,} runs, about "
        f"{in_words(proposal.seconds)} on {_where(machine)} ({machine.how}). Change what you like; "
        "config/README.md explains every key, docs/your-data.md what comes next."
    )


def _where(machine: "Machine") -> str:
    """So many cores or GPUs."""
    kind = "GPU" if machine.device == "cuda" else "core"
    return plural(machine.workers, kind)


def _closing(path: Path, proposal: "Proposal", machine: "Machine") -> list[str]:
    """What was written, what to know, what to run."""
    from tuning_curves.study.propose import in_words

    config, file = proposal.config, shlex.quote(str(path))
    methods = ", ".join(method["name"] for method in config["methods"])
    sizes = ", ".join(f"{n:,}" for n in config["sizes"])
    return [
        f"{path}: {proposal.runs:,} runs: {methods}; {sizes} examples; "
        f"{proposal.extent.seeds} seeds",
        *(f"note: {note}" for note in proposal.notes),
        f"about {in_words(proposal.seconds)} on {_where(machine)}, {machine.how}",
        "next:" if Path("Snakefile").exists() else "next, in the project's folder:",
        f"  snakemake --cores all --configfile {file}    # train, draw, write the paper",
        f"  tuning-curves status {file}                  # how far it is",
        f"  tuning-curves advise {file}                  # which method, and more labels?",
    ]
