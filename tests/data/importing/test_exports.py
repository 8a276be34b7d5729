"""Exports of annotation tools, made after their public documentation; the texts are our own."""

import json
from pathlib import Path
from typing import Any

import pytest

from .reading import imported, lines, refusal, rows, sentence

TEXT = "Mara Voss left Aldervik."
WANTED = sentence("Mara Voss left Aldervik .", "B-PER I-PER O B-LOC O")
SPANS = [(0, 9, "PER"), (15, 23, "LOC")]


def label_studio(text: str, *annotations: Any, **data: Any) -> dict[str, Any]:
    made = [
        {"id": n, "completed_by": 1, "was_cancelled": False, "result": result}
        for n, result in enumerate(annotations)
    ]
    predictions = [{"model_version": "m", "result": [{"value": {"choices": ["wrong"]}}]}]
    return {
        "id": 7,
        "data": {"text": text, **data},
        "annotations": made,
        "predictions": predictions,
    }


def region(start: int, end: int, label: str, text: str | None = None) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]} | ({"text": text} if text else {})
    names = {"from_name": "label", "to_name": "text", "type": "labels", "origin": "manual"}
    return {"id": "x1", **names, "value": value}


def choice(*names: str) -> dict[str, Any]:
    return {"from_name": "c", "to_name": "text", "type": "choices", "value": {"choices": [*names]}}


REGIONS = [region(*span, text=TEXT[span[0] : span[1]]) for span in SPANS]
OBJECTS = [{"start": s, "end": e, "label": k} for s, e, k in SPANS]
PRODIGY = {
    "text": TEXT,
    "_input_hash": 1,
    "_task_hash": 2,
    "tokens": [
        {"text": "Mara", "start": 0, "end": 4, "id": 0, "ws": True},
        {"text": "Voss", "start": 5, "end": 9, "id": 1, "ws": True},
        {"text": "left", "start": 10, "end": 14, "id": 2, "ws": True},
        {"text": "Aldervik.", "start": 15, "end": 24, "id": 3, "ws": False},
    ],
    "spans": [{"start": 0, "end": 9, "token_start": 0, "token_end": 1, "label": "PER"}],
    "answer": "accept",
}
ARGILLA = {
    "id": "1f",
    "fields": {"text": TEXT},
    "metadata": {"author": "ana"},
    "suggestions": {"spans": {"value": [], "score": None, "agent": "m"}},
    "responses": {
        "spans": [
            {
                "value": OBJECTS,
                "user_id": "u",
            }
        ]
    },
    "vectors": {},
    "status": "completed",
}
ARGILLA_1 = {
    "text": TEXT,
    "tokens": ["Mara", "Voss", "left", "Aldervik", "."],
    "prediction": None,
    "annotation": OBJECTS,
    "status": "Validated",
}
OFFSETS = [
    {"id": n, "label": k, "start_offset": s, "end_offset": e} for n, (s, e, k) in enumerate(SPANS)
]
DOC = {
    "text": TEXT,
    "ents": OBJECTS,
    "tokens": [
        {"id": n, "start": s, "end": e}
        for n, (s, e) in enumerate([(0, 4), (5, 9), (10, 14), (15, 23), (23, 24)])
    ],
}
BILUO = [*zip(WANTED["words"], ["B-PER", "L-PER", "O", "U-LOC", "O"], strict=True)]
VERSION_2 = {
    "id": 0,
    "paragraphs": [
        {"raw": TEXT, "sentences": [{"tokens": [{"orth": w, "ner": n} for w, n in BILUO]}]}
    ],
}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param([label_studio(TEXT, REGIONS)], "Label Studio's JSON", id="Label Studio"),
        pytest.param(
            [
                {
                    "id": 1,
                    "text": TEXT,
                    "annotator": 1,
                    "annotation_id": 2,
                    "lead_time": 3.2,
                    "created_at": "2021",
                    "updated_at": "2021",
                    "who": [one["value"] for one in REGIONS],
                }
            ],
            "Label Studio's JSON_MIN",
            id="Label Studio, JSON_MIN",
        ),
        pytest.param(
            lines({"id": 1, "text": TEXT, "label": SPANS, "Comments": []}), "doccano", id="doccano"
        ),
        pytest.param(lines({"id": 1, "data": TEXT, "labels": SPANS}), "doccano", id="doccano 1.5"),
        pytest.param(
            lines({"id": 1, "text": TEXT, "entities": OFFSETS, "relations": []}),
            "doccano",
            id="doccano with relations",
        ),
        pytest.param(
            lines({"id": 1, "text": TEXT, "annotations": OFFSETS, "meta": {}}),
            "doccano",
            id="doccano 1.0",
        ),
        pytest.param(
            lines({"text": TEXT, "spans": OBJECTS}),
            "Prodigy",
            id="Prodigy without tokens",
        ),
        pytest.param([ARGILLA], "Argilla", id="Argilla 2"),
        pytest.param(lines(ARGILLA_1), "Argilla", id="Argilla 1"),
        pytest.param([DOC], "spaCy", id="spaCy, Doc.to_json"),
        pytest.param(DOC, "spaCy", id="spaCy, one document"),
        pytest.param([[TEXT, {"entities": SPANS}]], "spaCy", id="spaCy, training tuples"),
        pytest.param(
            {"classes": ["PER"], "annotations": [[TEXT, {"entities": SPANS}]]},
            "spaCy",
            id="NER Annotator, which writes spaCy's tuples",
        ),
        pytest.param([VERSION_2], "spaCy", id="spaCy 2's JSON"),
        pytest.param(
            "-DOCSTART- -X- O\n"
            + "".join(f"{w} -X- _ {n}\n" for w, n in zip(*WANTED.values(), strict=True)),
            "a word a line",
            id="Label Studio, CoNLL 2003",
        ),
        pytest.param(
            'id,text,label\n1,{},"{}"\n'.format(
                TEXT, json.dumps([one["value"] for one in REGIONS]).replace('"', '""')
            ),
            "commas",
            id="Label Studio, CSV",
        ),
    ],
)
def test_labelled_stretches_become_words_with_labels(
    tmp_path: Path, content: Any, what: str
) -> None:
    found = imported(tmp_path, "sentences", content)
    assert what in found.what
    assert found.rows == [WANTED]


GOOD = {"text": "Well done.", "label": "good"}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(
            [label_studio("Well done.", [choice("good")])], "Label Studio", id="Label Studio"
        ),
        pytest.param(
            [{"id": 1, "review": "Well done.", "tone": "good", "annotator": 1, "annotation_id": 1}],
            "JSON_MIN",
            id="Label Studio, JSON_MIN",
        ),
        pytest.param(
            lines({"id": 1, "text": "Well done.", "label": ["good"]}), "doccano", id="doccano"
        ),
        pytest.param("id,data,label\n1,Well done.,good\n", "commas", id="doccano, CSV"),
        pytest.param(
            lines({"text": "Well done.", "label": "good", "answer": "accept"}),
            "Prodigy",
            id="Prodigy, one label",
        ),
        pytest.param(
            lines(
                {
                    "text": "Well done.",
                    "accept": ["good"],
                    "answer": "accept",
                    "options": [{"id": "good", "text": "Good"}, {"id": "bad", "text": "Bad"}],
                }
            ),
            "Prodigy",
            id="Prodigy, options",
        ),
        pytest.param(
            [
                {
                    "id": "1",
                    "status": "completed",
                    "_server_id": "2",
                    "text": "Well done.",
                    "tone.responses": ["good"],
                    "tone.responses.users": ["u"],
                    "tone.responses.status": ["submitted"],
                    "tone.suggestion": "bad",
                }
            ],
            "Argilla",
            id="Argilla 2, flat",
        ),
        pytest.param(
            lines(
                {
                    "inputs": {"text": "Well done."},
                    "annotation": "good",
                    "prediction": None,
                    "multi_label": False,
                    "status": "Validated",
                }
            ),
            "Argilla",
            id="Argilla 1",
        ),
        pytest.param(
            lines({"text": "Well done.", "cats": {"good": 1.0, "bad": 0.0}}), "spaCy", id="spaCy"
        ),
        pytest.param(
            [["Well done.", {"cats": {"good": True, "bad": False}}]], "spaCy", id="tuples"
        ),
    ],
)
def test_labels_of_texts(tmp_path: Path, content: Any, what: str) -> None:
    found = imported(tmp_path, "texts", content)
    assert what in found.what
    assert found.rows == [GOOD]


def test_a_tools_own_tokens_are_the_words(tmp_path: Path) -> None:
    assert rows(tmp_path, "sentences", lines(PRODIGY)) == [
        sentence("Mara Voss left Aldervik.", "B-PER I-PER O O")
    ]


def test_what_was_not_accepted_or_annotated_is_left_out_and_told(tmp_path: Path) -> None:
    content = lines(PRODIGY, PRODIGY | {"answer": "reject"}, PRODIGY | {"answer": "ignore"})
    found = imported(tmp_path, "sentences", content)
    assert len(found.rows) == 1
    assert found.findings.told() == [
        "left out, since they were answered with reject: 1",
        "left out, since they were answered with ignore: 1",
    ]
    assert [change.where for change in found.findings.changes] == ["line 2", "line 3"]
    cancelled = label_studio("Not so.", [choice("bad")])
    cancelled["annotations"][0]["was_cancelled"] = True
    tasks = [label_studio("Well done.", [choice("good")]), label_studio("Hm."), cancelled]
    found = imported(tmp_path, "texts", tasks)
    assert found.rows == [GOOD]
    assert found.findings.told() == ["left out, since they have no annotation: 2"]
    drafts = [ARGILLA, ARGILLA | {"responses": {}}]
    assert imported(tmp_path, "sentences", drafts).findings.told() == [
        "left out, since they have no submitted response: 1"
    ]
    unlabelled = lines({"text": "Well done.", "label": ["good"]}, {"text": "Hm.", "label": []})
    assert imported(tmp_path, "texts", unlabelled).findings.told() == [
        "left out, since they have no label: 1"
    ]


def test_what_an_export_does_not_say_is_told(tmp_path: Path) -> None:
    found = imported(tmp_path, "sentences", [ARGILLA, ARGILLA])
    told = "these records do not say which responses were submitted: all are taken"
    assert found.findings.warnings == [told]
    unknown = json.loads(json.dumps([VERSION_2]))
    tokens = unknown[0]["paragraphs"][0]["sentences"][0]["tokens"]
    tokens += [{"orth": "\n", "ner": "O"}]  # white space is a token there
    assert rows(tmp_path, "sentences", unknown) == [WANTED]
    tokens[0]["ner"] = "-"
    assert "examples have no label: 1" in refusal(tmp_path, "sentences", unknown)


def test_people_who_disagree_are_a_fault_and_people_who_agree_are_not(tmp_path: Path) -> None:
    agree = label_studio("Well done.", [choice("good")], [choice("good")])
    assert rows(tmp_path, "texts", [agree]) == [GOOD]
    disagree = label_studio("Well done.", [choice("good")], [choice("bad")])
    said = refusal(tmp_path, "texts", [agree, disagree])
    assert "texts are annotated twice, differently: 1 (export one annotation each)" in said
    assert "item 2: 2 annotations" in said


def test_a_text_has_one_label(tmp_path: Path) -> None:
    said = refusal(tmp_path, "texts", lines({"text": "Hm.", "label": ["good", "bad"]}))
    assert "several labels where there is one: 1" in said
    assert "item 1: good, bad" in said


def test_a_group_comes_from_the_data_or_the_metadata_of_an_example(tmp_path: Path) -> None:
    columns = {"group": "author"}
    tasks = [
        label_studio("A.", [choice("x")], author="ana"),
        label_studio("B.", [choice("y")], author="bo"),
    ]
    assert [one["group"] for one in rows(tmp_path, "texts", tasks, columns=columns)] == [
        "ana",
        "bo",
    ]
    records = [ARGILLA, ARGILLA | {"metadata": {"author": 7}}]
    found = rows(tmp_path, "sentences", records, columns=columns)
    assert [one["group"] for one in found] == ["ana", "7"]


def test_one_of_several_controls_or_questions_is_named_by_hand(tmp_path: Path) -> None:
    other = choice("long") | {"from_name": "length"}
    tasks = [label_studio("Well done.", [choice("good"), other])]
    assert "item 1: good, long" in refusal(tmp_path, "texts", tasks)
    assert rows(tmp_path, "texts", tasks, columns={"label": "c"}) == [GOOD]
    row = {
        "text": "Well done.",
        "tone": "good",
        "length": "long",
        "annotation_id": 1,
        "annotator": 1,
    }
    said = refusal(tmp_path, "texts", [row])
    assert 'export: item 1: the label may be any of "tone", "length"' in said
    assert "fix: name the right one: `--column label=…`" in said
    assert rows(tmp_path, "texts", [row], columns={"label": "tone"}) == [GOOD]
    answers = {"tone": [{"value": "good"}], "length": [{"value": "long"}]}
    record = {"fields": {"text": "Well done."}, "responses": answers}
    assert 'the label may be any of "tone", "length"' in refusal(tmp_path, "texts", [record])
    assert rows(tmp_path, "texts", [record], columns={"label": "tone"}) == [GOOD]
    record["fields"] = {"headline": "Well done.", "body": "Not so."}
    said = refusal(tmp_path, "texts", [record], columns={"label": "tone"})
    assert 'the text may be any of "headline", "body"' in said
    columns = {"label": "tone", "text": "headline"}
    assert rows(tmp_path, "texts", [record], columns=columns) == [GOOD]


def test_label_studios_offsets_count_javascripts_units(tmp_path: Path) -> None:
    tasks = [label_studio("🚀 Mara Voss", [region(3, 12, "PER", "Mara Voss")])]
    said = refusal(tmp_path, "sentences", tasks)
    assert "offsets count something else than characters: 1 (`--fix` mends them)" in said
    assert "PER, UTF-16 units: [3, 12] would be [2, 11]" in said
    found = imported(tmp_path, "sentences", tasks, fix=True)
    assert found.rows == [sentence("🚀 Mara Voss", "O B-PER I-PER")]
    assert [change.after for change in found.findings.changes] == [[2, 11]]


def test_a_task_that_an_export_cannot_hold_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, "questions", [label_studio(TEXT, REGIONS)])
    assert "Label Studio's JSON holds no examples of question-answering" in said
    squad = {"data": [{"title": "t", "paragraphs": []}]}
    said = refusal(tmp_path, "texts", squad)
    assert "SQuAD's layout holds no examples of text-classification" in said
    assert "fix: choose --task: question-answering" in said


def test_what_is_not_as_the_tool_writes_it_is_a_fault_beside_the_others(tmp_path: Path) -> None:
    good = label_studio(TEXT, REGIONS)
    html = label_studio(TEXT, [{"value": {"start": "/p[1]", "end": "/p[1]", "labels": ["PER"]}}])
    said = refusal(tmp_path, "sentences", [good, html, "text", label_studio(TEXT, [{"value": 3}])])
    assert "entries are not as the layout has them: 2" in said
    assert "item 2: a span is" in said
    assert "item 3: str, expected an object" in said


def test_packed_documents_of_spacy_are_refused_with_the_way_out(tmp_path: Path) -> None:
    said = refusal(tmp_path, "sentences", b"\x78\x9c\x00\x01packed\x00\x00")
    assert "packed binary data, as spaCy's DocBin is" in said
    assert "doc.to_json()" in said


TAGGED = {"text": TEXT, "tokens": [
    token | {"pos": pos, "tag": pos.lower()}
    for token, pos in zip(DOC["tokens"], ("PROPN", "PROPN", "VERB", "PROPN", "PUNCT"), strict=True)
]}  # fmt: skip
BARE = {"text": TEXT, "tokens": DOC["tokens"], "sents": [{"start": 0, "end": 24}]}


@pytest.mark.parametrize(
    ("kind", "content", "options", "words"),
    [
        ("sentences", BARE, {}, ["no `ents` and no `spans` (they have text; tokens; sents): 1",
         "set `doc.ents` or `doc.spans` of what was labelled, and write `doc.to_json()` again"]),
        ("texts", BARE, {}, ["no `cats` (they have text; tokens; sents): 1", "set `doc.cats`"]),
        ("texts", DOC, {}, ["no `cats` (they have text; ents; tokens): 1",
         "what they are labelled for: `--task token-classification`"]),
        ("sentences", {"text": TEXT, "cats": {"good": 1.0}}, {},
         ["no `ents` and no `spans` (they have text; cats)", "`--task text-classification`"]),
        ("sentences", [[TEXT, {"cats": {"good": 1.0}}]], {},
         ["no `entities` (they have cats)", "`--task text-classification`"]),
        ("texts", [[TEXT, {"entities": SPANS}]], {},
         ["no `cats` (they have entities)", "`--task token-classification`"]),
        ("sentences", TAGGED, {}, ["(they have text; tokens: pos, tag)", "`--column labels=tag`"]),
        ("sentences", {**BARE, "spans": {"sc": []}}, {"columns": {"labels": "other"}},
         ['no "other" among their spans or their tokens\' keys', "`--column labels=sc`"]),
    ],
)  # fmt: skip
def test_documents_of_spacy_that_nobody_labelled_say_what_they_hold(
    tmp_path: Path, kind: str, content: Any, options: dict[str, Any], words: list[str]
) -> None:
    said = refusal(tmp_path, kind, content if isinstance(content, list) else [content], **options)
    assert "(spaCy's JSON, UTF-8): no labelled examples; left out, since they have no " in said
    for one in words:
        assert one in said


def test_a_document_without_entities_is_not_one_that_nobody_labelled(tmp_path: Path) -> None:
    found = imported(tmp_path, "sentences", [DOC, DOC | {"ents": []}, BARE])
    assert found.rows == [WANTED, sentence("Mara Voss left Aldervik .", "O O O O O")]
    assert found.findings.told()[0].startswith("left out, since they have no `ents` and no `spans`")


def test_the_tags_of_spacys_tokens_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    found = rows(tmp_path, "sentences", [TAGGED], columns={"labels": "pos"})
    assert found == [sentence("Mara Voss left Aldervik .", "PROPN PROPN VERB PROPN PUNCT")]


def test_texts_are_no_questions_and_the_other_tasks_are_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, "questions", [DOC])
    assert "spaCy's JSON holds no examples of question-answering" in said
    assert "fix: choose --task: text-classification or token-classification" in said
