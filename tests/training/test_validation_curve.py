"""The validation score along a training: a record of it, which changes no number."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tuning_curves.study.grid import Study
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import Record, read_record
from tuning_curves.training import loop, profile
from tuning_curves.training.delta import read_delta
from tuning_curves.training.evaluate import Evaluator
from tuning_curves.training.loop import score_examples, score_steps
from tuning_curves.training.worker import run_job


def study_of(make_study: Any, method: str, **changes: Any) -> Study:
    plain = {
        "methods": [{"name": method, "learning_rates": [1e-2]}],
        "sizes": [8],
        "budgets": [{"name": "b", "epochs": 6, "min_steps": 0}],  # 12 steps
        "analysis": {"contrasts": []},
    }
    return make_study({**plain, **changes})


def train(study: Study, places: WorkerPaths) -> Record:
    (planned,) = study.unique
    run_job(study.job(study.unique), places, "cpu")
    return read_record(places.records / planned.record, planned, study.settings)


@pytest.mark.parametrize(
    ("steps", "scored"),
    [(1, (1,)), (3, (1, 2, 3)), (8, (1, 2, 4, 6, 8)), (100, (12, 25, 50, 75, 100))],
)
def test_the_points_are_whole_steps_and_end_at_the_end(steps: int, scored: tuple[int, ...]) -> None:
    assert score_steps(steps) == scored


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "batch", "examples"), [(4, 8, 20), (64, 8, 25), (150, 16, 120), (1500, 8, 200)]
)
def test_scoring_costs_a_small_part_of_the_training(steps: int, batch: int, examples: int) -> None:
    assert score_examples(steps, batch) == examples


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "training"),
    [
        ("full", {}),
        ("full", {"attention_dropout": 0.1}),
        ("bitfit", {"precision": "bfloat16"}),
        ("head", {}),
        ("top-1", {"attention_dropout": 0.1}),
    ],
)
def test_scoring_on_the_way_changes_no_number(
    make_study: Any,
    places: WorkerPaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    training: dict[str, Any],
) -> None:
    study = study_of(make_study, method, training=training)
    scored, bare = (replace(places, workspace=tmp_path / w, keep_deltas=True) for w in "sb")
    with_points = train(study, scored)
    monkeypatch.setattr(loop, "SCORE_SHARES", ())
    without = train(study, bare)
    assert [step for step, _ in with_points.validation_curve] == [1, 3, 6, 9, 12]
    assert without.validation_curve == []
    for name in ("losses", "scores", "outcomes", "biases", "parameters"):
        assert getattr(with_points, name) == getattr(without, name), name
    (planned,) = study.unique
    one, other = (
        read_delta(where.delta(planned.run, study.settings)).tensors for where in (scored, bare)
    )
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_scoring_draws_nothing(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, drawn = Evaluator.percent, []

    def watched(self: Evaluator, feed: Any, precision: str) -> float:
        before = torch.get_rng_state()
        score = original(self, feed, precision)
        drawn.append(not torch.equal(before, torch.get_rng_state()))
        return score

    monkeypatch.setattr(Evaluator, "percent", watched)
    train(study_of(make_study, "full", training={"attention_dropout": 0.1}), places)
    assert drawn == 5 * [False]


def test_the_curve_ends_at_the_score_of_the_same_examples(
    make_study: Any, places: WorkerPaths
) -> None:
    record = train(study_of(make_study, "full"), places)
    assert record.scores is not None  # the split has 5 questions, all of which are in the sample
    score = record.scores["validation"]
    assert record.validation_curve[-1] == (12, 100 * score["exact"] / score["total"])


def test_the_curve_hangs_on_no_setting_of_the_evaluation(
    make_study: Any, places: WorkerPaths, tmp_path: Path
) -> None:
    one, other = (
        study_of(make_study, "full", evaluation={"test_examples": 3, "validation_examples": count})
        for count in ("all", 2)
    )
    curve = train(one, places).validation_curve
    assert train(other, replace(places, workspace=tmp_path / "other")).validation_curve == curve
    assert len(curve) == 5


def test_large_splits_are_sampled(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    original = Evaluator.percent

    def noting(self: Evaluator, feed: Any, precision: str) -> float:
        asked.append(len(self.sample.examples))
        return original(self, feed, precision)

    monkeypatch.setattr(Evaluator, "percent", noting)
    monkeypatch.setattr(loop, "SCORE_EXAMPLES", (3, 3))
    train(study_of(make_study, "head"), places)
    assert asked == 5 * [3]


def test_a_run_that_is_stopped_while_it_is_scored_has_the_same_curve(
    make_study: Any, places: WorkerPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(make_study, "bitfit")
    whole = train(study, replace(places, workspace=tmp_path / "whole"))
    original, calls = Evaluator.percent, []

    def dying(self: Evaluator, feed: Any, precision: str) -> float:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, feed, precision)

    monkeypatch.setattr(Evaluator, "percent", dying)
    monkeypatch.setattr(loop.Trainer, "_make_steps", keeping(loop.Trainer._make_steps))
    with pytest.raises(KeyboardInterrupt):
        train(study, places)
    record = train(study, places)
    assert len(calls) == 6  # the third point again, and no point twice
    assert record.validation_curve == whole.validation_curve
    assert (record.losses, record.outcomes) == (whole.losses, whole.outcomes)


def keeping(make_steps: Any) -> Any:
    """As the worker does at a signal: a checkpoint before the process ends."""

    def wrapped(self: Any, *arguments: Any) -> None:
        try:
            make_steps(self, *arguments)
        except KeyboardInterrupt:
            self.keep()
            raise

    return wrapped


def test_logits_that_are_no_numbers_leave_a_point_out(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = Evaluator.logits, []

    def failing(self: Evaluator, feed: Any, precision: str) -> np.ndarray:
        calls.append(1)
        return original(self, feed, precision) * (np.nan if len(calls) == 2 else 1)

    monkeypatch.setattr(Evaluator, "logits", failing)
    record = train(study_of(make_study, "full"), places)
    assert record.finished
    assert [step for step, _ in record.validation_curve] == [1, 6, 9, 12]


def test_scoring_is_off_the_clock(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def slow(self: Evaluator, feed: Any, precision: str) -> float:
        now[0] += 1000.0
        return 0.0

    monkeypatch.setattr(profile.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(Evaluator, "percent", slow)
    record = train(study_of(make_study, "head"), places)
    assert now[0] == 5000.0
    assert record.cost.train_seconds == 0.0
