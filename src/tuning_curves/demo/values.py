"""What fills the slots of a sentence: people, places, years, dates, numbers, things, reasons.

A domain's file declares its slots, each of a kind below; `draw_values` invents one value for each.
Years and numbers of one passage are all different, so that no question has two right answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from tuning_curves.demo.cultures import LIST, Culture
from tuning_curves.demo.draw import Draw
from tuning_curves.demo.names import Names
from tuning_curves.util.validation import Section

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
Text = Annotated[str, Field(min_length=1)]
GROUPS = {"year": "time", "date": "time", "measure": "number", "count": "number"}


class _Slot(Section):
    """What a slot holds."""

    kind: str

    @property
    def group(self) -> str:
        """Slots of one group can be mistaken for each other."""
        return GROUPS.get(self.kind, self.kind)


class Named(_Slot):
    """Somebody's full name, or the name of a town."""

    kind: Literal["person", "place"]


class Time(_Slot):
    """A year, or a day of one, as in "12 March 1911".

    Attributes:
        low, high: the first and the last year; counted from `base` if there is one.
        base: the slot whose year this one is counted from.
    """

    kind: Literal["year", "date"]
    low: int
    high: int
    base: str | None = None


class Number(_Slot):
    """So many things (count: the answer is the number) or a quantity (measure: with its unit).

    Attributes:
        low, high, step: the numbers to choose from.
        unit: what is counted, in the plural.
    """

    kind: Literal["measure", "count"]
    low: Annotated[int, Field(ge=0)]
    high: int
    step: Annotated[int, Field(ge=1)]
    unit: Text


class Choice(_Slot):
    """A thing, which is a noun phrase; a reason, which is a clause that may follow "because"."""

    kind: Literal["thing", "reason"]
    options: Annotated[tuple[Text, ...], LIST, Field(min_length=1)]


Slot = Annotated[Named | Time | Number | Choice, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True)
class Value:
    """A slot's content: its text, and the year of a time."""

    text: str
    year: int | None = None


def draw_values(
    slots: Mapping[str, Slot], draw: Draw, names: Names, culture: Culture
) -> dict[str, Value]:
    """One value for each slot, in the slots' order (a base stands before what counts from it)."""
    american = draw.chance(30)
    values: dict[str, Value] = {}
    for name, slot in slots.items():
        if isinstance(slot, Time):
            values[name] = _draw_time(slot, values, draw, american=american)
        elif isinstance(slot, Number):
            values[name] = Value(text=_draw_number(slot, values, draw))
        elif isinstance(slot, Choice):
            values[name] = Value(text=draw.choose(slot.options))
        elif slot.kind == "person":
            values[name] = Value(text=names.person(draw, culture).name)
        else:
            values[name] = Value(text=names.place(draw, culture))
    return values


def _draw_time(slot: Time, values: Mapping[str, Value], draw: Draw, *, american: bool) -> Value:
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


def _draw_number(slot: Number, values: Mapping[str, Value], draw: Draw) -> str:
    """A number that no other slot has, with its unit."""
    taken = {text.split()[0] for text in _texts(values)}
    numbers = [f"{n:,}" for n in range(slot.low, slot.high + 1, slot.step)]
    return f"{draw.choose([n for n in numbers if n not in taken])} {slot.unit}"


def _texts(values: Mapping[str, Value]) -> set[str]:
    return {value.text for value in values.values()}
