"""What a method trains: by exact names, and by what moves when an optimizer runs."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.families.base import Place, Trains
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.methods import (
    apply_method,
    count_frozen_layers,
    list_methods,
    resolve_method,
    trained_tensors,
)
from tuning_curves.methods.base import Method
from tuning_curves.methods.registry import base_names
from tuning_curves.methods.requirements import applicable_names
from tuning_curves.methods.table import FULL, TOP
from tuning_curves.report.style import ordered
from tuning_curves.tasks.question_answering.loss import span_loss
from tuning_curves.util.errors import UsageError

HEAD = {"head.weight", "head.bias"}
LAYERS = range(3)
BLOCKS = ("attention.output", "output")
KINDS = ("weight", "bias")
ATTENTION = (
    *(f"attention.self.{part}" for part in ("query", "key", "value")),
    "attention.output.dense",
)
FEED_FORWARD = ("intermediate.dense", "output.dense")
LENGTHS = [9, 14, 6]


def prepare(folder: Path, name: str, seed: int = 0) -> EncoderModel:
    model = load_encoder(folder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    apply_method(resolve_method(name), model, torch.Generator().manual_seed(seed))
    return model


def loss_of(model: EncoderModel) -> Tensor:
    """The loss on three fixed random sequences."""
    packing = Packing.of(LENGTHS, torch.device("cpu"))
    tokens = torch.randint(5, 100, (1, sum(LENGTHS)), generator=torch.Generator().manual_seed(3))
    positions = torch.cat([torch.arange(n) for n in LENGTHS])[None]
    hidden = model.embed(tokens, positions, torch.zeros_like(tokens))
    starts, ends = torch.tensor([2, 0, 5]), torch.tensor([4, 13, 5])
    return span_loss(model(hidden, packing), packing, starts, ends)


def layer_names(*parts: str) -> set[str]:
    return {f"encoder.encoder.layer.{n}.{part}" for n in LAYERS for part in parts}


def norm_names() -> set[str]:
    embedding = {f"encoder.embeddings.LayerNorm.{kind}" for kind in ("weight", "bias")}
    kinds = [f"{block}.LayerNorm.{kind}" for block in BLOCKS for kind in ("weight", "bias")]
    return embedding | layer_names(*kinds)


def whole_layers(*numbers: int) -> set[str]:
    parts = (*ATTENTION, "attention.output.LayerNorm", *FEED_FORWARD, "output.LayerNorm")
    return {
        f"encoder.encoder.layer.{number}.{part}.{kind}"
        for number in numbers
        for part in parts
        for kind in KINDS
    }


def adapter_names(place: str) -> set[str]:
    return layer_names(
        *(
            f"{place}.adapter.{part}.{kind}"
            for part in ("down", "up")
            for kind in ("weight", "bias")
        )
    )


EXPECTED: dict[str, set[str]] = {
    "head": HEAD,
    "bitfit": HEAD
    | {"encoder.embeddings.LayerNorm.bias"}
    | layer_names(
        "attention.self.query.bias",
        "attention.self.key.bias",
        "attention.self.value.bias",
        "attention.output.dense.bias",
        "attention.output.LayerNorm.bias",
        "intermediate.dense.bias",
        "output.dense.bias",
        "output.LayerNorm.bias",
    ),
    "adapter-houlsby-4": HEAD
    | norm_names()
    | adapter_names("attention.output.dropout")
    | adapter_names("output.dropout"),
    "adapter-pfeiffer": HEAD | adapter_names("output.LayerNorm"),
    "bitfit-qm2": HEAD | layer_names("attention.self.query.bias", "intermediate.dense.bias"),
    "bitfit-q": HEAD | layer_names("attention.self.query.bias"),
    "bitfit-k": HEAD | layer_names("attention.self.key.bias"),
    "bitfit-v": HEAD | layer_names("attention.self.value.bias"),
    "bitfit-m1": HEAD | layer_names("attention.output.dense.bias"),
    "bitfit-ln1": HEAD | layer_names("attention.output.LayerNorm.bias"),
    "bitfit-m2": HEAD | layer_names("intermediate.dense.bias"),
    "bitfit-m3": HEAD | layer_names("output.dense.bias"),
    "bitfit-ln2": HEAD | layer_names("output.LayerNorm.bias"),
    "bitfit-norm": HEAD
    | norm_names()
    | layer_names(*(f"{name}.bias" for name in (*ATTENTION, *FEED_FORWARD))),
    "lora-all-2": HEAD
    | layer_names(
        *(
            f"{name}.lora_{side}.default.weight"
            for name in (*ATTENTION, *FEED_FORWARD)
            for side in "AB"
        )
    ),
    "top-1": HEAD | whole_layers(2),
    "top-2": HEAD | whole_layers(1, 2),
    "top-3": HEAD | whole_layers(0, 1, 2),
    "layernorm": HEAD | norm_names(),
    "attention": HEAD | layer_names(*(f"{name}.{kind}" for name in ATTENTION for kind in KINDS)),
}
NAMES = (*EXPECTED, "full", "adapter-pfeiffer-3")


@pytest.mark.parametrize("name", EXPECTED)
def test_the_names_that_are_trained(tiny_encoder: Path, name: str) -> None:
    model = prepare(tiny_encoder, name)
    assert {n for n, p in model.named_parameters() if p.requires_grad} == EXPECTED[name]
    assert trained_tensors(model).keys() == EXPECTED[name]


def test_full_trains_every_name(tiny_encoder: Path) -> None:
    model = prepare(tiny_encoder, "full")
    assert all(p.requires_grad for p in model.parameters())
    assert len(trained_tensors(model)) == 5 + 3 * 16 + 2  # embeddings, layers, head


@pytest.mark.parametrize("count", [0, 4, 12])
def test_layers_that_are_not_there_are_refused(tiny_encoder: Path, count: int) -> None:
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    with pytest.raises(UsageError) as caught:
        apply_method(Method(entry=TOP.at(count)), model, None)
    assert str(caught.value) == (
        f"method top-{count}: {count} of the highest layers, expected 1 to 3: the encoder has 3 "
        "layers\nfix: choose one of top-1 to top-3"
    )


@pytest.mark.parametrize("name", NAMES)
def test_only_what_is_trained_moves(tiny_encoder: Path, name: str) -> None:
    """Five steps of AdamW with weight decay over ALL parameters it is given."""
    model = prepare(tiny_encoder, name).train()
    trained = set(trained_tensors(model))
    before = {n: t.clone() for n, t in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()
    after = model.state_dict()
    moved = {n for n in before if before[n].numpy().tobytes() != after[n].numpy().tobytes()}
    assert moved == trained


def test_frozen_parameters_ask_for_no_gradient(tiny_encoder: Path) -> None:
    model = prepare(tiny_encoder, "bitfit")
    loss_of(model).backward()
    assert {n for n, p in model.named_parameters() if p.grad is not None} == EXPECTED["bitfit"]


def test_the_key_bias_has_no_gradient(tiny_encoder: Path) -> None:
    """It adds the same number to all scores of a query, and the softmax does not see that."""
    model = prepare(tiny_encoder, "bitfit")
    loss_of(model).backward()
    for layer in model.layers:
        query, key = layer.attention.self.query.bias.grad, layer.attention.self.key.bias.grad
        assert query.abs().max() > 1e-6
        assert key.abs().max() < 1e-4 * query.abs().max()


@pytest.mark.parametrize(
    ("name", "frozen"),
    [
        ("full", 0),
        ("bitfit", 0),  # the embeddings' LayerNorm has a bias
        ("adapter-houlsby", 0),  # and is trained whole here
        ("adapter-pfeiffer", 0),  # an adapter in the lowest layer
        ("head", 3),
        ("bitfit-q", 0),
        ("top-1", 2),
        ("top-2", 1),
        ("top-3", 0),
        ("layernorm", 0),  # the embeddings' too
        ("attention", 0),
        ("random-mask", 0),
        ("random-rows", 0),  # the gain of the embeddings' LayerNorm
    ],
)
def test_how_many_layers_are_frozen(tiny_encoder: Path, name: str, frozen: int) -> None:
    assert count_frozen_layers(prepare(tiny_encoder, name)) == frozen


@pytest.mark.parametrize(
    ("trains", "frozen"),
    [
        (lambda place, layers: place.layer == 2, 2),
        (lambda place, layers: place == Place("m3", "bias", 1), 1),
        (lambda place, layers: place == Place("word", "weight"), 0),
    ],
)
def test_the_frozen_prefix_ends_at_the_lowest_trained_layer(
    tiny_encoder: Path, trains: Trains, frozen: int
) -> None:
    method = Method(entry=replace(FULL, trains=trains))
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    apply_method(method, model, None)
    assert count_frozen_layers(model) == frozen


def drawn(folder: Path, name: str, seed: int) -> dict[str, Tensor]:
    """What a generator with this seed has drawn: head and added modules, weights only."""
    names = HEAD if name == "full" else set(EXPECTED.get(name, HEAD))
    tensors = trained_tensors(prepare(folder, name, seed))
    new = {n: t for n, t in tensors.items() if n in names and ("adapter" in n or n in HEAD)}
    return {n: t for n, t in new.items() if n.endswith(".weight")}


@pytest.mark.parametrize(("name", "count"), [("full", 1), ("adapter-houlsby-4", 13)])
def test_the_seed_decides_what_is_drawn_and_nothing_else_does(
    tiny_encoder: Path, name: str, count: int
) -> None:
    torch.manual_seed(1)
    first = drawn(tiny_encoder, name, seed=5)
    torch.manual_seed(2)
    again = drawn(tiny_encoder, name, seed=5)
    other = drawn(tiny_encoder, name, seed=6)
    assert len(first) == count
    for part, tensor in first.items():
        assert torch.equal(tensor, again[part]), part
        assert not torch.equal(tensor, other[part]), part


def test_the_head_is_the_same_for_every_method_of_a_seed(tiny_encoder: Path) -> None:
    names = applicable_names(find_family("bert").shape({}))
    heads = [prepare(tiny_encoder, name).head.weight for name in names]
    assert all(torch.equal(heads[0], head) for head in heads)


def test_every_listed_method_is_found_by_its_name() -> None:
    names = [method.name for method in list_methods()]
    assert names == ordered(names)  # as legends and tables have them
    assert {
        *base_names("never"),
        *base_names("may"),
        *(f"{name}-1" for name in base_names("must")),
    } <= set(names)
    assert len(set(names)) == len(names)
    for method in list_methods():
        assert resolve_method(method.name).name == method.name
        assert method.entry.equation
        assert method.entry.source
