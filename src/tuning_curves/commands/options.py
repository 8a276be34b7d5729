"""What several subcommands share: how their parsers are made and how sections of a study arrive."""

import argparse
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tuning_curves.util.errors import TuningCurvesError, UsageError

CHOICE = ("method", "size", "seed", "budget", "learning_rate")  # options of `add_choice`


def add(
    subparsers: Any, name: str, run: Any, *, help: str, description: str, epilog: str | None = None
) -> argparse.ArgumentParser:
    """A subcommand's parser whose texts keep their line breaks."""
    parser = subparsers.add_parser(
        name,
        help=help,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_task_name(parser: argparse.ArgumentParser) -> None:
    """Which task the data is of."""
    from tuning_curves.tasks import task_names

    parser.add_argument(
        "--task", required=True, metavar="NAME", help=f"one of {', '.join(task_names())}"
    )


def files_of_tasks() -> str:
    """What each task's files look like, a paragraph for each."""
    from tuning_curves.tasks import task_class, task_names

    kinds = [task_class(name) for name in task_names()]
    return "\n\n".join(f"{kind.name}: {kind.files}" for kind in kinds)


def inputs_of_tasks() -> dict[str, str]:
    """The texts that an example may be given by on the command line, with a word on each."""
    from tuning_curves.tasks import task_class, task_names

    return {key: help for name in task_names() for key, help in task_class(name).inputs.items()}


def add_columns(parser: argparse.ArgumentParser) -> None:
    """The columns of a file whose fields have other names; see `columns_of`."""
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=NAME",
        help="the column or key of a field, where it has another name; may be repeated",
    )


def columns_of(given: Iterable[str], known: Sequence[str]) -> dict[str, str]:
    """The columns that `--column FIELD=NAME` gives, by field.

    Raises:
        UsageError: no name, or a field that is not one of these.
    """
    columns: dict[str, str] = {}
    for one in given:
        field, _, name = one.partition("=")
        if field not in known or not name:
            raise UsageError(
                f"--column {one}: expected FIELD=NAME, the field one of {', '.join(known)}",
                fix=f"for example `--column {known[0]}=…`",
            )
        same = next((other for other, column in columns.items() if column == name), field)
        if same != field and "group" not in (same, field):  # a text may be its own group
            raise UsageError(
                f"--column {one}: {same} is read from {name!r} already",
                fix="name a column for each field",
            )
        columns[field] = name
    return columns


def not_negative(text: str) -> float:
    """A finite number, 0 or more, given on the command line; argparse words the refusal."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a finite number, 0 or more")
    return value


def at_least_one(text: str) -> int:
    """A whole number, 1 or more, given on the command line; argparse words the refusal."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number, 1 or more")
    return value


FIX_JSON = "give one JSON object in single quotes, as the example of --help does"


def json_object(text: str, option: str) -> dict[str, Any]:
    """A JSON object, given on the command line to an option.

    Raises:
        UsageError: anything else.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{option}: not JSON: {text[:60]!r} ({error})", fix=FIX_JSON) from None
    if not isinstance(value, dict):
        raise UsageError(f"{option}: not a JSON object: {text[:60]!r}", fix=FIX_JSON)
    return value


def section(text: str, name: str) -> Any:
    """A study's section `encoder` or `data`, given as JSON on the command line.

    Raises:
        UsageError: not a JSON object, or not such a section.
    """
    from tuning_curves.data.section import AnyData
    from tuning_curves.encoders.section import AnyEncoder
    from tuning_curves.study.config import FIX_KEYS
    from tuning_curves.util.validation import validate

    kind: Any = {"encoder": AnyEncoder, "data": AnyData}[name]
    return validate(kind, json_object(text, "--spec"), "the JSON", f"the section {name}", FIX_KEYS)


def study_for_workflow(config: dict[str, Any], files: Iterable[str | Path]) -> Any:
    """The checked study of a workflow's configuration; a study that fails ends the process.

    Args:
        files: those that the configuration was read from. Snakemake takes the last of two equal
            keys in silence, so that they are read once more by a stricter reader.

    Returns:
        a `Study`.
    """
    from tuning_curves.study.config import check_study
    from tuning_curves.util.yaml_files import read_yaml

    folder = Path()  # of the file that names the plug-ins, unless the command line does
    try:
        for path in map(Path, files):
            if read_yaml(path, "no such file").get("plugins", ()) == config.get("plugins"):
                folder = path.parent
        return check_study(config, "study", folder=folder)
    except TuningCurvesError as error:
        raise SystemExit(f"error: {error}") from None


def add_study(parser: argparse.ArgumentParser) -> None:
    """The study's file; the workflow gives one of its own, since it may have overridden keys."""
    parser.add_argument(
        "--study", type=Path, required=True, metavar="FILE", help="config/<study>.yaml"
    )


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """The file that defines the method of what a run has trained."""
    parser.add_argument(
        "--plugin", type=Path, metavar="FILE", help="the plug-in that defines the run's method"
    )


def run_plugins(args: argparse.Namespace) -> None:
    """Add the method of `--plugin`.

    Raises:
        ResourceError, UsageError: see `methods.plugins`.
    """
    from tuning_curves.methods.plugins import read_plugin, register_plugin

    if args.plugin is not None:
        register_plugin(read_plugin(args.plugin))


def add_recorded(parser: argparse.ArgumentParser) -> None:
    """How many records there must be, where some may be missing."""
    parser.add_argument(
        "--recorded",
        type=int,
        metavar="N",
        help="leave gaps: take the records at hand, which must be N",
    )


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The options that choose some of a study's runs."""
    repeated: dict[str, Any] = {"action": "append", "help": "may be repeated"}
    parser.add_argument("--method", metavar="NAME", **repeated)
    parser.add_argument("--size", type=int, metavar="N", **repeated)
    parser.add_argument("--seed", type=int, metavar="N", **repeated)
    parser.add_argument("--budget", metavar="NAME", **repeated)
    parser.add_argument("--learning-rate", type=float, metavar="R", **repeated)


def chosen_runs(args: argparse.Namespace, study: Any) -> tuple[Any, ...]:
    """The runs (`PlannedRun`) of a study that `add_choice`'s options name, each once.

    Raises:
        UsageError: an option that names what no run has.
    """
    for option, known in {
        "method": {p.run.method for p in study.planned},
        "size": {p.run.n_train for p in study.planned},
        "seed": {p.run.init_seed for p in study.planned},
        "budget": {p.budget for p in study.planned},
        "learning_rate": {p.run.learning_rate for p in study.planned},
    }.items():
        unknown = sorted(set(getattr(args, option) or []) - known)
        if unknown:
            raise UsageError(
                f"--{option.replace('_', '-')} {unknown[0]}: no run of {study.name} has it (it "
                f"has {', '.join(map(str, sorted(known)))})",
                fix="choose among these, or add it to the study",
            )
    wanted = {
        p.id: p
        for p in study.planned
        if _among(args.method, p.run.method)
        and _among(args.size, p.run.n_train)
        and _among(args.seed, p.run.init_seed)
        and _among(args.budget, p.budget)
        and _among(args.learning_rate, p.run.learning_rate)
    }
    return tuple(wanted.values())


def _among(options: list[Any] | None, value: Any) -> bool:
    return options is None or value in options
