"""One passage: a subject, its facts, and the sentences that tell some of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from tuning_curves.demo.cultures import Culture
from tuning_curves.demo.domain import Domain, slots_in
from tuning_curves.demo.draw import Draw
from tuning_curves.demo.names import Names
from tuning_curves.demo.render import Subject, Text, render
from tuning_curves.demo.values import Value, draw_values

ENOUGH_WORDS = 34  # no sentence is added to forms that have so many
FEWEST_WORDS = 35  # a passage with fewer is written again, longer
MOST_WORDS = 54  # a sentence that would lead beyond is left out
ENDING = 55  # of a hundred passages, how many close with what became of their subject


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A paragraph and what it tells.

    Attributes:
        spans: the facts told, by slot: (first character, end) in `text`.
        values: of all slots, also of those that are not told.
    """

    subject: Subject
    text: str
    spans: dict[str, tuple[int, int]]
    values: Mapping[str, Value]


def write_passage(domain: Domain, home: str, culture: Culture, names: Names, draw: Draw) -> Passage:
    """Invent a subject near `home` and write about it."""
    subject = _name_subject(domain, home, culture, names, draw)
    values = draw_values(domain.slots, draw, names, culture)
    for enough in (ENOUGH_WORDS, 2 * ENOUGH_WORDS):
        text, spans = _join(_write_sentences(subject, values, enough, draw))
        if len(text.split()) >= FEWEST_WORDS:
            break
    return Passage(subject=subject, text=text, spans=spans, values=values)


def _write_sentences(
    subject: Subject, values: Mapping[str, Value], enough: int, draw: Draw
) -> list[Text]:
    """Sentences about some of the facts; a pronoun never follows a sentence with rivals for it."""
    domain, person_before = subject.domain, False
    sentences: list[Text] = []
    for form in _choose_forms(domain, enough, draw):
        pronouns = bool(sentences) and not (domain.is_person and person_before)
        sentences.append(render(form, subject, values, draw, pronouns=pronouns))
        person_before = any(domain.slots[slot].kind == "person" for slot in slots_in(form))
    return sentences


def _name_subject(domain: Domain, home: str, culture: Culture, names: Names, draw: Draw) -> Subject:
    if domain.is_person:
        somebody = names.person(draw, culture)
        return Subject(domain=domain, name=somebody.name, person=somebody, home=home)
    form = draw.choose(domain.titles)
    name = form.replace("{home}", home)
    if "{place}" in form:
        name = form.replace("{place}", names.place(draw, culture))
    if "{last}" in form:
        name = form.replace("{last}", names.surname(draw, culture))
    return Subject(domain=domain, name=name, person=None, home=home)


def _choose_forms(domain: Domain, enough: int, draw: Draw) -> list[str]:
    """An opening, some bodies in any order, and at times an ending, until it is long enough."""
    forms = [draw.choose(draw.choose(domain.openings))]
    ending = [draw.choose(draw.choose(domain.endings))] if draw.chance(ENDING) else []
    for bundle in draw.shuffled(domain.bodies):
        words = _count_words([*forms, *ending])
        form = draw.choose(bundle)
        if words < enough and words + _count_words([form]) <= MOST_WORDS:
            forms.append(form)
    return [*forms, *ending]


def _count_words(forms: list[str]) -> int:
    """Words of the forms, names and dates taken for one and a half."""
    words = [word for form in forms for word in form.split()]
    return len(words) + sum("{" in word for word in words) // 2


def _join(sentences: list[Text]) -> tuple[str, dict[str, tuple[int, int]]]:
    """The sentences with full stops and spaces, and the spans in the whole."""
    text = ""
    spans: dict[str, tuple[int, int]] = {}
    for sentence in sentences:
        start = len(text)
        for slot, (first, end) in sentence.spans.items():
            spans.setdefault(slot, (start + first, start + end))
        text += sentence.text + ". "
    return text.rstrip(), spans
