"""Files as public tools and data sets have them, which showed what no documentation says.

Each test names where its file was seen; the structure is that file's, the texts are our own.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from .reading import imported, lines, refusal, rows, sentence

TEXT = "Mara Voss left Aldervik."
WANTED = sentence("Mara Voss left Aldervik .", "B-PER I-PER O B-LOC O")
STAYED = sentence("She stayed .", "O O O")
SPANS = [{"start": 0, "end": 9, "label": "PER"}, {"start": 15, "end": 23, "label": "LOC"}]
TEXTS = [{"text": "Well done.", "label": "good"}, {"text": "Not so.", "label": "bad"}]


def test_label_studios_json_as_its_server_writes_it(tmp_path: Path) -> None:
    """github.com/HumanSignal/label-studio-converter, tests/data/test_export_json_min/data.json."""

    def task(number: int, text: str, results: list[Any]) -> dict[str, Any]:
        made = {
            "id": 22, "completed_by": 1, "result": results, "was_cancelled": False,
            "ground_truth": False, "draft_created_at": "2024-01-30T02:40:42.917892Z",
            "lead_time": 8.65, "prediction": {}, "result_count": 0, "unique_id": "3bc9",
            "import_id": None, "last_action": None, "task": number, "parent_prediction": None,
        }  # fmt: skip
        return {
            "id": number, "annotations": [made], "file_upload": "texts.csv", "drafts": [],
            "predictions": [], "data": {"text": text}, "meta": {}, "inner_id": number,
            "total_annotations": 1, "cancelled_annotations": 0, "comment_authors": [],
        }  # fmt: skip

    regions = [
        {"value": {"start": s["start"], "end": s["end"], "labels": [s["label"]],
                   "text": TEXT[s["start"] : s["end"]]},
         "id": "qd1j", "from_name": "label", "to_name": "text", "type": "labels",
         "origin": "manual"}
        for s in SPANS
    ]  # fmt: skip
    tasks = [task(1, TEXT, regions), task(2, "She stayed.", [])]
    assert rows(tmp_path, "sentences", tasks) == [WANTED, STAYED]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_label_studios_tables_have_empty_cells_where_nothing_is_labelled(
    tmp_path: Path, separator: str
) -> None:
    """github.com/HumanSignal/label-studio-sdk, src/label_studio_sdk/converter (CSV and TSV)."""
    spans = [{"start": s["start"], "end": s["end"], "labels": [s["label"]]} for s in SPANS]
    cells = [
        ["annotation_id", "annotator", "id", "label", "lead_time", "text"],
        [10, "a@b.org", 1, json.dumps(spans), 8.65, TEXT],
        [20, "a@b.org", 2, "", 7.1, "She stayed."],
    ]
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_NONNUMERIC).writerows(cells)
    found = imported(tmp_path, "sentences", stream.getvalue())
    assert "Label Studio's columns" in found.what
    assert found.rows == [WANTED, STAYED]


def test_label_studios_tables_name_choices_as_the_control_is_named(tmp_path: Path) -> None:
    """As above; the control of sentiments is mostly named `sentiment`."""
    content = (
        "annotation_id,annotator,id,lead_time,sentiment,text\n"
        "10,a@b.org,1,8.65,good,Well done.\n20,a@b.org,2,7.1,bad,Not so.\n"
    )
    assert rows(tmp_path, "texts", content) == TEXTS


def test_doccano_and_flair_write_fasttexts_lines(tmp_path: Path) -> None:
    """github.com/doccano/doccano, backend/data_export/pipeline/examples/text_classification/
    example.txt; github.com/flairNLP/flair, tests/resources/tasks/ag_news/train.txt.
    """
    content = "__label__good Well done.\n__label__bad Not so.\n"
    found = imported(tmp_path, "texts", content)
    assert found.what == "fastText's lines, UTF-8"
    assert found.rows == TEXTS
    odd = content + "__label__good __label__bad Hm.\nUnlabelled.\n"
    said = refusal(tmp_path, "texts", odd)
    assert "line 3: good, bad" in said
    assert "left out, since they have no label: 1" in said


def test_doccanos_relations_are_set_in_over_lines(tmp_path: Path) -> None:
    """github.com/doccano/doccano, backend/data_export/pipeline/examples/relation_extraction."""
    entities = [
        {"id": n, "start_offset": s["start"], "end_offset": s["end"], "label": s["label"]}
        for n, s in enumerate(SPANS)
    ]
    relations = [{"id": 0, "from_id": 0, "to_id": 1, "type": "left"}]
    value = {"text": TEXT, "entities": entities, "relations": relations}
    assert rows(tmp_path, "sentences", json.dumps(value, indent=4)) == [WANTED]


def test_doccanos_intents_have_slots_beside_them(tmp_path: Path) -> None:
    """github.com/doccano/doccano, backend/data_export/pipeline/examples/intent_detection."""
    slots = [[s["start"], s["end"], s["label"]] for s in SPANS]
    content = lines(
        {"id": 1, "text": TEXT, "cats": ["tell"], "entities": slots},
        {"id": 2, "text": "She stayed.", "cats": ["ask"], "entities": []},
    )
    assert [row["label"] for row in rows(tmp_path, "texts", content)] == ["tell", "ask"]
    assert rows(tmp_path, "sentences", content) == [WANTED, STAYED]


def prodigy(text: str, answer: str, label: str = "INSULT") -> dict[str, Any]:
    return {
        "text": text,
        "priority": 0.68,
        "meta": {"source": "web", "score": 0.6},
        "label": label,
        "_input_hash": -1,
        "_task_hash": -2,
        "answer": answer,
    }


def test_what_prodigy_was_told_is_not_the_only_label_is_its_opposite(tmp_path: Path) -> None:
    """github.com/explosion/prodigy-recipes, example-datasets/annotated_reddit-INSULT-textcat.jsonl:
    one label, accepted or rejected; without the rejected ones nothing could be learnt.
    """
    asked = [prodigy("You fool.", "accept"), prodigy("Dear you.", "reject")]
    found = imported(tmp_path, "texts", lines(*asked, prodigy("Hm.", "ignore")))
    assert [row["label"] for row in found.rows] == ["INSULT", "not INSULT"]
    assert found.findings.warnings == ['texts that were rejected as "INSULT" are "not INSULT"']
    assert found.findings.told() == ["left out, since they were answered with ignore: 1"]
    found = imported(tmp_path, "texts", lines(*asked, prodigy("So what?", "accept", "QUESTION")))
    assert [row["label"] for row in found.rows] == ["INSULT", "QUESTION"]
    assert found.findings.told() == ["left out, since they were answered with reject: 1"]


def test_prodigys_older_tokens_do_not_say_what_follows_them(tmp_path: Path) -> None:
    """github.com/explosion/prodigy-recipes, example-datasets/
    annotated_news_headlines-ORG-PERSON-LOCATION-ner.jsonl.
    """
    places = [(0, 4), (5, 9), (10, 14), (15, 23), (23, 24)]
    tokens = [{"text": TEXT[s:e], "start": s, "end": e, "id": n} for n, (s, e) in enumerate(places)]
    spans = [SPANS[0] | {"token_start": 0, "token_end": 1}, SPANS[1] | {"token_start": 3}]
    item = {"text": TEXT, "_task_hash": -1, "tokens": tokens, "spans": spans, "answer": "accept"}
    assert rows(tmp_path, "sentences", lines(item)) == [WANTED]


def test_spacys_groups_of_spans(tmp_path: Path) -> None:
    """spacy.io/api/doc#to_json, written by spaCy 3.8 for a document with `doc.spans` alone."""
    places = [(0, 4), (5, 9), (10, 14), (15, 23), (23, 24)]
    tokens = [{"id": n, "start": s, "end": e} for n, (s, e) in enumerate(places)]
    groups = {"sc": [span | {"kb_id": ""} for span in SPANS]}
    doc = {"text": TEXT, "sents": [{"start": 0, "end": 24}], "tokens": tokens, "spans": groups}
    assert rows(tmp_path, "sentences", [doc]) == [WANTED]
    doc["spans"]["other"] = []
    said = refusal(tmp_path, "sentences", [doc])
    assert 'the labels may be any of "sc", "other"' in said
    assert rows(tmp_path, "sentences", [doc], columns={"labels": "sc"}) == [WANTED]


def test_argillas_records_as_to_json_and_flat(tmp_path: Path) -> None:
    """github.com/argilla-io/argilla, argilla/src/argilla/records/_io, version 2.8."""
    made = {"value": "good", "user_id": "51961c40"}
    record = {
        "id": "ac88", "fields": {"text": "Well done."}, "metadata": {"author": "ana"},
        "suggestions": {"label": {"value": "bad", "score": 0.5, "agent": "m"}},
        "responses": {"label": [made]}, "vectors": {}, "status": "pending", "_server_id": None,
    }  # fmt: skip
    flat = {
        "id": "ac88", "status": "pending", "_server_id": None, "text": "Well done.",
        "author": "ana", "label.responses": ["good"], "label.responses.users": ["51961c40"],
        "label.responses.status": ["submitted"], "label.suggestion": "bad",
        "label.suggestion.score": 0.5, "label.suggestion.agent": "m",
    }  # fmt: skip
    draft = flat | {"label.responses": ["bad"], "label.responses.status": ["draft"]}
    assert rows(tmp_path, "texts", [record]) == TEXTS[:1]
    found = imported(tmp_path, "texts", [flat, draft])
    assert found.rows == TEXTS[:1]
    assert found.findings.told() == ["left out, since they have no submitted response: 1"]


def test_rasas_intents_and_entities(tmp_path: Path) -> None:
    """github.com/RasaHQ/rasa, data/examples/rasa/demo-rasa.json: an entity's value may be another
    word than the text has there.
    """
    entities = [
        {"start": s["start"], "end": s["end"], "value": "somebody else", "entity": s["label"]}
        for s in SPANS
    ]
    said = {"text": TEXT, "intent": "tell", "entities": entities}
    content = {
        "rasa_nlu_data": {
            "common_examples": [said, {"text": "She stayed.", "intent": "ask", "entities": []}]
        }
    }
    found = imported(tmp_path, "sentences", content)
    assert found.what == "Rasa's JSON, UTF-8"
    assert found.rows == [WANTED, STAYED]
    assert [row["label"] for row in rows(tmp_path, "texts", content)] == ["tell", "ask"]
    odd = [said | {"entities": [{"start": 0, "end": 4}]}, said | {"entities": None}]
    assert "entries are not as the layout has them: 2" in refusal(tmp_path, "sentences", odd)


def test_the_hubs_lists_in_a_table_have_no_commas(tmp_path: Path) -> None:
    """huggingface.co/docs/datasets, `Dataset.to_csv` of version 5: lists as numpy prints them,
    which Python would read as one word, `MaraVossleft`.
    """
    content = "id,tokens,ner_tags\n0,['Mara' 'Voss' 'left'],[1 2 0]\n1,\"['She'\n 'left']\",[0 0]\n"
    assert rows(tmp_path, "sentences", content) == [
        sentence("Mara Voss left", "1 2 0"),
        sentence("She left", "0 0"),
    ]
    assert rows(tmp_path, "sentences", "tokens,tags\n\"['a,' 'b']\",['B-X' 'O']\n") == [
        sentence("a, b", "B-X O")
    ]
    cut = "tokens,ner_tags\n['a' 'b' ... 'c'],[0 0 ... 0]\n"
    assert "neither JSON nor a list as Python prints it" in refusal(tmp_path, "sentences", cut)


def test_numbered_words_under_a_comment(tmp_path: Path) -> None:
    """GermEval 2014, github.com/flairNLP/flair, tests/resources/tasks/ner_german_germeval."""
    content = (
        "#\tblatt.de vom 26.02.2005\t[2005-02-26]\n1\tMara\tB-PER\tO\n2\tging\tO\tO\n\n"
        "#\tblatt.de\t[2005-02-26]\n1\tSie\tO\tO\n2\tblieb\tO\tO\n"
    )
    columns = {"words": "2", "labels": "3"}
    assert rows(tmp_path, "sentences", content, columns=columns) == [
        sentence("Mara ging", "B-PER O"),
        sentence("Sie blieb", "O O"),
    ]
    assert rows(tmp_path, "sentences", "# O\nthe O\n\n# B-X\n")[0] == sentence("# the", "O O")


def test_documents_that_open_behind_the_first_sentences(tmp_path: Path) -> None:
    """github.com/flairNLP/flair, tests/resources/tasks/trivial/trivial_bioes_with_boundaries."""
    content = "this O\nBerlin B-LOC\n\n-DOCSTART-\n\nhere O\nBern B-LOC\n"
    assert [row["group"] for row in rows(tmp_path, "sentences", content)] == [
        "document 0",
        "document 1",
    ]


def test_conllu_with_a_source_above_its_documents(tmp_path: Path) -> None:
    """github.com/UniversalDependencies/UD_Yoruba-YTB."""
    content = (
        "# source = A book, chapter 1\n# newdoc id = GEN_1\n# sent_id = GEN_1.1\n# text = Go .\n"
        "1\tGo\tgo\tVERB\t_\t_\t0\troot\t_\tRef=1.1\n2\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\t_\n\n"
    )
    found = imported(tmp_path, "sentences", content + content.replace("GEN_1", "GEN_2"))
    assert found.what.startswith("CoNLL-U")
    assert found.rows[1] == sentence("Go .", "VERB PUNCT", group="GEN_2")


def asked(identity: Any, text: str, start: int, **more: Any) -> dict[str, Any]:
    answers = [{"text": text, "answer_start": start}]
    return {"id": identity, "question": "?", "answers": answers, **more}


THAI = "\ufeffโรงสีสร้างโดยมารา วอสส์ในปี 1832"
CHINESE = "𠮷田的磨坊由李雷建于1832年。"


def test_squads_layout_in_thai_with_a_mark_inside_the_passage(tmp_path: Path) -> None:
    """github.com/google-deepmind/xquad, xquad.th.json: no version, U+FEFF before some passages."""
    start = THAI.index("มารา")
    paragraph = {"context": THAI, "qas": [asked("56be", "มารา วอสส์", start)]}
    found = rows(tmp_path, "questions", {"data": [{"title": "โรงสี", "paragraphs": [paragraph]}]})
    assert found[0]["context"] == THAI
    assert found[0]["answers"] == {"text": ["มารา วอสส์"], "answer_start": [start]}


def test_squads_layout_in_chinese_with_rare_signs_and_empty_questions(tmp_path: Path) -> None:
    """github.com/ymcui/cmrc2018, squad-style-data: offsets count UTF-16 units."""
    start = CHINESE.index("李雷")
    empty = asked("q2", "李雷", start + 1) | {"question": ""}
    paragraph = {"id": "T1", "context": CHINESE, "qas": [asked("q1", "李雷", start + 1), empty]}
    content = {
        "version": "v1.0",
        "data": [{"id": "T1", "title": "磨坊", "paragraphs": [paragraph]}],
    }
    said = refusal(tmp_path, "questions", content)
    assert f"answer_start (UTF-16 units) {start + 1} would be {start}" in said
    found = imported(tmp_path, "questions", content, fix=True, faulty="drop")
    assert [row["answers"]["answer_start"] for row in found.rows] == [[start]]
    assert found.findings.told() == ["left out, since texts are missing or empty: 1"]


def test_haystacks_annotation_tool(tmp_path: Path) -> None:
    """github.com/deepset-ai/COVID-QA, data/question-answering/200423_covidQA.json: numbers for ids,
    no titles, white space at answers' ends, and offsets that have moved with an edited passage.
    """
    context = "The Mill\n\nBuilt in 1832, it was sold in 1851. The mill burned down."
    paragraph = {
        "context": context,
        "document_id": 630,
        "qas": [
            asked(262, " in 1832", context.index("in 1832"), is_impossible=False),
            asked(276, "sold in 1851", context.index("sold in 1851") - 3, is_impossible=False),
            asked(278, "mill", 1, is_impossible=False),
            asked(279, "nowhere", 1, is_impossible=False),
        ],
    }
    found = imported(
        tmp_path, "questions", {"data": [{"paragraphs": [paragraph]}]}, fix=True, faulty="drop"
    )
    assert [(row["id"], row["title"]) for row in found.rows] == [
        ("262", "article 1"),
        ("276", "article 1"),
        ("278", "article 1"),
    ]
    assert [row["answers"]["text"] for row in found.rows] == [
        ["in 1832"],
        ["sold in 1851"],
        ["mill"],
    ]
    kinds = [change.kind for change in found.findings.changes]
    assert kinds == ["title", "id", "id", "id", "id", "form", "moved", "moved", "left out"]
