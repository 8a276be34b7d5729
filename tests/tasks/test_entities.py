"""Entities of BIO labels against `seqeval`: sequences that are well formed, and any others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from tuning_curves.tasks.entities import entities

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-x-y", "I-x-y"]


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("B-PER I-PER O B-LOC", {("PER", 0, 1), ("LOC", 3, 3)}),
        ("B-PER B-PER", {("PER", 0, 0), ("PER", 1, 1)}),
        ("O I-PER I-PER", {("PER", 1, 2)}),
        ("B-PER I-LOC I-LOC", {("PER", 0, 0), ("LOC", 1, 2)}),
        ("I-LOC B-LOC", {("LOC", 0, 0), ("LOC", 1, 1)}),
        ("O O", set()),
        ("", set()),
    ],
)
def test_entities_are_read_off(labels: str, found: set[tuple[str, int, int]]) -> None:
    assert entities(labels.split()) == found


@given(st.lists(st.sampled_from(LABELS), max_size=12))
def test_any_sequence_is_read_as_seqeval_reads_it(labels: list[str]) -> None:
    assert entities(labels) == set(get_entities(labels))
