"""What a file of labelled examples is told to be, by its name and its first line."""

from typing import Any

import pytest

from tuning_curves.data.look import (
    Missing,
    check_labels,
    count_labels,
    guess_format,
    in_order,
)
from tuning_curves.tasks import task_class
from tuning_curves.util.errors import DataError, UsageError

TEXTS, WORDS, QA = "text-classification", "token-classification", "question-answering"


@pytest.mark.parametrize(
    ("task", "name", "content", "columns", "expected"),
    [
        (TEXTS, "a.csv", "text,label\n", {}, {"text": "text", "label": "label"}),
        (TEXTS, "a.csv", '"my, text",y\n', {"text": "my, text", "label": "y"}, None),
        (TEXTS, "a.tsv.gz", "r\ts\tw\n", {"text": "r", "label": "s", "group": "w"}, None),
        (TEXTS, "a.jsonl", '{"text": 1, "label": 1}\n', {}, {"text": "text", "label": "label"}),
        (
            TEXTS,
            "a.json",
            '[{"t": "x", "label": 1}]',
            {"text": "t"},
            {"text": "t", "label": "label"},
        ),
    ],
)
def test_columns_are_named_or_have_the_fields_own_names(
    task: str, name: str, content: str, columns: dict[str, str], expected: dict[str, str] | None
) -> None:
    found = guess_format(task_class(task), name, content.encode(), columns)
    assert found is not None
    assert found["columns"] == (columns if expected is None else expected)
    assert found.get("header", True) is True


@pytest.mark.parametrize(
    ("task", "name", "content", "columns", "expected"),
    [
        (TEXTS, "a.csv", "x,1\n", {"text": "1", "label": "2"},
         {"kind": "csv", "header": False, "columns": {"text": 1, "label": 2}}),
        (WORDS, "a.conll", "-DOCSTART- O\n\nMara NNP B-PER\n", {},
         {"kind": "columns", "columns": {"words": 1, "labels": 3}, "separator": "space"}),
        (WORDS, "a.tsv", "Mara\tB-PER\r\n", {},
         {"kind": "columns", "columns": {"words": 1, "labels": 2}, "separator": "tab"}),
        (WORDS, "a.txt", "O Mara\n", {"words": "2", "labels": "1"},
         {"kind": "columns", "columns": {"words": 2, "labels": 1}, "separator": "space"}),
        (WORDS, "a.conllu", "1\tx\n", {"labels": "XPOS"}, {"kind": "conllu", "labels": "XPOS"}),
        (WORDS, "a.jsonl", '{"words": [], "labels": []}', {},
         {"kind": "jsonl", "columns": {"words": "words", "labels": "labels"}}),
        (QA, "a.json", '\ufeff {"data": []}', {}, None),
        (TEXTS, "a.tsv", 'text\tlabel\n12" tall\tx\n"so it is\ty\n', {},
         {"kind": "tsv", "header": True, "columns": {"text": "text", "label": "label"},
          "quoting": False}),
        (TEXTS, "a.csv", '\ntext,label\n"a, ""b""\nc",x\n', {},
         {"kind": "csv", "header": True, "columns": {"text": "text", "label": "label"}}),
    ],
)  # fmt: skip
def test_formats_are_told_by_the_name_and_the_first_line(
    task: str, name: str, content: str, columns: dict[str, str], expected: Any
) -> None:
    assert guess_format(task_class(task), name, content.encode(), columns) == expected


@pytest.mark.parametrize(
    ("task", "name", "content", "columns", "words"),
    [
        (TEXTS, "a.csv", "review,stars\n", {}, "no column is called 'text'"),
        (TEXTS, "a.csv", "review,label\n", {"text": "revew"}, 'no column "revew"'),
        (TEXTS, "a.csv", "text;label\n", {}, "has no comma and semicolons"),
        (TEXTS, "a.csv", "text\tlabel\n", {}, r"let its name end in .tsv"),
        (TEXTS, "a.xlsx", "x", {}, "ends in '.xlsx', expected one that text-class"),
        (TEXTS, "a.conllu", "x", {}, "ends in '.conllu'"),
        (WORDS, "a.csv", "words,labels", {}, "token-classification reads: .tsv, .tab, .jsonl"),
        (QA, "a.csv", "id,title", {}, "question-answering reads: .jsonl, .ndjson, .json"),
        (WORDS, "a.conll", "Mara\n", {}, "has one column"),
        (WORDS, "a.conll", "Mara O\n", {"labels": "3"}, "--labels is '3', expected a column's"),
    ],
)
def test_what_cannot_be_told_names_the_option(
    task: str, name: str, content: str, columns: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        guess_format(task_class(task), name, content.encode(), columns)
    assert words in str(caught.value)


def test_a_missing_column_offers_those_that_are_there() -> None:
    with pytest.raises(Missing) as caught:
        guess_format(task_class(TEXTS), "a.csv", b"text,stars\n", {})
    assert (caught.value.field, caught.value.there) == ("label", ["text", "stars"])
    assert "--label" in str(caught.value)


def test_labels_are_counted_and_empty_ones_named() -> None:
    rows: list[tuple[str, dict[str, Any]]] = [("f: line 2", {"label": "a"})]
    assert count_labels([*rows, ("f: line 3", {"label": "b"})], "f") == {"a": 1, "b": 1}
    assert count_labels([("f: line 1", {"labels": ["O", "O", "B-X"]})], "f") == {"O": 2, "B-X": 1}
    with pytest.raises(DataError, match=r"f: 2 labels of 3 are empty \(line 3, line 4\)"):
        count_labels([*rows, ("f: line 3", {"label": ""}), ("f: line 4", {})], "f")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "f.csv: no examples"),
        ({"good": 300}, r'every label in column c is "good"'),
        ({str(n / 7): 1 for n in range(300)}, "these are numbers, not labels"),
        ({f"text {n}": 1 for n in range(300)}, "these are free texts, not labels"),
        ({str(n): 4 for n in range(30)}, "30 distinct labels in 120 examples"),
        ({f"l{n}": 100 for n in range(501)}, "501 distinct labels"),
    ],
)
def test_what_is_no_set_of_labels_is_refused(counts: dict[str, int], words: str) -> None:
    with pytest.raises(DataError, match=words):
        check_labels(counts, "f.csv", "column c")


@pytest.mark.parametrize(
    "counts", [{"a": 1, "b": 1}, {str(n): 30 for n in range(10)}, {f"i{n}": 8 for n in range(77)}]
)
def test_labels_are_taken(counts: dict[str, int]) -> None:
    check_labels(counts, "f.csv", "column c")


def test_labels_stand_in_an_order_that_a_reader_expects() -> None:
    assert in_order({"10", "9", "1"}) == ["1", "9", "10"]
    assert in_order({"I-LOC", "B-PER", "O", "B-LOC"}) == ["O", "B-LOC", "I-LOC", "B-PER"]
    assert in_order({"good", "bad"}) == ["bad", "good"]
