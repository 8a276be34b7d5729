"""What the generator writes: the layout, determinism, answers, splits."""

import hashlib
import json
import re
from typing import Any

import pytest

from tuning_curves.demo import GENERATOR_VERSION, generate
from tuning_curves.tasks.question_answering.data import parse_squad
from tuning_curves.util.errors import UsageError

ARGUMENTS = {"seed": 0, "train_articles": 40, "test_articles": 20, "questions_per_article": 9}


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, Any]]:
    return generate(**ARGUMENTS)


def paragraphs(made: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [p for split in made.values() for a in split["data"] for p in a["paragraphs"]]


def as_bytes(made: dict[str, dict[str, Any]]) -> bytes:
    return json.dumps(made, ensure_ascii=False).encode("utf-8")


def test_same_arguments_same_bytes(made):
    assert as_bytes(generate(**ARGUMENTS)) == as_bytes(made)


def test_bytes_belong_to_the_version():
    """Whoever changes what is written raises the version, since old records would not fit."""
    small = generate(seed=0, train_articles=3, test_articles=2, questions_per_article=6)
    named = {"train": small["train"], "dev": small["test"]}  # as the first version called it
    digest = hashlib.sha256(as_bytes(named)).hexdigest()[:16]
    assert (GENERATOR_VERSION, digest) == (1, "59dc741a6566171e")


@pytest.mark.parametrize(
    ("seed", "train", "test", "questions", "sha256"),
    [
        (0, 30, 12, 10, "b50618e1e5f2c809"),  # the demo's
        (0, 40, 20, 9, "27f5a6e0ad25cde5"),
        (1, 40, 20, 9, "bc4ced2cb00009cb"),
        (3, 8, 1, 1, "2230e690c9b8c338"),
        (7, 5, 3, 20, "36e600f9f286b385"),
        (12345, 60, 20, 4, "a7312f40d9ee258f"),
    ],
)
def test_bytes_for_other_arguments(seed, train, test, questions, sha256):
    """These were written when the sentence forms still were code: as data they say the same."""
    made = generate(
        seed=seed, train_articles=train, test_articles=test, questions_per_article=questions
    )
    assert hashlib.sha256(as_bytes(made)).hexdigest()[:16] == sha256


def test_seed_matters(made):
    other = generate(**{**ARGUMENTS, "seed": 1})
    titles = {a["title"] for a in made["test"]["data"]}
    assert len(titles & {a["title"] for a in other["test"]["data"]}) < len(titles) / 4
    assert as_bytes(other) != as_bytes(made)


def test_passes_the_checks_of_the_reader(made):
    train, test = (parse_squad(made[split], split) for split in ("train", "test"))
    assert (len(train.titles), len(test.titles)) == (40, 20)
    assert len(train.questions) == 360
    assert len(test.questions) == 180


def test_articles_have_two_to_four_paragraphs(made):
    """A fifth comes in where four do not tell enough for the questions."""
    sizes = [len(a["paragraphs"]) for split in made.values() for a in split["data"]]
    assert set(sizes) >= {2, 3, 4}
    assert max(sizes) <= 5
    assert sizes.count(5) <= 2


def test_every_article_has_the_questions_it_was_asked_for():
    for questions in (1, 2, 5, 20):
        made = generate(seed=3, train_articles=8, test_articles=1, questions_per_article=questions)
        for article in made["train"]["data"]:
            assert sum(len(p["qas"]) for p in article["paragraphs"]) == questions


def test_ids_and_questions_are_unique(made):
    ids = [q["id"] for p in paragraphs(made) for q in p["qas"]]
    assert len(ids) == len(set(ids))
    for paragraph in paragraphs(made):
        questions = [q["question"] for q in paragraph["qas"]]
        assert len(questions) == len(set(questions))


def test_answers_stand_at_their_offsets(made):
    for paragraph in paragraphs(made):
        for question in paragraph["qas"]:
            for answer in question["answers"]:
                start = answer["answer_start"]
                end = start + len(answer["text"])
                assert paragraph["context"][start:end] == answer["text"]


def test_train_has_one_answer_and_dev_all_acceptable_ones(made):
    counts: dict[str, set[int]] = {}
    for split in made:
        paragraphs_of = [p for a in made[split]["data"] for p in a["paragraphs"]]
        counts[split] = {len(q["answers"]) for p in paragraphs_of for q in p["qas"]}
    assert counts["train"] == {1}
    assert counts["test"] == {1, 2}


def test_splits_share_no_names(made):
    """Titles, people and places are capitalised pairs or invented words: none comes back."""
    titles = [{a["title"] for a in made[split]["data"]} for split in ("train", "test")]
    assert not titles[0] & titles[1]
    people = [
        {
            q["answers"][0]["text"]
            for a in made[split]["data"]
            for p in a["paragraphs"]
            for q in p["qas"]
            if q["question"].startswith(("Who ", "Whose ", "Where "))
            and q["answers"][0]["text"][0].isupper()
            and " " in q["answers"][0]["text"]
        }
        for split in ("train", "test")
    ]
    assert len(people[1]) > 20
    assert not people[0] & people[1]


def test_passages_are_short(made):
    lengths = [len(p["context"].split()) for p in paragraphs(made)]
    assert min(lengths) >= 35
    assert max(lengths) <= 80
    assert 44 <= sum(lengths) / len(lengths) <= 60


@pytest.mark.parametrize(
    "wrong",
    [
        r"  | [,.;:?]|\.\.|,,|[{}]",
        r"\b[Aa] (?!uni)[aeiouAEIOU]",
        r"\b[Aa]n [^aeiouAEIOU8]",
        r"\b(the|of|in|by|a|to|was) \1\b",
        r"(?<![\d,])1 (children|arches|members|hands|knots)\b",
    ],
)
def test_spelling(made, wrong):
    """Spaces, punctuation, a and an, doubled words, plurals of one."""
    texts = [p["context"] for p in paragraphs(made)]
    texts += [q["question"] for p in paragraphs(made) for q in p["qas"]]
    for text in texts:
        assert text[0].isupper()
        assert text[-1] in ".?"
        assert not re.search(wrong, text), text


def test_refuses_no_articles():
    with pytest.raises(UsageError, match="test_articles is 0"):
        generate(seed=0, train_articles=1, test_articles=0, questions_per_article=3)


def test_refuses_more_questions_than_the_domains_have():
    with pytest.raises(UsageError, match="questions_per_article is 21, expected at most 20"):
        generate(seed=0, train_articles=1, test_articles=1, questions_per_article=21)


def test_other_answers_differ_by_a_unit_or_a_because(made):
    """ "64" and "64 sailors"; "the pumps had failed" and "because the pumps had failed"."""
    for article in made["test"]["data"]:
        for question in (q for p in article["paragraphs"] for q in p["qas"]):
            texts = sorted((a["text"] for a in question["answers"]), key=len)
            short, long = texts[0], texts[-1]
            if short != long:
                assert long.startswith(f"{short} ") or long.lower() == f"because {short}".lower()
