"""Every family against the library's own padded model, and every method on every family."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from tests.encoders.small import CONFIGS, config_of, library_states, load_small, logits, save_small
from tuning_curves.encoders.families import known_types
from tuning_curves.encoders.families.base import Place
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.encoders.verify import check_length
from tuning_curves.methods import apply_method, count_frozen_layers, resolve_method, trained_tensors
from tuning_curves.methods.counting import count_entry, count_methods
from tuning_curves.methods.extent import trains_everything
from tuning_curves.methods.requirements import why_not
from tuning_curves.util.errors import UsageError

POST_NORM = ("roberta", "electra", "distilbert")
KINDS = (*POST_NORM, "modernbert")  # the others differ from these or BERT by names alone
METHODS = (
    "full", "head", "bitfit", "bitfit-v", "bitfit-m2", "bitfit-norm", "value-bias", "top-1",
    "layernorm", "attention", "adapter-houlsby-3", "adapter-pfeiffer", "lora", "lora-all-2", "ia3",
    "prefix-4", "random-mask", "random-rows", "scratch", "rnn", "fixed-window",
)  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from a small encoder's name to its folder."""
    return cache(lambda name: save_small(name, tmp_path_factory.mktemp(name)))


def test_every_family_is_tried() -> None:
    assert {str(config["model_type"]) for config in CONFIGS.values()} == set(known_types())


@pytest.mark.parametrize("name", CONFIGS)
def test_logits_and_gradients_are_the_padded_models(checkpoint: Any, name: str) -> None:
    model = load_small(checkpoint(name))
    library, states = library_states(checkpoint(name))
    theirs, ours = model.head(states), logits(model)
    assert theirs.std() > 0.01
    assert (ours - theirs).abs().max() < 1e-5
    weights = torch.randn(ours.shape, generator=torch.Generator().manual_seed(3)) / len(ours)
    (ours * weights).sum().backward()
    (theirs * weights).sum().backward()
    expected = {n: p.grad for n, p in library.named_parameters() if "pooler" not in n}
    found = {n: p.grad for n, p in model.encoder.named_parameters()}
    assert found.keys() == expected.keys()
    assert sum(float(gradient.abs().sum()) for gradient in found.values()) > 1.0
    for own, gradient in found.items():
        assert (gradient - expected[own]).abs().max() < 1e-5, own


@pytest.mark.parametrize("name", KINDS)
def test_bfloat16_stays_near_float32(checkpoint: Any, name: str) -> None:
    model = load_small(checkpoint(name))
    full = logits(model)
    with torch.autocast("cpu", torch.bfloat16):
        half = logits(model)
    assert half.dtype == torch.float32
    assert 0 < (half - full).abs().max() < 0.15 * full.std()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_run_from_a_cached_layer_is_the_full_run(checkpoint: Any, name: str, first: int) -> None:
    model = load_small(checkpoint(name))
    with torch.inference_mode():
        assert torch.equal(logits(model, first), logits(model))


@pytest.mark.parametrize("name", KINDS)
def test_dropout_is_what_was_asked_for(checkpoint: Any, name: str) -> None:
    model = load_small(checkpoint(name), hidden_dropout=0.3, attention_dropout=0.2).train()
    rates = {m.p for m in model.modules() if hasattr(m, "p")}
    assert rates == {0.2, 0.3}
    model.dropout_bits.restart(0, 0)
    assert not torch.equal(logits(model), logits(model))


@pytest.mark.parametrize("name", CONFIGS)
def test_shapes_are_those_of_the_librarys_model(name: str) -> None:
    with torch.device("meta"):
        library = AutoModel.from_config(config_of(name))
        pooler = getattr(library, "pooler", None) is not None
        model = EncoderModel(library, 2, "pooler" if pooler else "tokens")
    assert model.shape().tensors == {
        model.family.locate(n): tuple(p.shape) for n, p in library.named_parameters()
    }


@pytest.mark.parametrize("name", KINDS[1:])  # the first one has BERT's layers
@pytest.mark.parametrize("method", METHODS)
def test_what_each_method_trains_is_counted_and_moves(
    checkpoint: Any, name: str, method: str
) -> None:
    """One step of plain gradient descent."""
    model, found = load_small(checkpoint(name)), resolve_method(method)
    shape = model.shape()
    if why_not(found.entry, shape) is not None:
        assert (name == "modernbert") == (method != "value-bias")
        return
    counts = apply_method(found, model, torch.Generator().manual_seed(0))
    assert (counts.backbone, counts.added) == count_entry(found.entry, shape)
    assert counts.total == shape.count(trains_everything) + counts.head
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    logits(model, count_frozen_layers(model)).square().mean().backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.sub_(parameter.grad)
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert {"head.weight", "head.bias"} <= moved <= trained_tensors(model).keys()


@pytest.mark.parametrize("name", KINDS)
def test_scratch_draws_every_tensor_anew(checkpoint: Any, name: str) -> None:
    pretrained, model = load_small(checkpoint(name)), load_small(checkpoint(name))
    apply_method(resolve_method("scratch"), model, torch.Generator().manual_seed(0))
    old = dict(pretrained.encoder.named_parameters())
    for own, parameter in model.encoder.named_parameters():
        assert not torch.equal(parameter, old[own]), own
    assert logits(model).std() > 0.01


@pytest.mark.parametrize("name", KINDS)
def test_prefixes_reach_every_layer(checkpoint: Any, name: str) -> None:
    model = load_small(checkpoint(name))
    before = logits(model)
    apply_method(resolve_method("prefix-3"), model, torch.Generator().manual_seed(0))
    assert (logits(model) - before).abs().max() > 0.01
    logits(model).square().mean().backward()
    prefixes = [p for n, p in model.named_parameters() if ".prefix." in n]
    assert len(prefixes) == 3
    assert all(prefix.grad.abs().max() > 0 for prefix in prefixes)


@pytest.mark.parametrize("name", POST_NORM)
@pytest.mark.parametrize("method", ["adapter-houlsby-4", "adapter-pfeiffer-4"])
def test_adapters_stand_at_the_right_places(checkpoint: Any, name: str, method: str) -> None:
    """A layer's output from what enters its attention's projection, by the papers' formulas."""
    model = load_small(checkpoint(name))
    apply_method(resolve_method(method), model, torch.Generator().manual_seed(0))
    layer, generator = model.layers[1], torch.Generator().manual_seed(5)
    adapters = [m for m in layer.modules() if type(m).__name__ == "Bottleneck"]
    with torch.no_grad():
        for adapter in adapters:
            for parameter in adapter.parameters():
                parameter.normal_(0.0, 0.4, generator=generator)
    part = {key: layer.get_submodule(path) for key, path in model.family.parts.items()}
    seen: dict[str, Tensor] = {}
    part["m1"].register_forward_pre_hook(lambda _, given: seen.update(context=given[0]))
    layer.register_forward_hook(lambda _, given, out: seen.update(entered=given[0], left=out))
    with torch.no_grad():
        logits(model)
        assert (by_hand(part, adapters, seen, method) - seen["left"]).abs().max() < 1e-5


def by_hand(
    part: dict[str, Any], adapters: list[Any], seen: dict[str, Tensor], kind: str
) -> Tensor:
    def project(module: Any, inputs: Tensor) -> Tensor:
        return inputs @ module.weight.T + module.bias

    def norm(module: Any, total: Tensor) -> Tensor:
        return nn.functional.layer_norm(
            total, total.shape[-1:], module.weight, module.bias, module.eps
        )

    attended = project(part["m1"], seen["context"])
    if kind.startswith("adapter-houlsby"):
        attended = attended + adapters[0](attended)
    middle = norm(part["LN1"], attended + seen["entered"])
    fed = project(part["m3"], nn.functional.gelu(project(part["m2"], middle)))
    if kind.startswith("adapter-houlsby"):
        return norm(part["LN2"], fed + adapters[1](fed) + middle)
    total = fed + middle
    return norm(part["LN2"], total + adapters[0](norm(part["LN2"], total)))


@pytest.mark.parametrize("name", ["electra", "distilbert", "modernbert"])
def test_a_family_without_a_pooler_says_so(checkpoint: Any, name: str) -> None:
    kind = CONFIGS[name]["model_type"]
    with pytest.raises(UsageError) as caught:
        load_small(checkpoint(name), pooling="pooler")
    assert str(caught.value) == (
        f"{checkpoint(name)}/config.json: encoders of type {kind} have no pooler (the task's "
        "pooling is 'pooler')\nfix: set task.pooling to first or mean"
    )
    with pytest.raises(UsageError, match=f"encoders of type {kind} have no pooler"):
        count_methods(checkpoint(name) / "config.json", ["head"], pooler=True)


@pytest.mark.parametrize("name", ["roberta", "xlm-roberta", "camembert"])
def test_a_pooler_is_read_where_checkpoints_have_one(checkpoint: Any, name: str) -> None:
    model = load_small(checkpoint(name), pooling="pooler")
    library, states = library_states(checkpoint(name))
    first = states[[0, 9, 10, 40]]
    theirs = model.head(torch.tanh(library.pooler.dense(first)))
    assert (logits(model) - theirs).abs().max() < 1e-5


def test_electras_projection_stands_below_the_layers(checkpoint: Any) -> None:
    model = load_small(checkpoint("electra"))
    apply_method(resolve_method("bitfit"), model, None)
    for name in ("weight", "bias"):
        place = model.family.locate(f"embeddings_project.{name}")
        assert place == Place("projection", name)
    assert model.encoder.embeddings_project.bias.requires_grad
    assert not model.encoder.embeddings_project.weight.requires_grad
    model.requires_grad_(False)
    assert count_frozen_layers(model) == 3
    model.encoder.embeddings_project.bias.requires_grad_(True)
    assert count_frozen_layers(model) == 0


@pytest.mark.parametrize(
    ("name", "longest"), [("bert", 50), ("roberta", 48), ("roberta-types", 45), ("distilbert", 50)]
)
def test_windows_are_as_long_as_positions_behind_the_offset(
    checkpoint: Any, name: str, longest: int
) -> None:
    config = checkpoint(name) / "config.json"
    check_length(config, longest)
    with pytest.raises(UsageError, match=f"and the encoder has {longest} positions"):
        check_length(config, longest + 1)


# What is in the layers: 7 d + f biases, 4 d (d + 1) + f (2 d + 1) + 5 d numbers a layer in all.
ROBERTA = {"type_vocab_size": 1, "max_position_embeddings": 514, "pad_token_id": 1}
LARGE = {
    "hidden_size": 1_024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4_096,
}
REAL: dict[str, dict[str, Any]] = {
    "roberta-base": {"model_type": "roberta", "vocab_size": 50_265, **ROBERTA},
    "roberta-large": {"model_type": "roberta", "vocab_size": 50_265, **ROBERTA, **LARGE},
    "xlm-roberta-base": {"model_type": "xlm-roberta", "vocab_size": 250_002, **ROBERTA},
    "xlm-roberta-large": {"model_type": "xlm-roberta", "vocab_size": 250_002, **ROBERTA, **LARGE},
    "camembert-base": {"model_type": "camembert", "vocab_size": 32_005, **ROBERTA},
    "camembert-large": {"model_type": "camembert", "vocab_size": 32_005, **ROBERTA, **LARGE},
    "electra-small": {"model_type": "electra"},
    "electra-base": {
        "model_type": "electra",
        "embedding_size": 768,
        "hidden_size": 768,
        "num_attention_heads": 12,
        "intermediate_size": 3_072,
    },
    "electra-large": {"model_type": "electra", "embedding_size": 1_024, **LARGE},
    "distilbert-base": {"model_type": "distilbert"},
}
COUNTS = {  # of the encoder: full, bitfit, layernorm; added: Houlsby, Pfeiffer, LoRA
    "roberta-base": (124_055_040, 102_144, 38_400, 2_379_264, 894_528, 294_912),
    "roberta-large": (354_310_144, 271_360, 100_352, 6_343_680, 3_171_840, 786_432),
    "xlm-roberta-base": (277_453_056, 102_144, 38_400, 2_379_264, 894_528, 294_912),
    "xlm-roberta-large": (558_840_832, 271_360, 100_352, 6_343_680, 3_171_840, 786_432),
    "camembert-base": (110_031_360, 102_144, 38_400, 2_379_264, 894_528, 294_912),
    "camembert-large": (335_611_904, 271_360, 100_352, 6_343_680, 3_171_840, 786_432),
    "electra-small": (13_483_008, 34_176, 12_544, 794_112, 101_568, 98_304),
    "electra-base": (108_891_648, 102_144, 38_400, 2_379_264, 894_528, 294_912),
    "electra-large": (334_092_288, 271_360, 100_352, 6_343_680, 3_171_840, 786_432),
    "distilbert-base": (66_362_880, 51_456, 19_968, 1_189_632, 447_264, 147_456),
}


@pytest.mark.parametrize("name", REAL)
def test_counts_at_published_sizes(name: str, tmp_path: Path) -> None:
    """By formula, and on the shapes that the library builds."""
    stated = dict(REAL[name])
    config = AutoConfig.for_model(stated.pop("model_type"), **stated)
    config.save_pretrained(tmp_path)
    names = ["full", "bitfit", "layernorm", "adapter-houlsby", "adapter-pfeiffer", "lora", "head"]
    rows = {row["method"]: row for row in count_methods(tmp_path / "config.json", names)}
    full, bitfit, norms, houlsby, pfeiffer, lora = COUNTS[name]
    found = {n: (r["trainable_backbone"], r["trainable_added"]) for n, r in rows.items()}
    assert found == {
        "full": (full, 0),
        "bitfit": (bitfit, 0),
        "layernorm": (norms, 0),
        "adapter-houlsby": (norms, houlsby),
        "adapter-pfeiffer": (0, pfeiffer),
        "lora": (0, lora),
        "head": (0, 0),
    }
    assert rows["head"]["trainable_head"] == rows["head"]["total"] - full
    with torch.device("meta"):
        library = AutoModel.from_config(config)
        library.pooler = None
        model = EncoderModel(library, 2)
    assert sum(p.numel() for p in library.parameters()) == full
    assert model.shape().tensors == {
        model.family.locate(n): tuple(p.shape) for n, p in library.named_parameters()
    }
