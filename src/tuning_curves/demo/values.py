"""What fills the slots of a sentence: people, places, years, dates, numbers, things, reasons.

A domain declares its slots with the functions below; `draw_values` invents one value for each.
Years and numbers of one passage are all different, so that no question has two right answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tuning_curves.demo.cultures import Culture
from tuning_curves.demo.draw import Draw
from tuning_curves.demo.names import Names

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
SHORTEST_MONTH = 28


@dataclass(frozen=True, kw_only=True)
class Slot:
    """What a slot holds.

    Attributes:
        kind: person, place, year, date, measure, count, thing, reason.
        low, high, step: the range of a number; of a year, counted from `base` if there is one.
        base: the slot whose year this one is counted from.
        unit: what a number counts, in the plural.
        options: what a thing or a reason is chosen from.
    """

    kind: str
    low: int = 0
    high: int = 0
    step: int = 1
    base: str | None = None
    unit: str = ""
    options: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Slots of one group can be mistaken for each other."""
        together = {"year": "time", "date": "time", "measure": "number", "count": "number"}
        return together.get(self.kind, self.kind)


@dataclass(frozen=True, kw_only=True)
class Value:
    """A slot's content: its text, and the year of a time."""

    text: str
    year: int | None = None


def person() -> Slot:
    """Somebody's full name."""
    return Slot(kind="person")


def place() -> Slot:
    """The name of a town."""
    return Slot(kind="place")


def year(low: int, high: int, base: str | None = None) -> Slot:
    """A year in low to high, or so many years after (or before) that of `base`."""
    return Slot(kind="year", low=low, high=high, base=base)


def date(low: int, high: int, base: str | None = None) -> Slot:
    """A day of such a year, as in "12 March 1911"."""
    return Slot(kind="date", low=low, high=high, base=base)


def measure(low: int, high: int, step: int, unit: str) -> Slot:
    """A quantity: the answer is the number with its unit."""
    return Slot(kind="measure", low=low, high=high, step=step, unit=unit)


def count(low: int, high: int, step: int, unit: str) -> Slot:
    """So many things: the answer is the number."""
    return Slot(kind="count", low=low, high=high, step=step, unit=unit)


def thing(*options: str) -> Slot:
    """A noun phrase without an article."""
    return Slot(kind="thing", options=options)


def reason(*options: str) -> Slot:
    """A clause that may follow "because"."""
    return Slot(kind="reason", options=options)


def draw_values(
    slots: Mapping[str, Slot], draw: Draw, names: Names, culture: Culture
) -> dict[str, Value]:
    """One value for each slot, in the slots' order (a base stands before what counts from it)."""
    american = draw.chance(30)
    values: dict[str, Value] = {}
    for name, slot in slots.items():
        if slot.kind == "person":
            values[name] = Value(text=names.person(draw, culture).name)
        elif slot.kind == "place":
            values[name] = Value(text=names.place(draw, culture))
        elif slot.group == "time":
            values[name] = _draw_time(slot, values, draw, american=american)
        elif slot.group == "number":
            values[name] = Value(text=_draw_number(slot, values, draw))
        else:
            values[name] = Value(text=draw.choose(slot.options))
    return values


def _draw_time(slot: Slot, values: Mapping[str, Value], draw: Draw, *, american: bool) -> Value:
    start = 0 if slot.base is None else _year_of(values[slot.base])
    taken = {value.year for value in values.values()}
    free = [y for y in range(start + slot.low, start + slot.high + 1) if y not in taken]
    chosen = draw.choose(free)
    if slot.kind == "year":
        return Value(text=str(chosen), year=chosen)
    day, month = draw.between(1, SHORTEST_MONTH), draw.choose(MONTHS)
    text = f"{month} {day}, {chosen}" if american else f"{day} {month} {chosen}"
    return Value(text=text, year=chosen)


def _year_of(value: Value) -> int:
    if value.year is None:
        raise ValueError(f"{value.text!r} has no year to count from")
    return value.year


def _draw_number(slot: Slot, values: Mapping[str, Value], draw: Draw) -> str:
    """A number that no other slot has, with its unit."""
    taken = {text.split()[0] for text in _texts(values)}
    numbers = [f"{n:,}" for n in range(slot.low, slot.high + 1, slot.step)]
    return f"{draw.choose([n for n in numbers if n not in taken])} {slot.unit}"


def _texts(values: Mapping[str, Value]) -> set[str]:
    return {value.text for value in values.values()}
