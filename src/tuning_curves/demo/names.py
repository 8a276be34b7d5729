"""Invented names of people and places; none is given twice in a data set."""

from dataclasses import dataclass, field

from tuning_curves.demo.cultures import Culture, cultures, name_parts
from tuning_curves.demo.draw import Draw
from tuning_curves.util.errors import UsageError

TRIES = 200  # a draw that fails so often has run out of names
VOWELS = "aeiou"
STRANGERS = 25  # of a hundred people in a passage, how many come from another culture


@dataclass(frozen=True)
class Person:
    """Somebody in a passage."""

    first: str
    last: str
    woman: bool

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass
class Names:
    """Hands out names and remembers those that are taken."""

    taken: set[str] = field(default_factory=set)

    def place(self, draw: Draw, culture: Culture) -> str:
        """A town's or a river's name, such as "Halsund".

        Raises:
            UsageError: too many names asked for.
        """
        for _ in range(TRIES):
            name = _join(draw.choose(culture.heads), draw.choose(culture.tails))
            if draw.chance(20):
                name = f"{draw.choose(name_parts().prefixes)} {name}"
            if self._take(name):
                return name
        raise _exhausted("places")

    def person(self, draw: Draw, culture: Culture) -> Person:
        """Somebody of this culture, or at times of another.

        Raises:
            UsageError: too many names asked for.
        """
        origin = draw.choose(cultures()) if draw.chance(STRANGERS) else culture
        for _ in range(TRIES):
            woman = draw.chance(50)
            first = draw.choose(origin.women if woman else origin.men)
            last = _join(draw.choose(origin.stems), draw.choose(origin.ends))
            if self._take(f"{first} {last}"):
                return Person(first, last, woman)
        raise _exhausted("people")

    def surname(self, draw: Draw, culture: Culture) -> str:
        """A family's name, for what is called after it.

        Raises:
            UsageError: too many names asked for.
        """
        for _ in range(TRIES):
            name = _join(draw.choose(culture.stems), draw.choose(culture.ends))
            if self._take(name):
                return name
        raise _exhausted("families")

    def _take(self, name: str) -> bool:
        """Whether the name was free."""
        if name in self.taken:
            return False
        self.taken.add(name)
        return True


def _join(head: str, tail: str) -> str:
    """Two parts of a name without a letter three times or two vowels that clash."""
    if head[-1] == tail[0] or (head[-1] in VOWELS and tail[0] in VOWELS):
        return head + tail[1:]
    return head + tail


def _exhausted(kind: str) -> UsageError:
    return UsageError(
        f"the generator has run out of names of {kind}",
        fix="ask for fewer articles: lower data.train_articles or data.test_articles",
    )
