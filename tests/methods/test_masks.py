"""Single parameters: which are chosen, how many, and that nothing else moves."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.methods import apply_method, resolve_method, trained_tensors
from tuning_curves.methods.base import count_trained
from tuning_curves.methods.biases import bias_terms
from tuning_curves.methods.masks import allot, choose_entries, empirical_fisher, largest_entries
from tuning_curves.methods.sparse import place_sparse, plain_name, sparse_indices
from tuning_curves.tasks.question_answering.loss import span_loss
from tuning_curves.training.optimizer import make_optimizer, state_bytes

RANDOM = ("random-mask", "random-mask-qm2", "random-rows")
BIASES = 3 * (7 * 32 + 64) + 32  # of the tiny encoder
TOTALS = {"random-mask": BIASES, "random-mask-qm2": 3 * (32 + 64), "random-rows": BIASES}
LENGTHS = [9, 14, 6]
TRAINING = SimpleNamespace(weight_decay=0.1, adam_epsilon=1e-6)


def plain(folder: Path) -> EncoderModel:
    model = load_encoder(folder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    return model.eval().requires_grad_(False)


def prepare(folder: Path, name: str, seed: int = 0) -> EncoderModel:
    model = plain(folder)
    method = resolve_method(name)
    apply_method(method, model, torch.Generator().manual_seed(seed))
    if method.select is not None:
        losses = (loss_of(model, [number]) for number in range(len(LENGTHS)))
        place_sparse(model, method.select(model, losses))
    return model


def loss_of(model: EncoderModel, chosen: list[int]) -> Tensor:
    """The loss on some of three fixed random sequences."""
    lengths = [LENGTHS[number] for number in chosen]
    packing = Packing.of(lengths, torch.device("cpu"))
    drawn = torch.randint(5, 100, (sum(LENGTHS),), generator=torch.Generator().manual_seed(3))
    rows = drawn.split(LENGTHS)
    tokens = torch.cat([rows[number] for number in chosen])[None]
    positions = torch.cat([torch.arange(n) for n in lengths])[None]
    hidden = model.embed(tokens, positions, torch.zeros_like(tokens))
    labels = torch.tensor([[2, 0, 5], [4, 13, 5]])[:, chosen]
    return span_loss(model(hidden, packing), packing, labels[0], labels[1])


def chosen_of(model: EncoderModel) -> dict[str, Tensor]:
    """The index of each tensor with chosen entries, by the tensor's own name."""
    return {plain_name(name): index for name, index in sparse_indices(model).items()}


@given(st.integers(0, 40), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_shares_are_proportional_and_sum_to_the_total(total: int, listed: list[int]) -> None:
    sizes = {str(number): size for number, size in enumerate(listed)}
    total = min(total, sum(listed))
    shares = allot(total, sizes)
    assert sum(shares.values()) == total
    for name, share in shares.items():
        assert abs(share - total * sizes[name] / sum(listed)) < 1
        assert 0 <= share <= sizes[name]


def test_shares_by_largest_remainder() -> None:
    assert allot(10, {"a": 60, "b": 25, "c": 15}) == {"a": 6, "b": 3, "c": 1}  # 2.5 before 1.5
    assert allot(3, {"a": 10, "b": 10}) == {"a": 2, "b": 1}


@pytest.mark.parametrize("name", [*RANDOM, "fisher-mask"])
def test_exactly_as_many_entries_as_counted_and_none_twice(tiny_encoder: Path, name: str) -> None:
    model = plain(tiny_encoder)
    sizes = {n: p.numel() for n, p in model.named_parameters()}
    counts = apply_method(resolve_method(name), model, None)
    assert counts.backbone == TOTALS.get(name, BIASES)
    chosen = chosen_of(prepare(tiny_encoder, name))
    assert sum(len(index) for index in chosen.values()) == counts.backbone
    for tensor, index in chosen.items():
        assert (index.diff() > 0).all()  # ascending: none twice
        assert index[0] >= 0
        assert index[-1] < sizes[tensor]


@pytest.mark.parametrize("name", RANDOM)
def test_the_seed_decides_the_entries_and_nothing_else_does(tiny_encoder: Path, name: str) -> None:
    torch.manual_seed(1)
    first = chosen_of(prepare(tiny_encoder, name, seed=5))
    torch.manual_seed(2)
    again = chosen_of(prepare(tiny_encoder, name, seed=5))
    other = chosen_of(prepare(tiny_encoder, name, seed=6))
    assert first.keys() == again.keys() == other.keys()
    assert all(torch.equal(first[part], again[part]) for part in first)
    assert not all(torch.equal(first[part], other[part]) for part in first)


def test_a_random_mask_reaches_every_kind_of_tensor(tiny_encoder: Path) -> None:
    """Shares by size: word embeddings have 32 a word, a matrix of the feed-forward block 2,048."""
    model = plain(tiny_encoder)
    sizes = {n: p.numel() for n, p in model.encoder.named_parameters()}
    chosen = chosen_of(prepare(tiny_encoder, "random-mask"))
    for name, size in sizes.items():
        found = len(chosen.get(f"encoder.{name}", ()))
        assert abs(found - BIASES * size / sum(sizes.values())) < 1


def test_every_entry_is_as_likely_as_another(tiny_encoder: Path) -> None:
    """Of one matrix of 2,048 over 300 seeds: each entry about 300 x share / 2,048 times."""
    name, drawn = "encoder.encoder.layer.0.output.dense.weight", torch.zeros(2048)
    model = plain(tiny_encoder)
    total = count_trained("bitfit", model)
    for seed in range(300):
        chosen = choose_entries(model, total, torch.Generator().manual_seed(seed))
        drawn[chosen[name.removeprefix("encoder.")].long()] += 1
    mean = drawn.mean()
    assert (drawn.std() / mean.sqrt()).item() == pytest.approx(1.0, abs=0.15)  # near Poisson
    halves = drawn.view(2, 1024).sum(1)
    assert abs(halves[0] - halves[1]) < 5 * drawn.sum().sqrt()


def test_random_rows_are_a_column_or_rows_of_each_matrix(tiny_encoder: Path) -> None:
    model = plain(tiny_encoder)
    shapes = {f"{n}.weight": m.weight.shape for n, m in model.named_modules() if is_layer(m)}
    seen = set()
    for seed in range(4):
        chosen = chosen_of(prepare(tiny_encoder, "random-rows", seed))
        assert chosen.keys() == shapes.keys() - {"head.weight"}
        for name, index in chosen.items():
            seen.add((name.split(".")[-3] + "." + name.split(".")[-2], form(index, shapes[name])))
    assert {kind for part, kind in seen if part.endswith("LayerNorm")} == {"whole"}
    assert {kind for part, kind in seen if part == "self.query"} == {"column", "1 rows"}
    assert {kind for part, kind in seen if part == "intermediate.dense"} == {"column", "2 rows"}
    wide = "encoder.encoder.layer.0.output.dense.weight"  # [32, 64]: no row has 32
    for seed in range(4):
        index = chosen_of(prepare(tiny_encoder, "random-rows", seed))[wide]
        assert form(index, shapes[wide]) == "column"


def is_layer(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear | nn.LayerNorm)


def form(index: Tensor, shape: torch.Size) -> str:
    """What the positions are of a tensor of this shape."""
    if len(shape) == 1:
        return "whole" if index.tolist() == list(range(shape[0])) else "part"
    rows, columns = index.long() // shape[1], index.long() % shape[1]
    if len(columns.unique()) == 1 and rows.tolist() == list(range(shape[0])):
        return "column"
    taken = rows.unique()
    whole = len(index) == len(taken) * shape[1]
    return f"{len(taken)} rows" if whole else "part"


@pytest.mark.parametrize("name", [*RANDOM, "fisher-mask"])
def test_entries_outside_the_mask_stay_byte_for_byte(tiny_encoder: Path, name: str) -> None:
    """Five steps with weight decay, clipping and momentum; moved are the values not zero."""
    model = prepare(tiny_encoder, name).train()
    before = {n: t.clone() for n, t in plain(tiny_encoder).state_dict().items()}
    optimizer = make_optimizer(model, 1e-2, TRAINING)
    trained = [p for p in model.parameters() if p.requires_grad]
    for _ in range(5):
        optimizer.zero_grad()
        loss_of(model, [0, 1, 2]).backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
    chosen, moved = chosen_of(model), 0
    for tensor, value in before.items():
        if tensor.startswith("head."):
            continue
        path, _, kind = tensor.rpartition(".")
        after = getattr(model.get_submodule(path), kind).detach().flatten()
        outside = torch.ones(value.numel(), dtype=torch.bool)
        outside[chosen.get(tensor, torch.zeros(0)).long()] = False
        old = value.flatten()
        assert old[outside].numpy().tobytes() == after[outside].numpy().tobytes(), tensor
        moved += int((old != after).sum())
    values = [p for n, p in model.named_parameters() if n.endswith(".values")]
    used = sum(int(p.detach().count_nonzero()) for p in values)
    assert moved > 0.2 * TOTALS.get(name, BIASES)  # words that do not occur have no gradient
    assert moved == used


def test_optimizer_and_delta_hold_the_chosen_entries_alone(tiny_encoder: Path) -> None:
    model = prepare(tiny_encoder, "random-mask")
    optimizer = make_optimizer(model, 1e-2, TRAINING)
    loss_of(model, [0, 1, 2]).backward()
    optimizer.step()
    tensors = len(sparse_indices(model)) + 2
    head = 2 * 32 + 2
    assert state_bytes(optimizer) == 2 * 4 * (BIASES + head) + 4 * tensors
    delta = trained_tensors(model)
    assert sum(t.numel() * t.element_size() for t in delta.values()) == 4 * (2 * BIASES + head)
    decays = {
        g["weight_decay"]: sum(p.numel() for p in g["params"]) for g in optimizer.param_groups
    }
    assert decays == {0.1: 2 * 32, 0.0: BIASES + 2}  # the head's matrix alone decays


def test_a_gradient_is_that_of_the_entry_itself(tiny_encoder: Path) -> None:
    model = prepare(tiny_encoder, "random-mask")
    whole = prepare(tiny_encoder, "full")
    loss_of(model, [0, 1, 2]).backward()
    loss_of(whole, [0, 1, 2]).backward()
    gradients = {n: p.grad for n, p in whole.named_parameters()}
    for name, index in sparse_indices(model).items():
        values = model.get_parameter(name.removesuffix("index") + "values")
        expected = gradients[plain_name(name)].flatten()[index]
        assert torch.allclose(values.grad, expected, rtol=1e-5, atol=1e-8)


def test_the_empirical_fisher_is_that_of_brute_force(tiny_encoder: Path) -> None:
    """Squared gradients of each sequence's own loss, by `backward`; the largest of a full sort."""
    chosen = chosen_of(prepare(tiny_encoder, "fisher-mask"))
    model = prepare(tiny_encoder, "full").eval()
    sums = {n: torch.zeros_like(p) for n, p in model.encoder.named_parameters()}
    for number in range(len(LENGTHS)):
        model.zero_grad()
        loss_of(model, [number]).backward()
        for name, parameter in model.encoder.named_parameters():
            sums[name] += parameter.grad**2
    flat = torch.cat([s.flatten() for s in sums.values()])
    best = torch.zeros(len(flat), dtype=torch.bool)
    best[flat.argsort(descending=True)[:BIASES]] = True
    parts = best.split([s.numel() for s in sums.values()])
    for name, part in zip(sums, parts, strict=True):
        found = chosen.get(f"encoder.{name}", torch.zeros(0))
        assert found.tolist() == part.nonzero().flatten().tolist(), name
    name = "embeddings.LayerNorm.bias"
    assert not torch.allclose(fisher_of_batch(model)[name], sums[name])


def fisher_of_batch(model: EncoderModel) -> dict[str, Tensor]:
    """The square of the mean gradient: what the sum of squares must not be taken for."""
    model.zero_grad()
    loss_of(model, [0, 1, 2]).backward()
    return {n: p.grad**2 for n, p in model.encoder.named_parameters()}


def test_the_fisher_leaves_a_model_as_it_was(tiny_encoder: Path) -> None:
    model = plain(tiny_encoder)
    apply_method(resolve_method("bitfit"), model, torch.Generator().manual_seed(0))
    before = {n: (p.clone(), p.requires_grad) for n, p in model.named_parameters()}
    sums = empirical_fisher(model, (loss_of(model, [number]) for number in range(2)))
    assert sums.keys() == {n for n, _ in model.encoder.named_parameters()}
    for name, parameter in model.named_parameters():
        assert parameter.grad is None
        assert parameter.requires_grad == before[name][1]
        assert torch.equal(parameter, before[name][0])


def test_the_largest_entries_of_all_tensors_together() -> None:
    scores = {"a": torch.tensor([[5.0, 1.0], [9.0, 0.0]]), "b": torch.tensor([2.0]),
              "c": torch.tensor([7.0, 6.0, 8.0])}  # fmt: skip
    found = {name: index.tolist() for name, index in largest_entries(scores, 4).items()}
    assert found == {"a": [2], "c": [0, 1, 2]}
    assert sum(map(len, largest_entries(scores, 8).values())) == 8


def test_parts_of_a_tensor_carry_its_name(tiny_encoder: Path) -> None:
    own = {n for n, _ in plain(tiny_encoder).named_parameters()}
    model = prepare(tiny_encoder, "random-mask")
    assert {plain_name(n) for n, _ in model.named_parameters()} == own
    assert {plain_name(n) for n in sparse_indices(model)} < own
    assert plain_name("encoder.pooler.dense.weight") == "encoder.pooler.dense.weight"


def test_a_bias_term_with_chosen_entries_is_averaged_over_those(tiny_encoder: Path) -> None:
    name = "encoder.encoder.layer.1.output.dense.parametrizations.bias.0.values"
    assert bias_terms({name: torch.tensor([1.0, -3.0])}, plain(tiny_encoder)) == {
        "m3": [None, 2.0, None]
    }
