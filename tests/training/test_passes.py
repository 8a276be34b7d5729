"""A step in pieces: the losses, gradients, masks and weights of one pass, and bounded memory."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tuning_curves.data.fetch_data import fetch_data, open_data
from tuning_curves.encoders.dropout import BitSource
from tuning_curves.encoders.fetch_encoder import fetch_encoder
from tuning_curves.encoders.tables import RowTable
from tuning_curves.methods import trained_tensors
from tuning_curves.study.config import check_study
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.tasks import make_task
from tuning_curves.tasks.token_classification.windows import NOT_COUNTED
from tuning_curves.tasks.windows import make_windows
from tuning_curves.training import loop
from tuning_curves.training.passes import bounded_loss, losses_of
from tuning_curves.training.profile import ActivationMeter
from tuning_curves.training.run import PreparedRun, RunContext
from tuning_curves.training.worker import run_job

METHODS = ("full", "bitfit", "adapter-houlsby-4", "head")
LABELS = ["bad", "good", "odd"]
TEXTS = {"name": "text-classification", "labels": LABELS, "main_metric": "accuracy"}
WORDS = {
    "name": "token-classification",
    "labels": ["O", "B-THING", "I-THING"],
    "main_metric": "accuracy",
}
KINDS: dict[str, dict[str, Any]] = {
    "questions": {"name": "question-answering", "n_best": 20, "max_answer_tokens": 30},
    "mean": {**TEXTS, "pooling": "mean"},
    "first": {**TEXTS, "pooling": "first"},
    "words": WORDS,
}
THINGS = ("bell", "ferry", "lamp", "market", "ship", "tower", "bridge", "coal")
PIECE = 60  # tokens: a step has some hundreds


@dataclass(frozen=True)
class Made:
    """A study's resources for one task, with texts of many lengths."""

    config: dict[str, Any]
    paths: WorkerPaths

    def study(self, methods: tuple[str, ...] = METHODS, **training: Any) -> Study:
        return check_study(
            self.config
            | {
                "methods": [{"name": name, "learning_rates": [5e-3]} for name in methods],
                "training": self.config["training"] | training,
            },
            "long",
        )

    def prepare(self, method: str, **training: Any) -> PreparedRun:
        study = self.study((method,), **training)
        return RunContext(study.settings, self.paths, torch.device("cpu")).prepare(study.unique[0])


def text_of(number: int) -> str:
    """Two to thirty things, one behind the other."""
    return " ".join(THINGS[(number * k) % len(THINGS)] for k in range(1, 2 + 7 * (number % 5)))


def row_of(kind: str, topic: str, number: int) -> dict[str, Any]:
    text = f"the {topic} {text_of(number)}"
    if kind == "words":
        words = text.split()
        labels = [WORDS["labels"][(number + k) % 2] for k in range(len(words))]
        return {"group": topic, "words": words, "labels": labels}
    return {"group": topic, "text": text, "label": LABELS[number % 3]}


def write_rows(kind: str, root: Path) -> dict[str, Any]:
    data = {"name": kind, "source": "path", "format": {"kind": "jsonl"}, "held_out_examples": 5}
    for split, topics in (("train", ["whale", "sea", "oil", "winter"]), ("test", ["island"])):
        rows = [row_of(kind, topic, 7 * n + k) for n, topic in enumerate(topics) for k in range(5)]
        path = root / f"{split}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        data[split] = str(path)
    return data


@pytest.fixture(scope="session")
def made(
    tiny_config: dict[str, Any],
    tiny_windows: tuple[Path, Path],
    made_once: Callable[[str, Callable[[Path], object]], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Made]:
    """A function from a kind of `KINDS` to its resources."""

    def make(kind: str) -> Made:
        root = tmp_path_factory.mktemp(f"long-{kind}")
        config = tiny_config | {
            "task": KINDS[kind],
            "sizes": [12],
            "budgets": [{"name": "few", "epochs": 1, "min_steps": 4}],
            "analysis": tiny_config["analysis"] | {"contrasts": []},
            "training": tiny_config["training"] | {"batch_size": 6, "hidden_dropout": 0.1},
        }
        overlap = {} if KINDS[kind]["name"] == "text-classification" else {"stride": 6}
        config["windows"] = {"max_length": 24, **overlap}
        if kind == "questions":
            config["windows"]["max_length"] = 48
        else:
            config["data"] = write_rows(kind, root)
        study = check_study(config, kind)
        task = make_task(study.config.task)
        fetch_encoder(study.config.encoder, root / "encoder")
        fetch_data(task, study.config.data, root / "data")
        settings = study.config.windows.model_dump()
        data = open_data(task, root / "data")
        make_windows(task, data, root / "encoder", root / "windows", **settings)
        paths = WorkerPaths(
            encoder=root / "encoder", windows=root / "windows", workspace=root / "work"
        )
        return Made(config, paths)

    kept: dict[str, Made] = {}
    return lambda kind: kept.setdefault(kind, kept.get(kind) or make(kind))


def gradients_of(prepared: PreparedRun, most: int) -> tuple[float, dict[str, Tensor], int]:
    """The loss of six examples, each trained tensor's gradient, and the number of pieces."""
    model, trainer = prepared.model, prepared.trainer
    model.train()
    model.dropout_bits.restart(3, 1)
    arguments = trainer.task, model, trainer.feed, trainer.examples[:6], "float32"
    losses = []
    for loss in losses_of(*arguments, most):
        loss.backward()
        losses.append(loss.item())
    return sum(losses), named_gradients(model), len(losses)


def named_gradients(model: torch.nn.Module) -> dict[str, Tensor]:
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


def assert_close(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """Equal but for rounding, which is all there is of a gradient that a softmax does not see."""
    assert one.keys() == other.keys()
    largest = max(float(tensor.abs().max()) for tensor in one.values())
    for name, tensor in one.items():
        furthest = float((tensor.double() - other[name].double()).abs().max())
        assert furthest <= 2e-5 * max(float(tensor.abs().max()), 1e-2 * largest), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_loss_and_gradients_are_those_of_one_pass(
    made: Callable[[str], Made], kind: str, method: str
) -> None:
    prepared = made(kind).prepare(method)
    whole, gradients, one = gradients_of(prepared, 10_000)
    loss, parts, pieces = gradients_of(prepared, PIECE)
    assert one == 1 and pieces > 2
    assert loss == pytest.approx(whole, rel=1e-6)
    assert_close(gradients, parts)


@pytest.mark.parametrize("kind", KINDS)
def test_masks_are_those_of_one_pass_to_the_bit(
    made: Callable[[str], Made], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = made(kind).prepare("adapter-houlsby-4")
    drawn: list[Tensor] = []
    below = BitSource.below

    def noting(self: BitSource, threshold: int, shape: torch.Size) -> Tensor:
        mask = below(self, threshold, shape)
        drawn.append(mask.flatten(0, -2))
        return mask

    monkeypatch.setattr(BitSource, "below", noting)
    gradients_of(prepared, 10_000)
    whole = drawn.copy()
    drawn.clear()
    _, _, pieces = gradients_of(prepared, PIECE)
    assert len(drawn) == pieces * len(whole) > len(whole) > 5
    for site, mask in enumerate(whole):
        assert torch.equal(torch.cat(drawn[site :: len(whole)]), mask), site
        assert 0 < mask.float().mean() < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_in_pieces_ends_where_one_in_whole_steps_does(
    made: Callable[[str], Made], kind: str, tmp_path: Path
) -> None:
    resources = made(kind)
    left = {}
    for most in (10_000, PIECE):
        study = resources.study(pass_tokens=most)
        paths = replace(resources.paths, workspace=tmp_path / str(most))
        run_job(study.job(study.unique), paths, "cpu")
        left[most] = {
            p.run.method: read_record(paths.records / p.record, p, study.settings)
            for p in study.unique
        }
    for method, whole in left[10_000].items():
        part = left[PIECE][method]
        assert part.id != whole.id
        whole_losses, losses = ([x for _, x in r.losses] for r in (whole, part))
        assert losses == pytest.approx(whole_losses, rel=2e-3), method
        assert part.cost.step_tokens == whole.cost.step_tokens
        assert part.cost.flops_per_step == whole.cost.flops_per_step
        assert part.cost.gradient_bytes == whole.cost.gradient_bytes
        assert part.cost.activation_bytes < 0.7 * whole.cost.activation_bytes


@pytest.mark.parametrize("method", ["full", "scratch", "rnn"])
@pytest.mark.parametrize("most", [10_000, PIECE])
def test_tables_that_write_their_gradients_change_no_bit(
    made: Callable[[str], Made], method: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They do for the package's own methods; a plug-in may do more with a table than read it."""
    weights = []
    for own in (True, False):
        monkeypatch.setattr(
            loop, "plugin_sha256", {True: {}, False: {method: "its file's"}}[own].get
        )
        prepared = made("mean").prepare(method, pass_tokens=most)
        tables = [m for m in prepared.model.modules() if isinstance(m, torch.nn.Embedding)]
        assert tables
        assert [isinstance(table, RowTable) for table in tables] == [own] * len(tables)
        prepared.trainer.train(lambda _step, _loss: None)
        assert [type(table) for table in tables] == [torch.nn.Embedding] * len(tables)
        weights.append({n: p.detach().clone() for n, p in prepared.model.named_parameters()})
    assert all(torch.equal(weights[1][name], tensor) for name, tensor in weights[0].items())


@pytest.mark.parametrize("method", ["full", "bitfit", "head"])
def test_trained_weights_are_those_of_one_pass(made: Callable[[str], Made], method: str) -> None:
    resources = made("mean")
    trained = []
    for most in (10_000, PIECE):
        prepared = resources.prepare(method, pass_tokens=most)
        prepared.trainer.train(lambda step, loss: None)
        trained.append(trained_tensors(prepared.model))
    # Adam divides by a gradient's size, so that one of rounding alone moves a weight by its rate
    close = [
        (one - other).abs().max() < 1e-4 * one.abs().max()
        for (name, one), other in zip(trained[0].items(), trained[1].values(), strict=True)
        if "key.bias" not in name
    ]
    assert all(close)


def test_a_step_that_fits_is_one_pass_to_the_bit(made: Callable[[str], Made]) -> None:
    prepared = made("words").prepare("full")
    trainer, model = prepared.trainer, prepared.model
    tokens = int(trainer.feed.windows.lengths[
        trainer.feed.windows.windows_of(trainer.examples[:6])
    ].sum())  # fmt: skip
    loss, gradients, pieces = gradients_of(prepared, tokens)
    assert pieces == 1
    model.dropout_bits.restart(3, 1)
    feed, chosen = trainer.feed, trainer.feed.windows.windows_of(trainer.examples[:6])
    batch = feed.batch(chosen)
    logits = model(batch.hidden, batch.packing, feed.first)
    labels = torch.from_numpy(feed.windows.labels_of(chosen))
    one = trainer.task.loss(logits, batch.packing, labels)
    one.backward()
    expected = named_gradients(model)
    assert loss == one.item()
    assert all(torch.equal(gradients[name], expected[name]) for name in expected)


def test_a_piece_without_a_term_adds_nothing(made: Callable[[str], Made]) -> None:
    prepared = made("words").prepare("full")
    windows = prepared.trainer.feed.windows
    labels = np.array(windows.labels)
    chosen = windows.windows_of(prepared.trainer.examples[:6])
    empty = int(chosen[1])
    labels[windows.token_bounds[empty] : windows.token_bounds[empty + 1]] = NOT_COUNTED
    windows.labels = labels
    task = prepared.trainer.task
    assert task.count_terms(windows.labels_of(chosen[1:2])) == 0
    whole, gradients, _ = gradients_of(prepared, 10_000)
    loss, parts, pieces = gradients_of(prepared, 1)
    assert pieces == len(chosen)
    assert loss == pytest.approx(whole, rel=1e-6)
    assert_close(gradients, parts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bounded_loss_has_the_gradients_of_one_pass(
    made: Callable[[str], Made], kind: str
) -> None:
    prepared = made(kind).prepare("full")
    trainer, model = prepared.trainer, prepared.model.eval()
    found, kept = [], []
    for most in (10_000, 30):
        meter = ActivationMeter(model)
        with meter.watching():
            loss = bounded_loss(
                trainer.task, model, trainer.feed, trainer.examples[:3], "float32", most
            )
        kept.append(meter.bytes)
        loss.backward()
        found.append((loss.item(), named_gradients(model)))
    (whole, expected), (loss, gradients) = found
    assert loss == pytest.approx(whole, rel=1e-6)
    assert_close(expected, gradients)
    assert kept[1] < 0.05 * kept[0]
