"""What is timed on our side is the engine's own work."""

from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import rows
from benchmarks.clock import Patience
from benchmarks.engine import count_tokens, planned_run, stepping
from benchmarks.material import find_material
from benchmarks.rows.column import train
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.training.run import RunContext
from tuning_curves.util.errors import ResourceError, UsageError


@pytest.fixture
def context(make_study: Any, places: WorkerPaths) -> RunContext:
    study = make_study()
    return RunContext(study.settings, places, torch.device("cpu"))


@pytest.mark.parametrize("method", ["full", "head"])
def test_timed_steps_train_as_a_run_trains(
    make_study: Any, context: RunContext, method: str
) -> None:
    planned = planned_run(make_study(), method, 8, steps=4, rate=1e-3)
    prepared = context.prepare(planned)
    turn = stepping(prepared, 4)
    sample = turn()
    assert sample.work.units == 4 * 4
    assert sample.work.gflop > 0
    run = context.prepare(planned)
    run.trainer.train(lambda step, loss: None)
    for name, parameter in prepared.model.named_parameters():
        assert torch.equal(parameter, run.model.get_parameter(name)), name


def test_tokens_are_those_of_all_windows_of_a_question(
    make_study: Any, context: RunContext
) -> None:
    prepared = context.prepare(planned_run(make_study(), "full", 8))
    windows = prepared.trainer.feed.windows
    several = int((windows.window_bounds[1:] - windows.window_bounds[:-1]).argmax())
    first, last = windows.window_bounds[several : several + 2]
    assert last - first > 1
    assert count_tokens(prepared, torch.tensor([several]).numpy()) == sum(
        windows.lengths[first:last]
    )


def test_a_column_counts_questions_by_epoch_and_run(make_study: Any, context: RunContext) -> None:
    runs = [planned_run(make_study(), "head", 8, steps=6, init=seed) for seed in range(2)]
    assert train(context, runs).units == 8 * 3 * 2


def test_without_squad_one_error_says_what_to_put_where(tmp_path: Path) -> None:
    (tmp_path / "data" / "squad").mkdir(parents=True)
    (tmp_path / "data" / "squad" / "train-v1.1.json").write_text("{}")
    with pytest.raises(ResourceError) as failure:
        find_material(tmp_path)
    folder = tmp_path / "data" / "squad"
    assert failure.value.message.startswith(f"{folder}/dev-v1.1.json: not there")
    assert failure.value.fix == f"put train-v1.1.json and dev-v1.1.json into {folder}/"


def test_an_unknown_row_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    bench = rows.Bench(tmp_path, tmp_path, Patience(rounds=1, seconds=0.0))
    with pytest.raises(UsageError, match="no row 'full'") as failure:
        list(rows.measure(bench, ["start-up", "full"]))
    assert "full-fp32" in str(failure.value.fix)
