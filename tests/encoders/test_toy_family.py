"""A further encoder family is one `Family`: a library's DistilBERT under another `model_type`."""

import dataclasses

import pytest
import torch
from transformers.models.distilbert.modeling_distilbert import DistilBertConfig, DistilBertModel

from tuning_curves.encoders import families
from tuning_curves.encoders.families.base import Family
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.encoders.packing import ATTENTION, Packing, attend_packed
from tuning_curves.methods import apply_method, resolve_method, trained_tensors
from tuning_curves.methods.counting import count_entry

TOY = Family(
    model_types=("toy",),
    module="transformers.models.distilbert.modeling_distilbert",
    model="DistilBertModel",
    prefix="toy.",
    embeddings="embeddings",
    tables={"word": "word_embeddings", "position": "position_embeddings"},  # no token types
    embeddings_norm="LayerNorm",
    layers="transformer.layer",
    parts={
        "q": "attention.q_lin", "k": "attention.k_lin", "v": "attention.v_lin",
        "m1": "attention.out_lin", "LN1": "sa_layer_norm",
        "m2": "ffn.lin1", "m3": "ffn.lin2", "LN2": "output_layer_norm",
    },
    attention="attention",
    adapter_slots=("ffn.dropout",),
    keys={
        "width": "dim", "layers": "n_layers", "heads": "n_heads", "feed_forward": "hidden_dim",
        "vocabulary": "vocab_size", "positions": "max_position_embeddings",
        "deviation": "initializer_range",
    },
)  # fmt: skip


class ToyConfig(DistilBertConfig):
    model_type = "toy"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> EncoderModel:
    monkeypatch.setattr(families, "_ADDED", [])
    families.register_family(TOY)
    torch.manual_seed(0)
    config = ToyConfig(vocab_size=50, dim=16, n_layers=2, n_heads=2, hidden_dim=24, dropout=0.0)
    encoder = DistilBertModel(config)
    encoder.config._attn_implementation = ATTENTION
    return EncoderModel(encoder, 2)


@pytest.mark.parametrize(
    ("name", "backbone", "added"),
    [
        ("head", 0, 0),
        ("bitfit", 2 * (7 * 16 + 24) + 16, 0),
        ("bitfit-m2", 2 * 24, 0),
        ("layernorm", 5 * 2 * 16, 0),
        ("adapter-pfeiffer-3", 0, 2 * (2 * 3 * 16 + 16 + 3)),
        ("lora-2", 0, 2 * 2 * 2 * (16 + 16)),
        ("prefix-4", 0, 2 * 2 * 4 * 16),
        ("random-mask", 2 * (7 * 16 + 24) + 16, 0),
    ],
)
def test_methods_train_it_by_canonical_names(
    model: EncoderModel, name: str, backbone: int, added: int
) -> None:
    method, shape = resolve_method(name), model.shape()
    assert shape.tensors == {
        model.family.locate(n): tuple(p.shape) for n, p in model.encoder.named_parameters()
    }
    counts = apply_method(method, model, torch.Generator().manual_seed(0))
    assert (counts.backbone, counts.added) == (backbone, added) == count_entry(method.entry, shape)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    trained = {n for n in trained_tensors(model) if n in before}
    step(model)
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert "head.weight" in moved <= trained


def step(model: EncoderModel) -> None:
    """One step of plain gradient descent on two packed sequences."""
    from transformers.modeling_utils import AttentionInterface

    AttentionInterface.register(ATTENTION, attend_packed)
    lengths, tokens = [5, 3], torch.arange(8)[None]
    positions = torch.cat([torch.arange(n) for n in lengths])[None]
    hidden = model.embed(tokens, positions, torch.zeros_like(tokens))
    model(hidden, Packing.of(lengths, torch.device("cpu"))).square().mean().backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.sub_(parameter.grad)


def test_two_families_of_one_type_are_refused(model: EncoderModel) -> None:
    with pytest.raises(ValueError, match="model_type bert: covered by another family"):
        families.register_family(dataclasses.replace(TOY, model_types=("bert",)))
