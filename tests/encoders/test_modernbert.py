"""ModernBERT: what is local, what applies to it, and its counts."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from tests.encoders.small import (
    LENGTHS,
    config_of,
    load_small,
    logits,
    packed,
    padded_batch,
    save_small,
)
from tuning_curves.encoders.architecture import read_architecture
from tuning_curves.encoders.families.base import Place
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.encoders.verify import check_length
from tuning_curves.methods import apply_method, count_frozen_layers, resolve_method, trained_tensors
from tuning_curves.methods.counting import count_methods
from tuning_curves.methods.requirements import applicable_names
from tuning_curves.methods.value_bias import ValueBiased
from tuning_curves.util.errors import UsageError

LARGE = {
    "hidden_size": 1_024,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "intermediate_size": 2_624,
}
SIZES: dict[str, dict[str, int]] = {"base": {}, "large": LARGE}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small("modernbert", tmp_path_factory.mktemp("modernbert"))


def tuned(folder: Path, method: str) -> EncoderModel:
    model = load_small(folder)
    apply_method(resolve_method(method), model, torch.Generator().manual_seed(0))
    return model


def test_local_layers_see_no_more_than_half_a_window(folder: Path, tmp_path: Path) -> None:
    """Its last token, 29 places on, reaches the first one in the global layer alone."""
    wide = save_small("modernbert", tmp_path, local_attention=400)
    model, other = load_small(folder), load_small(wide)
    kinds = [layer.attention_type for layer in model.layers]
    assert kinds == ["full_attention", "sliding_attention", "sliding_attention"]
    near, far = (logits(m).split(LENGTHS) for m in (model, other))
    assert torch.allclose(near[1], far[1])  # of one token
    assert (near[2] - far[2]).abs().max() > 0.01
    hidden, packing = packed(model)
    hidden = hidden.detach().requires_grad_()
    states = model.run_layers(hidden, packing, 1, 2)
    states[0, 10].sum().backward()  # the first token of the longest sequence
    reached = hidden.grad[0].abs().sum(-1).nonzero().flatten()
    assert reached.tolist() == [10, 11, 12, 13, 14]


def test_a_prefix_is_seen_in_every_layer_by_every_token(folder: Path) -> None:
    model = tuned(folder, "prefix-2")
    hidden, packing = packed(model)
    for first in range(3):
        keys = model.layers[first].attn.prefix.encoder.embedding.weight
        for place in (10, 39):
            model.zero_grad()
            states = model.run_layers(hidden.detach(), packing, first, first + 1)
            states[0, place].sum().backward()
            assert (keys.grad.abs().sum(1) > 0).all()


def test_adapters_stand_behind_the_projections(folder: Path) -> None:
    """x + h + A(h), and the same of the feed-forward part, by hand for a local layer."""
    model = tuned(folder, "adapter-houlsby-4")
    layer, generator = model.layers[1], torch.Generator().manual_seed(5)
    adapters = [m for m in layer.modules() if type(m).__name__ == "Bottleneck"]
    seen: dict[str, Tensor] = {}
    layer.attn.Wo.register_forward_pre_hook(lambda _, given: seen.update(context=given[0]))
    layer.register_forward_hook(lambda _, given, out: seen.update(entered=given[0], left=out))
    with torch.no_grad():
        for adapter in adapters:
            for parameter in adapter.parameters():
                parameter.normal_(0.0, 0.4, generator=generator)
        logits(model)
        attended = seen["context"] @ layer.attn.Wo.weight.T
        middle = seen["entered"] + attended + adapters[0](attended)
        values, gates = (layer.mlp_norm(middle) @ layer.mlp.Wi.weight.T).chunk(2, -1)
        fed = (nn.functional.gelu(values) * gates) @ layer.mlp.Wo.weight.T
        assert (middle + fed + adapters[1](fed) - seen["left"]).abs().max() < 1e-5


def test_the_value_bias_is_that_of_a_library_model_with_biases(folder: Path) -> None:
    model = tuned(folder, "value-bias")
    added = [m for m in model.modules() if isinstance(m, ValueBiased)]
    assert len(added) == 3
    assert all(torch.equal(m.value_bias, torch.zeros(16)) for m in added)
    library = AutoModel.from_config(config_of("modernbert", attention_bias=True)).eval()
    library.load_state_dict(load_small(folder).encoder.state_dict(), strict=False)
    generator = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for layer, module in zip(library.layers, added, strict=True):
            module.value_bias.normal_(0.0, 0.5, generator=generator)
            layer.attn.Wo.bias.zero_()
            layer.attn.Wqkv.bias.copy_(torch.cat((torch.zeros(32), module.value_bias)))
        tokens, _, mask = padded_batch(library.config)
        states = library(input_ids=tokens, attention_mask=mask).last_hidden_state[mask == 1]
        ours = logits(model)
        assert (ours - model.head(states)).abs().max() < 1e-5
        assert (ours - logits(load_small(folder))).abs().max() > 0.01


def test_the_last_layernorm_stands_above_what_is_cached(folder: Path) -> None:
    model = tuned(folder, "top-1")
    assert "encoder.final_norm.weight" in trained_tensors(model)
    assert count_frozen_layers(model) == 2
    assert count_frozen_layers(tuned(folder, "head")) == 3
    assert count_frozen_layers(tuned(folder, "layernorm")) == 0


@pytest.mark.parametrize(
    ("method", "words", "instead"),
    [
        ("bitfit", "have no biases", "value-bias, which adds one to each value projection"),
        ("bitfit-qm2", "have no biases", "value-bias, which adds one to each value projection"),
        ("bitfit-norm", "have no biases", "value-bias, which adds one to each value projection"),
        ("random-mask", "have no biases", "value-bias, which adds one to each value projection"),
        ("lora", "have no W_q, W_v", "lora-all"),
        ("ia3", "have no W_k, W_v", "lora-all"),
        ("adapter-pfeiffer", "have no LN2", "adapter-houlsby"),
    ],
)
def test_what_does_not_apply_is_refused(
    folder: Path, method: str, words: str, instead: str
) -> None:
    expected = f"method {method}: encoders of type modernbert {words}\nfix: use {instead}"
    with pytest.raises(UsageError) as caught:
        tuned(folder, method)
    assert str(caught.value) == expected
    with pytest.raises(UsageError) as caught:
        count_methods(folder / "config.json", [method])
    assert str(caught.value) == expected


def test_all_else_applies(folder: Path) -> None:
    names = applicable_names(load_small(folder).shape())
    assert set(names) == {
        *("full", "head", "value-bias", "layernorm", "attention", "lora-all", "prefix"),
        *("adapter-houlsby", "top-1", "top-2", "scratch", "rnn", "fixed-window"),
    }
    assert [row["method"] for row in count_methods(folder / "config.json")] == names


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"attention_bias": True}, "attention_bias is True, expected False (ModernBERT has no"),
        ({"norm_bias": True}, "norm_bias is True, expected False (ModernBERT has no biases"),
        (
            {"rope_parameters": {"full_attention": {"rope_type": "dynamic"}}},
            "rope_parameters.full_attention.rope_type is 'dynamic', expected 'default' (scaled",
        ),
    ],
)
def test_variants_are_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    config_of("modernbert").save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UsageError) as caught:
        read_architecture(path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        (
            "base",
            {
                "full": (149_014_272, 0),
                "layernorm": (45 * 768, 0),  # below, above, two a layer but for the lowest
                "attention": (22 * 4 * 768 * 768, 0),
                "top-1": (5_015_040 + 768, 0),
                "adapter-houlsby": (45 * 768, 4_361_984),
                "lora-all": (0, 1_689_600),
                "value-bias": (0, 16_896),
                "prefix": (0, 337_920),
                "head": (0, 0),
            },
        ),
        (
            "large",
            {
                "full": (394_781_696, 0),
                "layernorm": (57 * 1_024, 0),
                "attention": (28 * 4 * 1_024 * 1_024, 0),
                "top-1": (12_257_280 + 1_024, 0),
                "adapter-houlsby": (57 * 1_024, 7_400_960),
                "lora-all": (0, 3_598_336),
                "value-bias": (0, 28_672),
                "prefix": (0, 573_440),
                "head": (0, 0),
            },
        ),
    ],
)
def test_counts_at_published_sizes(
    size: str, counts: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    """By formula, and on the shapes that the library builds."""
    config = AutoConfig.for_model("modernbert", **SIZES[size])
    config.save_pretrained(tmp_path)
    rows = count_methods(tmp_path / "config.json", list(counts))
    found = {r["method"]: (r["trainable_backbone"], r["trainable_added"]) for r in rows}
    assert found == counts
    with torch.device("meta"):
        library = AutoModel.from_config(config)
        model = EncoderModel(library, 2)
        for name in ("lora-all", "adapter-houlsby", "value-bias"):
            fresh = EncoderModel(AutoModel.from_config(config), 2)
            made = apply_method(resolve_method(name), fresh, None)
            assert (made.backbone, made.added) == counts[name]
    assert sum(p.numel() for p in library.parameters()) == counts["full"][0]
    assert model.shape().tensors == {
        model.family.locate(n): tuple(p.shape) for n, p in library.named_parameters()
    }
    assert Place("preLN1", "weight", 0) not in model.shape().tensors
    check_length(tmp_path / "config.json", 8_192)
    with pytest.raises(UsageError, match="and the encoder has 8192 positions"):
        check_length(tmp_path / "config.json", 8_193)
