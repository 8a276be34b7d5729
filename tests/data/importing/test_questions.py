"""Questions in SQuAD's layout and as flat rows: faults of every kind, and what is mended."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning_curves.data.importing.offsets import COUNTINGS, place_all
from tuning_curves.tasks.question_answering.data import from_rows

from .reading import imported, lines, refusal, rows

CONTEXT = "The mill was built in 1832 by Mara Voss, and the bridge by Lena Moritz."


def asked(
    *answers: tuple[str, Any], id: Any = "q1", question: str = "Who built it?", **more: Any
) -> dict[str, Any]:
    found = [{"text": text, "answer_start": start} for text, start in answers]
    return {"id": id, "question": question, "answers": found, **more}


def squad(*questions: Any, context: str = CONTEXT, **article: Any) -> dict[str, Any]:
    paragraph = {"context": context, "qas": [*questions]}
    return {"version": "v2.0", "data": [{"title": "Mills", "paragraphs": [paragraph]} | article]}


VOSS, MORITZ = ("Mara Voss", 30), ("Lena Moritz", 59)
FLAT = {
    "id": "q1",
    "title": "Mills",
    "context": CONTEXT,
    "question": "Who built it?",
    "answers": {"text": ["Mara Voss"], "answer_start": [30]},
}
PANDAS = "{'text': array(['Mara Voss'], dtype=object), 'answer_start': array([30], dtype=int32)}"


def answers(found: Any) -> list[tuple[str, int]]:
    return [
        (text, start)
        for row in found.rows
        for text, start in zip(*row["answers"].values(), strict=True)
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(squad(asked(VOSS)), id="SQuAD 1.1's layout"),
        pytest.param(squad(asked(VOSS, is_impossible=False)), id="SQuAD 2.0's layout"),
        pytest.param(squad(asked(VOSS))["data"], id="a list of articles"),
        pytest.param(squad(asked(VOSS)) | {"version": None}, id="no version"),
        pytest.param([FLAT], id="rows"),
        pytest.param({"version": 2.0, "data": [FLAT]}, id="rows under data"),
        pytest.param(
            {"features": [], "rows": [{"row_idx": 0, "row": FLAT}]}, id="the hub's server"
        ),
        pytest.param(lines(FLAT), id="a line"),
        pytest.param(
            lines(FLAT | {"answers": [{"text": "Mara Voss", "answer_start": 30}]}), id="a"
        ),
        pytest.param(
            f'id,title,context,question,answer_text,answer_start\nq1,Mills,"{CONTEXT}",'
            "Who built it?,Mara Voss,30\n",
            id="a table with two columns",
        ),
        pytest.param(
            f'id;title;context;question;answers\nq1;Mills;{CONTEXT};Who built it?;"{PANDAS}"\n',
            id="a table as pandas writes the hub's rows",
        ),
    ],
)
def test_every_layout_gives_the_same_rows(tmp_path: Path, content: Any) -> None:
    assert rows(tmp_path, "questions", content) == [FLAT]


def test_impossible_questions_are_refused_or_left_out_as_asked(tmp_path: Path) -> None:
    content = squad(
        asked(VOSS),
        asked(id="q2", is_impossible=True, plausible_answers=[{"text": "x", "answer_start": 0}]),
        asked(id="q3"),
        asked(("", -1), id="q4"),
    )
    said = refusal(tmp_path, "questions", content, fix=True)
    assert "questions have no answer: 3 (`--impossible drop` leaves them out)" in said
    assert 'article 1 "Mills", paragraph 1, question 2: "Who built it?"' in said
    assert said.endswith("fix: for all 3: `--impossible drop` leaves them out")
    found = imported(tmp_path, "questions", content, impossible="drop")
    assert [row["id"] for row in found.rows] == ["q1"]
    assert found.findings.told() == ["left out, since they have no answer: 3"]
    assert len(found.findings.changes) == 3
    assert "texts are missing or empty: 1" in refusal(
        tmp_path, "questions", squad(asked(VOSS, ("", 0))), impossible="drop"
    )


def test_all_faults_are_listed_at_once_by_kind_with_counts_and_first_places(
    tmp_path: Path,
) -> None:
    content = squad(
        *[asked(VOSS, id=number) for number in range(5)],
        asked(("Mara Foss", 30), id="a"),
        asked(("Mara Voss", 31), id="b"),
        asked(VOSS, id="b"),
        asked(VOSS, id="c", question=" "),
        asked(VOSS, id="d", question="Who \ud83d built it?"),
        asked(("Mara Voss", None), id="e"),
        "no question",
    )
    said = refusal(tmp_path, "questions", json.dumps(content))
    assert "12 faults of 7 kinds, nothing is written" in said
    assert "ids are missing, or no text: 5 (`--fix` mends them)" in said
    assert said.count("would be") == 4
    assert "and 2 more" in said
    assert 'question 6: "Mara Foss" at 30, where "Mara Voss, and the b"; it stands nowhere' in said
    assert "answers are not at their offset, and stand at one other place alone: 1 (`--fix`" in said
    assert 'question 7: answer_start of "Mara Voss" 31 would be 30' in said
    assert 'question 8: "b", first at article 1 "Mills", paragraph 1, question 7' in said
    assert "texts hold half a surrogate pair: 1" in said
    assert "answer_start is None, expected a number" in said
    assert "fix: `--fix` mends 6 of them and reports each change; for the other 6: do what" in said
    again = refusal(tmp_path, "questions", json.dumps(content), fix=True)
    assert "6 faults of 5 kinds, nothing is written" in again
    assert "do what is in brackets after their kind; `--faulty drop` leaves out what" in again
    left = imported(tmp_path, "questions", json.dumps(content), fix=True, faulty="drop")
    assert [row["id"] for row in left.rows] == ["0", "1", "2", "3", "4", "b"]
    assert "left out, since ids stand twice: 1" in left.findings.told()
    assert sum(change.kind == "left out" for change in left.findings.changes) == 6


def test_what_can_be_mended_is_not_left_out_instead(tmp_path: Path) -> None:
    """Else questions would be lost that `--fix` keeps."""
    content = squad(asked(VOSS, id=1), asked(("Mara Foss", 30), id="a"))
    said = refusal(tmp_path, "questions", content, faulty="drop")
    assert "1 fault of 1 kind, nothing is written" in said
    assert "left out, since answers are not at their offset: 1" in said
    assert "`--faulty drop`" not in said


@pytest.mark.parametrize(
    ("context", "start"),
    [
        pytest.param(CONTEXT + " Mara Voss left.", None, id="it stands twice"),
        pytest.param("Mara Vossen came before Mara Voss.", 24, id="once as whole words"),
        pytest.param("Mara Vossen built it.", None, id="inside of a word alone"),
        pytest.param("Built by\nMara Voss, in 1832.", 9, id="elsewhere"),
    ],
)
def test_an_answer_that_stands_elsewhere_is_moved_where_it_stands_but_once(
    tmp_path: Path, context: str, start: int | None
) -> None:
    content = squad(asked(("Mara Voss", 2)), context=context)
    if start is None:
        assert "answers are not at their offset: 1 (correct" in refusal(
            tmp_path, "questions", content, fix=True
        )
        return
    found = imported(tmp_path, "questions", content, fix=True)
    assert answers(found) == [("Mara Voss", start)]
    assert [change.kind for change in found.findings.changes] == ["moved"]


def test_what_is_missing_in_the_layout_is_a_fault_of_its_place(tmp_path: Path) -> None:
    content = squad(asked(VOSS), {"id": "q2", "question": "Who?"})
    content["data"] += [{"title": "Empty"}, 7]
    said = refusal(tmp_path, "questions", content, impossible="drop")
    assert "entries are not as the layout has them: 3" in said
    assert "question 2: no list 'answers'" in said
    assert "article 2 \"Empty\": no list 'paragraphs'" in said


def test_a_paragraph_without_questions_holds_nothing_and_is_told(tmp_path: Path) -> None:
    content = squad(asked(VOSS))
    content["data"][0]["paragraphs"].append({"context": "Nothing is asked here.", "qas": []})
    found = imported(tmp_path, "questions", content)
    assert len(found.rows) == 1
    assert found.findings.told() == ["paragraphs without a question, left out: 1"]


ROCKET = "🚀🚀 " + CONTEXT


def counted(context: str, text: str, counting: str) -> int:
    """The offset of a text's first place, counted so."""
    return sum(COUNTINGS[counting](context, place) for place in range(context.index(text)))


@pytest.mark.parametrize(
    ("context", "counting"),
    [
        (ROCKET, "UTF-16 units"),
        ("Älter. " + CONTEXT, "bytes"),
        ("One.\r\nTwo.\r\n" + CONTEXT, "line ends of two characters as one"),
        ("One.\nTwo.\n" + CONTEXT, "line ends as two characters"),
    ],
)
def test_offsets_that_count_something_else_are_mended_and_reported(
    tmp_path: Path, context: str, counting: str
) -> None:
    texts = ("Mara Voss", "Lena Moritz")
    questions = [
        asked((text, counted(context, text, counting)), id=f"q{n}") for n, text in enumerate(texts)
    ]
    content = squad(*questions, context=context)
    assert f"answer_start ({counting})" in refusal(tmp_path, "questions", content)
    found = imported(tmp_path, "questions", content, fix=True)
    assert answers(found) == [(text, context.index(text)) for text in texts]
    assert [change.kind for change in found.findings.changes] == ["counting"] * 2
    assert [change.before for change in found.findings.changes] == [
        counted(context, text, counting) for text in texts
    ]


@pytest.mark.parametrize("start", ["One.\r\nTwo.\r\n", "One.\nTwo.\n", "🚀🚀 ", "Älter. "])
def test_right_offsets_stay_whatever_could_be_counted_otherwise(tmp_path: Path, start: str) -> None:
    texts = [("Mara Voss", len(start) + 30), ("Lena Moritz", len(start) + 59)]
    content = squad(*[asked(one, id=one[0]) for one in texts], context=start + CONTEXT)
    found = imported(tmp_path, "questions", content)
    assert answers(found) == texts
    assert not found.findings.changes


@given(
    st.text(st.sampled_from("aé\r\n🚀汉 "), min_size=3, max_size=40),
    st.data(),
    st.sampled_from(sorted(COUNTINGS)),
)
def test_an_answer_that_is_placed_is_what_the_context_reads(
    context: str, data: st.DataObject, counting: str
) -> None:
    start = data.draw(st.integers(0, len(context) - 1))
    text = context[start : start + 3]
    if not text.strip():
        return
    offset = sum(COUNTINGS[counting](context, place) for place in range(start))
    for placed in place_all(context, [(text, offset)]):
        assert placed is None or context.startswith(placed.text, placed.start)


def test_a_counting_is_believed_only_where_it_puts_all_that_any_can_put() -> None:
    units = counted(ROCKET, "Mara Voss", "UTF-16 units")
    right = ROCKET.index("Lena Moritz")
    wrong = [("Mara Voss", units), ("Lena Moritz", right)]
    placed = place_all(ROCKET, wrong)
    assert [one is not None for one in placed] == [False, True]
    bad = [("Mara Voss", units), ("nowhere", 3)]
    assert [one and one.start for one in place_all(ROCKET, bad)] == [
        ROCKET.index("Mara Voss"),
        None,
    ]


@pytest.mark.parametrize(
    ("text", "start", "read"),
    [
        pytest.param("Mara Voss ,", 30, None, id="another text"),
        pytest.param("  Mara Voss\n", 30, "Mara Voss", id="white space around it"),
        pytest.param("Mara  Voss", 29, "Mara Voss", id="white space within, and before its place"),
    ],
)
def test_white_space_of_answers(tmp_path: Path, text: str, start: int, read: str | None) -> None:
    content = squad(asked((text, start)))
    if read is None:
        assert "answers are not at their offset: 1" in refusal(
            tmp_path, "questions", content, fix=True
        )
    else:
        assert answers(imported(tmp_path, "questions", content, fix=True)) == [(read, 30)]


def test_unicode_forms_of_answers_and_texts_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    context = unicodedata.normalize("NFD", "It was Zoë Müller.")
    content = squad(asked(("Zoë Müller", 7)), context=context)
    assert r"answer 'Zo\xeb M\xfcller' would be 'Zoe\u0308 Mu\u0308ller'" in refusal(
        tmp_path, "questions", content
    )
    found = imported(tmp_path, "questions", content, fix=True)
    assert answers(found) == [(context[7:-1], 7)]


def test_an_answer_never_loses_its_accent(tmp_path: Path) -> None:
    context = unicodedata.normalize("NFD", "It was Zoé.")
    assert "not at their offset" in refusal(
        tmp_path, "questions", squad(asked((" Zoe", 7)), context=context), fix=True
    )


def test_ids_and_titles_are_made_and_reported_once_each(tmp_path: Path) -> None:
    content = squad(asked(VOSS, id=7), asked(MORITZ, id=None))
    del content["data"][0]["title"]
    found = imported(tmp_path, "questions", content, fix=True)
    assert [(row["id"], row["title"]) for row in found.rows] == [
        ("7", "article 1"),
        ("question 2", "article 1"),
    ]
    assert [(change.kind, change.before) for change in found.findings.changes] == [
        ("title", None),
        ("id", 7),
        ("id", None),
    ]


def test_without_titles_each_passage_of_flat_rows_is_an_article(tmp_path: Path) -> None:
    given = [
        {**FLAT, "id": str(number), "context": context}
        for number, context in enumerate([CONTEXT, CONTEXT + " It rained.", CONTEXT])
    ]
    for row in given:
        del row["title"]
    found = rows(tmp_path, "questions", lines(*given), fix=True)
    assert [(row["id"], row["title"]) for row in found] == [
        ("0", "passage 1"),
        ("2", "passage 1"),
        ("1", "passage 2"),
    ]


def test_shuffled_rows_come_beside_their_articles(tmp_path: Path) -> None:
    given = [FLAT | {"id": str(n), "title": title} for n, title in enumerate("abab")]
    assert "articles come back after other ones: 2" in refusal(tmp_path, "questions", given)
    found = rows(tmp_path, "questions", given, fix=True)
    assert [row["id"] for row in found] == ["0", "2", "1", "3"]
    assert len(from_rows((("row", row) for row in found), "f").titles) == 2


def test_offsets_written_as_text_or_fractions(tmp_path: Path) -> None:
    assert rows(tmp_path, "questions", squad(asked(("Mara Voss", "30")))) == [FLAT]
    assert "offsets are not written as whole numbers: 1" in refusal(
        tmp_path, "questions", squad(asked(("Mara Voss", 30.0)))
    )
    assert rows(tmp_path, "questions", squad(asked(("Mara Voss", 30.0))), fix=True) == [FLAT]
