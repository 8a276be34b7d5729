"""The library's methods and the readers without pre-training, from a run to its record."""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tuning_curves.data.subsets import subset
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.tasks.windows import open_windows
from tuning_curves.training import loop
from tuning_curves.training import profile as step_profile
from tuning_curves.training.optimizer import batches
from tuning_curves.training.run import RunContext
from tuning_curves.training.worker import run_job
from tuning_curves.util.errors import DataError

RATES = {
    "lora-4": 1e-2,
    "ia3": 3e-2,
    "prefix-5": 3e-2,
    "scratch": 1e-3,
    "rnn": 3e-3,
    "fixed-window": 3e-3,
}
LIBRARY = ("lora-4", "ia3", "prefix-5")
VOLATILE = ("cost", "provenance")
D, INNER, LAYERS = 32, 64, 3
MATRICES = LAYERS * (4 * D**2 + 2 * D * INNER)
HEAD = 2 * D


def study_of(make_study: Any, *names: str, epochs: int = 6, **training: Any) -> Study:
    """Each method at 8 questions, two steps an epoch."""
    methods = [{"name": name, "learning_rates": [RATES[name]]} for name in names or RATES]
    return make_study(
        {
            "methods": methods,
            "sizes": [8],
            "budgets": [{"name": "b", "epochs": epochs, "min_steps": 0}],
            "analysis": {"contrasts": []},
            "training": training,
        }
    )


def train(study: Study, places: WorkerPaths) -> dict[str, dict[str, Any]]:
    """The study's records by method."""
    run_job(study.job(study.unique), places, "cpu")
    return {
        p.run.method: read_record(places.records / p.record, p, study.settings).to_json()
        for p in study.unique
    }


def numbers(records: dict[str, dict[str, Any]]) -> str:
    """All that must not depend on the clock."""
    kept = {n: {k: v for k, v in r.items() if k not in VOLATILE} for n, r in records.items()}
    return json.dumps(kept, sort_keys=True)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_each_method_leaves_a_record_of_the_same_bits_twice(
    make_study: Any, places: WorkerPaths, tmp_path: Path, precision: str
) -> None:
    study = study_of(make_study, precision=precision)
    again = WorkerPaths(
        encoder=places.encoder, windows=places.windows, workspace=tmp_path / "again"
    )
    records = train(study, places)
    assert numbers(records) == numbers(train(study, again))
    assert records.keys() == RATES.keys()
    for name, record in records.items():
        assert record["status"] == "finished", name
        assert record["scores"]["test"]["total"] == 25
        assert record["losses"][-1][1] < record["losses"][0][1], name
        assert record["cost"]["delta_bytes"] == 4 * sum(
            record["parameters"][part] for part in ("backbone", "added", "head")
        )


def test_records_name_pefts_version_where_it_was_used(make_study: Any, places: WorkerPaths) -> None:
    records = train(study_of(make_study, epochs=1), places)
    for name, record in records.items():
        expected = importlib.metadata.version("peft") if name in LIBRARY else None
        assert record["provenance"]["versions"].get("peft") == expected


def test_a_reader_without_pretraining_has_no_change_of_pretrained_biases(
    make_study: Any, places: WorkerPaths
) -> None:
    records = train(study_of(make_study, "scratch", "rnn", epochs=1), places)
    assert records["scratch"]["biases"]["change"] == {}
    assert set(records["scratch"]["biases"]["first_gradient"]) > {"q", "m2"}
    assert records["rnn"]["biases"] == {"change": {}, "first_gradient": {}}


@pytest.mark.parametrize("name", RATES)
def test_the_seed_of_the_initialisation_matters(
    make_study: Any, places: WorkerPaths, name: str
) -> None:
    study = make_study(
        {
            "methods": [{"name": name, "learning_rates": [RATES[name]]}],
            "sizes": [4],
            "seeds": [{"subset": 0, "init": 0}, {"subset": 0, "init": 1}],
            "analysis": {"contrasts": []},
        }
    )
    run_job(study.job(study.unique), places, "cpu")
    losses = [
        read_record(places.records / p.record, p, study.settings).to_json()["losses"]
        for p in study.unique
    ]
    assert losses[0] != losses[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lora-4", "prefix-5", "rnn"])
def test_a_killed_run_resumes_to_the_same_numbers(
    make_study: Any, places: WorkerPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    study = study_of(make_study, name)
    whole = WorkerPaths(
        encoder=places.encoder, windows=places.windows, workspace=tmp_path / "whole"
    )
    expected = numbers(train(study, whole))
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    original, steps = loop.Trainer.step, []

    def dying(self: Any, number: int, examples: Any) -> None:
        if number == 7 and 7 not in steps:
            steps.append(7)
            raise KeyboardInterrupt
        steps.append(number)
        original(self, number, examples)

    monkeypatch.setattr(loop.Trainer, "step", dying)
    with pytest.raises(KeyboardInterrupt):
        train(study, places)
    assert places.checkpoint(study.unique[0]).exists()
    assert numbers(train(study, places)) == expected
    assert steps == [*range(8), *range(7, 12)]  # the eighth was begun twice, the rest once


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["lora-4", "ia3"])
def test_a_frozen_tensor_that_moved_below_a_tuner_layer_is_noticed(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch, name: str, precision: str
) -> None:
    original = loop.Trainer.train

    def meddling(self: Any, *told: Any) -> Any:
        trace = original(self, *told)
        with torch.no_grad():
            self.model.layers[1].attention.self.value.base_layer.weight[3, 4] += 0.1
        return trace

    monkeypatch.setattr(loop.Trainer, "train", meddling)
    with pytest.raises(
        DataError, match=r"frozen tensor encoder\.encoder\.layer\.1\.attention\.self\.value\.weight"
    ):
        train(study_of(make_study, name, epochs=1, precision=precision), places)


def first_batch(make_study: Any, places: WorkerPaths) -> np.ndarray:
    """Lengths of the windows of the step that the profile measures."""
    study = study_of(make_study, "scratch")
    context = RunContext(study.settings, places, torch.device("cpu"))
    windows = open_windows(places.windows)["train"]
    examples = subset(context.pool, 8, 0)[next(batches(8, 4, 1, 0))]
    return windows.lengths[windows.windows_of(examples)].astype(np.int64)


def test_operations_are_those_of_the_arithmetic(make_study: Any, places: WorkerPaths) -> None:
    records = train(study_of(make_study, epochs=1), places)
    found = {name: record["cost"]["flops_per_step"] for name, record in records.items()}
    lengths = first_batch(make_study, places)
    tokens, squares = int(lengths.sum()), int((lengths**2).sum())
    head = 6 * tokens * HEAD
    attention = 3 * 4 * LAYERS * D * squares
    assert found["scratch"] == 6 * tokens * MATRICES + head + attention
    # frozen: a product forward, one for the input's gradient, which the lowest q, k, v do not need
    frozen = 2 * tokens * (2 * MATRICES - 3 * D**2)
    assert found["ia3"] == frozen + head + attention
    rank, places_of_lora = 4, 2 * LAYERS
    low_rank = 2 * tokens * rank * D * (3 * 2 * places_of_lora - 2)  # no gradient of the lowest x
    assert found["lora-4"] == frozen + low_rank + head + attention
    ahead = 3 * 4 * LAYERS * D * 5 * tokens
    assert found["prefix-5"] == frozen + head + attention + ahead
    units = records_units(records["rnn"])
    runs = 2 * 4 * units * (D + units)  # both directions, at every place of every sequence
    places_of_runs = len(lengths) * int(lengths.max())
    project = 2 * units * D
    if torch.backends.mkldnn.is_available():  # else torch takes it apart, without the zero state
        assert found["rnn"] == 6 * LAYERS * (places_of_runs * runs + tokens * project) + head
    inner = 40  # rows of H: 6 · 32 + 1 numbers each come nearest to the layer's 8,544
    assert found["fixed-window"] == 6 * tokens * LAYERS * 6 * D * inner + head


def records_units(record: dict[str, Any]) -> int:
    """LSTM units a direction, from the layers' parameters: 8 h² + (10 d + 16) h + 3 d."""
    layer = record["parameters"]["added"] // LAYERS
    return next(h for h in range(1, 99) if 8 * h**2 + (10 * D + 16) * h + 3 * D == layer)


def test_a_gpus_recurrent_kernel_counts_its_runs_matrices() -> None:
    """The kernel's arguments as shapes: input [longest, B, width], matrices and biases."""
    h = 24
    weights = [(4 * h, D), (4 * h, h), (4 * h,), (4 * h,)]
    forward = 2 * 25 * 4 * 4 * h * (D + h)
    assert step_profile._recurrent_cuda([25, 4, D], weights, 4, None) == forward
    assert step_profile._recurrent_cuda_backward([25, 4, D], weights, 4, None) == 2 * forward
