"""What is said while something works: lines on stderr."""

import contextlib
import sys


def say(line: str) -> None:
    """A line on stderr; a log that nobody takes any more (a dead pipe, a full disk) is no error."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
