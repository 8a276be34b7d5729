"""Readers of rows: what they take, and what they say of what they do not take."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning_curves.data.formats import AnyFormat
from tuning_curves.data.readers import read_rows
from tuning_curves.tasks.base import Field
from tuning_curves.util.errors import DataError
from tuning_curves.util.validation import validate

TEXTS = (Field("text", "it"), Field("label", "its label"), Field("group", "author", required=False))
SENTENCES = (Field("words", "w", kind="words"), Field("labels", "l", kind="words"))


def read(
    content: str | bytes, fields: tuple[Field, ...] = TEXTS, **form: Any
) -> list[tuple[str, Any]]:
    """The rows of a file named `f`."""
    checked = validate(AnyFormat, form, "x", "the format", "fix")
    raw = content.encode() if isinstance(content, str) else content
    return list(read_rows(raw, "f", checked, fields, "train"))


def rows(*given: Any, **form: Any) -> list[Any]:
    return [row for _, row in read(*given, **form)]


def refusal(*given: Any, **form: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(*given, **form)
    assert caught.value.fix
    return caught.value.message


def text(first: str, label: str, **rest: str) -> dict[str, str]:
    return {"text": first, "label": label, **rest}


RAGGED = "expected 2 as in the first line"
CSV = {"kind": "csv", "header": True}
TSV = {"kind": "tsv", "header": False, "columns": {"text": 3, "label": 2, "group": 1}}


def test_a_header_names_columns_and_optional_ones_may_be_missing() -> None:
    assert rows("label,text\n1,good\n", **CSV) == [text("good", "1")]
    assert rows("group,label,text\nana,1,good\n", **CSV) == [text("good", "1", group="ana")]
    assert rows("what,is\ngood,1\n", **CSV, columns={"text": "what", "label": 2}) == [
        text("good", "1")
    ]


def test_fields_in_quotes_hold_separators_quotes_and_line_ends() -> None:
    found = read('text,label\r\n"a, ""b""\nc",1\r\n\r\nd,0\r\n', **CSV)
    assert found == [("f: line 2", text('a, "b"\nc', "1")), ("f: line 5", text("d", "0"))]


def test_columns_have_numbers_where_no_header_names_them() -> None:
    assert rows("gj04\t1\tA dog.\ngj04\t0\tDog a.", **TSV) == [
        text("A dog.", "1", group="gj04"),
        text("Dog a.", "0", group="gj04"),
    ]


def test_without_quoting_a_quote_is_a_character() -> None:
    assert rows('g\t1\t"Yes, he said\n', **TSV, quoting=False) == [
        text('"Yes, he said', "1", group="g")
    ]
    assert refusal('g\t1\t"Yes, he said\ng\t0\tNo\n', **TSV) == "f: line 1: unexpected end of data"


def test_a_mark_before_the_text_is_no_part_of_it() -> None:
    assert rows(b"\xef\xbb\xbftext,label\na,1\n", **CSV) == [text("a", "1")]


TABLE = st.lists(
    st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)] * 2),
    min_size=1,
).filter(lambda table: any("".join(row).strip() for row in table))


@given(TABLE, st.sampled_from(["csv", "tsv"]))
def test_what_the_library_writes_is_read_back(table: list[tuple[str, str]], kind: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter="," if kind == "csv" else "\t").writerows(table)
    form = {"kind": kind, "header": False, "columns": {"text": 1, "label": 2}}
    written = "﻿" + stream.getvalue()  # a mark, so that one in the first field is kept
    assert rows(written, **form) == [text(*row) for row in table]


@pytest.mark.parametrize(
    ("content", "form", "said"),
    [
        ("text,label\na,1\nb\n", CSV, f'f: line 3: 1 field, {RAGGED} (it begins "b")'),
        ("text,label\na,1,2\n", CSV, f'f: line 2: 3 fields, {RAGGED} (it begins "a")'),
        ("a,b\n1,2\n", CSV, 'f: line 1: no column "text" for text (there are: "a", "b")'),
        ("1\t2\n", TSV, 'f: line 1: no column 3 for text (there are: "1", "2")'),
        ("text,text,label\n", CSV, 'f: line 1: the column "text" stands twice in the header'),
        ('text,label\n"a"b,1\n', CSV, "f: line 2: ',' expected after '\"'"),
        ("text,label\na,\0\n", CSV, "f: line 2: a NUL byte, expected text"),
        (b"text,label\nb,1\ncaf\xe9,1\n", CSV, "f: line 3: byte 0xe9 is not UTF-8"),
        ("text,label\n".encode("utf-16"), CSV, "f: line 1: byte 0xff is not UTF-8"),
        (" \n\n", CSV, "f: the file is empty"),
        (b"", CSV, "f: the file is empty"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_hold_together_is_refused(
    content: str | bytes, form: dict[str, Any], said: str
) -> None:
    assert refusal(content, **form) == said


def test_a_long_field_is_read() -> None:
    """The library's own limit is 131,072 characters."""
    assert rows(f"text,label\n{'a' * 200_000},1\n", **CSV) == [text("a" * 200_000, "1")]


LINES = {"kind": "jsonl"}


def test_json_lines_give_texts_numbers_and_booleans_as_text() -> None:
    content = '{"text": "a b", "label": 1}\n\n{"label": true, "text": 4.5, "more": []}\r\n'
    assert read(content, **LINES) == [
        ("f: line 1", text("a b", "1")),
        ("f: line 3", text("4.5", "true")),
    ]


def test_a_json_list_gives_the_same() -> None:
    content = json.dumps([{"said": "a", "is": 0, "by": None}])
    columns = {"text": "said", "label": "is", "group": "by"}
    assert read(content, kind="json", columns=columns) == [("f: item 1", text("a", "0"))]


def test_lists_of_words_are_read_as_such() -> None:
    content = '{"words": ["Ann", 7], "labels": ["B", "O"]}'
    assert rows(content, SENTENCES, **LINES) == [{"words": ["Ann", "7"], "labels": ["B", "O"]}]


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        ('{"text": "a"}', "jsonl", 'f: line 1: no column "label" for label (there are: "text")'),
        ('{"text": "a", "label": null}', "jsonl", "f: line 1: label is null, expected a text, a"),
        ('{"text": ["a"], "label": 1}', "jsonl", "f: line 1: text is ['a'], expected a text, a"),
        ('{"text": "a", "label": NaN}', "jsonl", "f: line 1: label is nan, expected a text, a"),
        ('{"text": "a",\n', "jsonl", "f: line 1: the line is not valid JSON"),
        ('{"text": "a", "text": "b", "label": 1}', "jsonl", "f: line 1: the line is not valid"),
        ("[1]", "jsonl", "f: line 1: list, expected an object"),
        ('{"text": "a", "label": 1}', "json", "f: dict at the top, expected a list of objects"),
        ("[1]", "json", "f: item 1: int, expected an object"),
    ],
)
def test_json_that_does_not_hold_together_is_refused(content: str, kind: str, said: str) -> None:
    assert refusal(content, kind=kind).startswith(said)


TREE = """\
# newdoc id = a-1
# text = Dont go.
1-2\tDont\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\tVB\t_\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_
3\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_
3.1\tgone\t_\tVERB\t_\t_\t_\t_\t_\t_
4\t.\t.\tPUNCT\t.\t_\t3\tpunct\t_\t_

1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_

# newdoc
# newpar
1\tNo\tno\tINTJ\tUH\t_\t0\troot\t_\t_
"""


def test_conllu_gives_syntactic_words_and_documents() -> None:
    assert read(TREE, SENTENCES, kind="conllu") == [
        (
            "f: line 4",
            {
                "words": ["Do", "n't", "go", "."],
                "labels": ["AUX", "PART", "VERB", "PUNCT"],
                "group": "a-1",
            },
        ),
        ("f: line 10", {"words": ["Yes"], "labels": ["INTJ"], "group": "a-1"}),
        ("f: line 14", {"words": ["No"], "labels": ["INTJ"], "group": "train document 2"}),
    ]


def test_conllu_gives_another_column_and_no_documents_where_asked() -> None:
    found = rows(TREE, SENTENCES, kind="conllu", labels="XPOS", documents=False)
    assert [row["labels"] for row in found] == [["VB", "RB", "VB", "."], ["UH"], ["UH"]]
    assert not any("group" in row for row in found)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1\tYes\tINTJ\n", 'f: line 1: 3 columns, expected 10: "1\\tYes\\tINTJ"'),
        ("2" + "\ta" * 9, 'f: line 1: the ID is "2", expected 1'),
        ("x" + "\ta" * 9, 'f: line 1: the ID is "x", expected 1'),
        ("1\ta\ta\t_" + "\ta" * 6, 'f: line 1: the word "a" has no UPOS'),
    ],
)
def test_conllu_that_does_not_hold_together_is_refused(content: str, said: str) -> None:
    assert refusal(content, SENTENCES, kind="conllu") == said


TAGS = {"kind": "columns", "columns": {"words": 1, "labels": 2}, "separator": "tab"}


def test_blank_lines_end_sentences_and_may_hold_white_space() -> None:
    content = "Ann\tB-person\r\nran\tO\r\n\t\n\n \nHome\tO"
    assert read(content, SENTENCES, **TAGS) == [
        ("f: line 1", {"words": ["Ann", "ran"], "labels": ["B-person", "O"]}),
        ("f: line 6", {"words": ["Home"], "labels": ["O"]}),
    ]


def test_document_marks_hold_no_words_and_open_groups() -> None:
    content = "-DOCSTART- -X- O\n\nAnn NNP  B\nran VBD O\n-DOCSTART- -X- O\n\nHe PRP O\n"
    form = TAGS | {"columns": {"words": 1, "labels": 3}, "separator": "space"}
    first, second = rows(content, SENTENCES, **form)
    assert (first["words"], first["group"]) == (["Ann", "ran"], "train document 1")
    assert (second["words"], second["group"]) == (["He"], "train document 2")
    assert "group" not in rows(content, SENTENCES, **form, documents=False)[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Ann\tB\nran\n", 'f: line 2: 1 column, expected 2 as in the first line: "ran"'),
        ("Ann B\n", 'f: line 1: no column 2 (there are 1): "Ann B"'),
    ],
)
def test_columns_that_do_not_hold_together_are_refused(content: str, said: str) -> None:
    assert refusal(content, SENTENCES, **TAGS) == said


def test_a_word_may_hold_white_space_that_is_no_separator() -> None:
    assert rows("a\u00a0b O\n", SENTENCES, **TAGS | {"separator": "space"})[0]["words"] == [
        "a\u00a0b"
    ]
