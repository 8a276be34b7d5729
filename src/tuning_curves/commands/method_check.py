"""`tuning-curves method-check`: whether a plug-in's method does what it says."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.commands.options import add
from tuning_curves.util.errors import TuningCurvesError, UsageError, plural

if TYPE_CHECKING:
    from tuning_curves.methods.entry import MethodEntry
    from tuning_curves.training.method_check import MethodReport

DESCRIPTION = """\
Try a plug-in's method on an encoder, in seconds: count what it trains, make three steps
on made-up tokens, and see that every frozen tensor stays, that every trained one moves,
that one seed gives one start, and that what was trained can be kept and put back.
"""
EPILOG = """\
example:
  $ tuning-curves method-check examples/scale_shift.py \\
      --encoder resources/encoders/all-MiniLM-L6-v2-...

exit status: 0 it is sound, 2 it is not (or the file cannot be used). A study names the
file in `plugins`; docs/your-method.md has more.
"""
MARKS = {True: "ok  ", False: "FAIL", None: "note"}


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "method-check",
        run,
        help="try a plug-in's method on an encoder",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the plug-in")
    parser.add_argument(
        "--encoder", type=Path, required=True, metavar="DIR", help="a checkpoint's folder"
    )
    parser.add_argument(
        "--pooler", action="store_true", help="let the head read the pooler (task.pooling: pooler)"
    )


def run(args: argparse.Namespace) -> int:
    """Print what was found.

    Raises:
        UsageError: a method that is not sound, or cannot be used.
        ResourceError, DataError: no such file, no checkpoint.
    """
    from tuning_curves.methods.plugins import read_plugin, register_plugin, stopped
    from tuning_curves.methods.registry import describe

    plugin = read_plugin(args.file)
    name = register_plugin(plugin)
    from tuning_curves.training.method_check import check_method

    try:
        report = check_method(name, args.encoder, pooler=args.pooler)
    except TuningCurvesError:
        raise
    except Exception as error:  # of the plug-in's own modules and hooks
        raise stopped(plugin, "training with it", error) from error
    entry = describe(name)
    print(f"{args.file}: {name} ({entry.label}), sha256 {plugin.sha256}")
    print("\n".join(_lines(entry, report)))
    if report.faults:
        raise UsageError(
            f"{args.file}: {plural(report.faults, 'check')} failed", fix="see the lines with FAIL"
        )
    return 0


def _lines(entry: "MethodEntry", report: "MethodReport") -> list[str]:
    counts, whole = report.counts, report.counts.total - report.counts.head
    losses = ", ".join(f"{loss:.4f}" for loss in report.losses)
    return [
        f"  trains  {entry.equation}",
        f"  looks   {entry.colour}, marker {entry.marker}",
        f"  counts  {counts.backbone:,} of the encoder, {counts.added:,} added, "
        f"{100 * counts.share:.4g} % of {whole:,}; {counts.head:,} of the head",
        f"  losses  {losses or 'none'} (made-up tokens: no measure of the method)",
        *(f"  {MARKS[finding.sound]}    {finding.words}" for finding in report.findings),
    ]
