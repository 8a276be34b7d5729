"""The metric against pairs worked by hand, a restatement of the official rules, and torchmetrics.

The restatement follows the paper's wording step by step and shares no code with the package.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torchmetrics.functional.text import squad

from tuning_curves.tasks.question_answering.metric import GoldAnswers, normalise, percent
from tuning_curves.util.errors import DataError

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def restated_words(text: str) -> list[str]:
    """Lower case; drop ASCII punctuation; blank out articles that are whole words; split."""
    kept = "".join(c for c in text.lower() if c not in PUNCTUATION)
    runs: list[str] = []  # maximal runs of word characters, and single others between them
    for character in kept:
        if runs and is_word(character) and is_word(runs[-1][-1]):
            runs[-1] += character
        else:
            runs.append(character)
    return "".join(" " if run in {"a", "an", "the"} else run for run in runs).split()


def is_word(character: str) -> bool:
    """What a regular expression's word boundary takes for a letter: alphanumeric (`_` is gone)."""
    return character.isalnum()


def restated(prediction: str, golds: list[str]) -> tuple[bool, float]:
    """The best exact match and the best F1 over the gold answers."""
    exact, f1 = False, 0.0
    for gold in golds:
        ours, theirs = restated_words(prediction), restated_words(gold)
        exact = exact or " ".join(ours) == " ".join(theirs)
        shared = sum((Counter(ours) & Counter(theirs)).values())
        if shared:
            precision, recall = shared / len(ours), shared / len(theirs)
            f1 = max(f1, 2 * precision * recall / (precision + recall))
    return exact, f1


def ported(prediction: str, golds: list[str]) -> tuple[bool, float]:
    """The same by torchmetrics, a port of the official scorer.

    Where nothing is left of a prediction its F1 is by the rule of SQuAD 2.0, and is passed over.
    """
    answer = {"id": "0", "prediction_text": prediction}
    answers = {"text": golds, "answer_start": [0] * len(golds)}
    found = squad([answer], [{"id": "0", "answers": answers}])
    f1 = float(found["f1"]) / 100 if restated_words(prediction) else 0.0
    return float(found["exact_match"]) == 100, f1


def score(prediction: str | None, *golds: str) -> tuple[bool, float]:
    exact, f1 = GoldAnswers([golds]).score([prediction])
    return bool(exact[0]), float(f1[0])


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The Cat.", "cat"),
        ("a   cat\tand\nAN ant", "cat and ant"),
        ("the-end", "theend"),  # punctuation goes first: one word, no article in it
        ("U.S.A.", "usa"),
        ("a.", ""),
        ("The", ""),
        ("theatre", "theatre"),
        ("—the—", "— —"),  # a dash of Unicode is kept and bounds a word
        ("“the” end", "“ ” end"),
        ("Éloïse’s", "éloïse’s"),
        ("tha a", "tha"),
        ("İ", "i̇"),
        ("5\u00a0km", "5 km"),
        ("", ""),
    ],
)
def test_normal_forms(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("prediction", "golds", "exact", "f1"),
    [
        ("the cat", ["Cat!"], True, 1.0),
        ("cat", ["dog"], False, 0.0),
        ("black cat", ["cat"], False, 2 / 3),  # precision 1/2, recall 1
        ("big black cat", ["cat sat"], False, 0.4),  # precision 1/3, recall 1/2
        ("in 1903", ["1903", "in 1903", "1904"], True, 1.0),
        ("in 1903", ["1903", "in May 1903"], False, 0.8),  # 2/3 and then 4/5: the best counts
        ("cat cat", ["cat"], False, 2 / 3),  # a word counts as often as the gold has it
        ("cat cat dog", ["cat cat"], False, 0.8),
        ("", ["cat"], False, 0.0),
        ("the", ["cat"], False, 0.0),
        ("a", ["a"], True, 0.0),  # nothing is left of either: the official scorer's own slip
        ("", ["the"], True, 0.0),
        ("a", ["A.", "a cat"], True, 0.0),
        ("naïve", ["naive"], False, 0.0),  # accents count
        ("１", ["1"], False, 0.0),
    ],
)
def test_pairs_worked_by_hand(prediction: str, golds: list[str], exact: bool, f1: float) -> None:
    assert score(prediction, *golds) == (exact, pytest.approx(f1))
    assert restated(prediction, golds) == (exact, pytest.approx(f1))
    assert ported(prediction, golds) == (exact, pytest.approx(f1))


def test_no_prediction_is_wrong_even_where_an_empty_one_is_right() -> None:
    assert score(None, "the") == (False, 0.0)
    assert score("", "the") == (True, 0.0)


ODD = st.text(
    st.one_of(
        st.sampled_from("aAnNtThHeE .,-'_\u00a0\t—“”’éİßΣς𝕏１²"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=25,
)
WORDS = st.lists(
    st.sampled_from(["a", "an", "the", "cat", "Cat.", "cat's", "-", "1,000", "the-", "", "ant"]),
    max_size=6,
).map(" ".join)


@settings(max_examples=400)
@given(st.one_of(ODD, WORDS), st.lists(st.one_of(ODD, WORDS), min_size=1, max_size=4))
@example("a", ["a"])
@example("the cat the", ["cat"])
def test_any_pair_scores_as_restated_and_as_ported(prediction: str, golds: list[str]) -> None:
    exact, f1 = score(prediction, *golds)
    expected_exact, expected_f1 = restated(prediction, golds)
    assert exact == expected_exact
    assert f1 == pytest.approx(expected_f1, abs=1e-12)
    assert ported(prediction, golds) == (exact, pytest.approx(f1, abs=1e-6))


def test_many_questions_are_scored_in_order() -> None:
    golds = GoldAnswers([["cat"], ["dog", "a dog"], ["1903"]])
    assert len(golds) == 3
    exact, f1 = golds.score(["cat", "black dog", None])
    assert exact.tolist() == [True, False, False]
    assert f1.tolist() == pytest.approx([1.0, 2 / 3, 0.0])
    assert (exact.dtype, f1.dtype) == (np.bool_, np.float64)


def test_percent_is_of_all_questions() -> None:
    assert percent(np.array([True, False, False])) == pytest.approx(100 / 3)
    assert percent(np.array([1.0, 0.5])) == 75.0


def test_a_question_without_gold_answers_is_refused() -> None:
    with pytest.raises(DataError, match=r"question number 1 \(from 0\) has no gold answer\nfix:"):
        GoldAnswers([["cat"], []])


def test_another_number_of_predictions_is_refused() -> None:
    with pytest.raises(DataError, match="1 predictions for 2 questions"):
        GoldAnswers([["cat"], ["dog"]]).score(["cat"])


def test_gold_answers_of_the_real_dev_set_score_as_restated_and_as_ported(real_squad: Path) -> None:
    """Each question's last human answer against its others: 91 % agree; here every tenth."""
    from tuning_curves.tasks.question_answering.data import read_squad

    questions = [
        q for q in read_squad(real_squad / "dev-v1.1.json").questions[::10] if len(q.answers) > 1
    ]
    golds = [[a.text for a in q.answers[:-1]] for q in questions]
    predictions = [q.answers[-1].text for q in questions]
    exact, f1 = GoldAnswers(golds).score(predictions)
    expected = [restated(p, g) for p, g in zip(predictions, golds, strict=True)]
    theirs = [ported(p, g) for p, g in zip(predictions, golds, strict=True)]
    assert exact.tolist() == [e for e, _ in theirs]
    assert f1.tolist() == pytest.approx([f for _, f in theirs], abs=1e-6)
    assert exact.tolist() == [e for e, _ in expected]
    assert f1.tolist() == pytest.approx([f for _, f in expected])
    assert 75 < percent(exact) < percent(f1) < 95
