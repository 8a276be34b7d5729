"""Questions about a passage, with their answers and where these stand."""

from collections.abc import Iterable, Mapping
from typing import Any

from tuning_curves.sources.generator.domain import slots_in
from tuning_curves.sources.generator.draw import Draw
from tuning_curves.sources.generator.passage import Passage
from tuning_curves.sources.generator.render import render

TYPED = ("person", "place", "time", "number")
CONJUNCTION = "because "
PLAIN = 35  # of a hundred questions, how many must take the first, plainest form


def ask(passage: Passage, most: int, draw: Draw, *, several: bool) -> list[dict[str, Any]]:
    """At most so many questions, each about another fact; ids are left to the caller.

    Args:
        several: whether to give all acceptable answers, as SQuAD's dev set does, or the first.
    """
    entries = []
    for slot in draw.shuffled(_askable(passage))[:most]:
        forms = [f for f in passage.subject.domain.questions[slot] if _fits(f, passage, slot)]
        form = forms[0] if draw.chance(PLAIN) else draw.choose(forms)
        question = render(form, passage.subject, passage.values, draw, pronouns=False).text
        answers = _answers(passage, slot)
        entries.append({"question": question, "answers": answers if several else answers[:1]})
    return entries


def _askable(passage: Passage) -> list[str]:
    """The facts told that have questions and, if a name or number, one that could be mistaken."""
    slots = passage.subject.domain.slots
    groups = [slots[slot].group for slot in passage.spans]
    groups.append("place")  # the article's town
    return [
        slot
        for slot in passage.spans
        if slot in passage.subject.domain.questions
        and (slots[slot].group not in TYPED or groups.count(slots[slot].group) > 1)
    ]


def _fits(form: str, passage: Passage, slot: str) -> bool:
    """Whether the question speaks only of what the passage tells, and not of its own answer."""
    mentioned = slots_in(form)
    return slot not in mentioned and mentioned <= passage.spans.keys()


def _answers(passage: Passage, slot: str) -> list[dict[str, Any]]:
    """The gold answer, then others that a reader would accept as well."""
    first, end = passage.spans[slot]
    kind = passage.subject.domain.slots[slot].kind
    spans = [(first, end)]
    if kind == "count":
        number = passage.text.index(" ", first)
        spans = [(first, number), (first, end)]
    if kind == "reason" and passage.text[:first].lower().endswith(CONJUNCTION):
        spans.append((first - len(CONJUNCTION), end))
    return [{"text": passage.text[a:b], "answer_start": a} for a, b in spans]


def distractors(passage: Passage, slot: str) -> Iterable[str]:
    """The other facts told whose values are of the slot's group."""
    slots: Mapping[str, Any] = passage.subject.domain.slots
    return [s for s in passage.spans if s != slot and slots[s].group == slots[slot].group]
