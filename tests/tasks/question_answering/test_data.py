"""Reading SQuAD: what holds together comes through unchanged, all else is refused by name."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning_curves.tasks.question_answering import data as squad
from tuning_curves.tasks.question_answering.data import (
    SquadData,
    article_sizes,
    content_sha256,
    from_rows,
    parse_squad,
    read_squad,
    to_squad,
)
from tuning_curves.util.errors import DataError, ResourceError

from ...conftest import hub_rows

CONTEXT = "Café Ω opened in 1903. 𝕏-rays came later, and the café closed."


def good() -> dict[str, Any]:
    """Two articles, three paragraphs, four questions."""

    def entry(identity: str, question: str, *answers: tuple[str, int]) -> dict[str, Any]:
        found = [{"text": text, "answer_start": start} for text, start in answers]
        return {"id": identity, "question": question, "answers": found}

    first = [
        entry("q1", "When did it open?", ("1903", 17), ("in 1903", 14)),
        entry("q2", "What came later?", ("𝕏-rays", 23)),
    ]
    return {
        "version": "1.1",
        "data": [
            {
                "title": "Café",
                "paragraphs": [
                    {"context": CONTEXT, "qas": first},
                    {"context": "Tea.", "qas": [entry("q3", "What is drunk?", ("Tea", 0))]},
                ],
            },
            {
                "title": "Oak",
                "paragraphs": [
                    {"context": "Oaks grow.", "qas": [entry("q4", "What grows?", ("Oaks", 0))]}
                ],
            },
        ],
    }


def question(value: dict[str, Any]) -> dict[str, Any]:
    """The second question, "q2"."""
    return value["data"][0]["paragraphs"][0]["qas"][1]


HERE = 'file.json: article 1 "Café", paragraph 1, question 2'


def refusal(change: Callable[[dict[str, Any]], object]) -> str:
    """The message about the good data after one change."""
    value = good()
    change(value)
    with pytest.raises(DataError) as caught:
        parse_squad(value, "file.json")
    assert caught.value.exit_status == 3
    return str(caught.value)


def test_everything_comes_through() -> None:
    data = parse_squad(good(), "file.json")
    assert data.titles == ("Café", "Oak")
    assert data.contexts == (CONTEXT, "Tea.", "Oaks grow.")
    assert data.paragraph_article == (0, 0, 1)
    assert [q.id for q in data.questions] == ["q1", "q2", "q3", "q4"]
    assert [(q.paragraph, q.article) for q in data.questions] == [(0, 0), (0, 0), (1, 0), (2, 1)]
    assert [(a.text, a.start) for a in data.questions[0].answers] == [("1903", 17), ("in 1903", 14)]
    assert article_sizes(data).tolist() == [3, 1]


def test_offsets_count_characters_not_bytes_nor_utf16_units() -> None:
    """Before the answer stand é (2 bytes) and Ω (2 bytes): 23 characters, 25 bytes."""
    assert CONTEXT.index("𝕏") == 23
    assert len(CONTEXT[:23].encode()) == 25
    message = refusal(lambda v: question(v)["answers"][0].update(answer_start=25))
    assert message == (
        f"{HERE}, id \"q2\": answer '𝕏-rays' is not at its offset 25: there the context reads "
        "'rays came later, and'; it occurs at 23\n"
        "fix: set answer_start to the character offset (not the byte offset) of the answer text; "
        "`tuning-curves import FILE --task question-answering --out data.jsonl` lists all that are "
        "wrong, and with --fix mends what is safe"
    )


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (24, "there the context reads '-rays came later, an'; it occurs at 23"),
        (-1, "the context has offsets 0 to 61; it occurs at 23"),
        (900, "the context has offsets 0 to 61; it occurs at 23"),
    ],
)
def test_a_wrong_offset_says_where_the_answer_is(start: int, found: str) -> None:
    message = refusal(lambda v: question(v)["answers"][0].update(answer_start=start))
    assert f"{HERE}, id \"q2\": answer '𝕏-rays' is not at its offset {start}: {found}" in message


def test_an_offset_does_not_count_from_the_end() -> None:
    message = refusal(lambda v: question(v)["answers"][0].update(text=".", answer_start=-1))
    assert "answer '.' is not at its offset -1" in message
    assert "it occurs at 21, 61" in message


def test_an_answer_that_is_nowhere_is_refused() -> None:
    message = refusal(lambda v: question(v)["answers"][0].update(text="X-rays"))
    assert "it occurs nowhere in the context" in message


@pytest.mark.parametrize(
    ("context", "answer", "form"),
    [
        ("Mara Voss built it.", "Mara Voss ,", None),
        ("Mara  Voss built it.", "Mara Voss", "'Mara Voss'"),
        ("Mara Voss built it", "it ", "'it '"),
        ("Built by Zoe\u0308 Voss.", "Zo\u00eb", r"'Zo\xeb'"),
    ],
)
def test_an_answer_that_looks_like_its_context_is_told_apart(
    context: str, answer: str, form: str | None
) -> None:
    asked = {"id": "1", "question": "?", "answers": [{"text": answer, "answer_start": 0}]}
    paragraphs = [{"context": context, "qas": [asked]}]
    with pytest.raises(DataError) as caught:
        parse_squad({"data": [{"title": "t", "paragraphs": paragraphs}]}, "f")
    said = "but with other white space or in another Unicode form than"
    if form is None:
        assert said not in str(caught.value)
    else:
        assert f"it occurs nowhere in the context {said} {form}" in str(caught.value)


@pytest.mark.parametrize("start", [23.0, "23", True, None])
def test_an_offset_that_is_no_integer_is_refused(start: object) -> None:
    message = refusal(lambda v: question(v)["answers"][0].update(answer_start=start))
    assert f'{HERE}, id "q2": answer_start {start!r}, expected an integer' in message


@pytest.mark.parametrize("text", ["", "  ", None, 7])
def test_an_empty_answer_is_refused(text: object) -> None:
    message = refusal(lambda v: question(v)["answers"][0].update(text=text))
    assert f'{HERE}, id "q2": answer text {text!r}, expected some text' in message


def test_a_question_without_answers_is_refused() -> None:
    message = refusal(lambda v: question(v).update(answers=[]))
    assert message.startswith(f'{HERE}, id "q2": no answers, expected at least one\nfix: use SQuAD')


def test_an_id_that_comes_twice_is_refused_with_both_places() -> None:
    message = refusal(lambda v: question(v).update(id="q1"))
    assert message == (
        f'{HERE}, id "q1": the id was taken before, at file.json: article 1 "Café", paragraph 1, '
        "question 1\nfix: give every question an id of its own"
    )


@pytest.mark.parametrize("version", ["v2.0", "2.0", 2, None])
def test_another_version_is_refused(version: object) -> None:
    message = refusal(lambda v: v.update(version=version))
    assert message.startswith(
        f"file.json: version {version!r}, expected '1.1'\nfix: use SQuAD v1.1"
    )


def test_impossible_questions_are_refused_even_under_version_one() -> None:
    message = refusal(lambda v: question(v).update(is_impossible=True, answers=[]))
    assert f'{HERE}, id "q2": is_impossible marks SQuAD 2.0' in message


def test_a_missing_version_is_let_through() -> None:
    value = good()
    del value["version"]
    assert parse_squad(value, "file.json") == parse_squad(good(), "file.json")


@pytest.mark.parametrize(
    ("remove", "message"),
    [
        (lambda v: v.pop("data"), "file.json: no 'data' (its keys: 'version')"),
        (lambda v: v["data"][0].pop("title"), "file.json: article 1: no 'title'"),
        (lambda v: v["data"][1].pop("paragraphs"), "file.json: article 2 \"Oak\": no 'paragraphs'"),
        (
            lambda v: v["data"][1]["paragraphs"][0].pop("context"),
            "file.json: article 2 \"Oak\", paragraph 1: no 'context' (its keys: 'qas')",
        ),
        (lambda v: v["data"][1]["paragraphs"][0].pop("qas"), "\"Oak\", paragraph 1: no 'qas'"),
        (lambda v: question(v).pop("id"), f"{HERE}: no 'id' (its keys: 'question', 'answers')"),
        (lambda v: question(v).pop("question"), f"{HERE}, id \"q2\": no 'question'"),
        (lambda v: question(v).pop("answers"), f"{HERE}: no 'answers'"),
        (lambda v: question(v)["answers"][0].pop("text"), f"{HERE}: no 'text'"),
        (lambda v: question(v)["answers"][0].pop("answer_start"), f"{HERE}: no 'answer_start'"),
    ],
)
def test_a_missing_key_is_named_with_its_place(
    remove: Callable[[dict[str, Any]], object], message: str
) -> None:
    assert message in refusal(remove)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(data=[]), "file.json: 'data' is empty"),
        (lambda v: v["data"][1].update(paragraphs=[]), "article 2 \"Oak\": 'paragraphs' is empty"),
        (
            lambda v: v["data"][1]["paragraphs"][0].update(qas=[]),
            "article 2 \"Oak\", paragraph 1: 'qas' is empty",
        ),
        (lambda v: v.update(data={}), "file.json: 'data' is a dict, expected a list"),
        (
            lambda v: question(v).update(answers={"text": []}),
            "'answers' is a dict, expected a list",
        ),
        (lambda v: question(v).update(answers=["Tea"]), "str where an object with 'text' was"),
        (lambda v: v["data"].append(None), "article 3: NoneType where an object with 'title' was"),
        (lambda v: v["data"][1].update(title=" "), "article 2: 'title' is ' ', expected some text"),
        (lambda v: question(v).update(id=5), f"{HERE}: 'id' is 5, expected some text"),
        (
            lambda v: question(v).update(question="\ud835"),
            f"{HERE}, id \"q2\": 'question' holds half a surrogate pair at offset 0",
        ),
    ],
)
def test_another_layout_is_named_with_its_place(
    change: Callable[[dict[str, Any]], object], message: str
) -> None:
    assert message in refusal(change)


@pytest.mark.parametrize("value", [[], "text", 3, None])
def test_the_top_level_must_be_an_object(value: object) -> None:
    with pytest.raises(DataError, match=r"file\.json: the top level is a .*, expected an object"):
        parse_squad(value, "file.json")


def test_a_file_reads_as_its_content(squad_file: Path) -> None:
    data = read_squad(squad_file)
    assert data == parse_squad(json.loads(squad_file.read_text("utf-8")), "x")
    assert len(data.questions) == 25
    assert article_sizes(data).tolist() == [5, 5, 5, 5, 5]


def read_refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_squad(path)
    return str(caught.value)


def test_a_truncated_file_is_refused(squad_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    content = squad_file.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    message = read_refusal(path)
    assert message.startswith(f"{path}: SQuAD file is not valid JSON (")
    assert message.endswith(
        "fix: fetch the file again (a download may have been cut short), and keep it as UTF-8; "
        "`tuning-curves import FILE --task question-answering --out data.jsonl` reads JSON Lines "
        "and tables"
    )


@pytest.mark.parametrize(
    "content", [b"", b"id,question\n1,who\n", b"\x1f\x8b\x08\x00gz", b"PK\x03"]
)
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    assert read_refusal(path).startswith(f"{path}: SQuAD file is not valid JSON (")


def test_a_file_in_latin_1_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.json"
    value = good()
    value["data"] = value["data"][:1]
    value["data"][0]["paragraphs"] = value["data"][0]["paragraphs"][1:]  # no 𝕏, but "Café"
    path.write_bytes(json.dumps(value, ensure_ascii=False).encode("latin-1"))
    message = read_refusal(path)
    assert message.startswith(f"{path}: SQuAD file is not valid JSON (")
    assert "keep it as UTF-8" in message


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Editors on Windows write it; it is no part of the text, so offsets stay right."""
    path = tmp_path / "bom.json"
    path.write_text(json.dumps(good()), encoding="utf-8-sig")
    assert read_squad(path) == parse_squad(good(), "file.json")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_unicode_encodings_are_told_by_their_first_bytes(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "wide.json"
    path.write_bytes(json.dumps(good(), ensure_ascii=False).encode(encoding))
    assert read_squad(path) == parse_squad(good(), "file.json")


def test_a_key_twice_in_one_object_is_refused(tmp_path: Path) -> None:
    """Python's reader takes the second and drops the first, with all the questions in it."""
    path = tmp_path / "twice.json"
    text = json.dumps(good())
    path.write_text(text.replace('"data"', '"data": [], "data"', 1))
    assert "an object has the key 'data' twice" in read_refusal(path)


def test_a_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "digits.json"
    path.write_text(json.dumps(good()).replace("17", "1" * 5000, 1))
    assert "SQuAD file is not valid JSON (Exceeds the limit" in read_refusal(path)


def test_a_file_beyond_bounds_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as stream:
        stream.truncate(squad.LARGEST_BYTES + 1)  # takes no room on the disk
    assert f"{path}: 536,870,913 bytes, expected 536,870,912 or fewer" in read_refusal(path)


def test_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    assert "cannot be read as SQuAD (File name too long)" in read_refusal(tmp_path / ("x" * 5000))


@pytest.mark.parametrize("text", ["a\nerror: b", "\x1b[31mred", "x" * 100_000])
def test_a_files_texts_cannot_forge_or_flood_a_message(text: str) -> None:
    """They are shown on one line, without control characters, and cut."""
    message = refusal(lambda v: question(v).update(id=text, answers=[]))
    told, fix = message.split("\nfix: ")
    assert told.isprintable()
    assert len(told) < 250
    assert fix.isprintable()


def test_an_answer_that_occurs_often_names_some_places() -> None:
    def change(value: dict[str, Any]) -> None:
        value["data"][1]["paragraphs"][0] |= {"context": "a" * 50_000}
        entry = value["data"][1]["paragraphs"][0]["qas"][0]
        entry["answers"] = [{"text": "aa", "answer_start": 60_000}]

    assert "it occurs at 0, 1, 2, 3, 4, ...\n" in refusal(change)


def test_titles_that_look_like_paths_stay_titles(tmp_path: Path) -> None:
    value = good()
    value["data"][0]["title"], question(value)["id"] = "../../etc/passwd", "/etc/shadow"
    data = parse_squad(value, "file.json")
    assert data.titles[0] == "../../etc/passwd"
    assert data.questions[1].id == "/etc/shadow"


def test_a_missing_file_is_a_missing_resource(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"no\.json: no such SQuAD file") as caught:
        read_squad(tmp_path / "no.json")
    assert caught.value.exit_status == 4


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert read_refusal(tmp_path).startswith(f"{tmp_path}: cannot be read as SQuAD (")


def test_bottomless_nesting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    assert str(path) in read_refusal(path)


def placed(rows: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"hub: row {number}", row) for number, row in enumerate(rows, 1)]


def test_the_hubs_rows_give_the_same_data(tiny_squad: SquadData) -> None:
    found = from_rows(placed(hub_rows(tiny_squad)), "hub")
    assert found == tiny_squad
    assert content_sha256(found) == content_sha256(tiny_squad)


def test_shuffled_rows_are_refused(tiny_squad: SquadData) -> None:
    flat = hub_rows(tiny_squad)
    flat = [flat[0], flat[5], flat[1]]
    with pytest.raises(DataError) as caught:
        from_rows(placed(flat), "hub")
    assert str(caught.value) == (
        'hub: row 3, article "Orrin": the article comes back after another one\n'
        "fix: pass the rows in the data set's own order, unshuffled"
    )


def test_rows_that_do_not_hold_together_are_refused(tiny_squad: SquadData) -> None:
    flat = hub_rows(tiny_squad)
    flat[1]["answers"]["answer_start"] = [0]
    with pytest.raises(DataError, match='hub: row 2, article "Orrin": 2 answer texts, 1 offsets'):
        from_rows(placed(flat), "hub")
    with pytest.raises(DataError, match="hub: no rows"):
        from_rows([], "hub")
    flat = hub_rows(tiny_squad)
    flat[6]["answers"]["answer_start"][0] += 1
    with pytest.raises(DataError, match=r'hub: row 7, article "Tannsund", id "1-1": answer \'1911'):
        from_rows(placed(flat), "hub")


def test_the_content_hash_does_not_see_formatting(tmp_path: Path) -> None:
    hashes = set()
    for number, options in enumerate(
        ({}, {"indent": 3}, {"ensure_ascii": False, "sort_keys": True})
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(good(), **options), encoding="utf-8")
        hashes.add(content_sha256(read_squad(path)))
    without_version = good()
    del without_version["version"]
    hashes.add(content_sha256(parse_squad(without_version, "x")))
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda v: question(v)["answers"][0].update(text="𝕏-ray"),
        lambda v: question(v)["answers"].append({"text": "𝕏", "answer_start": 23}),
        lambda v: v["data"][0]["paragraphs"][0]["qas"][0]["answers"].reverse(),
        lambda v: question(v).update(question="What came later ?"),
        lambda v: v["data"][1].update(title="Oaks"),
        lambda v: v["data"][1]["paragraphs"][0].update(context="Oaks grow!"),
        lambda v: v["data"].reverse(),
        lambda v: v["data"].pop(),
    ],
)
def test_the_content_hash_sees_every_change(change: Callable[[dict[str, Any]], object]) -> None:
    value = copy.deepcopy(good())
    change(value)
    assert content_sha256(parse_squad(value, "x")) != content_sha256(parse_squad(good(), "x"))


def test_ids_are_no_part_of_the_content() -> None:
    value = copy.deepcopy(good())
    question(value).update(id="q5")
    assert content_sha256(parse_squad(value, "x")) == content_sha256(parse_squad(good(), "x"))


def test_the_content_hash_sees_which_occurrence_is_meant() -> None:
    hashes = set()
    for start in (21, 61):
        value = good()
        question(value)["answers"][0].update(text=".", answer_start=start)
        hashes.add(content_sha256(parse_squad(value, "x")))
    assert len(hashes) == 2


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)


@st.composite
def squad_values(draw: st.DrawFn) -> dict[str, Any]:
    """Any small data set in the official layout, with answers cut from their contexts."""
    numbers = iter(range(1000))

    def answer(context: str) -> dict[str, Any]:
        start = draw(st.integers(0, len(context) - 1))
        end = draw(st.integers(start + 1, len(context)))
        if not context[start:end].strip():
            start, end = 0, len(context)
        return {"text": context[start:end], "answer_start": start}

    def paragraph() -> dict[str, Any]:
        context = draw(TEXT)
        counts = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
        return {
            "context": context,
            "qas": [
                {
                    "id": f"{next(numbers)}",
                    "question": draw(TEXT),
                    "answers": [answer(context) for _ in range(count)],
                }
                for count in counts
            ],
        }

    def article() -> dict[str, Any]:
        count = draw(st.integers(1, 3))
        return {"title": draw(TEXT), "paragraphs": [paragraph() for _ in range(count)]}

    return {"version": "1.1", "data": [article() for _ in range(draw(st.integers(1, 3)))]}


@settings(max_examples=40)
@given(squad_values())
def test_any_data_goes_out_and_comes_back(value: dict[str, Any]) -> None:
    data = parse_squad(value, "drawn")
    assert to_squad(data) == value
    through_json = json.loads(json.dumps(to_squad(data)))
    assert parse_squad(through_json, "again") == data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=8,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a JSON value with each key or position in it."""
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        return [(value, k) for k in keys] + [p for k in keys for p in places(value[k])]
    return []


@settings(max_examples=300)
@given(st.data(), JSON)
def test_a_damaged_value_is_refused_or_reads_as_what_it_says(data: st.DataObject, by: Any) -> None:
    """Put any value in any place: nothing but a `DataError`, or data that goes out unchanged."""
    value = good()
    container, key = data.draw(st.sampled_from(places(value)), label="place")
    container[key] = by
    try:
        found = parse_squad(value, "damaged")
    except DataError as error:
        assert str(error).startswith("damaged: ")
        return
    assert parse_squad(to_squad(found), "again") == found


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_is_refused_or_reads_as_json_reads_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut it, or change a byte: a `DataError`, or the data that Python's reader sees."""
    content = bytearray(json.dumps(good(), ensure_ascii=False).encode())
    if data.draw(st.booleans(), label="cut"):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "file.json"
    path.write_bytes(content)
    try:
        found = read_squad(path)
    except DataError:
        return
    assert found == parse_squad(json.loads(content), "x")


def test_the_real_files_have_their_published_counts(real_squad: Path) -> None:
    data = read_squad(real_squad / "dev-v1.1.json")
    assert (len(data.titles), len(data.contexts), len(data.questions)) == (48, 2_067, 10_570)
    assert sum(len(q.answers) for q in data.questions) == 34_726
    data = read_squad(real_squad / "train-v1.1.json")
    assert (len(data.titles), len(data.contexts), len(data.questions)) == (442, 18_896, 87_599)
    assert all(len(q.answers) == 1 for q in data.questions)
