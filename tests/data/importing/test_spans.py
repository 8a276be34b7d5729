"""The rule from labelled characters to words with BIO labels."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.importing.spans import Span, parse_spans, split_words, to_bio
from tuning_curves.tasks.entities import entities

from .reading import lines, refusal


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in split_words(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mara's mill (1832) cost 3.5 €!", ["Mara", "'", "s", "mill", "(", "1832", ")", "cost", "3",
                                            ".", "5", "€", "!"]),
        ("Zoe\u0308 lief", ["Zoe\u0308", "lief"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("北京 ok は", ["北", "京", "ok", "は"]),
        ("snake_case\u00a0x\n", ["snake_case", "x"]),
        ("", []),
    ],
)  # fmt: skip
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def labels(text: str, *spans: tuple[int, int, str]) -> tuple[list[str], Findings]:
    findings = Findings()
    made = [Span(*span) for span in spans]
    return to_bio(text, made, split_words(text), "line 1", findings), findings


def test_the_first_word_is_b_and_white_space_at_the_ends_does_not_count() -> None:
    found, findings = labels("Mara Voss, Bern", (0, 10 - 1, "PER"), (10, 15, "LOC"))
    assert found == ["B-PER", "I-PER", "O", "B-LOC"]
    assert not findings.total


def test_neighbours_of_one_type_stay_two_and_a_span_given_twice_is_one() -> None:
    found, findings = labels("Bern Basel", (0, 4, "LOC"), (5, 10, "LOC"), (0, 4, "LOC"))
    assert found == ["B-LOC", "B-LOC"]
    assert not findings.total


@pytest.mark.parametrize(
    ("span", "kind", "detail"),
    [
        ((0, 3, "PER"), "cut", 'PER "Mar" in "Mara Voss lef'),
        ((-1, 4, "PER"), "outside", "PER -1 to 4 of 14 characters"),
        ((10, 15, "PER"), "outside", "PER 10 to 15 of 14 characters"),
        ((4, 4, "PER"), "outside", "PER 4 to 4"),
        ((4, 5, "PER"), "outside", "PER 4 to 5"),
        ((9, 5, "PER"), "outside", "PER 9 to 5"),
    ],
)
def test_spans_that_fit_no_words_are_faults(
    span: tuple[int, int, str], kind: str, detail: str
) -> None:
    findings = labels("Mara Voss left", span)[1]
    assert dict(findings.counts) == {kind: 1}
    assert findings.places[kind][0].startswith(f"line 1: {detail}")


def test_overlapping_spans_are_a_fault(tmp_path: Path) -> None:
    nested = {"text": "Mara Voss left", "label": [[0, 9, "PER"], [5, 9, "NAME"]]}
    said = refusal(tmp_path, "sentences", lines(nested, nested))
    assert "spans overlap: 2 (keep one of them: a word has one label)" in said
    assert "line 1: NAME 5 to 9 and PER 0 to 9" in said


def test_a_span_that_reads_something_else_is_a_fault(tmp_path: Path) -> None:
    wrong = {
        "text": "Mara Voss left",
        "spans": [{"start": 0, "end": 4, "label": "PER", "text": "Lena"}],
    }
    said = refusal(tmp_path, "sentences", lines(wrong), fix=True)
    assert 'PER "Lena": there it reads "Mara"' in said


@pytest.mark.parametrize(
    "value",
    [
        7,
        ["x"],
        [[1, "PER"]],
        [{"start": "1", "end": 2, "label": "x"}],
        [{"start": 0, "end": 2, "labels": ["x", "y"]}],
    ],
)
def test_what_is_no_span(value: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_spans(value)


@given(st.data())
def test_entities_read_from_the_labels_are_the_spans(data: st.DataObject) -> None:
    """Any spans of whole words without overlap come back, as the metric reads them."""
    text = data.draw(st.text(st.sampled_from("ab 汉,\u0301"), min_size=1, max_size=30))
    places = split_words(text)
    bounds = data.draw(st.sets(st.integers(0, len(places)))) if places else set()
    edges = sorted(bounds)
    spans = {(one, other - 1) for one, other in zip(edges[::2], edges[1::2], strict=False)}
    given = [Span(places[first][0], places[last][1], "X") for first, last in spans]
    findings = Findings()
    found = to_bio(text, given, places, "w", findings)
    assert not findings.total
    assert entities(found) == {("X", first, last) for first, last in spans}
