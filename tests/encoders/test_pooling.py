"""A head on one state of each window, against the library's padded model; the pooler as a part."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification
from transformers.models.bert.modeling_bert import BertModel

from tuning_curves.encoders.families.base import Place
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.methods import apply_method, count_frozen_layers, resolve_method, trained_tensors
from tuning_curves.methods.base import Method
from tuning_curves.methods.counting import count_entry, count_methods
from tuning_curves.methods.registry import describe
from tuning_curves.methods.table import FULL
from tuning_curves.util.errors import UsageError

LENGTHS = [7, 1, 23, 12]
POOLED = ("first", "mean", "pooler")
OUTPUTS = 5
POOLER = {"encoder.pooler.dense.weight", "encoder.pooler.dense.bias"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with a pooler: 3 layers, width 16."""
    config = BertConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=40,
    )
    model, generator = BertModel(config), torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(1.0 * name.endswith("LayerNorm.weight"), 0.3, generator=generator)
    path = tmp_path_factory.mktemp("pooled")
    config.save_pretrained(path)
    save_file(model.state_dict(), path / "model.safetensors", metadata={"format": "pt"})
    return path


def load(folder: Path, pooling: str, head_dropout: float = 0.0) -> EncoderModel:
    model = load_encoder(
        folder,
        outputs=OUTPUTS,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        pooling=pooling,
        head_dropout=head_dropout,
    )
    model.initialise_head(torch.Generator().manual_seed(1))
    return model.eval()


def batch() -> tuple[Tensor, Tensor]:
    """Padded tokens and their mask: [windows, longest]."""
    tokens = torch.randint(1, 60, (4, 23), generator=torch.Generator().manual_seed(2))
    mask = (torch.arange(23) < torch.tensor(LENGTHS)[:, None]).long()
    return tokens * mask, mask


def run(model: EncoderModel, first: int = 0) -> Tensor:
    """The model's logits of the batch without its padding, from layer `first` on."""
    tokens, mask = batch()
    positions = torch.arange(23).expand(4, -1)
    row, places = (x[mask == 1][None] for x in (tokens, positions))
    packing = Packing.of(LENGTHS, torch.device("cpu"))
    hidden = model.embed(row, places, torch.zeros_like(row))
    return model(model.run_layers(hidden, packing, 0, first), packing, first)


@pytest.mark.parametrize("pooling", POOLED)
def test_pooled_logits_are_the_padded_models(folder: Path, pooling: str) -> None:
    model = load(folder, pooling)
    tokens, mask = batch()
    with torch.inference_mode():
        out = BertModel.from_pretrained(folder).eval()(input_ids=tokens, attention_mask=mask)
        states = {
            "first": out.last_hidden_state[:, 0],
            "mean": (out.last_hidden_state * mask[..., None]).sum(1) / mask.sum(1, keepdim=True),
            "pooler": out.pooler_output,
        }
        theirs, ours = model.head(states[pooling]), run(model)
    assert ours.shape == (4, OUTPUTS)
    assert ours.dtype == torch.float32
    assert theirs.std() > 0.01
    assert (ours - theirs).abs().max() < 1e-5


def test_the_pooler_and_head_are_the_librarys_classifier(folder: Path) -> None:
    """With the gradient of every parameter."""
    model = load(folder, "pooler")
    library = BertForSequenceClassification.from_pretrained(folder, num_labels=OUTPUTS).eval()
    library.classifier.load_state_dict(model.head.state_dict())
    tokens, mask = batch()
    weights = torch.randn(4, OUTPUTS, generator=torch.Generator().manual_seed(3))
    (run(model) * weights).sum().backward()
    (library(input_ids=tokens, attention_mask=mask).logits * weights).sum().backward()
    theirs = {
        name.replace("bert.", "encoder.", 1).replace("classifier.", "head."): p.grad
        for name, p in library.named_parameters()
    }
    ours = {name: p.grad for name, p in model.named_parameters()}
    assert ours.keys() == theirs.keys()
    assert theirs["encoder.pooler.dense.weight"].abs().max() > 1e-3
    for name, gradient in ours.items():
        assert (gradient - theirs[name]).abs().max() < 1e-4, name


@pytest.mark.parametrize("pooling", POOLED)
@pytest.mark.parametrize("first", [1, 3])
def test_a_run_from_a_cached_layer_is_the_full_run(folder: Path, pooling: str, first: int) -> None:
    model = load(folder, pooling)
    with torch.inference_mode():
        assert torch.equal(run(model, first), run(model))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("pooling", POOLED)
def test_the_gpu_pools_as_the_cpu_does_and_the_same_each_time(folder: Path, pooling: str) -> None:
    model, hidden = load(folder, pooling), torch.randn(1, sum(LENGTHS), 16)
    here = model.pool(hidden, Packing.of(LENGTHS, torch.device("cpu")))
    model.cuda()
    grads = []
    for _ in range(2):
        there = hidden.cuda().requires_grad_()
        pooled = model.pool(there, Packing.of(LENGTHS, torch.device("cuda")))
        pooled.square().sum().backward()
        grads.append(there.grad)
    assert (pooled.cpu() - here).abs().max() < 1e-5
    assert torch.equal(*grads)


@pytest.mark.parametrize("pooling", POOLED)
def test_bfloat16_stays_near_float32(folder: Path, pooling: str) -> None:
    model = load(folder, pooling)
    with torch.inference_mode():
        full = run(model)
        with torch.autocast("cpu", torch.bfloat16):
            half = run(model)
    assert half.dtype == torch.float32
    assert 0 < (half - full).abs().max() < 0.1 * full.std()


def test_a_pooling_that_is_none_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="pooling 'max', expected one of tokens, first, mean"):
        load(folder, "max")


def test_a_checkpoint_without_a_pooler_is_refused_where_one_is_asked_for(
    tiny_encoder: Path,
) -> None:
    with pytest.raises(UsageError) as caught:
        load(tiny_encoder, "pooler")
    assert str(caught.value) == (
        f"{tiny_encoder}/model.safetensors: these weights have no pooler (the task's pooling is "
        "'pooler')\nfix: set task.pooling to first or mean"
    )
    assert load(tiny_encoder, "first").family.pooler == "pooler"


@pytest.mark.parametrize("pooling", ["tokens", *POOLED])
def test_what_enters_the_head_is_dropped_while_training(folder: Path, pooling: str) -> None:
    """By the step's own stream, behind all others of the model."""
    model = load(folder, pooling, head_dropout=0.5).train()
    with torch.inference_mode():
        logits = []
        for seed in (1, 1, 2):
            model.dropout_bits.restart(seed, 0)
            logits.append(run(model))
        assert torch.equal(logits[0], logits[1])
        assert not torch.equal(logits[0], logits[2])
        plain = run(load(folder, pooling))
        assert torch.equal(run(model.eval()), plain)
        assert not torch.equal(logits[0], plain)


def test_the_library_drops_there_too(folder: Path) -> None:
    """Its heads have a dropout of the hidden rate; that of question answering has none."""
    for kind in (BertForSequenceClassification, BertForTokenClassification):
        library = kind(BertConfig.from_pretrained(folder, hidden_dropout_prob=0.3))
        assert library.dropout.p == 0.3
    assert load(folder, "tokens").head_dropout is None


@pytest.mark.parametrize(
    ("name", "pooler"),
    [
        ("full", POOLER),
        ("scratch", POOLER),
        ("rnn", POOLER),
        ("head", set()),
        ("layernorm", set()),
        ("adapter-houlsby", set()),
        ("lora", set()),
        ("bitfit", {"encoder.pooler.dense.bias"}),
        ("bitfit-qm2", {"encoder.pooler.dense.bias"}),
        ("bitfit-ln2", {"encoder.pooler.dense.bias"}),
        ("top-1", POOLER),
    ],
)
def test_what_is_trained_of_the_pooler(folder: Path, name: str, pooler: set[str]) -> None:
    model, method = load(folder, "pooler"), resolve_method(name)
    shape = model.shape()
    assert shape.tensors == {
        model.family.locate(n): tuple(p.shape) for n, p in model.encoder.named_parameters()
    }
    counts = apply_method(method, model, torch.Generator().manual_seed(0))
    assert {n for n in trained_tensors(model) if ".pooler." in n} == pooler
    assert (counts.backbone, counts.added) == count_entry(method.entry, shape)


def test_scratch_draws_the_pooler_anew(folder: Path) -> None:
    pretrained, model = load(folder, "pooler"), load(folder, "pooler")
    apply_method(resolve_method("scratch"), model, torch.Generator().manual_seed(0))
    weight, bias = model.encoder.pooler.dense.weight, model.encoder.pooler.dense.bias
    assert 0.015 < weight.std() < 0.025
    assert not torch.equal(weight, pretrained.encoder.pooler.dense.weight)
    assert torch.equal(bias, torch.zeros(16))


@pytest.mark.parametrize("name", ["random-mask", "random-rows"])
def test_masks_draw_from_the_pooler(folder: Path, name: str) -> None:
    model = load(folder, "pooler")
    counts = apply_method(resolve_method(name), model, torch.Generator().manual_seed(0))
    values = {n: t for n, t in trained_tensors(model).items() if n.endswith(".values")}
    assert any("pooler" in n for n in values)
    gain = model.head.weight.numel() + model.head.bias.numel()
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trained - gain == counts.backbone == 3 * (7 * 16 + 24) + 16 + 16


def test_a_trained_pooler_above_frozen_layers_leaves_them_cached(folder: Path) -> None:
    method = Method(entry=replace(FULL, trains=lambda place, layers: place.part == "pooler"))
    model = load(folder, "pooler")
    apply_method(method, model, None)
    assert set(trained_tensors(model)) == POOLER | {"head.weight", "head.bias"}
    assert count_frozen_layers(model) == 3
    run(model, 3).sum().backward()
    assert model.encoder.pooler.dense.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("width", "layers", "biases"), [(768, 12, 102_912), (1_024, 24, 272_384), (384, 6, 26_112)]
)
def test_bitfit_with_the_poolers_bias(tmp_path: Path, width: int, layers: int, biases: int) -> None:
    """As the authors' code counts: the pooler's bias besides (Ben Zaken et al. 2022)."""
    config = BertConfig(
        vocab_size=28_996,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=12 if width < 1_000 else 16,
        intermediate_size=4 * width,
    )
    config.save_pretrained(tmp_path)
    with_pooler = count_methods(tmp_path / "config.json", ["bitfit", "full"], pooler=True)
    without = count_methods(tmp_path / "config.json", ["bitfit", "full"])
    assert (
        with_pooler[0]["trainable_backbone"] == biases == without[0]["trainable_backbone"] + width
    )
    assert with_pooler[1]["total"] - without[1]["total"] == width * width + width
    with torch.device("meta"):
        model = EncoderModel(BertModel(config), 2, "pooler")
        counts = apply_method(resolve_method("bitfit"), model, None)
    assert counts.backbone == biases
    assert counts.total == with_pooler[0]["total"]
    assert Place("pooler", "bias") in model.shape().tensors
    assert describe("bitfit").trains(Place("pooler", "bias"), layers)
