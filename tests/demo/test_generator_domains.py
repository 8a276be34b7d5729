"""The domains' files, and the rules they must keep."""

import pytest

from tuning_curves.demo.cultures import cultures
from tuning_curves.demo.domain import MARK, REFERENCES, Domain, slots_in
from tuning_curves.demo.draw import Draw
from tuning_curves.demo.names import Names
from tuning_curves.demo.passage import Passage, write_passage
from tuning_curves.demo.questions import TYPED, ask, distractors
from tuning_curves.demo.templates import domains

DOMAINS, CULTURES = domains(), cultures()

every_domain = pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)


def write(domain: Domain, number: int) -> Passage:
    draw = Draw("test", number)
    return write_passage(domain, "Testham", CULTURES[number % len(CULTURES)], Names(), draw)


def bundles(domain: Domain) -> list[tuple[str, ...]]:
    return [*domain.openings, *domain.bodies, *domain.endings]


def test_ten_domains():
    assert len({domain.name for domain in DOMAINS}) == len(DOMAINS) == 10


@every_domain
def test_a_bundle_tells_the_same_in_four_ways_or_more(domain):
    for bundle in bundles(domain):
        assert len(set(bundle)) >= 4
        assert len({frozenset(slots_in(form)) for form in bundle}) == 1


@every_domain
def test_a_fact_is_told_in_one_bundle_only(domain):
    told = [slot for bundle in bundles(domain) for slot in slots_in(bundle[0])]
    assert sorted(told) == sorted(domain.slots)


@every_domain
def test_what_is_asked_for_is_asked_in_four_ways(domain):
    """Two of them or more need only what the answer's own sentence and the opening tell."""
    assert set(domain.questions) < set(domain.slots)
    assert len(domain.questions) >= 11
    opening = slots_in(domain.openings[0][0])
    for bundle in bundles(domain):
        for slot in slots_in(bundle[0]) & set(domain.questions):
            forms = domain.questions[slot]
            known = opening | slots_in(bundle[0])
            assert len(set(forms)) >= 4, slot
            assert sum(slots_in(form) <= known - {slot} for form in forms) >= 2, slot


@every_domain
def test_marks_are_known(domain):
    for form in (*sum(bundles(domain), ()), *sum(domain.questions.values(), ())):
        for mark in MARK.findall(form):
            assert mark in REFERENCES or slots_in("{" + mark + "}") <= set(domain.slots)


@every_domain
def test_spans_are_where_the_values_stand(domain):
    for number in range(20):
        passage = write(domain, number)
        for slot, (first, end) in passage.spans.items():
            assert passage.text[first:end].lower() == passage.values[slot].text.lower()


@every_domain
def test_times_and_numbers_of_a_passage_differ(domain):
    for number in range(20):
        values = write(domain, number).values
        years = [value.year for value in values.values() if value.year is not None]
        assert len(years) == len(set(years))


@every_domain
def test_typed_answers_have_a_rival_of_their_type(domain):
    """The article's town is a rival of every place; the other types need another fact."""
    for number in range(30):
        passage = write(domain, number)
        by_span = {span: slot for slot, span in passage.spans.items()}
        for entry in ask(passage, 9, Draw("ask", number), several=True):
            answer = entry["answers"][-1]
            start = answer["answer_start"]
            slot = by_span.get((start, start + len(answer["text"])))
            if slot is None or domain.slots[slot].group not in TYPED:
                continue
            assert domain.slots[slot].group == "place" or distractors(passage, slot)
