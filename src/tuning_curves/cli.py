"""`tuning-curves`: one file a subcommand, nothing heavy imported before it is needed."""

import argparse
import contextlib
import importlib
import io
import sys
from collections.abc import Sequence

from tuning_curves import __version__
from tuning_curves.util.errors import ResourceError, TuningCurvesError, refused
from tuning_curves.util.interrupts import Interrupted

COMMANDS = (
    "new",
    "score",
    "methods",
    "method-check",
    "status",
    "fetch",
    "windows",
    "plan",
    "train",
    "archive",
    "collect",
    "analyse",
    "report",
    "paper",
    "synthesis",
    "import",
    "explore",
    "pin",
    "verify",
    "cache",
    "advise",
    "predict",
    "export",
)
DESCRIPTION = """\
With n labelled examples, which part of a pre-trained encoder should you tune?
Parts of the replication workflow as commands; `snakemake --cores all` runs them all.
"""
READER_GONE, CTRL_C = 141, 130  # exit statuses, as a shell reports these ends
EPILOG = "exit status: 0 done, 2 usage, 3 damaged data, 4 missing or full, 75 try later"


def make_parser() -> argparse.ArgumentParser:
    """The parser with every subcommand."""
    parser = argparse.ArgumentParser(
        prog="tuning-curves",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tuning-curves {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"tuning_curves.commands.{name.replace('-', '_')}")
        module.add_parser(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; an error becomes one message on stderr and its exit status."""
    _escape_what_cannot_be_shown()
    args = make_parser().parse_args(arguments)
    try:
        return args.run(args)
    except TuningCurvesError as error:
        return _say(error, error.exit_status)
    except BrokenPipeError:
        return READER_GONE
    except OSError as error:
        return _say(refused(error), ResourceError.exit_status)
    except Interrupted as end:
        return _say(end, end.exit_status)
    except KeyboardInterrupt:
        return CTRL_C


def _escape_what_cannot_be_shown() -> None:
    """A terminal or file whose encoding lacks a character gets its escape, such as `\\xe9`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(error: BaseException, exit_status: int) -> int:
    """Print an error where somebody still reads; the exit status stands in any case."""
    with contextlib.suppress(OSError):
        print(f"error: {error}", file=sys.stderr)
    return exit_status


if __name__ == "__main__":
    sys.exit(main())
