"""Files that other programs wrote to the package's own: JSON Lines with the task's field names.

A file is recognised by its content (`recognise`), read by the module of its family into drafts
(`drafts`), which are checked and, where that is safe and asked for, mended (`questions`,
`examples`). What is wrong is found in one go (`faults`); what is changed is reported.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request
from tuning_curves.data.importing.examples import sentence_rows, text_rows
from tuning_curves.data.importing.faults import KINDS, Findings
from tuning_curves.data.importing.questions import question_rows
from tuning_curves.data.importing.recognise import recognise
from tuning_curves.data.sizes import check_size
from tuning_curves.util.errors import DataError, ResourceError, plural

Rows = list[dict[str, Any]]
CHECKS: dict[str, Callable[[Iterable[Draft], Request, Findings], Rows]] = {
    "questions": question_rows,
    "texts": text_rows,
    "sentences": sentence_rows,
}


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A file that was read without a fault that is left.

    Attributes:
        what: the file is, in words.
        rows: by the task's field names, as JSON Lines hold them.
    """

    what: str
    rows: Rows
    findings: Findings


def import_file(path: Path, request: Request, *, fix: bool) -> Imported:
    """Read a labelled file, whatever program wrote it.

    Args:
        fix: whether to mend what can be mended safely.

    Raises:
        ResourceError: no such file.
        DataError: it is nothing that is known, or has faults: all are listed.
        UsageError: a column or an encoding that there is not.
    """
    try:
        check_size(path.stat().st_size, str(path))
        content = path.read_bytes()
    except FileNotFoundError:
        raise ResourceError(f"{path}: no such file", fix="correct the path") from None
    findings = Findings(fix=fix, drop=request.faulty == "drop")
    what, drafts = recognise(content, str(path), request, findings)
    rows = CHECKS[request.kind](drafts, request, findings)
    if findings.total:
        raise _refusal(path, what, findings)
    if not rows:
        told = "".join(f"; {line}" for line in findings.told())
        message = f"{path} ({what}): no labelled examples{told}"
        raise DataError(message, fix=findings.remedy)
    return Imported(what=what, rows=rows, findings=findings)


def _refusal(path: Path, what: str, findings: Findings) -> DataError:
    kinds = plural(len(findings.counts), "kind")
    head = f"{path} ({what}): {plural(findings.total, 'fault')} of {kinds}, nothing is written"
    mendable = findings.mendable.total()
    left = findings.total - mendable
    steps = [f"`--fix` mends {mendable:,} of them and reports each change"] if mendable else []
    if left:
        steps.append(_by_hand(findings, left))
    told = [f"  {line}" for line in (*findings.warnings, *findings.told())]
    return DataError("\n".join([head, *findings.lines(), *told]), fix="; ".join(steps))


def _by_hand(findings: Findings, left: int) -> str:
    """What helps against the faults that `--fix` leaves, `left` of them."""
    others = f"{'the other' if findings.mendable else 'all'} {left:,}"
    kinds = [kind for kind in findings.counts if kind not in findings.mendable]
    if kinds == ["impossible"]:
        return f"for {others}: {KINDS['impossible'].help}"
    each = KINDS[kinds[0]].help if len(kinds) == 1 else "do what is in brackets after their kind"
    return f"for {others}: {each}; `--faulty drop` leaves out what stays"
