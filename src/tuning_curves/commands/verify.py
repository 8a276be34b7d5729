"""`tuning-curves verify`: does a study, run again, give the stored numbers?"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.commands.options import add, add_study

if TYPE_CHECKING:
    from tuning_curves.study.records import Record

DESCRIPTION = """\
Compare the fresh records of a study with stored numbers: digit for digit where the kind of
processor and the versions of the libraries are those that they were stored with, elsewhere
within bounds (docs/verify.md). The exit status is 3 where a number is another one.
"""
EPILOG = """\
example, as `make verify` does after training config/verify.yaml anew:
  $ tuning-curves verify --study config/verify.yaml --stored config/verify.json
"""
SHOWN = 5  # faults that a message lists


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "verify",
        run,
        help="compare a study that was run again with stored numbers",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    add_study(parser)
    parser.add_argument(
        "--stored", type=Path, required=True, metavar="FILE", help="the stored numbers (JSON)"
    )
    parser.add_argument("--renew", action="store_true", help="store the numbers at hand instead")


def run(args: argparse.Namespace) -> int:
    """Compare, or store."""
    from tuning_curves.analysis.runs import read_study_records
    from tuning_curves.analysis.verification import (
        FIX_STORED,
        compare,
        kind_of,
        numbers_of,
        words_of,
    )
    from tuning_curves.study.config import read_study
    from tuning_curves.tasks import make_task
    from tuning_curves.util.files import read_json, write_json
    from tuning_curves.util.provenance import instructions

    study = read_study(args.study)
    stored = None if args.renew else read_json(args.stored, what="stored numbers", fix=FIX_STORED)
    planned, records = read_study_records(study)
    _check_code(records)
    kind = kind_of(records, instructions())
    runs = numbers_of(planned, records, make_task(study.config.task).metric)
    if stored is None:
        write_json(args.stored, {"study": study.name, "kind": kind, "runs": runs})
        print(f"{args.stored}: {len(runs)} runs on {words_of(kind)}")
        return 0
    _say(compare(stored, kind, runs), f"{len(runs)} runs on {words_of(kind)}", stored["kind"])
    return 0


def _check_code(records: "dict[str, Record]") -> None:
    """Refuse records that other code has made: they say nothing of this one.

    Raises:
        DataError: as said.
    """
    from tuning_curves.analysis.verification import FIX_RUN
    from tuning_curves.util.errors import DataError
    from tuning_curves.util.provenance import code_sha256

    for record in records.values():
        if record.provenance.code_sha256 != code_sha256():
            raise DataError(f"run {record.run.path} was trained by other code", fix=FIX_RUN)


def _say(comparison: Any, what: str, stored_kind: Any) -> None:
    """Print what came out.

    Raises:
        DataError: a number is not what it must be.
    """
    from tuning_curves.analysis.verification import largest_in_words, words_of
    from tuning_curves.util.errors import DataError

    if comparison.faults:
        lines = [*comparison.faults[:SHOWN]]
        if len(comparison.faults) > SHOWN:
            lines.append(f"and {len(comparison.faults) - SHOWN} more")
        raise DataError(
            f"{what}: other numbers than stored\n  "
            + "\n  ".join(lines)
            + f"\n  largest differences: {largest_in_words(comparison)}",
            fix="docs/verify.md says what may be behind it",
        )
    if comparison.same_kind:
        print(f"{what}: every number as stored, digit for digit")
    else:
        print(f"{what}, stored on {words_of(stored_kind)}: every number within its bound")
        print(f"largest differences: {largest_in_words(comparison)}")
