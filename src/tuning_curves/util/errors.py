"""Errors a user can act on: what is wrong, what was expected, and the next step.

Each class carries the exit status of the command line, so that a scheduler can tell a typing
mistake (2), damaged data (3), a missing resource (4) and a passing trouble (75) apart.
"""

import errno


class TuningCurvesError(Exception):
    """A failure with one clear message and, where there is one, the step that mends it."""

    exit_status = 1

    def __init__(self, message: str, *, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return self.message if self.fix is None else f"{self.message}\nfix: {self.fix}"


class UsageError(TuningCurvesError):
    """A study, an option or a name that cannot be meant."""

    exit_status = 2


class DataError(TuningCurvesError):
    """A file whose content is not what it must be: torn, altered, or of another kind."""

    exit_status = 3


class ResourceError(TuningCurvesError):
    """Something that the machine must have and lacks: a file, a package, room, memory, a right."""

    exit_status = 4


class PassingError(TuningCurvesError):
    """A server that is down, slow or overrun: nothing is wrong here, and later it may go well."""

    exit_status = 75


def one_line(error: BaseException) -> str:
    """An error's own words on one line."""
    return " ".join(str(error).split())


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 run`, `3,000 runs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def quoted(text: str, longest: int = 80) -> str:
    """Somebody else's text inside a message: in quotes, on one line, cut where it is long."""
    shown = repr(text[:longest])[1:-1].replace("\\'", "'")
    return f'"{shown}{"…" if len(text) > longest else ""}"'


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


def refused(error: OSError) -> ResourceError:
    """What the operating system refused, with the step that mends it."""
    named = error.filename2 or error.filename  # the second: what a partial file was to become
    place = "" if named is None else f"{named}: "
    if error.errno == errno.EISDIR:
        return ResourceError(f"{place}a folder, expected a file", fix="name a file")
    kept = "; then run again: finished runs keep their records"
    if error.errno in FULL:
        fix = f"free space, or raise the quota, where that file lies{kept}"
    elif error.errno in FORBIDDEN:
        fix = f"make that folder writable for this user, or name another{kept}"
    else:
        fix = f"see that the path is right and its disk is sound and has room{kept}"
    return ResourceError(f"{place}{error.strerror or error}", fix=fix)
