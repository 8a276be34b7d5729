"""LoRA, IA3 and prefix tuning against peft's own models around the library's padded one."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModel, BertConfig, BertForQuestionAnswering
from transformers.utils import logging as library_logging

from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.methods import apply_method, resolve_method, trained_tensors
from tuning_curves.methods.base import Counts
from tuning_curves.methods.requirements import applicable_names
from tuning_curves.methods.sparse import plain_name
from tuning_curves.tasks.question_answering.loss import span_loss
from tuning_curves.util.errors import ResourceError

CPU = torch.device("cpu")
LENGTHS = [7, 1, 23, 12]
STARTS, ENDS = torch.tensor([1, 0, 20, 3]), torch.tensor([6, 0, 22, 3])
TOKENS = 5
HEAD = {"head.weight", "head.bias"}
Rows = list[tuple[Tensor, Tensor]]


def prepare(folder: Path, name: str, seed: int = 0) -> EncoderModel:
    model = load_encoder(folder, outputs=2, hidden_dropout=0.1, attention_dropout=0.0)
    apply_method(resolve_method(name), model, torch.Generator().manual_seed(seed))
    return model


def shake(model: EncoderModel) -> None:
    """Move what is trained away from where it starts, so that all of it matters."""
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for tensor in trained_tensors(model).values():
            tensor.add_(0.3 * torch.randn(tensor.shape, generator=generator))


def sequences(vocabulary: int = 90) -> Rows:
    """Random (tokens, types); the last half of each sequence has type 1."""
    generator = torch.Generator().manual_seed(4)
    tokens = [torch.randint(5, vocabulary, (n,), generator=generator) for n in LENGTHS]
    return [(t, (torch.arange(len(t)) >= len(t) // 2).long()) for t in tokens]


def packed_logits(model: EncoderModel, rows: Rows) -> tuple[Tensor, Packing]:
    tokens, types = (torch.cat(part)[None] for part in zip(*rows, strict=True))
    positions = torch.cat([torch.arange(n) for n in LENGTHS])[None]
    packing = Packing.of(LENGTHS, CPU)
    return model(model.embed(tokens, positions, types), packing), packing


def pad(rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens, types and mask of a padded batch, each [B, longest]."""
    batch = torch.zeros(3, len(rows), max(LENGTHS), dtype=torch.long)
    for number, (tokens, types) in enumerate(rows):
        batch[:, number, : len(tokens)] = torch.stack((tokens, types, torch.ones_like(types)))
    tokens, types, mask = batch
    return tokens, types, mask


def loss_by_hand(logits: list[Tensor]) -> Tensor:
    losses = [
        (functional.cross_entropy(row[:, 0], start) + functional.cross_entropy(row[:, 1], end)) / 2
        for row, start, end in zip(logits, STARTS, ENDS, strict=True)
    ]
    return torch.stack(losses).mean()


def padded_reader(folder: Path) -> BertForQuestionAnswering:
    library_logging.set_verbosity_error()
    return BertForQuestionAnswering.from_pretrained(folder, attn_implementation="eager")


def wrapped(folder: Path, name: str) -> Any:
    """peft's own model around the library's padded reader, in evaluation mode."""
    configs = {
        "lora": peft.LoraConfig(
            r=8,
            lora_alpha=8,
            lora_dropout=0.0,
            target_modules=r"bert\." + find_family("bert").pattern("q", "v"),
        ),
        "lora-all": peft.LoraConfig(
            r=8,
            lora_alpha=8,
            lora_dropout=0.0,
            target_modules=r"bert\.encoder\..*(query|key|value|dense)",
        ),
        "ia3": peft.IA3Config(
            target_modules=r"bert\." + find_family("bert").pattern("k", "v", "m3"),
            feedforward_modules=r".*layer\.\d+\.output\.dense",
        ),
    }
    return peft.get_peft_model(padded_reader(folder), configs[name]).eval()


def theirs_by_our_names(model: Any) -> Iterator[tuple[str, Tensor]]:
    """peft's added parameters under the names they have with us."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad or "qa_outputs" in name:
            ours = name.removeprefix("base_model.model.").replace("qa_outputs.", "head.")
            yield ours.replace("bert.", "encoder."), parameter


@pytest.mark.parametrize("name", ["lora", "lora-all", "ia3"])
def test_logits_and_gradients_are_those_of_pefts_padded_model(
    tiny_encoder: Path, name: str
) -> None:
    ours = prepare(tiny_encoder, name).eval()
    shake(ours)
    theirs = wrapped(tiny_encoder, name)
    counterpart = dict(theirs_by_our_names(theirs))
    assert counterpart.keys() == trained_tensors(ours).keys()
    with torch.no_grad():
        for part, tensor in trained_tensors(ours).items():
            counterpart[part].copy_(tensor.view(counterpart[part].shape))
    theirs.base_model.model.qa_outputs.requires_grad_(True)
    rows = sequences()
    tokens, types, mask = pad(rows)
    out = theirs(input_ids=tokens, token_type_ids=types, attention_mask=mask)
    stacked = torch.stack((out.start_logits, out.end_logits), dim=-1)
    expected = [row[:n] for row, n in zip(stacked, LENGTHS, strict=True)]
    compare(ours, rows, expected, counterpart)


def compare(
    ours: EncoderModel, rows: Rows, expected: list[Tensor], counterpart: dict[str, Tensor]
) -> None:
    """Logits, and the gradients of the loss over real tokens, to 1e-5."""
    logits, packing = packed_logits(ours, rows)
    assert logits.std() > 0.01
    assert (logits - torch.cat(expected)).abs().max() < 1e-5
    span_loss(logits, packing, STARTS, ENDS).backward()
    loss_by_hand(expected).backward()
    for part, parameter in ours.named_parameters():
        if parameter.requires_grad:
            gradient = counterpart[part].grad
            assert gradient is not None
            # not a comparison of zeros; the softmax over tokens does not see the head's bias
            assert gradient.abs().max() > 1e-4 or part == "head.bias", part
            assert (parameter.grad - gradient.view(parameter.shape)).abs().max() < 1e-5, part
        else:
            assert parameter.grad is None


def test_prefixes_are_pefts_prompt_through_the_librarys_padded_layers(tiny_encoder: Path) -> None:
    """peft's model refuses the installed BERT; its prompt goes through BERT's layers by hand."""
    ours = prepare(tiny_encoder, f"prefix-{TOKENS}").eval()
    reader = padded_reader(tiny_encoder)
    config = peft.PrefixTuningConfig(
        task_type="QUESTION_ANS",
        num_virtual_tokens=TOKENS,
        num_layers=3,
        token_dim=32,
        num_attention_heads=4,
        num_transformer_submodules=1,
        encoder_hidden_size=32,
    )
    theirs = peft.get_peft_model(reader, config).eval()
    whole = theirs.prompt_encoder["default"].embedding.weight
    own = [layer.attention.self.prefix.encoder.embedding.weight for layer in ours.layers]
    with torch.no_grad():
        whole.copy_(torch.cat(own, dim=1))
    head = theirs.base_model.qa_outputs.modules_to_save["default"]
    head.load_state_dict(ours.head.state_dict())
    rows = sequences()
    expected = through_layers(theirs, reader, head, rows)
    counterpart = {"head.weight": head.weight, "head.bias": head.bias}
    logits, packing = packed_logits(ours, rows)
    assert (logits - torch.cat(expected)).abs().max() < 1e-5
    span_loss(logits, packing, STARTS, ENDS).backward()
    loss_by_hand(expected).backward()
    ours_whole = torch.cat([weight.grad for weight in own], dim=1)
    assert whole.grad.abs().max() > 1e-4
    assert (ours_whole - whole.grad).abs().max() < 1e-5
    for part, parameter in ours.head.named_parameters():
        assert (parameter.grad - counterpart[f"head.{part}"].grad).abs().max() < 1e-5


def through_layers(
    theirs: Any, reader: BertForQuestionAnswering, head: Any, rows: Rows
) -> list[Tensor]:
    """Logits of real tokens: peft's prompt as a cache, padding masked, positions from 0."""
    tokens, types, mask = pad(rows)
    cache = theirs.get_prompt(len(rows))
    seen = torch.cat((torch.ones(len(rows), TOKENS), mask), dim=1)[:, None, None]
    hidden = reader.bert.embeddings(input_ids=tokens, token_type_ids=types)
    for layer in reader.bert.encoder.layer:
        hidden = layer(hidden, torch.log(seen), cache=cache)
    return [row[:n] for row, n in zip(head(hidden), LENGTHS, strict=True)]


@pytest.mark.parametrize("name", ["lora", "lora-3", "ia3"])
def test_training_starts_from_the_encoder_itself(tiny_encoder: Path, name: str) -> None:
    with torch.inference_mode():
        logits = [
            packed_logits(prepare(tiny_encoder, n).eval(), sequences())[0] for n in ("head", name)
        ]
    assert torch.equal(*logits)


def test_a_bfloat16_step_of_prefixes_is_close_to_the_float32_one(tiny_encoder: Path) -> None:
    gradients = []
    for enabled in (False, True):
        model = prepare(tiny_encoder, "prefix").eval()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            logits, packing = packed_logits(model, sequences())
        span_loss(logits, packing, STARTS, ENDS).backward()
        gradients.append(
            [layer.attention.self.prefix.encoder.embedding.weight.grad for layer in model.layers]
        )
    for exact, rough in zip(*gradients, strict=True):
        assert not torch.equal(exact, rough)
        assert (exact - rough).norm() < 0.05 * exact.norm()


def count(name: str, width: int = 768, layers: int = 12) -> Counts:
    config = BertConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=4 * width,
    )
    with torch.device("meta"):
        model = EncoderModel(AutoModel.from_config(config, add_pooling_layer=False), 2)
        return apply_method(resolve_method(name), model, None)


@pytest.mark.parametrize(
    ("name", "added"),
    [
        ("lora", 294_912),
        ("lora-16", 589_824),
        ("ia3", 55_296),
        ("prefix", 184_320),
        ("prefix-30", 552_960),
    ],
)
def test_counts_for_bert_base(name: str, added: int) -> None:
    found = count(name)
    assert (found.backbone, found.added, found.head) == (0, added, 1_538)
    assert found.total == 108_893_186
    assert found.share == added / 108_891_648


def test_pefts_default_for_ia3_also_scales_what_enters_the_attentions_projection() -> None:
    """12 · 768 numbers more: its `output.dense` matches the end of `attention.output.dense`."""
    config = BertConfig(num_hidden_layers=12)
    with torch.device("meta"):
        model = peft.get_peft_model(AutoModel.from_config(config), peft.IA3Config())
    numbers = sum(p.numel() for n, p in model.named_parameters() if "ia3_l" in n)
    assert numbers == 55_296 + 12 * 768


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "lora",
            {
                f"attention.self.{matrix}.lora_{part}.default.weight"
                for matrix in ("query", "value")
                for part in "AB"
            },
        ),
        (
            "ia3",
            {
                f"{m}.ia3_l.default"
                for m in ("attention.self.key", "attention.self.value", "output.dense")
            },
        ),
        ("prefix", {"attention.self.prefix.encoder.embedding.weight"}),
    ],
)
def test_the_names_that_are_trained(tiny_encoder: Path, name: str, parts: set[str]) -> None:
    model = prepare(tiny_encoder, name)
    expected = {f"encoder.encoder.layer.{n}.{part}" for n in range(3) for part in parts}
    assert trained_tensors(model).keys() == expected | HEAD


@pytest.mark.parametrize("name", ["lora", "ia3", "prefix"])
def test_frozen_tensors_keep_their_names_below_what_wraps_them(
    tiny_encoder: Path, name: str
) -> None:
    before = dict(
        load_encoder(
            tiny_encoder, outputs=2, hidden_dropout=0, attention_dropout=0
        ).named_parameters()
    )
    model = prepare(tiny_encoder, name)
    frozen = {plain_name(n): p for n, p in model.named_parameters() if not p.requires_grad}
    assert frozen.keys() == before.keys() - HEAD
    assert all(torch.equal(tensor, before[part]) for part, tensor in frozen.items())


@pytest.mark.parametrize(("name", "drawn"), [("lora", 6), ("prefix", 3)])
def test_the_seed_decides_what_is_drawn_and_nothing_else_does(
    tiny_encoder: Path, name: str, drawn: int
) -> None:
    def weights(seed: int) -> dict[str, Tensor]:
        tensors = trained_tensors(prepare(tiny_encoder, name, seed))
        return {n: t for n, t in tensors.items() if "lora_A" in n or "embedding" in n}

    torch.manual_seed(1)
    first = weights(5)
    torch.manual_seed(2)
    again, other = weights(5), weights(6)
    assert len(first) == drawn
    for part, tensor in first.items():
        assert torch.equal(tensor, again[part])
        assert not torch.equal(tensor, other[part])


def test_what_is_drawn_has_pefts_distributions(tiny_encoder: Path) -> None:
    lora = trained_tensors(prepare(tiny_encoder, "lora-64"))
    down = torch.cat([t.flatten() for n, t in lora.items() if "lora_A" in n])
    assert down.abs().max() < 32**-0.5  # kaiming_uniform_(a=√5): ±1 / √d
    assert down.std().item() == pytest.approx((32 * 3) ** -0.5, rel=0.02)
    prefix = trained_tensors(prepare(tiny_encoder, "prefix-100"))
    rows = torch.cat([t.flatten() for n, t in prefix.items() if "embedding" in n])
    assert rows.std().item() == pytest.approx(1.0, rel=0.02)
    assert abs(rows.mean().item()) < 0.02


def test_ia3_is_made_of_vectors_which_weight_decay_leaves_alone(tiny_encoder: Path) -> None:
    tensors = trained_tensors(prepare(tiny_encoder, "ia3"))
    assert {t.ndim for n, t in tensors.items() if "ia3" in n} == {1}


@pytest.mark.parametrize("name", applicable_names(find_family("bert").shape({})))
def test_no_dropout_but_the_seeded_one(tiny_encoder: Path, name: str) -> None:
    model = prepare(tiny_encoder, name)
    kinds = [type(m).__module__ for m in model.modules() if "dropout" in type(m).__name__.lower()]
    assert kinds
    assert {kind.partition(".")[0] for kind in kinds} == {"tuning_curves"}
    sources = {id(m.source) for m in model.modules() if hasattr(m, "source")}
    assert sources == {id(model.dropout_bits)}


@pytest.mark.parametrize("name", ["lora", "lora-all", "ia3", "prefix"])
def test_a_missing_peft_is_one_clear_error(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    assert resolve_method(name).name == name  # studies can still be read
    with pytest.raises(ResourceError, match="lora-all, ia3 and prefix need the package") as error:
        prepare(tiny_encoder, name)
    assert "pip install" in str(error.value)
