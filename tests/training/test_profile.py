"""The profile: operations against arithmetic, and which biases get no gradient."""

import time
from typing import Any

import numpy as np
import pytest
import torch

from tuning_curves.data.subsets import subset
from tuning_curves.methods import trained_tensors
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.tasks.windows import open_windows
from tuning_curves.training import loop
from tuning_curves.training import run as run_module
from tuning_curves.training.loop import Trace
from tuning_curves.training.optimizer import batches
from tuning_curves.training.run import PreparedRun, RunContext
from tuning_curves.training.worker import run_job

WIDTH, INNER, LAYERS = 32, 64, 3
MATRICES = LAYERS * (4 * WIDTH**2 + 2 * WIDTH * INNER)
HEAD = 2 * WIDTH


def profile_records(make_study: Any, places: WorkerPaths, precision: str) -> dict[str, Any]:
    study = make_study({"sizes": [4], "training": {"precision": precision}})
    run_job(study.job(study.unique), places, "cpu")
    return {
        p.run.method: read_record(places.records / p.record, p, study.settings).to_json()
        for p in study.unique
    }


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_operations_are_those_of_the_arithmetic(
    make_study: Any, places: WorkerPaths, precision: str
) -> None:
    records = profile_records(make_study, places, precision)
    cost = {method: record["cost"] for method, record in records.items()}
    tokens = cost["full"]["step_tokens"]
    lengths = lengths_of_first_batch(make_study, places)
    assert tokens == lengths.sum()
    attention = 3 * 4 * LAYERS * WIDTH * int((lengths**2).sum())
    assert cost["full"]["flops_per_step"] == 6 * tokens * (MATRICES + HEAD) + attention
    # frozen matrices have no weight gradient; the embeddings' bias needs the input's
    assert cost["bitfit"]["flops_per_step"] == tokens * (4 * MATRICES + 6 * HEAD) + attention
    # what the frozen encoder gave is cached: a product forward, one for the head's gradient
    assert cost["head"]["flops_per_step"] == 4 * tokens * HEAD


def lengths_of_first_batch(make_study: Any, places: WorkerPaths) -> np.ndarray:
    study = make_study({"sizes": [4]})
    context = RunContext(study.settings, places, torch.device("cpu"))
    train = open_windows(places.windows)["train"]
    examples = subset(context.pool, 4, 0)[next(batches(4, 4, 1, 0))]
    return train.lengths[train.windows_of(examples)].astype(np.int64)


def prepare(make_study: Any, places: WorkerPaths, method: str, **training: Any) -> PreparedRun:
    """A run of one method at 8 examples before its first step, in a context of its own."""
    study = make_study(
        {
            "methods": [{"name": method, "learning_rates": [1e-2]}],
            "sizes": [8],
            "training": training,
            "analysis": {"contrasts": []},
        }
    )
    return RunContext(study.settings, places, torch.device("cpu")).prepare(study.unique[0])


@pytest.mark.slow
@pytest.mark.parametrize("rounding", [("float32", 0.0), ("float32", 0.1), ("bfloat16", 0.0)])
@pytest.mark.parametrize(
    "method",
    [
        "full", "bitfit", "adapter-houlsby-4", "head", "top-1", "fisher-mask", "lora-4", "ia3",
        "prefix-5", "rnn",
    ],
)  # fmt: skip
def test_a_measured_step_is_the_step_to_the_bit_and_leaves_random_numbers_alone(
    make_study: Any, places: WorkerPaths, method: str, rounding: tuple[str, float]
) -> None:
    precision, attention_dropout = rounding
    training = {"attention_dropout": attention_dropout, "hidden_dropout": 0.1}
    left = []
    for ahead in (False, True):  # measured while it is made, or ahead of a step that is not
        prepared = prepare(make_study, places, method, precision=precision, **training)
        if ahead:
            prepared.trainer.profile()
        trace = prepared.trainer.train(lambda step, loss: None)
        left.append((trace.profile, trace.losses, trained_tensors(prepared.model)))
    (profile, losses, tensors), (same_profile, same_losses, same_tensors) = left
    assert len(losses) == 4
    assert (profile, losses) == (same_profile, same_losses)
    assert all(torch.equal(tensors[name], same_tensors[name]) for name in tensors)


@pytest.mark.parametrize("method", ["head", "top-1"])
def test_a_frozen_part_that_has_no_room_to_be_kept_counts_in_no_step(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    costs = []
    for room in (2**30, 0, 30_000):  # all windows, none, some of them
        monkeypatch.setattr(run_module, "ACTIVATION_BYTES", room)
        prepared = prepare(make_study, places, method)
        trace = prepared.trainer.train(lambda step, loss: None)
        kept = len(prepared.feeds["train"].cache.kept)
        costs.append((trace.profile, kept))
    (whole, every), (without, none), (part, some) = costs
    assert every > some > none == 0
    assert whole == without == part


def test_the_first_step_has_a_clock_of_its_own_which_a_checkpoint_keeps(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = loop.profile_step

    def slow(*args: Any) -> Any:
        time.sleep(1.0)
        return original(*args)

    monkeypatch.setattr(loop, "profile_step", slow)
    first = prepare(make_study, places, "bitfit").trainer
    with pytest.raises(KeyboardInterrupt):
        first.train(stop_after_two)
    first.keep()
    again = prepare(make_study, places, "bitfit").trainer
    resumed: list[int] = []
    trace = again.train(lambda step, loss: None, resumed.append)
    assert resumed == [2]
    assert trace.profile == first.trace.profile is not None
    assert trace.first_seconds == first.trace.first_seconds >= 1.0
    assert 0 < first.trace.later_seconds < trace.later_seconds < 1.0


def stop_after_two(step: int, _loss: float) -> None:
    if step == 2:
        raise KeyboardInterrupt


def test_seconds_a_step_leave_the_measured_one_out_where_there_are_others() -> None:
    trace = Trace(step=5, first_seconds=9.0, later_seconds=2.0)
    assert trace.seconds_per_step == 0.5
    trace.step, trace.later_seconds = 1, 0.0
    assert trace.seconds_per_step == 9.0


def test_what_a_softmax_does_not_see_gets_no_gradient_and_the_rest_does(
    make_study: Any, places: WorkerPaths
) -> None:
    gradients = profile_records(make_study, places, "float32")["bitfit"]["biases"]["first_gradient"]
    assert set(gradients) == {"q", "k", "v", "m1", "LN1", "m2", "m3", "LN2"}
    usual = np.median([g for term in gradients if term != "k" for g in gradients[term]])
    assert max(gradients["k"]) < 1e-5 * usual
    # the top LayerNorm's bias shifts all tokens' scores alike, which their softmax does not see
    assert gradients["LN2"].pop() < 1e-5 * usual
    assert min(g for term in gradients if term != "k" for g in gradients[term]) > 1e-3 * usual


def test_changes_are_recorded_for_the_biases_that_a_method_trains(
    make_study: Any, places: WorkerPaths
) -> None:
    records = profile_records(make_study, places, "float32")
    assert records["head"]["biases"] == {"change": {}, "first_gradient": {}}
    assert set(records["adapter-houlsby-4"]["biases"]["change"]) == {"LN1", "LN2"}
    changes = records["bitfit"]["biases"]["change"]
    assert all(0 < x < 0.1 for term in changes for x in changes[term])
