"""Metrics against scikit-learn and seqeval; their derivatives against numerical ones."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score as seqeval_accuracy
from seqeval.metrics import f1_score as seqeval_f1
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from tuning_curves.tasks.entities import entities
from tuning_curves.tasks.metrics import MacroF1, Matthews, Mean, Metric, Ratio
from tuning_curves.util.errors import DataError

NAMES: dict[str, Any] = {"name": "it", "label": "it", "heading": "It"}
CLASSES: dict[str, Any] = {"predicted": "predicted", "actual": "actual", "classes": 5}
ACCURACY = Mean(**NAMES, part="correct")
MATTHEWS, MACRO_F1 = Matthews(**NAMES, **CLASSES), MacroF1(**NAMES, **CLASSES)
TOKENS = Ratio(**NAMES, numerator={"correct": 1}, denominator={"words": 1})
ENTITY_F1 = Ratio(**NAMES, numerator={"found": 2}, denominator={"predicted": 1, "gold": 1})
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]

one_class = st.integers(0, 4)
pairs = st.lists(st.tuples(one_class, one_class), min_size=1, max_size=30)
words = st.lists(st.tuples(*[st.sampled_from(LABELS)] * 2), min_size=1, max_size=8)
sentences = st.lists(words, min_size=1, max_size=5)


def of_classes(found: list[tuple[int, int]]) -> dict[str, np.ndarray]:
    predicted, actual = np.array(found, int).T
    return {"correct": predicted == actual, "predicted": predicted, "actual": actual}


def of_words(found: list[list[tuple[str, str]]]) -> dict[str, np.ndarray]:
    """Counts of each sentence."""
    marked = [[entities([pair[side] for pair in one]) for side in (0, 1)] for one in found]
    counts = [
        (len(one), sum(a == b for a, b in one), len(guess & gold), len(guess), len(gold))
        for one, (guess, gold) in zip(found, marked, strict=True)
    ]
    names = ("words", "correct", "found", "predicted", "gold")
    return dict(zip(names, np.array(counts).T, strict=True))


def value_of(metric: Metric, parts: dict[str, np.ndarray]) -> float:
    return float(metric.value(metric.sums(parts).sum(axis=0)))


@given(pairs)
def test_metrics_of_classes_are_scikit_learns(found: list[tuple[int, int]]) -> None:
    parts = of_classes(found)
    given_to = parts["actual"], parts["predicted"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is one class; that one is never predicted
        matthews, macro_f1 = matthews_corrcoef(*given_to), f1_score(*given_to, average="macro")
    assert value_of(ACCURACY, parts) == pytest.approx(accuracy_score(*given_to), abs=1e-12)
    assert value_of(MATTHEWS, parts) == pytest.approx(matthews, abs=1e-12)
    assert value_of(MACRO_F1, parts) == pytest.approx(macro_f1, abs=1e-12)


@given(sentences)
def test_metrics_of_words_are_seqevals(found: list[list[tuple[str, str]]]) -> None:
    predicted, gold = ([[pair[side] for pair in one] for one in found] for side in (0, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing is predicted, or gold
        expected = seqeval_f1(gold, predicted)
    parts = of_words(found)
    assert value_of(ENTITY_F1, parts) == pytest.approx(expected, abs=1e-12)
    assert value_of(TOKENS, parts) == pytest.approx(seqeval_accuracy(gold, predicted), abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "found", "value"),
    [
        (MATTHEWS, [(1, 1), (1, 0), (0, 0), (0, 0)], (3 * 4 - (2 * 3 + 2 * 1)) / np.sqrt(8 * 6)),
        (MATTHEWS, [(1, 0), (0, 1)], -1.0),
        (MATTHEWS, [(1, 0), (1, 1)], 0.0),  # one class predicted: undefined
        (MATTHEWS, [(0, 0), (0, 0)], 0.0),
        (MACRO_F1, [(1, 1), (1, 0), (0, 0), (0, 0)], (2 / 3 + 4 / 5) / 2),
        (MACRO_F1, [(0, 0), (0, 2)], (2 / 3 + 0) / 2),  # class 2 is never predicted
    ],
)
def test_values_by_hand(metric: Metric, found: list[tuple[int, int]], value: float) -> None:
    assert value_of(metric, of_classes(found)) == pytest.approx(value, abs=1e-12)


def test_entity_f1_without_any_entity_is_zero() -> None:
    assert value_of(ENTITY_F1, of_words([[("O", "O"), ("O", "O")]])) == 0.0


DRAWN = np.random.default_rng(7).integers(0, 5, (5, 60))
COUNTS = {
    "words": 9 + DRAWN[0], "correct": 5 + DRAWN[1],
    "found": DRAWN[2], "predicted": DRAWN[2] + DRAWN[3], "gold": DRAWN[2] + DRAWN[4],
}  # fmt: skip
DRAWN_CLASSES = of_classes(list(zip(DRAWN[0], DRAWN[1], strict=True)))
SAMPLES = [
    *[(metric, DRAWN_CLASSES) for metric in (ACCURACY, MATTHEWS, MACRO_F1)],
    *[(metric, COUNTS) for metric in (TOKENS, ENTITY_F1)],
]


@pytest.mark.parametrize(("metric", "parts"), SAMPLES)
def test_influence_is_the_derivative(metric: Metric, parts: dict[str, np.ndarray]) -> None:
    sums = metric.sums(parts)
    totals, groups, step = sums.sum(axis=0), sums.reshape(12, 5, -1).sum(axis=1), 1e-5
    ahead, behind = (metric.value(totals + way * step * groups) for way in (1, -1))
    found = metric.influence(totals, groups)
    assert found == pytest.approx((ahead - behind) / (2 * step), abs=1e-9)
    assert np.abs(found).max() > 1e-4
    assert found.sum() == pytest.approx(0, abs=1e-12)  # it knows shares alone


@pytest.mark.parametrize(("metric", "parts"), SAMPLES)
def test_many_totals_are_taken_at_once(metric: Metric, parts: dict[str, np.ndarray]) -> None:
    totals = metric.sums(parts).reshape(2, 3, 10, -1).sum(axis=2)
    each = [[float(metric.value(one)) for one in row] for row in totals]
    assert metric.value(totals).tolist() == each


@pytest.mark.parametrize(
    ("metric", "parts"),
    [
        (MATTHEWS, of_classes([(1, 0), (1, 1)])),
        (ENTITY_F1, of_words([[("O", "O")], [("O", "O")]])),
    ],
)
def test_a_value_that_is_set_by_rule_has_no_influence(
    metric: Metric, parts: dict[str, np.ndarray]
) -> None:
    sums = metric.sums(parts)
    assert metric.influence(sums.sum(axis=0), sums).tolist() == [0.0, 0.0]


def test_records_keep_a_means_sum_and_another_metrics_value() -> None:
    assert ACCURACY.percent({"total": 8, "correct": 6}) == 75.0
    assert MATTHEWS.percent({"total": 8, "it": -0.25}) == -25.0


@pytest.mark.parametrize("wrong", [-1, 5])
def test_a_class_that_is_none_is_refused(wrong: int) -> None:
    parts = {"predicted": np.array([0, wrong]), "actual": np.array([0, 1])}
    with pytest.raises(DataError, match=f"predicted has class {wrong}, expected 0 to 4"):
        MATTHEWS.sums(parts)
