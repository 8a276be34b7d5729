"""How long the rest of a study takes: each method at its own speed, or at its share of others'."""

from dataclasses import replace
from pathlib import Path

import pytest

from tuning_curves.cli import main
from tuning_curves.study.config import read_study
from tuning_curves.study.grid import Study
from tuning_curves.study.records import write_record
from tuning_curves.study.survey import survey

from .test_records import CONFIG, record_of

STEP = {"full": 6.0, "bitfit": 5.0, "adapter-houlsby": 4.0, "head": 0.5}  # seconds that are made up
EVALUATION = 3.0


@pytest.fixture
def study() -> Study:
    return read_study(CONFIG)


def finish(study: Study, root: Path, *methods: str) -> None:
    """A record of the first run of each of these methods."""
    for method in methods:
        number = next(n for n, one in enumerate(study.unique) if one.run.method == method)
        record = record_of(study, number)
        cost = replace(record.cost, seconds_per_step=STEP[method], evaluate_seconds=EVALUATION)
        done = replace(record, status="finished", failure=None, cost=cost)
        write_record(root / "runs" / study.name / "records", study.unique[number], done)


def left(study: Study, *methods: str) -> tuple[int, int]:
    """Runs and steps of these methods without those of their first run."""
    runs = [[p.run.steps for p in study.unique if p.run.method == one] for one in methods]
    return sum(len(steps) - 1 for steps in runs), sum(sum(steps[1:]) for steps in runs)


def test_every_method_with_a_record_counts_at_its_own_speed(study: Study, tmp_path: Path) -> None:
    finish(study, tmp_path, *STEP)
    found = survey(study, tmp_path)
    own = [left(study, method) for method in STEP]
    evaluations = sum(runs for runs, _ in own) * EVALUATION
    trained = sum(steps * s for (_, steps), s in zip(own, STEP.values(), strict=True))
    assert found["seconds_left"] == pytest.approx(evaluations + trained)
    assert found["reckoned"] == []


def test_methods_without_a_record_count_at_a_share_of_full(study: Study, tmp_path: Path) -> None:
    """bitfit takes 4 of full's 6 operations, adapters 4.4, head three thousandths of its time."""
    finish(study, tmp_path, "full")
    found = survey(study, tmp_path)
    seconds = 0.0
    for method, step, evaluation in (
        ("full", 6.0, 3.0),
        ("bitfit", 4.0, 3.0),
        ("adapter-houlsby", 4.4, 3.0),
        ("head", 6 * 0.003, 3 * 0.003),
    ):
        steps = [p.run.steps for p in study.unique if p.run.method == method]
        steps = steps[method == "full" :]
        seconds += sum(steps) * step + len(steps) * evaluation
    assert found["seconds_left"] == pytest.approx(seconds, abs=0.1)
    assert found["reckoned"] == ["bitfit", "adapter-houlsby", "head"]


def test_a_cached_head_tells_nothing_of_methods_that_run_the_encoder(
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    finish(study, tmp_path, "head")
    assert survey(study, tmp_path)["seconds_left"] is None
    monkeypatch.chdir(tmp_path)
    assert main(["status", str(CONFIG)]) == 0
    assert "time left: not known before the first run of a method that runs the encoder" in (
        capsys.readouterr().out
    )
    finish(study, tmp_path, "full", "bitfit")
    assert main(["status", str(CONFIG)]) == 0
    said = capsys.readouterr().out
    assert "min on one worker (adapter-houlsby reckoned from the others)" in said
