"""Labels of the test part and the baseline, in the sentence on the data and across the curves."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.labels import list_limits
from tuning_curves.report.figures import curves
from tuning_curves.report.figures.panels import BASELINE, score_axis
from tuning_curves.report.labels import label_sentence, limits_sentence
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks.ceiling import Limit

TASK = {
    "name": "text-classification", "labels": ["bad", "good"], "pooling": "first",
    "main_metric": "matthews",
}  # fmt: skip


@pytest.fixture
def study(make_study: Any) -> StudyConfig:
    found: StudyConfig = make_study(task=TASK)
    return found


def labels_of(counts: dict[str, int]) -> pd.DataFrame:
    rows = [(label, count, count / sum(counts.values())) for label, count in counts.items()]
    return pd.DataFrame(rows, columns=["label", "examples", "share"])


def baseline_of(study: StudyConfig, score: float) -> pd.DataFrame:
    return pd.DataFrame({"metric": [study.task["main_metric"]], "score": [score]})


def test_labels_are_counted_and_the_baseline_is_said(study: StudyConfig) -> None:
    tables = {
        "labels": labels_of({"bad": 428, "good": 1444}),
        "baseline": baseline_of(study, 0.0),
    }
    assert label_sentence(tables, study) == (
        "The test set has 1,872 texts with 2 labels, bad (428) and good (1,444), of which good is "
        "the most frequent; predicting it always would score 0.0 % Matthews' correlation."
    )


def test_of_many_labels_the_most_frequent_is_named(study: StudyConfig) -> None:
    counts = {f"l{number}": 40 + (number == 3) for number in range(77)}
    tables = {"labels": labels_of(counts), "baseline": pd.DataFrame(columns=["metric", "score"])}
    assert label_sentence(tables, study) == (
        "The test set has 3,081 texts with 77 labels, of which l3 is the most frequent (41)."
    )


def test_a_task_without_labels_says_nothing(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    assert label_sentence(make_tables(study), study) == ""


def test_what_no_method_can_reach_is_said(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    assert limits_sentence(make_tables(study), study) == ""
    found = [
        Limit(name="unknown tokens", count=30, total=1_000),
        Limit(name="questions out of reach", count=2, total=10_570, metric="exact_match"),
    ]
    tables = {"limits": list_limits({"train": found[:1], "test": found})}
    assert limits_sentence(tables, study) == (
        "Of the test part's tokens 3\u00a0% are unknown to the encoder: these are not its language "
        "or writing. No method can reach more than 99.98\u00a0% exact match: 2 of 10,570 questions "
        "out of reach."
    )
    usual = [Limit(name=limit.name, count=0, total=9, metric=limit.metric) for limit in found]
    assert limits_sentence({"limits": list_limits({"test": usual})}, study) == ""


@pytest.mark.parametrize("methods", [("full", "head"), tuple(f"top-{n}" for n in range(1, 10))])
def test_the_baseline_runs_across_every_panel_of_curves(
    study: StudyConfig, make_tables: Any, methods: tuple[str, ...]
) -> None:
    tables = make_tables(study)
    known = tables["curves"][tables["curves"]["metric"] == "exact_match"]
    own = [known[known["method"] == "full"].assign(method=name) for name in methods]
    tables |= {"curves": pd.concat(own).assign(metric="matthews")}
    assert not any(BASELINE in lines for lines in lines_of(curves.draw(tables, study)))
    figure = curves.draw(tables | {"baseline": baseline_of(study, 61.0)}, study)
    assert all(BASELINE in lines for lines in lines_of(figure))
    assert figure.axes[0].get_ylim()[1] > 61.0  # above every score
    assert [text.get_text() for text in figure.axes[0].texts] == [BASELINE]


def lines_of(figure: Any) -> list[list[str]]:
    return [[line.get_label() for line in axes.get_lines()] for axes in figure.axes]


@pytest.mark.parametrize(
    ("scores", "limits"),
    [
        ([10, 40], (0, 58)),
        ([-10, 40], (-17.5, 58)),
        ([-90, 90], (-100, 100)),
        ([-10, -4], (-17.5, 4)),
    ],
)
def test_the_axis_of_scores_holds_negative_ones(scores: list[float], limits: tuple[float, float]):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    score_axis(axes, pd.Series(scores, dtype=float))
    np.testing.assert_allclose(axes.get_ylim(), limits)
