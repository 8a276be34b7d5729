"""Scores, outcomes and groups' sums of metrics that are no means."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tuning_curves.analysis.agreement import check_record
from tuning_curves.analysis.group_sums import add_by_group, pseudo_sums, sum_groups
from tuning_curves.analysis.statistics import variance_parts
from tuning_curves.study.outcomes import Outcomes, pack_outcomes
from tuning_curves.tasks.base import Nouns, Part
from tuning_curves.tasks.metrics import MacroF1, Matthews, Mean, Metric, Ratio
from tuning_curves.training.results import scores_of
from tuning_curves.util.errors import DataError

CLASSES: dict[str, Any] = {"predicted": "guess", "actual": "actual", "classes": 3}
KINDS = {"correct": "bit", "guess": "class", "actual": "class", "words": "count", "right": "count"}
TASK: Any = SimpleNamespace(
    parts=tuple(Part(name=name, kind=kind) for name, kind in KINDS.items()),
    metrics=(
        Matthews(name="matthews", label="MCC", heading="MCC", **CLASSES),
        Mean(name="accuracy", label="accuracy", heading="Acc.", part="correct"),
        MacroF1(name="macro_f1", label="F1", heading="F1", **CLASSES),
        Ratio(
            name="word_accuracy", label="words", heading="Words",
            numerator={"right": 1}, denominator={"words": 1},
        ),
    ),
    nouns=Nouns(example="text", examples="texts", group="author", groups="authors"),
)  # fmt: skip
SIZES = np.array([3, 1, 4, 2])


def measured() -> dict[str, np.ndarray]:
    """Of ten texts three are right; Matthews' correlation is (3 * 10 - 33) / 66 = -1 / 22."""
    actual = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    guess = np.array([1, 2, 2, 0, 2, 0, 1, 1, 0, 1])
    words = np.array([5, 3, 8, 2, 300, 7, 1, 9, 4, 6])
    parts = {"correct": guess == actual, "guess": guess, "actual": actual}
    return parts | {"words": words, "right": words // 2}


@pytest.fixture
def record() -> dict[str, Any]:
    """What is checked of a record."""
    parts = measured()
    return {
        "status": "finished",
        "scores": {split: scores_of(parts, TASK) for split in ("test", "validation")},
        "outcomes": asdict(pack_outcomes(parts, TASK.parts, SIZES.tolist())),
    }


def test_scores_have_sums_of_numbers_and_values_of_metrics(record: dict[str, Any]) -> None:
    assert record["scores"]["test"] == {
        "total": 10,
        "correct": 3,
        "words": 345,
        "right": 170,
        "matthews": pytest.approx(-1 / 22),
        "macro_f1": pytest.approx((2 / 7 + 2 / 7 + 2 / 6) / 3),
        "word_accuracy": pytest.approx(170 / 345),
    }


def change(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda record: record["scores"]["test"].update(values)


def repack(**values: Any) -> Callable[[dict[str, Any]], None]:
    packed = pack_outcomes(measured() | values, TASK.parts, SIZES.tolist())
    return lambda record: record.update(outcomes=asdict(packed))


def forget(record: dict[str, Any]) -> None:
    del record["scores"]["validation"]["macro_f1"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (change(matthews=0.5), "outcomes have matthews -0.04545"),
        (change(macro_f1=float("nan")), "scores.test.macro_f1 is nan, expected 0 to 1"),
        (change(matthews=-1.1), "scores.test.matthews is -1.1, expected -1 to 1"),
        (change(words=7), ", scores.test.words is 7"),
        (change(right=-7), "scores.test.right is -7 of 10 texts"),
        (forget, "scores.validation.macro_f1 is missing"),
        (repack(guess=np.full(10, 3)), "outcomes.guess has class 3, expected 0 to 2"),
        (
            repack(words=measured()["words"] + 1),
            "outcomes have words 355, scores.test.words is 345",
        ),
    ],
)
def test_a_record_that_disagrees_is_refused(
    record: dict[str, Any], spoil: Callable[[dict[str, Any]], None], message: str
) -> None:
    check_record(record, Path("r.json"), TASK)
    spoil(record)
    with pytest.raises(DataError) as caught:
        check_record(record, Path("r.json"), TASK)
    assert message in caught.value.message


@pytest.mark.parametrize("metric", TASK.metrics, ids=lambda metric: metric.name)
def test_pseudo_sums_sum_to_the_metric(metric: Metric) -> None:
    parts = measured()
    value = float(metric.value(metric.sums(parts).sum(axis=0)))
    found = sum_groups(Outcomes(parts=parts, group_sizes=SIZES), metric, {})
    assert found.shape == (4,)
    assert found.sum() == pytest.approx(value * SIZES.sum(), abs=1e-12)


def test_of_a_mean_they_are_the_sums() -> None:
    metric, parts = TASK.metrics[1], measured()
    plain = add_by_group(parts["correct"].astype(float), SIZES)
    assert plain.tolist() == [
        parts["correct"][a:b].sum() for a, b in ((0, 3), (3, 4), (4, 8), (8, 10))
    ]
    assert add_by_group(np.arange(3.0), np.ones(3, int)).tolist() == [0, 1, 2]
    found = pseudo_sums(metric, add_by_group(metric.sums(parts), SIZES), SIZES)
    assert found == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize("metric", TASK.metrics, ids=lambda metric: metric.name)
def test_their_error_is_that_of_samples_drawn_again(metric: Metric) -> None:
    """Groups drawn again with replacement, the metric itself taken of each draw."""
    rng, groups = np.random.default_rng(5), 400
    sizes = rng.integers(1, 9, groups)
    actual = rng.integers(0, 3, sizes.sum())
    guess = np.where(rng.random(len(actual)) < 0.6, actual, rng.integers(0, 3, len(actual)))
    words = rng.integers(1, 30, len(actual))
    parts = {"correct": guess == actual, "guess": guess, "actual": actual, "words": words}
    parts["right"] = rng.binomial(words, 0.8)
    sums = add_by_group(metric.sums(parts), sizes)
    draws = metric.value(rng.multinomial(groups, np.full(groups, 1 / groups), 4000) @ sums)
    _, variance = variance_parts(pseudo_sums(metric, sums, sizes)[None].repeat(2, 0), sizes)
    assert np.sqrt(variance) == pytest.approx(draws.std(), rel=0.05)
