"""From a form and its values to a sentence, with the place of every value in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tuning_curves.demo.domain import MARK, Domain
from tuning_curves.demo.draw import Draw
from tuning_curves.demo.names import Person
from tuning_curves.demo.values import Value

WOMAN = {"they": "she", "their": "her", "them": "her"}
MAN = {"they": "he", "their": "his", "them": "him"}
OBJECT = {"they": "it", "their": "its", "them": "it"}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a passage is about.

    Attributes:
        name: in full, as it stands in the middle of a sentence ("the Lind Museum").
        person: who it is, if it is somebody.
        home: the town of its article.
    """

    domain: Domain
    name: str
    person: Person | None
    home: str


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text and where each slot's value stands in it: (first character, end)."""

    text: str
    spans: dict[str, tuple[int, int]]


def render(
    form: str, subject: Subject, values: Mapping[str, Value], draw: Draw, *, pronouns: bool
) -> Text:
    """Fill in a form; its first letter becomes a capital.

    Args:
        pronouns: whether `{it}` and `{its}` may be a pronoun.
    """
    pieces, spans, length, last = [], {}, 0, 0
    for match in MARK.finditer(form):
        pieces.append(form[last : match.start()])
        length += len(pieces[-1])
        last = match.end()
        mark = match.group(1)
        word = _fill(mark, subject, values, draw, pronouns)
        slot = mark.split(":")[-1]
        if slot in values:
            spans[slot] = (length + len(word) - len(values[slot].text), length + len(word))
        pieces.append(word)
        length += len(word)
    text = "".join((*pieces, form[last:]))
    return Text(text=text[0].upper() + text[1:], spans=spans)


def with_article(phrase: str) -> str:
    """The phrase after "a" or "an", by its sound: "an 8", "an 18", "a one", "an iron"."""
    number = phrase.split(maxsplit=1)[0].rstrip(".")
    if number[0].isdigit():
        spoken = number.split(",")[0]
        vowel = spoken[0] == "8" or spoken in ("11", "18")
    else:
        vowel = phrase[0].lower() in "aeiou" and not phrase.startswith(("uni", "use", "one"))
    return f"an {phrase}" if vowel else f"a {phrase}"


def _fill(
    mark: str, subject: Subject, values: Mapping[str, Value], draw: Draw, pronouns: bool
) -> str:
    if mark.startswith("a:"):
        return with_article(values[mark[2:]].text)
    if mark in values:
        return values[mark].text
    return _refer(mark, subject, draw, pronouns)


def _refer(mark: str, subject: Subject, draw: Draw, pronouns: bool) -> str:
    """The subject, by name, noun or pronoun."""
    own = OBJECT if subject.person is None else _pronouns(subject.person)
    if mark in own:
        return own[mark]
    if mark == "it":
        return own["they"] if pronouns and draw.chance(50) else _call(subject, draw)
    if mark == "its":
        return own["their"] if pronouns and draw.chance(70) else _possessive(_call(subject, draw))
    short = subject.name if subject.person is None else subject.person.last
    fixed = {"name": subject.name, "home": subject.home, "short": short}
    return fixed[mark] if mark in fixed else f"the {draw.choose(subject.domain.nouns)}"


def _call(subject: Subject, draw: Draw) -> str:
    if subject.person is not None:
        return subject.person.last
    return subject.name if draw.chance(20) else f"the {draw.choose(subject.domain.nouns)}"


def _possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _pronouns(somebody: Person) -> dict[str, str]:
    return WOMAN if somebody.woman else MAN
