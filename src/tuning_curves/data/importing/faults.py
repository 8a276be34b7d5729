"""What is wrong with an imported file: all of it, by kind, with counts and the first places."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tuning_curves.util.errors import quoted

SHOWN = 3  # places named of each kind


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        what: is wrong, in the plural.
        help: the step that mends it by hand; empty where `--fix` does.
    """

    what: str
    help: str = ""


KINDS: Mapping[str, Kind] = {
    "counting": Kind("offsets count something else than characters"),
    "form": Kind("answers differ from their text in white space or Unicode form"),
    "moved": Kind("answers are not at their offset, and stand at one other place alone"),
    "id": Kind("ids are missing, or no text"),
    "title": Kind("titles are missing, or no text"),
    "number": Kind("offsets are not written as whole numbers"),
    "order": Kind("articles come back after other ones"),
    "margin": Kind("labels have white space around them"),
    "json": Kind("lines are no JSON objects", "write one JSON object on each line"),
    "fields": Kind("lines have another number of fields than the first", "quote what holds commas"),
    "columns": Kind(
        "lines have another number of columns than most", "write a word and its label a line"
    ),
    "layout": Kind("entries are not as the layout has them", "write them as documented"),
    "text": Kind("texts are missing or empty", "fill them, or leave the examples out"),
    "surrogate": Kind("texts hold half a surrogate pair", "write the file anew, as UTF-8"),
    "group": Kind("examples lack what others have", "give it to all examples, or to none"),
    "label": Kind("examples have no label", "label them, or leave them out"),
    "labels": Kind("examples have several labels where there is one", "keep one label each"),
    "annotators": Kind("texts are annotated twice, differently", "export one annotation each"),
    "lengths": Kind("sentences have another number of labels than of words", "label every word"),
    "impossible": Kind("questions have no answer", "`--impossible drop` leaves them out"),
    "twice": Kind("ids stand twice", "give every question an id of its own"),
    "place": Kind("answers are not at their offset", "correct answer_start, or the answer"),
    "outside": Kind("spans lie outside of their text", "correct their offsets"),
    "cut": Kind(
        "spans begin or end inside a word",
        "move them to whole words, or export the tool's own tokens too",
    ),
    "overlap": Kind("spans overlap", "keep one of them: a word has one label"),
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that is written otherwise than the file has it, or left out."""

    kind: str
    where: str
    what: str
    before: Any
    after: Any

    @property
    def row(self) -> dict[str, Any]:
        """For the report."""
        return vars(self)


@dataclass
class Findings:
    """What is found while a file is read.

    Attributes:
        fix: whether what can be mended safely is mended; otherwise it is a fault too.
        drop: whether an example with a fault that only a person can mend is left out and reported.
        faulty: the places of those examples.
        remedy: what helps where nothing is labelled; a reader that knows more says it.
    """

    fix: bool = False
    drop: bool = False
    faulty: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    mendable: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    remedy: str = "label some, and export again"

    def fault(self, kind: str, where: str, detail: str = "") -> None:
        """Something that only a person can mend; `where` is an example's place, or its own."""
        if self.drop:
            self.faulty.add(where)
            self.notes[f"left out, since {KINDS[kind].what}"] += 1
            self.change("left out", where, f"left out, since {KINDS[kind].what}", detail, None)
        else:
            self._count(kind, where, detail)

    def _count(self, kind: str, where: str, detail: str) -> None:
        self.counts[kind] += 1
        there = self.places.setdefault(kind, [])
        if len(there) < SHOWN:
            there.append(f"{where}: {detail}" if detail else where)

    def mend(self, kind: str, where: str, what: str, before: Any, after: Any) -> None:
        """Something that is safely written otherwise: a change with `fix`, else a fault."""
        if self.fix:
            self.change(kind, where, what, before, after)
        else:
            self.mendable[kind] += 1
            one, other = _shown(before, after)
            self._count(kind, where, f"{what} {one} would be {other}")

    def change(self, kind: str, where: str, what: str, before: Any, after: Any) -> None:
        """Something for the report."""
        self.changes.append(Change(kind=kind, where=where, what=what, before=before, after=after))

    def left_out(self, why: str, where: str, what: Any) -> None:
        """An example that is not written; `why` completes `left out, since they …`."""
        self.notes[f"left out, since they {why}"] += 1
        self.change("left out", where, f"left out, since they {why}", what, None)

    def note(self, what: str, count: int = 1) -> None:
        """Something to be told with its count."""
        self.notes[what] += count

    def sound(self, rows: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """Those of the rows, each with its place, that have no fault."""
        return [(where, row) for where, row in rows if where not in self.faulty]

    @property
    def total(self) -> int:
        return self.counts.total()

    def told(self) -> list[str]:
        """What is to be known of a file without faults."""
        return [f"{what}: {count:,}" for what, count in self.notes.items()]

    def lines(self) -> list[str]:
        """Every kind with its count, its remedy, and its first places."""
        found = []
        for kind, count in self.counts.most_common():
            help = KINDS[kind].help if kind not in self.mendable else "`--fix` mends them"
            found.append(f"  {KINDS[kind].what}: {count:,} ({help})")
            found += [f"      {place}" for place in self.places[kind]]
            if count > len(self.places[kind]):
                found.append(f"      and {count - len(self.places[kind]):,} more")
        return found


def _shown(*values: Any) -> tuple[str, ...]:
    """Values on one line; texts that only their Unicode form tells apart as escapes."""
    texts = [one for one in values if isinstance(one, str)]
    alike = len({unicodedata.normalize("NFC", one) for one in texts}) < len(texts)
    show = ascii if alike else quoted
    return tuple(
        show(one[:40]) if isinstance(one, str) else "missing" if one is None else str(one)
        for one in values
    )
