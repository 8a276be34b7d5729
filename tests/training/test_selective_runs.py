"""Runs of the selective methods, from a job to their records."""

from typing import Any

import pytest
import torch
from torch.nn.utils import parametrize

from tuning_curves.encoders.families import find_family
from tuning_curves.methods import trained_tensors
from tuning_curves.methods.requirements import applicable_names
from tuning_curves.methods.sparse import sparse_indices
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.training import loop
from tuning_curves.training import run as run_module
from tuning_curves.training.checkpoint import load_checkpoint, save_checkpoint
from tuning_curves.training.optimizer import make_optimizer
from tuning_curves.training.run import RunContext
from tuning_curves.training.worker import run_job
from tuning_curves.util.errors import DataError, UsageError

SLOW = pytest.mark.slow
MASKS = ("random-mask", "random-mask-qm2", "random-rows", "fisher-mask")
HEAD = 2 * 32 + 2
VOLATILE = ("cost", "provenance")


def study_of(
    make_study: Any, *names: str, rates: tuple[float, ...] = (1e-2,), **changes: Any
) -> Study:
    methods = [{"name": name, "learning_rates": list(rates)} for name in names]
    plain = {"methods": methods, "sizes": [8], "analysis": {"contrasts": []}}
    return make_study({**plain, **changes})


def records_of(study: Study, places: WorkerPaths) -> dict[str, dict[str, Any]]:
    """The records of a study's runs, trained now, by id."""
    run_job(study.job(study.unique), places, "cpu")
    return {
        p.id: read_record(places.records / p.record, p, study.settings).to_json()
        for p in study.unique
    }


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=SLOW)])
def test_every_listed_method_trains_to_a_record(
    make_study: Any, places: WorkerPaths, precision: str
) -> None:
    names = applicable_names(find_family("bert").shape({}))
    study = study_of(make_study, *names, training={"precision": precision})
    records = {r["run"]["method"]: r for r in records_of(study, places).values()}
    assert list(records) == names
    for record in records.values():
        assert record["status"] == "finished"
        assert 0 < record["losses"][-1][1] < 10
    changes = {name: record["biases"]["change"] for name, record in records.items()}
    assert set(changes["bitfit-qm2"]) == {"q", "m2"}
    assert set(changes["bitfit-ln2"]) == {"LN2"}
    assert changes["top-1"]["q"][:2] == [None, None]
    assert changes["top-1"]["q"][2] > 0
    assert changes["random-rows"] == {}
    assert set(changes["random-mask-qm2"]) <= {"q", "k", "v", "m1", "LN1", "m2", "m3", "LN2"}


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=SLOW)])
@pytest.mark.parametrize("name", MASKS)
def test_what_single_entries_cost(
    make_study: Any, places: WorkerPaths, precision: str, name: str
) -> None:
    study = study_of(make_study, name, training={"precision": precision})
    (record,) = records_of(study, places).values()
    cost, entries = record["cost"], record["parameters"]["backbone"]
    model, counts = RunContext(study.settings, places, torch.device("cpu")).make_model(
        study.unique[0].run
    )
    tensors = len(sparse_indices(model)) + 2
    assert counts.backbone == entries
    assert cost["optimizer_bytes"] == 2 * 4 * (entries + HEAD) + 4 * tensors
    assert cost["gradient_bytes"] == 4 * (entries + HEAD)
    assert cost["delta_bytes"] == 4 * (2 * entries + HEAD)  # values and where they belong


def test_frozen_weights_are_halved_and_those_with_entries_are_not(
    make_study: Any, places: WorkerPaths
) -> None:
    study = study_of(make_study, "random-rows", training={"precision": "bfloat16"})
    context = RunContext(study.settings, places, torch.device("cpu"))
    model, _ = context.make_model(study.unique[0].run)
    assert all(p.dtype == torch.float32 for p in model.parameters())  # each matrix has some
    study = study_of(make_study, "bitfit-q", training={"precision": "bfloat16"})
    model, _ = context.make_model(study.unique[0].run)
    kinds = {m.weight.dtype for m in model.encoder.modules() if isinstance(m, torch.nn.Linear)}
    assert kinds == {torch.bfloat16}


def test_a_frozen_tensor_below_its_entries_that_moved_is_noticed(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(make_study, "random-mask")
    original = loop.Trainer.train

    def meddling(self: Any, *told: Any) -> Any:
        trace = original(self, *told)
        words = self.model.encoder.embeddings.word_embeddings
        assert parametrize.is_parametrized(words, "weight")
        with torch.no_grad():
            words.parametrizations.weight.original[3, 4] += 1e-6
        return trace

    monkeypatch.setattr(loop.Trainer, "train", meddling)
    with pytest.raises(DataError, match=r"frozen tensor encoder\.embeddings\.word_embeddings"):
        run_job(study.job(study.unique), places, "cpu")


@pytest.mark.slow
def test_fisher_is_computed_once_for_all_that_share_data_and_head(
    make_study: Any, places: WorkerPaths, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rates and two budgets at two sizes and two seeds: four selections for sixteen runs."""
    study = study_of(
        make_study,
        "fisher-mask",
        rates=(1e-2, 3e-3),
        sizes=[4, 8],
        seeds=[0, 1],
        budgets=[{"name": name, "epochs": n, "min_steps": 0} for name, n in (("a", 1), ("b", 2))],
    )
    asked = []
    original = run_module.bounded_loss

    def counting(task: Any, model: Any, feed: Any, examples: Any, *told: Any) -> Any:
        asked.append(len(examples))
        return original(task, model, feed, examples, *told)

    monkeypatch.setattr(run_module, "bounded_loss", counting)
    together = records_of(study, places)
    assert len(together) == 16
    assert asked == [1] * (2 * (4 + 8))  # a question at a time
    for planned in study.unique[::5]:
        alone = WorkerPaths(
            encoder=places.encoder, windows=places.windows, workspace=tmp_path / planned.id
        )
        run_job(study.job((planned,)), alone, "cpu")
        record = read_record(alone.records / planned.record, planned, study.settings).to_json()
        for key in record.keys() - set(VOLATILE):
            assert record[key] == together[planned.id][key]


def test_fisher_depends_on_data_and_head(make_study: Any, places: WorkerPaths) -> None:
    seeds = [{"subset": 0, "init": 0}, {"subset": 1, "init": 0}, {"subset": 0, "init": 1}]
    study = study_of(make_study, "fisher-mask", seeds=seeds)
    context = RunContext(study.settings, places, torch.device("cpu"))
    found = set()
    for planned in study.unique:
        model, _ = context.make_model(planned.run)
        found.add(str({n: index.tolist() for n, index in sparse_indices(model).items()}))
    assert len(found) == 3


def test_fisher_reads_no_more_examples_than_its_source(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_module.SELECT_EXAMPLES == 1024
    monkeypatch.setattr(run_module, "SELECT_EXAMPLES", 3)
    study = study_of(make_study, "fisher-mask")
    context = RunContext(study.settings, places, torch.device("cpu"))
    context.make_model(study.unique[0].run)
    ((_, _, examples),) = context.selections
    assert len(examples) == 3 * 8  # int64


def test_a_checkpoint_of_other_entries_is_refused(
    make_study: Any, places: WorkerPaths, tmp_path: Any
) -> None:
    study = study_of(make_study, "random-mask", seeds=[0, 1])
    context = RunContext(study.settings, places, torch.device("cpu"))
    models = [context.make_model(planned.run)[0] for planned in study.unique]
    optimizers = [make_optimizer(m, 1e-2, study.settings.training) for m in models]
    path = tmp_path / "c.checkpoint"
    save_checkpoint(path, models[0], optimizers[0], {})
    before = {n: t.clone() for n, t in trained_tensors(models[1]).items()}
    with pytest.raises(DataError, match=r"c\.checkpoint: a checkpoint of other entries"):
        load_checkpoint(path, models[1], optimizers[1])
    assert all(torch.equal(before[n], t) for n, t in trained_tensors(models[1]).items())
    assert load_checkpoint(path, models[0], optimizers[0]) == {}


@pytest.mark.parametrize("name", ["head", "top-1", "top-2"])
def test_a_cached_lower_part_gives_what_an_uncached_one_gives(
    make_study: Any, places: WorkerPaths, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Without dropout, which the frozen part never has; the cache rounds to half precision."""
    study = study_of(make_study, name, rates=(1e-3,), training={"hidden_dropout": 0.0})
    (cached,) = records_of(study, places).values()
    monkeypatch.setattr(run_module, "count_frozen_layers", lambda model: 0)
    whole = WorkerPaths(
        encoder=places.encoder, windows=places.windows, workspace=tmp_path / "whole"
    )
    (uncached,) = records_of(study, whole).values()
    assert cached["cost"]["flops_per_step"] < uncached["cost"]["flops_per_step"]
    for (step, loss), (same, other) in zip(cached["losses"], uncached["losses"], strict=True):
        assert step == same
        assert loss == pytest.approx(other, abs=1e-4)
    assert cached["outcomes"] == uncached["outcomes"]
    assert cached["scores"] == uncached["scores"]


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("value-bias", "method value-bias: encoders of type bert have b_v already"),
        ("top-9", "method top-9: 9 of the highest layers, expected 1 to 3"),
    ],
)
def test_a_method_that_does_not_apply_ends_a_job_before_any_run(
    make_study: Any, places: WorkerPaths, method: str, words: str
) -> None:
    study = study_of(make_study, "head", method)
    with pytest.raises(UsageError, match=words):
        records_of(study, places)
    assert not places.records.exists()
