"""Questions about a passage, with their answers and where these stand."""

from collections.abc import Mapping
from typing import Any

from tuning_curves.demo.domain import slots_in
from tuning_curves.demo.draw import Draw
from tuning_curves.demo.passage import Passage
from tuning_curves.demo.render import render

TYPED = ("person", "place", "time", "number")
CONJUNCTION = "because "
PLAIN = 70  # of a hundred questions, how many must take the first, plainest form


def ask(passage: Passage, most: int, draw: Draw, *, several: bool) -> list[dict[str, Any]]:
    """At most so many questions, each about another fact; ids are left to the caller.

    Args:
        several: whether to give all acceptable answers, as SQuAD's test part does, or the first.
    """
    entries = []
    for slot in _askable(passage, draw)[:most]:
        forms = [f for f in passage.subject.domain.questions[slot] if _fits(f, passage, slot)]
        form = forms[0] if draw.chance(PLAIN) else draw.choose(forms)
        question = render(form, passage.subject, passage.values, draw, pronouns=False).text
        answers = _answers(passage, slot, question)
        entries.append({"question": question, "answers": answers if several else answers[:1]})
    return entries


def _askable(passage: Passage, draw: Draw) -> list[str]:
    """The facts told that have questions, first those that few others could be mistaken for.

    A name, a time or a number is asked for only if there is another one in the passage.
    """
    asked = passage.subject.domain.questions
    found = []
    for slot in draw.shuffled([slot for slot in passage.spans if slot in asked]):
        group = passage.subject.domain.slots[slot].group
        rivals = len(distractors(passage, slot)) + (group == "place")  # the article's town
        if rivals or group not in TYPED:
            found.append((max(rivals, 1), slot))
    return [slot for _, slot in sorted(found, key=lambda pair: pair[0])]


def _fits(form: str, passage: Passage, slot: str) -> bool:
    """Whether the question speaks only of what the passage tells, and not of its own answer."""
    mentioned = slots_in(form)
    return slot not in mentioned and mentioned <= passage.spans.keys()


def _answers(passage: Passage, slot: str, question: str) -> list[dict[str, Any]]:
    """The gold answer, then others that a reader would accept as well.

    A count's is the number, a measure's has its unit (which a question after "how many" names).
    """
    first, end = passage.spans[slot]
    kind = passage.subject.domain.slots[slot].kind
    spans = [(first, end)]
    number = (first, first + len(passage.values[slot].text.split(maxsplit=1)[0]))
    if kind == "count":
        spans = [number, (first, end)]
    if kind == "measure" and question.startswith("How many"):
        spans = [(first, end), number]
    if kind == "reason" and passage.text[:first].lower().endswith(CONJUNCTION):
        spans.append((first - len(CONJUNCTION), end))
    return [{"text": passage.text[a:b], "answer_start": a} for a, b in spans]


def distractors(passage: Passage, slot: str) -> list[str]:
    """The other facts told whose values are of the slot's group."""
    slots: Mapping[str, Any] = passage.subject.domain.slots
    return [s for s in passage.spans if s != slot and slots[s].group == slots[slot].group]
