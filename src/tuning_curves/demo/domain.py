"""What a domain declares: its slots, its sentence forms and its question forms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tuning_curves.demo.values import Slot

MARK = re.compile(r"\{([^{}]+)\}")
REFERENCES = frozenset(("name", "short", "the", "it", "its", "they", "their", "them", "home"))


@dataclass(frozen=True, kw_only=True)
class Domain:
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
        is_person: whether the subject is somebody; then titles are not used.
        openings: forms of the first sentence, in bundles.
        bodies: bundles for the sentences after it, in any order.
        endings: bundles of which at most one closes the passage.
        questions: question forms by slot; a slot without them is never asked for.
    """

    name: str
    nouns: tuple[str, ...]
    slots: Mapping[str, Slot]
    openings: tuple[tuple[str, ...], ...]
    bodies: tuple[tuple[str, ...], ...]
    endings: tuple[tuple[str, ...], ...]
    questions: Mapping[str, tuple[str, ...]]
    titles: tuple[str, ...] = ()
    is_person: bool = False


def slots_in(form: str) -> set[str]:
    """The slots that a form mentions."""
    marks = {mark.split(":")[-1] for mark in MARK.findall(form)}
    return marks - REFERENCES
