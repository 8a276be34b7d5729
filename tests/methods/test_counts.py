"""Parameter counts against the published ones, on shapes alone: no weights are made.

BERT's totals leave the pooler out and count a head of two logits (2d + 2). The bias counts are
11 d for each layer and d for the embeddings' LayerNorm.
"""

import functools
import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, BertConfig, BertModel

from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.families.base import TERMS
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods import apply_method, list_methods, resolve_method
from tuning_curves.methods.base import Counts, Method
from tuning_curves.methods.counting import count_entry, count_methods
from tuning_curves.methods.extent import trains_everything
from tuning_curves.methods.implementations import IMPLEMENTATIONS
from tuning_curves.methods.registry import describe
from tuning_curves.methods.requirements import applicable_names
from tuning_curves.methods.table import TABLE
from tuning_curves.util.errors import DataError, UsageError

SHAPES = {
    "bert-base-uncased": (30_522, 768, 12),
    "bert-base-cased": (28_996, 768, 12),
    "bert-large-uncased": (30_522, 1_024, 24),
    "bert-large-cased": (28_996, 1_024, 24),
    "all-MiniLM-L6-v2": (30_522, 384, 6),
}  # vocabulary, width, layers

BASE = ("bert-base-uncased", "bert-base-cased")


def config_of(encoder: str) -> BertConfig:
    vocabulary, width, layers = SHAPES[encoder]
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // (32 if width == 384 else 64),
        intermediate_size=4 * width,
    )


def count(encoder: str, method: Method) -> Counts:
    with torch.device("meta"):
        model = EncoderModel(AutoModel.from_config(config_of(encoder), add_pooling_layer=False), 2)
        return apply_method(method, model, None)


@functools.cache
def counts(encoder: str, name: str) -> Counts:
    return count(encoder, resolve_method(name))


@pytest.mark.parametrize(
    ("encoder", "backbone", "total"),
    [
        ("bert-base-uncased", 108_891_648, 108_893_186),
        ("bert-base-cased", 107_719_680, 107_721_218),
        ("bert-large-uncased", 334_092_288, 334_094_338),
        ("bert-large-cased", 332_529_664, 332_531_714),
        ("all-MiniLM-L6-v2", 22_565_376, 22_566_146),
    ],
)
def test_full_trains_all_and_head_only_the_head(encoder: str, backbone: int, total: int) -> None:
    head = total - backbone
    assert head == 2 * SHAPES[encoder][1] + 2
    assert counts(encoder, "full") == Counts(backbone=backbone, added=0, head=head, total=total)
    assert counts(encoder, "head") == Counts(backbone=0, added=0, head=head, total=total)
    assert counts(encoder, "head").share == 0.0


@pytest.mark.parametrize(
    ("encoder", "biases", "percent"),
    [
        ("bert-base-uncased", 102_144, 0.0938),
        ("bert-base-cased", 102_144, 0.0948),
        ("bert-large-uncased", 271_360, 0.0812),
        ("bert-large-cased", 271_360, 0.0816),
        ("all-MiniLM-L6-v2", 25_728, 0.1140),
    ],
)
def test_bitfit_trains_the_biases(encoder: str, biases: int, percent: float) -> None:
    found = counts(encoder, "bitfit")
    assert (found.backbone, found.added) == (biases, 0)
    assert round(100 * found.share, 4) == percent


@pytest.mark.parametrize(
    ("encoder", "two", "layer_bias"),
    [
        ("bert-base-uncased", 46_080, 8_448),
        ("bert-large-cased", 122_880, 11_264),
        ("all-MiniLM-L6-v2", 11_520, 4_224),
    ],
)
def test_bias_terms_by_their_names_in_the_paper(encoder: str, two: int, layer_bias: int) -> None:
    _, width, layers = SHAPES[encoder]
    assert counts(encoder, "bitfit-qm2").backbone == two
    single = {term: counts(encoder, f"bitfit-{term.lower()}").backbone for term in TERMS}
    assert single.pop("m2") == layers * 4 * width
    assert set(single.values()) == {layers * width}
    assert sum(single.values()) + layers * 4 * width == layers * layer_bias


@pytest.mark.parametrize("encoder", BASE)
@pytest.mark.parametrize(
    ("name", "added"),
    [
        ("adapter-houlsby", 2_379_264),
        ("adapter-houlsby-64", 2_379_264),
        ("adapter-houlsby-2", 92_208),
        ("adapter-houlsby-8", 313_536),
        ("adapter-houlsby-48", 1_789_056),
        ("adapter-houlsby-256", 9_461_760),
    ],
)
def test_houlsby_adds_two_adapters_a_layer_and_trains_layernorms(
    encoder: str, name: str, added: int
) -> None:
    found = counts(encoder, name)
    assert (found.backbone, found.added, found.head) == (38_400, added, 1_538)
    assert found.total == counts(encoder, "full").total  # what is added does not enlarge it


@pytest.mark.parametrize("encoder", BASE)
@pytest.mark.parametrize(
    ("name", "added"),
    [
        ("adapter-pfeiffer", 894_528),
        ("adapter-pfeiffer-48", 894_528),
        ("adapter-pfeiffer-2", 46_104),
        ("adapter-pfeiffer-64", 1_189_632),
    ],
)
def test_pfeiffer_adds_one_adapter_a_layer_and_trains_nothing_else(
    encoder: str, name: str, added: int
) -> None:
    found = counts(encoder, name)
    assert (found.backbone, found.added, found.head) == (0, added, 1_538)


@pytest.mark.parametrize(
    ("encoder", "houlsby", "norms", "pfeiffer"),
    [
        # 2 L (2md + d + m) at m = 64; LN-only; L (2md + d + m) at m = d / 16
        ("bert-large-uncased", 48 * (131_072 + 1_024 + 64), 100_352, 24 * (131_072 + 1_024 + 64)),
        ("all-MiniLM-L6-v2", 12 * (49_152 + 384 + 64), 9_984, 6 * (18_432 + 384 + 24)),
    ],
)
def test_adapters_of_other_widths(encoder: str, houlsby: int, norms: int, pfeiffer: int) -> None:
    found = counts(encoder, "adapter-houlsby")
    assert (found.added, found.backbone) == (houlsby, norms)
    assert counts(encoder, "adapter-pfeiffer").added == pfeiffer


def test_shares_of_the_adapters_in_bert_base() -> None:
    """Of the encoder's 108,891,648: 2,379,264 + 38,400 LayerNorm, and 894,528."""
    houlsby = counts("bert-base-uncased", "adapter-houlsby")
    assert houlsby.share == pytest.approx((2_379_264 + 38_400) / 108_891_648)
    assert round(100 * counts("bert-base-uncased", "adapter-pfeiffer").share, 3) == 0.821


@pytest.mark.parametrize(
    ("encoder", "numbers"),
    [
        # biases, and a gain of d for each of the 2 L + 1 LayerNorms
        ("bert-base-cased", 102_144 + 25 * 768),
        ("bert-large-uncased", 271_360 + 49 * 1_024),
        ("all-MiniLM-L6-v2", 25_728 + 13 * 384),
    ],
)
def test_bitfit_with_the_gains_of_layernorms(encoder: str, numbers: int) -> None:
    found = counts(encoder, "bitfit-norm")
    assert (found.backbone, found.added) == (numbers, 0)


@pytest.mark.parametrize(
    ("encoder", "name", "added"),
    [
        # r (in + out) of four d x d matrices and of two between d and 4 d: 18 d r a layer
        ("bert-base-cased", "lora-all", 12 * 18 * 768 * 8),
        ("bert-base-cased", "lora-all-2", 12 * 18 * 768 * 2),
        ("bert-large-cased", "lora-all", 24 * 18 * 1_024 * 8),
        ("all-MiniLM-L6-v2", "lora-all-1", 6 * 18 * 384),
    ],
)
def test_lora_on_every_matrix(encoder: str, name: str, added: int) -> None:
    found = counts(encoder, name)
    assert (found.backbone, found.added) == (0, added)


@pytest.mark.parametrize(
    ("encoder", "norms", "attention", "layer"),
    [
        ("bert-base-uncased", 38_400, 28_348_416, 7_087_872),
        ("bert-base-cased", 38_400, 28_348_416, 7_087_872),
        ("bert-large-uncased", 100_352, 100_761_600, 12_596_224),
        ("bert-large-cased", 100_352, 100_761_600, 12_596_224),
        ("all-MiniLM-L6-v2", 9_984, 3_548_160, 1_774_464),
    ],
)
def test_layers_and_their_parts(encoder: str, norms: int, attention: int, layer: int) -> None:
    assert counts(encoder, "layernorm").backbone == norms
    assert counts(encoder, "attention").backbone == attention
    layers = SHAPES[encoder][2]
    for highest in (1, 2, layers):
        found = counts(encoder, f"top-{highest}")
        assert (found.backbone, found.added) == (highest * layer, 0)


def test_layers_beyond_the_encoder_are_refused() -> None:
    with pytest.raises(UsageError, match=r"method top-7: 7 of the highest layers, expected 1 to 6"):
        counts("all-MiniLM-L6-v2", "top-7")


@pytest.mark.parametrize(
    ("encoder", "biases", "two"),
    [
        ("bert-base-uncased", 102_144, 46_080),
        ("bert-base-cased", 102_144, 46_080),
        ("bert-large-uncased", 271_360, 122_880),
        ("bert-large-cased", 271_360, 122_880),
        ("all-MiniLM-L6-v2", 25_728, 11_520),
    ],
)
def test_masks_train_as_many_entries_as_there_are_biases(
    encoder: str, biases: int, two: int
) -> None:
    total = counts(encoder, "full").total
    for name in ("random-mask", "random-rows", "fisher-mask"):
        found = counts(encoder, name)
        assert (found.backbone, found.added, found.total) == (biases, 0, total)
    assert counts(encoder, "random-mask-qm2").backbone == two


def test_counting_from_a_configuration_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    config_of("all-MiniLM-L6-v2").to_json_file(path, use_diff=False)
    rows = count_methods(path, ["bitfit", "adapter-pfeiffer-2"])
    assert rows[0] == {
        "method": "bitfit",
        "trainable_backbone": 25_728,
        "trainable_added": 0,
        "trainable_head": 770,
        "total": 22_566_146,
        "share": 25_728 / 22_565_376,
    }
    assert rows[1]["trainable_added"] == 6 * (2 * 2 * 384 + 384 + 2)
    names = [method.name for method in list_methods()]
    names.remove("value-bias")  # BERT has such biases
    assert [row["method"] for row in count_methods(path)] == names


def test_counting_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"hidden_size": 3}))
    with pytest.raises(DataError, match=r"config\.json: no 'model_type'"):
        count_methods(path)
    config_of("all-MiniLM-L6-v2").to_json_file(path, use_diff=False)
    with pytest.raises(UsageError, match="did you mean 'bitfit'"):
        count_methods(path, ["bit-fit"])


SIZED = ("adapter-houlsby-3", "lora-3", "lora-all-3", "prefix-3")


@pytest.mark.parametrize("name", [*applicable_names(find_family("bert").shape({})), *SIZED])
def test_counts_by_formula_are_those_of_the_model(name: str) -> None:
    """Of an encoder whose sizes are no multiples of one another."""
    config = BertConfig(
        vocab_size=101,
        hidden_size=36,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=100,
        max_position_embeddings=57,
    )
    with torch.device("meta"):
        model = EncoderModel(BertModel(config, add_pooling_layer=False), 2)
        shape = model.shape()
        found = apply_method(resolve_method(name), model, None)
    assert (found.backbone, found.added) == count_entry(describe(name), shape)
    assert found.total == shape.count(trains_everything) + found.head


def test_shapes_are_those_of_the_librarys_model() -> None:
    for encoder in SHAPES:
        with torch.device("meta"):
            model = EncoderModel(BertModel(config_of(encoder), add_pooling_layer=False), 2)
        assert model.shape().tensors == {
            model.family.locate(n): tuple(p.shape) for n, p in model.encoder.named_parameters()
        }


def test_every_implementation_has_an_entry_and_every_addition_an_implementation() -> None:
    entries = {entry.name: entry for entry in TABLE}
    assert IMPLEMENTATIONS.keys() <= entries.keys()
    assert {
        name for name, entry in entries.items() if entry.adds or entry.like or not entry.pretrained
    } == IMPLEMENTATIONS.keys()
