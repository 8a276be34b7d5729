"""What several subcommands share: how their parsers are made and how sections of a study arrive."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tuning_curves.errors import TuningCurvesError, UsageError

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


def section(text: str) -> dict[str, Any]:
    """A section of a study, given as JSON on the command line.

    Raises:
        UsageError: not a JSON object.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not JSON: {text[:60]!r} ({error})") from None
    if not isinstance(value, dict):
        raise UsageError(f"not a JSON object: {text[:60]!r}")
    return value


def study_for_workflow(config: dict[str, Any], files: Iterable[str | Path]) -> Any:
    """The checked study of a workflow's configuration; a study that fails ends the process.

    Args:
        files: those that the configuration was read from. Snakemake takes the last of two equal
            keys in silence, so that they are read once more by a stricter reader.

    Returns:
        a `Study`.
    """
    from tuning_curves.study import check_study
    from tuning_curves.yaml_files import read_yaml

    try:
        for path in files:
            read_yaml(Path(path), "no such file")
        return check_study(config, "study")
    except TuningCurvesError as error:
        raise SystemExit(f"error: {error}") from None


def add_study(parser: argparse.ArgumentParser) -> None:
    """The study, as a file or (from the workflow, which may have overridden keys) as JSON."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--study", type=Path, metavar="FILE", help="config/<study>.yaml")
    group.add_argument("--study-json", metavar="JSON", help="the whole study as JSON")


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The options that choose some of a study's cells."""
    repeated: dict[str, Any] = {"action": "append", "help": "may be repeated"}
    parser.add_argument("--method", metavar="NAME", **repeated)
    parser.add_argument("--size", type=int, metavar="N", **repeated)
    parser.add_argument("--seed", type=int, metavar="N", **repeated)
    parser.add_argument("--budget", metavar="NAME", **repeated)
    parser.add_argument("--learning-rate", type=float, metavar="R", **repeated)


def chosen_cells(args: argparse.Namespace, study: Any) -> tuple[Any, ...]:
    """The cells (`Planned`) of a study that `add_choice`'s options name, each once."""
    wanted = {
        p.id: p
        for p in study.planned
        if _among(args.method, p.cell.method)
        and _among(args.size, p.cell.n_train)
        and _among(args.seed, p.cell.init_seed)
        and _among(args.budget, p.budget)
        and _among(args.learning_rate, p.cell.learning_rate)
    }
    return tuple(wanted.values())


def _among(options: list[Any] | None, value: Any) -> bool:
    return options is None or value in options


def chosen_study(args: argparse.Namespace) -> Any:
    """The `Study` that `add_study`'s options name.

    Raises:
        UsageError: a study that cannot be meant.
    """
    from tuning_curves.study import check_study, read_study

    if args.study is not None:
        return read_study(args.study)
    return check_study(section(args.study_json), "--study-json")
