"""The same code on a GPU: every method to a record, near the CPU's numbers, and without waiting.

Skipped where there is none. The proof of the GPU's path is
`pytest tests/training/test_cuda.py tests/encoders/test_packing.py`.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tuning_curves.encoders.batches import ActivationCache, Room
from tuning_curves.encoders.families import find_family
from tuning_curves.methods.requirements import applicable_names
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.training import loop
from tuning_curves.training.run import RunContext
from tuning_curves.training.worker import run_job

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

NEAR = 2e-3  # of a loss in nats: sums have another order on a GPU


def study_of(make_study: Any, *names: str, **changes: Any) -> Study:
    methods = [{"name": name, "learning_rates": [1e-3]} for name in names]
    plain = {"methods": methods, "sizes": [8], "analysis": {"contrasts": []}}
    return make_study({**plain, **changes})


def records_of(study: Study, places: WorkerPaths, device: str) -> dict[str, dict[str, Any]]:
    run_job(study.job(study.unique), places, device)
    return {
        p.run.method: read_record(places.records / p.record, p, study.settings).to_json()
        for p in study.unique
    }


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_every_listed_method_trains_near_the_cpus_numbers(
    make_study: Any, places: WorkerPaths, tmp_path: Path, precision: str
) -> None:
    names = applicable_names(find_family("bert").shape({}))
    study = study_of(make_study, *names, training={"precision": precision})
    here = records_of(study, places, "cuda")
    there = records_of(study, replace(places, workspace=tmp_path / "cpu"), "cpu")
    near = NEAR if precision == "float32" else 0.05
    for name in names:
        assert here[name]["status"] == "finished", name
        assert here[name]["cost"]["flops_per_step"] == there[name]["cost"]["flops_per_step"], name
        assert here[name]["cost"]["peak_memory_bytes"] > 0, name
        for (step, loss), (same, other) in zip(
            here[name]["losses"], there[name]["losses"], strict=True
        ):
            assert step == same
            assert loss == pytest.approx(other, abs=near), name


def test_a_run_goes_on_from_a_checkpoint_here_and_on_a_cpu(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(
        make_study, "random-mask", budgets=[{"name": "floor", "epochs": 1, "min_steps": 20}]
    )
    (planned,) = study.unique
    whole = records_of(study, places, "cuda")["random-mask"]["losses"]
    step = loop.Trainer.step

    def stop_at_ten(self: Any, number: int, questions: np.ndarray) -> None:
        if number == 10:
            raise KeyboardInterrupt
        step(self, number, questions)

    for device in ("cuda", "cpu"):
        own = replace(places, workspace=places.workspace / device)
        with monkeypatch.context() as patched:
            patched.setattr(loop.Trainer, "step", stop_at_ten)
            prepared = RunContext(study.settings, own, torch.device("cuda")).prepare(planned)
            with pytest.raises(KeyboardInterrupt):
                prepared.trainer.train(lambda step, loss: None)
            prepared.trainer.keep()
        resumed: list[int] = []
        again = RunContext(study.settings, own, torch.device(device)).prepare(planned)
        trace = again.trainer.train(lambda step, loss: None, resumed.append)
        assert resumed == [10]
        assert [s for s, _ in trace.losses] == [s for s, _ in whole]
        assert [x for _, x in trace.losses] == pytest.approx([x for _, x in whole], abs=NEAR)


@pytest.mark.parametrize(
    "method", ["full", "bitfit", "adapter-houlsby-4", "head", "top-1", "prefix"]
)
def test_a_step_never_waits_for_the_gpu(make_study: Any, places: WorkerPaths, method: str) -> None:
    study = study_of(
        make_study, method, budgets=[{"name": "floor", "epochs": 1, "min_steps": 2000}]
    )
    (planned,) = study.unique
    context = RunContext(study.settings, places, torch.device("cuda"))
    trainer = context.prepare(planned).trainer
    trainer.feed.warm(trainer.examples)
    trainer.model.train()
    chosen = trainer.examples[:4]
    for number in range(3):  # kernels load and tables fill
        trainer.step(number, chosen)
    try:
        torch.cuda.set_sync_debug_mode("error")
        for number in range(3, 9):
            trainer.step(number, chosen)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_what_a_window_becomes_does_not_depend_on_its_company(
    make_study: Any, places: WorkerPaths
) -> None:
    study = study_of(make_study, "head")
    context = RunContext(study.settings, places, torch.device("cuda"))
    features, layers = context.windows["train"], len(context.pristine.layers)

    def prefix() -> ActivationCache:
        return ActivationCache(context.pristine, features, layers, "float32", Room(1 << 30))

    alone, together = prefix(), prefix()
    together.warm(np.arange(len(features.lengths)))
    for window in (0, 5, 11):
        one = alone.batch(np.array([window])).hidden
        assert torch.equal(one, together.batch(np.array([window])).hidden)
