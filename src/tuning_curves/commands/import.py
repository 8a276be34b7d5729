"""`tuning-curves import`: a labelled file of another program to one that studies read."""

import argparse
import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.commands.options import add, add_columns, add_task_name, columns_of
from tuning_curves.util.errors import UsageError, plural
from tuning_curves.util.files import write_whole

if TYPE_CHECKING:
    from tuning_curves.data.importing import Imported
    from tuning_curves.tasks.base import Task

DESCRIPTION = """\
Read a labelled file, whatever program wrote it, and write JSON Lines that studies read
(`format: {kind: jsonl}`). What the file is, is told from its content: SQuAD 1.1 and 2.0; the
hub's rows as JSON, JSON Lines, CSV or parquet; exports of Label Studio, doccano, Prodigy,
Argilla and spaCy; CSV and TSV; CoNLL and CoNLL-U; each also as .gz. Labelled stretches of
characters become words with BIO labels (docs/your-data.md has the rule).
"""
EPILOG = """\
examples:
  $ tuning-curves import export.json --task token-classification --out data.jsonl
  $ tuning-curves import reviews.csv --task text-classification --out data.jsonl \\
      --column text=review --column label=stars --column group=customer
  $ tuning-curves import dev-v2.0.json --task question-answering --out data.jsonl \\
      --impossible drop --fix

All faults are listed at once, by kind, and nothing is written while there are any. --fix
mends what is safe: offsets that count UTF-16 units, bytes, or line ends otherwise; white
space and Unicode form of answers; ids and titles that are missing or numbers; rows that are
not beside their article's. Every change, and every example that is left out, stands in
OUT.report.jsonl. FILE is never changed.

exit status: 0 written, 2 usage, 3 faults, or a file that is nothing known, 4 no such file
"""

OPTIONAL = ("text_pair", "group")  # what `new` reads only where it is named


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "import",
        run,
        help="read a labelled file of another program",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="what was exported")
    add_task_name(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="OUT", help="data.jsonl")
    parser.add_argument("--fix", action="store_true", help="mend what is safe, and report it")
    parser.add_argument(
        "--impossible",
        choices=("drop", "refuse"),
        default="refuse",
        help="what becomes of questions without an answer (SQuAD 2.0); refuse by default",
    )
    parser.add_argument(
        "--faulty",
        choices=("drop", "refuse"),
        default="refuse",
        help="what becomes of examples with faults that are not mended; refuse the file by default",
    )
    add_columns(parser)
    parser.add_argument(
        "--no-header", action="store_true", help="a table's columns have numbers from 1, no names"
    )
    parser.add_argument(
        "--encoding", metavar="NAME", help="of a text file, where it is not told by itself"
    )


def run(args: argparse.Namespace) -> int:
    """Import.

    Raises:
        UsageError, ResourceError, DataError: see `import_file`.
    """
    from tuning_curves.data.importing import import_file
    from tuning_curves.data.importing.drafts import Request
    from tuning_curves.tasks import task_class

    task = task_class(args.task, "--task")
    report = args.out.with_name(f"{args.out.name}.report.jsonl")
    if realpath(args.file) in (realpath(args.out), realpath(report)):  # a ring of links, too
        raise UsageError(
            f"--out {args.out} would replace {args.file}", fix="name another file to write"
        )
    request = Request(
        task=task,
        columns=_columns(args.column, task),
        header=not args.no_header,
        impossible=args.impossible,
        faulty=args.faulty,
        encoding=args.encoding,
    )
    found = import_file(args.file, request, fix=args.fix)
    changes = [change.row for change in found.findings.changes]
    _write(report, changes) if changes else report.unlink(missing_ok=True)
    _write(args.out, found.rows)
    _tell(args, task, found, report if changes else None)
    return 0


def _columns(given: Iterable[str], task: "type[Task]") -> dict[str, str]:
    """The columns of fields.

    Raises:
        UsageError: no name, or none of the task's fields.
    """
    known = [field.name for field in task.fields]
    known += ["answer_start"] if "answers" in known else []
    known += ["text"] if "words" in known else []
    if not known:
        raise UsageError(f"--task {task.name} reads no rows", fix="use its own layout")
    return columns_of(given, known)


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """JSON Lines; half a surrogate pair, which a report may have, as JSON escapes it."""
    with write_whole(path) as stream:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False) + "\n"
            stream.write(line.encode("utf-8", "backslashreplace"))


def _tell(
    args: argparse.Namespace, task: "type[Task]", found: "Imported", report: Path | None
) -> None:
    """What was read, changed and written, and what a study says of it."""
    import yaml

    print(f"{args.file}: {found.what}")
    for warning in found.findings.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for line in found.findings.told():
        print(line)
    if report is not None:
        print(f"{report}: {plural(len(found.findings.changes), 'change')}")
    print(f"{args.out}: {_counted(task, found.rows)}")
    study: dict[str, Any] = {"data": {"train": str(args.out), "format": {"kind": "jsonl"}}}
    if labels := _labels(found.rows):
        study = {"task": {"labels": labels}, **study}
    new = f"tuning-curves new my-study --task {task.name} --train {shlex.quote(str(args.out))}"
    named = [f" --{name.replace('_', '-')} {name}" for name in OPTIONAL if name in found.rows[0]]
    print(f"next: {new}{''.join(named)}")
    print("or in a study of your own:")
    text = yaml.safe_dump(study, allow_unicode=True, sort_keys=False, default_flow_style=None)
    print("".join(f"  {line}\n" for line in text.splitlines()), end="")


def _counted(task: "type[Task]", rows: list[dict[str, Any]]) -> str:
    nouns = task.nouns
    groups = {row.get("title", row.get("group")) for row in rows} - {None}
    among = f" in {plural(len(groups), nouns.group, nouns.groups)}" if groups else ""
    return plural(len(rows), nouns.example, nouns.examples) + among


def _labels(rows: list[dict[str, Any]]) -> list[str]:
    """All labels, in the alphabet's order."""
    found = {one for row in rows for one in row.get("labels", [row.get("label")])} - {None}
    return sorted(found)
