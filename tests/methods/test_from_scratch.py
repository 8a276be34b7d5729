"""Readers without pre-training: their equations, their sizes, their draws, and their borders."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AutoModel, BertConfig

from tuning_curves.encoders.dropout import BitSource, Dropout
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.methods import apply_method, resolve_method, trained_tensors
from tuning_curves.methods.base import Counts
from tuning_curves.methods.from_scratch import (
    RecurrentLayer,
    WindowLayer,
    draw_module,
    gather_windows,
    side_by_side,
)
from tuning_curves.tasks.question_answering.loss import span_loss

CPU = torch.device("cpu")
NAMES = ("scratch", "rnn", "fixed-window")
LENGTHS = [6, 1, 9, 4]


def prepare(folder: Path, name: str, seed: int = 0) -> EncoderModel:
    model = load_encoder(folder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    apply_method(resolve_method(name), model, torch.Generator().manual_seed(seed))
    return model


def layer_of(kind: type, width: int, units: int, seed: int = 0) -> torch.nn.Module:
    """A layer with large weights and biases, so that every term of its equation shows."""
    layer = kind(width, units, Dropout(0.0, BitSource()), 1e-12)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(0.0, 0.5, generator=generator)
    return layer.double() if kind is WindowLayer else layer


def row_of(width: int, lengths: list[int], seed: int = 1) -> Tensor:
    return torch.randn(1, sum(lengths), width, generator=torch.Generator().manual_seed(seed))


def test_sequences_side_by_side_begin_at_their_own_first_and_last_token() -> None:
    onward, back = side_by_side(Packing.of([2, 3, 1], CPU))
    # the row holds 0 1 | 2 3 4 | 5, and 6 is beyond it
    assert onward.tolist() == [[0, 2, 5], [1, 3, 6], [6, 4, 6]]
    assert back.tolist() == [[1, 4, 5], [0, 3, 6], [6, 2, 6]]


def test_the_recurrent_layer_is_its_equation_with_its_gradients() -> None:
    width, units = 5, 3
    hidden, weight = row_of(width, LENGTHS), row_of(width, LENGTHS, seed=2)
    gradients = []
    for by_hand in (False, True):
        layer = layer_of(RecurrentLayer, width, units)
        row = hidden.clone().requires_grad_()
        if by_hand:
            out = torch.cat([recurrence(layer, x) for x in row[0].split(LENGTHS)])[None]
        else:
            out = layer(row, None, packing=Packing.of(LENGTHS, CPU))
        (out * weight).sum().backward()
        assert out.shape == hidden.shape
        gradients.append([out, row.grad, *(p.grad for p in layer.parameters())])
    for found, expected in zip(*gradients, strict=True):
        assert expected.abs().max() > 1e-3
        assert (found - expected).abs().max() < 1e-5 * max(1, expected.abs().max())


def recurrence(layer: torch.nn.Module, x: Tensor) -> Tensor:
    """One sequence through the layer, gate by gate: [length, width]."""
    states = []
    for lstm, order in ((layer.onward, range(len(x))), (layer.back, reversed(range(len(x))))):
        s = c = torch.zeros(lstm.hidden_size)
        out = {}
        for t in order:
            inner = lstm.weight_hh_l0 @ s + lstm.bias_hh_l0
            i, f, g, o = (lstm.weight_ih_l0 @ x[t] + lstm.bias_ih_l0 + inner).chunk(4)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            s = torch.sigmoid(o) * torch.tanh(c)
            out[t] = s
        states.append(torch.stack([out[t] for t in range(len(x))]))
    return layer.norm(x + layer.project(torch.cat(states, dim=1)))


def test_the_window_layer_is_its_equation() -> None:
    width = 4
    layer = layer_of(WindowLayer, width, 7)
    hidden = row_of(width, LENGTHS).double()
    with torch.no_grad():
        found = layer(hidden, None, packing=Packing.of(LENGTHS, CPU))
        rows = []
        for x in hidden[0].split(LENGTHS):
            for t in range(len(x)):
                near = [
                    x[p] if 0 <= p < len(x) else torch.zeros(width) for p in range(t - 2, t + 3)
                ]
                inner = torch.tanh(layer.window(torch.cat(near).double()))
                rows.append(layer.norm(x[t] + layer.project(inner)))
    assert (found[0] - torch.stack(rows)).abs().max() < 1e-12


def test_windows_hold_nothing_of_other_sequences_not_even_what_is_no_number() -> None:
    hidden = torch.ones(1, 7, 2)
    hidden[:, 3:5] = float("nan")
    windows = gather_windows(hidden, Packing.of([3, 2, 2], CPU)).view(7, 5, 2)
    assert windows[:3].isfinite().all()
    assert windows[5:].isfinite().all()
    assert windows[0, :, 0].tolist() == [0, 0, 1, 1, 1]
    assert windows[6, :, 0].tolist() == [0, 1, 1, 0, 0]


@pytest.mark.parametrize("name", NAMES)
def test_a_sequence_does_not_see_its_neighbours(tiny_encoder: Path, name: str) -> None:
    model = prepare(tiny_encoder, name).eval()
    packing = Packing.of(LENGTHS, CPU)
    hidden = row_of(32, LENGTHS)
    changed = hidden.clone()
    changed[:, 7:16] += 1.0  # the third sequence
    with torch.inference_mode():
        before, after = (model(row, packing).split(LENGTHS) for row in (hidden, changed))
        alone = model(hidden[:, 7:16], Packing.of([9], CPU))
    assert not torch.equal(before[2], after[2])
    for number in (0, 1, 3):
        assert torch.equal(before[number], after[number])
    assert (alone - before[2]).abs().max() < 1e-5


def test_a_token_is_reached_from_two_more_on_either_side_with_each_layer(
    tiny_encoder: Path,
) -> None:
    model = prepare(tiny_encoder, "fixed-window").eval()  # 3 layers: 6 tokens
    hidden = row_of(32, [30])
    changed = hidden.clone()
    changed[:, 15] += 1.0
    with torch.inference_mode():
        logits = [model(row, Packing.of([30], CPU)) for row in (hidden, changed)]
    moved = (logits[0] != logits[1]).any(dim=1).nonzero().flatten().tolist()
    assert moved == list(range(9, 22))


def count(name: str, width: int, layers: int) -> Counts:
    config = BertConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
    )
    with torch.device("meta"):
        model = EncoderModel(AutoModel.from_config(config, add_pooling_layer=False), 2)
        return apply_method(resolve_method(name), model, None)


@pytest.mark.parametrize(("width", "layers"), [(384, 6), (768, 12), (1_024, 24)])
def test_readers_are_as_large_as_the_encoder(width: int, layers: int) -> None:
    """12 d² + 13 d numbers a Transformer layer; the replacements have 2 d more and 8 d fewer."""
    layer = 12 * width**2 + 13 * width
    scratch, rnn, window = (count(name, width, layers) for name in NAMES)
    encoder = scratch.total - scratch.head
    assert (scratch.backbone, scratch.added, scratch.share) == (encoder, 0, 1.0)
    embeddings = encoder - layers * layer
    assert (rnn.backbone, rnn.added) == (embeddings, layers * (layer + 2 * width))
    assert (window.backbone, window.added) == (embeddings, layers * (layer - 8 * width))
    assert rnn.total == window.total == scratch.total
    assert abs(rnn.share - 1) < 0.0005
    assert abs(window.share - 1) < 0.001


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_trained_and_nothing_of_the_encoder_is_left(
    tiny_encoder: Path, name: str
) -> None:
    pristine = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    before = {n: t.clone() for n, t in pristine.named_parameters() if "head" not in n}
    model = prepare(tiny_encoder, name)
    assert trained_tensors(model).keys() == dict(model.named_parameters()).keys()
    assert not any(
        torch.equal(tensor, before[part])
        for part, tensor in model.named_parameters()
        if part in before
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_what_is_drawn_and_nothing_else_does(
    tiny_encoder: Path, name: str
) -> None:
    torch.manual_seed(1)
    first = trained_tensors(prepare(tiny_encoder, name, seed=5))
    torch.manual_seed(2)
    again, other = (trained_tensors(prepare(tiny_encoder, name, seed)) for seed in (5, 6))
    assert all(torch.equal(tensor, again[part]) for part, tensor in first.items())
    drawn = [part for part, tensor in first.items() if tensor.ndim == 2]
    assert not any(torch.equal(first[part], other[part]) for part in drawn)
    head = prepare(tiny_encoder, "full", seed=5).head.weight
    assert torch.equal(first["head.weight"], head)  # the same for every method of a seed


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_has_the_librarys_distributions(tiny_encoder: Path, name: str) -> None:
    model = prepare(tiny_encoder, name)
    table = model.encoder.embeddings.word_embeddings
    assert not table.weight[table.padding_idx].any()
    normal = [p for n, p in model.named_parameters() if p.ndim == 2 and "_l0" not in n]
    numbers = torch.cat([p.flatten() for p in normal])
    assert numbers.std().item() == pytest.approx(0.02, rel=0.05)
    for part, tensor in model.named_parameters():
        if part.rpartition(".")[2].startswith("bias"):
            assert not tensor.any(), part
        elif tensor.ndim == 1:
            assert (tensor == 1).all(), part  # a LayerNorm's


def test_a_module_is_drawn_as_the_library_draws_it() -> None:
    """Within one module kind the same distribution: bounds of Glorot's, and its deviation."""
    lstm = torch.nn.LSTM(40, 60)
    draw_module(lstm, 0.02, torch.Generator().manual_seed(3))
    for matrix in (lstm.weight_ih_l0, lstm.weight_hh_l0):
        bound = (6 / sum(matrix.shape)) ** 0.5
        assert matrix.abs().max() < bound
        assert matrix.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_runs_and_stays_near_float32(tiny_encoder: Path, name: str) -> None:
    logits = []
    for enabled in (False, True):
        model = prepare(tiny_encoder, name)
        packing = Packing.of(LENGTHS, CPU)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            logits.append(model(row_of(32, LENGTHS), packing))
        starts, ends = torch.tensor([0, 0, 8, 2]), torch.tensor([5, 0, 8, 3])
        span_loss(logits[-1], packing, starts, ends).backward()
        assert all(p.grad.isfinite().all() for p in model.layers.parameters())
    assert not torch.equal(*logits)
    assert (logits[0] - logits[1]).abs().max() < 0.05 * logits[0].abs().max()


def test_the_recurrence_is_in_float32_under_bfloat16() -> None:
    layer = layer_of(RecurrentLayer, 6, 4)
    kinds = []
    for lstm in (layer.onward, layer.back):
        lstm.register_forward_hook(lambda _, __, out: kinds.append(out[0].dtype))
    with torch.autocast("cpu", torch.bfloat16):
        layer(row_of(6, LENGTHS).bfloat16(), None, packing=Packing.of(LENGTHS, CPU))
    assert kinds == [torch.float32] * 2
