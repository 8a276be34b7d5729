"""Files as such: packing, encodings, tables, lines, columns of words, parquet."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from tuning_curves.util.errors import DataError, UsageError

from .reading import imported, lines, refusal, rows, sentence

TABLE = "text,label\nCafé – très bon,good\nPas bon,bad\n"
WANTED = [{"text": "Café – très bon", "label": "good"}, {"text": "Pas bon", "label": "bad"}]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(TABLE.encode(), "", id="UTF-8"),
        pytest.param(TABLE.encode("utf-8-sig"), "", id="with its mark"),
        pytest.param(gzip.compress(TABLE.encode("utf-8-sig")), "", id="gzip"),
        pytest.param(TABLE.encode("utf-16"), "read as utf-16-le, by its mark", id="UTF-16"),
        pytest.param(
            TABLE.encode("utf-16-be"), "utf-16-be: every other byte is zero", id="no mark"
        ),
        pytest.param(TABLE.encode("utf-32"), "read as utf-32-le", id="UTF-32"),
        pytest.param(
            TABLE.encode("cp1252"),
            'not UTF-8, read as cp1252 (Windows-1252, Latin-1): look at line 2, "text,label',
            id="Windows-1252",
        ),
    ],
)
def test_encodings_are_found_and_told(tmp_path: Path, content: bytes, told: str) -> None:
    found = imported(tmp_path, "texts", content)
    assert found.rows == WANTED
    assert told in "".join(found.findings.warnings)
    assert bool(told) == bool(found.findings.warnings)


def test_nothing_is_guessed_where_most_is_beyond_ascii(tmp_path: Path) -> None:
    table = "text,label\nОчень хорошо построено,хорошо\nОчень плохо,плохо\n"
    said = refusal(tmp_path, "texts", table.encode("cp1251"))
    assert "line 2: byte 0xce is not UTF-8, and the encoding cannot be told" in said
    assert "fix: name it: `--encoding`" in said
    found = rows(tmp_path, "texts", table.encode("cp1251"), encoding="cp1251")
    assert found[0] == {"text": "Очень хорошо построено", "label": "хорошо"}
    mixed = TABLE.encode() + "Très mal,bad\n".encode("cp1252")
    said = refusal(tmp_path, "texts", mixed)
    assert "line 4: byte 0xe8 is not UTF-8, while other lines are" in said
    with pytest.raises(UsageError, match="no such encoding"):
        imported(tmp_path, "texts", table, encoding="cp9999")
    with pytest.raises(DataError, match="line 2: not utf-8"):
        imported(tmp_path, "texts", table.encode("cp1251"), encoding="utf-8")


def test_torn_and_foreign_files_are_told(tmp_path: Path) -> None:
    assert "not a whole gzip file" in refusal(tmp_path, "texts", gzip.compress(b"a,b" * 99)[:-9])
    assert "not a whole parquet file" in refusal(tmp_path, "texts", b"PAR1 and no more")
    assert "a NUL byte, expected text" in refusal(tmp_path, "texts", b"MZ\x00\x00 a program \x01")
    assert "the file is empty" in refusal(tmp_path, "texts", "\ufeff \n")
    assert "is not valid JSON" in refusal(tmp_path, "questions", '{"data": [{"title": "a"')
    assert "neither JSON nor columns" in refusal(tmp_path, "texts", "only\nlines\n")
    assert "no column text or sentence" in refusal(tmp_path, "texts", {"kind": "something else"})
    assert "no labelled examples" in refusal(tmp_path, "texts", "text,label\n")


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_what_parts_columns_is_told_from_the_lines(tmp_path: Path, separator: str) -> None:
    table = f'text{separator}label\r\n"a, b; c|d\te"{separator}1\r\n\r\nf, g{separator}2\r\n'
    if separator == ",":
        table = table.replace("f, g", '"f, g"')
    assert rows(tmp_path, "texts", table) == [
        {"text": "a, b; c|d\te", "label": "1"},
        {"text": "f, g", "label": "2"},
    ]


def test_a_quotation_mark_between_tabs_is_a_character(tmp_path: Path) -> None:
    assert rows(tmp_path, "texts", 'text\tlabel\n"Yes, he said\t1\nNo" she\t0\n') == [
        {"text": '"Yes, he said', "label": "1"},
        {"text": 'No" she', "label": "0"},
    ]


def test_uneven_lines_are_listed_and_open_quotes_refused(tmp_path: Path) -> None:
    table = "text,label\na,1\nb, c,2\nd\n" + "e,1\n" * 9
    said = refusal(tmp_path, "texts", table)
    assert "lines have another number of fields than the first: 2 (quote what holds commas)" in said
    assert "line 3: 3, expected 2" in said
    assert "line 4: 1, expected 2" in said
    assert "unexpected end of data" in refusal(tmp_path, "texts", 'text,label\na,1\n"b,2\n')
    assert '"label" stands twice' in refusal(tmp_path, "texts", "text,label,label\na,1,2\n")


def test_columns_are_named_by_hand_or_by_usual_names_which_is_told(tmp_path: Path) -> None:
    table = "Who,What they wrote,Stars\nana,Well done.,5\nbo,Not so.,1\n"
    said = refusal(tmp_path, "texts", table)
    assert "no column text or sentence or" in said
    assert '(there are: "Who", "What they wrote", "Stars")' in said
    assert "fix: name the right one: `--column text=…`" in said
    columns = {"text": "What they wrote", "label": "Stars", "group": "Who"}
    found = imported(tmp_path, "texts", table, columns=columns)
    assert found.rows[0] == {"text": "Well done.", "label": "5", "group": "ana"}
    assert not found.findings.warnings
    found = imported(tmp_path, "texts", "sentence1,sentence2,label\na,b,1\nc,d,0\n")
    assert found.rows[0] == {"text": "a", "text_pair": "b", "label": "1"}
    assert found.findings.warnings == ['text is read from the column "sentence1"']


def test_a_table_without_a_header_has_numbers(tmp_path: Path) -> None:
    columns = {"text": "3", "label": "2"}
    found = rows(tmp_path, "texts", "g\t1\tA dog.\ng\t0\tDog a.\n", header=False, columns=columns)
    assert found == [{"text": "A dog.", "label": "1"}, {"text": "Dog a.", "label": "0"}]


def test_faults_of_labelled_texts(tmp_path: Path) -> None:
    table = "text,label,group\na, x,g\n,y,g\nc,,g\nd,y,\n"
    said = refusal(tmp_path, "texts", table.replace("text", "review"))
    assert 'text is read from the column "review"' in said
    assert "labels have white space around them: 1 (`--fix` mends them)" in said
    assert "texts are missing or empty: 1" in said
    assert "examples have no label: 1" in said
    assert "examples lack what others have: 1" in said
    sound = "text,label\na, x\nb,y \n"
    assert [one["label"] for one in rows(tmp_path, "texts", sound, fix=True)] == ["x", "y"]


def test_lines_that_are_no_json_are_listed_and_the_others_read(tmp_path: Path) -> None:
    good = lines({"text": "a", "label": 1})
    said = refusal(
        tmp_path, "texts", f'{good}{{"text": "b", \n{good}{{"text": "b", "text": "c"}}\n[7]\n'
    )
    assert "lines are no JSON objects: 2" in said
    assert "line 2: " in said
    assert "line 4: " in said
    assert "line 5: list, expected an object" in said
    assert "line 1: " in refusal(tmp_path, "texts", f'{{"text": \n{good}')
    torn = json.dumps([{"text": "a", "label": [[0, 1, "x"]]}], indent=0)[:-2]
    assert "is not valid JSON" in refusal(tmp_path, "texts", torn)


def test_numbers_and_truths_become_labels_as_json_writes_them(tmp_path: Path) -> None:
    content = lines({"text": 1, "label": True}, {"text": "b", "label": 2.5})
    assert rows(tmp_path, "texts", content) == [
        {"text": "1", "label": "true"},
        {"text": "b", "label": "2.5"},
    ]


def test_parquet_with_the_hubs_class_names(tmp_path: Path) -> None:
    names = {"names": ["O", "B-PER"], "_type": "ClassLabel"}
    features = {"tokens": {}, "ner_tags": {"feature": names, "_type": "Sequence"}}
    told = json.dumps({"info": {"features": features}}).encode()
    table = pyarrow.table({"tokens": [["Mara", "left"]], "ner_tags": [[1, 0]]})
    path = tmp_path / "data.parquet"
    pyarrow.parquet.write_table(table.replace_schema_metadata({b"huggingface": told}), path)
    found = imported(tmp_path, "sentences", path.read_bytes())
    assert found.what == "rows as parquet"
    assert found.rows == [sentence("Mara left", "B-PER O")]


def test_class_names_of_the_hubs_server(tmp_path: Path) -> None:
    kind = {"names": ["bad", "good"], "_type": "ClassLabel"}
    content = {
        "features": [{"feature_idx": 0, "name": "label", "type": kind}],
        "rows": [{"row_idx": n, "row": {"text": "a", "label": n}} for n in range(3)],
    }
    said = refusal(tmp_path, "texts", content)
    assert "examples have no label: 1" in said
    content["rows"].pop()
    assert [one["label"] for one in rows(tmp_path, "texts", content)] == ["bad", "good"]


CONLL = "Mara NNP I-PER\nleft VBD O\n\n-DOCSTART- -X- O\n\nShe PRP O\nleft VBD O\n"
CONLLU = (
    "# newdoc id = one\n# text = Don't go\n1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tDo\tdo\tAUX\tVB\t_\t0\troot\t_\t_\n2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_\n\n"
    "# newdoc id = two\n1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n"
)


def test_words_a_line(tmp_path: Path) -> None:
    content = "-DOCSTART- -X- O\n\n" + CONLL
    assert rows(tmp_path, "sentences", content.replace("\n", "\r\n")) == [
        sentence("Mara left", "I-PER O", group="document 1"),
        sentence("She left", "O O", group="document 2"),
    ]
    found = rows(tmp_path, "sentences", content.replace(" ", "\t"), columns={"labels": "2"})
    assert found[0]["labels"] == ["NNP", "VBD"]
    said = refusal(tmp_path, "sentences", "Mara B-PER\nleft\n")
    assert "lines have another number of columns than most: 1" in said
    assert 'line 2: 1, "left"' in said
    assert 'export: line 1: neither JSON nor columns of words and labels: "Mara,B-PER"' in refusal(
        tmp_path, "sentences", "Mara,B-PER\nleft,O\n"
    )
    with pytest.raises(UsageError, match="--column labels=NER: no such column"):
        rows(tmp_path, "sentences", CONLL, columns={"labels": "NER"})


def test_conllu(tmp_path: Path) -> None:
    assert rows(tmp_path, "sentences", CONLLU) == [
        sentence("Do n't", "AUX PART", group="one"),
        sentence("Go", "VERB", group="two"),
    ]
    found = rows(tmp_path, "sentences", CONLLU, columns={"labels": "XPOS"})
    assert found[0]["labels"] == ["VB", "RB"]


def test_the_only_document_is_no_group(tmp_path: Path) -> None:
    found = imported(tmp_path, "sentences", "-DOCSTART- O\n\nMara B-PER\n\nShe O\n")
    assert found.rows == [sentence("Mara", "B-PER"), sentence("She", "O")]
    assert found.findings.warnings == ['all examples have the group "document 1": left out']


@pytest.mark.parametrize("last", [("S", "E"), ("U", "L")])
def test_other_schemes_are_written_as_bio_and_told(tmp_path: Path, last: Any) -> None:
    alone, end = last
    found = imported(tmp_path, "sentences", f"Mara B-PER\nVoss {end}-PER\nin O\nBern {alone}-LOC\n")
    assert found.rows == [sentence("Mara Voss in Bern", "B-PER I-PER O B-LOC")]
    assert "written as BIO" in found.findings.warnings[0]
    tags = imported(tmp_path, "sentences", "Mara LS\nleft E\n")  # parts of speech are no scheme
    assert tags.rows[0]["labels"] == ["LS", "E"]


def test_sentences_in_a_table(tmp_path: Path) -> None:
    table = "tokens;ner_tags\n\"['Mara', 'left']\";\"['B-PER', 'O']\"\n"
    assert rows(tmp_path, "sentences", table) == [sentence("Mara left", "B-PER O")]
    spans = 'text;who\nMara left;"[[0, 4, ""PER""]]"\n'
    named = rows(tmp_path, "sentences", spans, columns={"labels": "who", "text": "text"})
    assert named == [sentence("Mara left", "B-PER O")]
    found = imported(tmp_path, "sentences", lines({"tokens": ["a"], "ner_tags": [3]}))
    assert found.rows == [sentence("a", "3")]
    assert "all labels are numbers: their names are not in the file" in found.findings.warnings
    said = refusal(tmp_path, "sentences", lines({"words": ["a", "b"], "labels": ["O"]}))
    assert "2 words, 1 label" in said
