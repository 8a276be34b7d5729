"""The domains, read from domains/*.json and checked: a file a domain, all data, no code.

Types come first, then what one key says of another: a form's marks, a year's base, a range.
What makes good passages (four forms a bundle, a rival for every name) is for tests to say.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

from tuning_curves.demo.domain import MARK, REFERENCES, Domain
from tuning_curves.demo.values import Number, Time
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import read_json
from tuning_curves.util.validation import validate

FOLDER = Path(__file__).with_name("domains")
FIX = "correct the file as tuning_curves/demo/domain.py describes it"
TITLE_MARKS = ("home", "last", "place")


@functools.cache
def domains() -> tuple[Domain, ...]:
    """The package's own domains, in the order of their files' names, which draws depend on."""
    return tuple(read_domain(path) for path in sorted(FOLDER.glob("*.json")))


def read_domain(path: Path) -> Domain:
    """Read and check the file of a domain.

    Raises:
        ResourceError: no such file.
        DataError: no JSON.
        UsageError: a domain that no passage can be written from; names the file and the key.
    """
    found = read_json(path, what="the file of a domain", fix=FIX)
    domain: Domain = validate(Domain, found, str(path), "the domain", FIX)
    for problem in (*_slot_problems(domain), *_form_problems(domain), *_title_problems(domain)):
        raise UsageError(f"{path}: {problem}", fix=FIX)
    return domain


def _slot_problems(domain: Domain) -> Iterator[str]:
    times: list[str] = []
    for name, slot in domain.slots.items():
        if name in REFERENCES:
            yield f"slots.{name} has a name that forms use for the subject; rename it"
        if isinstance(slot, Time | Number) and slot.low > slot.high:
            yield f"slots.{name}.low is {slot.low}, expected at most high, {slot.high}"
        if isinstance(slot, Time):
            if slot.base is not None and slot.base not in times:
                listed = ", ".join(times) or "none"
                yield (
                    f"slots.{name}.base is {slot.base!r}, expected a year or a date that stands "
                    f"before it (there are: {listed})"
                )
            times.append(name)


def _form_problems(domain: Domain) -> Iterator[str]:
    known = {*domain.slots, *(f"a:{slot}" for slot in domain.slots), *REFERENCES}
    for slot in domain.questions:
        if slot not in domain.slots:
            yield f"questions.{slot} asks for no slot (there are: {', '.join(domain.slots)})"
    for place, form in _forms(domain):
        for mark in MARK.findall(form):
            if mark not in known:
                yield f"{place} has {{{mark}}}, expected a slot, or one of {_listed(REFERENCES)}"
        if {"{", "}"} & set(MARK.sub("", form)):
            yield f"{place} is {form!r}, expected every brace to close"


def _forms(domain: Domain) -> Iterator[tuple[str, str]]:
    """Every form with its place in the file."""
    for key in ("openings", "bodies", "endings"):
        for number, bundle in enumerate(getattr(domain, key)):
            yield from ((f"{key}.{number}.{index}", form) for index, form in enumerate(bundle))
    for slot, forms in domain.questions.items():
        yield from ((f"questions.{slot}.{index}", form) for index, form in enumerate(forms))


def _title_problems(domain: Domain) -> Iterator[str]:
    if domain.is_person == bool(domain.titles):
        yield "expected titles, or is_person and no titles"
    for number, title in enumerate(domain.titles):
        marks = MARK.findall(title)
        if len(marks) != 1 or marks[0] not in TITLE_MARKS:
            yield f"titles.{number} is {title!r}, expected one of {_listed(TITLE_MARKS)} in it"


def _listed(marks: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(f"{{{mark}}}" for mark in sorted(marks))
