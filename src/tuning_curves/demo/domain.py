"""What a domain declares: its slots, its sentence forms and its question forms."""

import re
from typing import Annotated

from pydantic import Field

from tuning_curves.demo.cultures import LIST
from tuning_curves.demo.values import Slot, Text
from tuning_curves.util.validation import Section

MARK = re.compile(r"\{([^{}]+)\}")
REFERENCES = frozenset(("name", "short", "the", "it", "its", "they", "their", "them", "home"))

Forms = Annotated[tuple[Text, ...], LIST, Field(min_length=1)]
Bundles = Annotated[tuple[Forms, ...], LIST, Field(min_length=1)]


class Domain(Section):
    """A kind of thing that passages are about.

    Sentence forms stand in bundles: the forms of one bundle tell the same facts in other words.
    In a form, `{slot}` is a slot's value, `{a:slot}` the value after "a" or "an". `{name}` is
    the subject's full name, `{it}` and `{its}` refer to it by pronoun, noun or name, `{they}`,
    `{their}`, `{them}` are pronouns for it, `{the}` is its noun, `{short}` a person's last name,
    `{home}` the article's town.

    Attributes:
        name: of the domain.
        nouns: what it may be called after "the"; one that stands twice comes twice as often.
        titles: forms of the subject's name, from `{place}`, `{last}` and `{home}`.
        is_person: whether the subject is somebody; then there are no titles.
        slots: by name; in the order in which their values are drawn.
        openings: forms of the first sentence, in bundles.
        bodies: bundles for the sentences after it, in any order.
        endings: bundles of which at most one closes the passage.
        questions: question forms by slot; a slot without them is never asked for.
    """

    name: Text
    nouns: Forms
    titles: Annotated[tuple[Text, ...], LIST] = ()
    is_person: bool = False
    slots: dict[str, Slot]
    openings: Bundles
    bodies: Bundles
    endings: Bundles
    questions: dict[str, Forms]


def slots_in(form: str) -> set[str]:
    """The slots that a form mentions."""
    marks = {mark.split(":")[-1] for mark in MARK.findall(form)}
    return marks - REFERENCES
