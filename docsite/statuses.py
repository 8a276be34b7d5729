"""The exit statuses of `tuning-curves`, from the errors that carry them."""

from collections.abc import Sequence

from docsite.writing import first_sentence, table
from tuning_curves.cli import CTRL_C, READER_GONE
from tuning_curves.util.errors import TuningCurvesError
from tuning_curves.util.interrupts import Interrupted

OPENING = """\
# Exit statuses

What `tuning-curves` ends with, so that a scheduler can tell a typing mistake from a passing
trouble. An error is one message on stderr: the value, what was expected, and mostly a line that
begins with `fix:`, the next step. [Crashes and faults](../faults.md#exit-status) says what to do
after each. Snakemake says 1 for any failed job; the job's log has the message.
"""
OF_THE_SHELL = {
    CTRL_C: "Ctrl-C in a command that does not train.",
    READER_GONE: "The reader of the output went away, as in `tuning-curves … | head`.",
}


def statuses() -> dict[int, list[str]]:
    """What each status stands for, a sentence for each class of errors that carries it."""
    found: dict[int, list[str]] = {0: ["Done. A run that diverged is a result."]}
    kinds: Sequence[type[TuningCurvesError | Interrupted]] = TuningCurvesError.__subclasses__()
    for kind in (*kinds, Interrupted):
        found.setdefault(kind.exit_status, []).append(first_sentence(kind.__doc__))
    return {**dict(sorted(found.items())), **{key: [value] for key, value in OF_THE_SHELL.items()}}


def page() -> str:
    """The page, in Markdown."""
    rows = [(str(status), " ".join(meanings)) for status, meanings in statuses().items()]
    return OPENING + "\n" + table(("status", "meaning"), rows)
