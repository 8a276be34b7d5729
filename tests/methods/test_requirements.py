"""A method that does not apply to an encoder is refused with a method that does."""

from dataclasses import replace
from pathlib import Path

import pytest

from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.families.base import EncoderShape, Place
from tuning_curves.encoders.model import load_encoder
from tuning_curves.methods import apply_method, resolve_method
from tuning_curves.methods.counting import count_entry
from tuning_curves.methods.registry import describe, list_names
from tuning_curves.methods.requirements import applicable_names, check_applies, why_not
from tuning_curves.util.errors import UsageError

BERT = find_family("bert").shape({})


def without(*parts: str) -> EncoderShape:
    """BERT without the parameters that are called so (`q.bias`), or without any of a kind."""
    left = {
        place: shape
        for place, shape in BERT.tensors.items()
        if not {f"{place.part}.{place.kind}", place.kind} & set(parts)
    }
    return replace(BERT, family="bare", tensors=left)


def refusal(name: str, shape: EncoderShape) -> str:
    with pytest.raises(UsageError) as caught:
        check_applies(describe(name), shape)
    return str(caught.value)


def test_all_but_the_added_bias_apply_to_bert() -> None:
    assert applicable_names(BERT) == [name for name in list_names() if name != "value-bias"]
    assert Place("v", "bias", 0) in BERT.tensors


def test_a_bias_that_is_there_is_not_added(tiny_encoder: Path) -> None:
    expected = (
        "method value-bias: encoders of type bert have b_v already, which it would add\n"
        "fix: use bitfit-v, which trains it"
    )
    assert refusal("value-bias", BERT) == expected
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    with pytest.raises(UsageError) as caught:
        apply_method(resolve_method("value-bias"), model, None)
    assert str(caught.value) == expected
    with pytest.raises(UsageError, match="which it would add"):
        count_entry(describe("value-bias"), BERT)


@pytest.mark.parametrize(
    "name", ["bitfit", "bitfit-qm2", "bitfit-norm", "random-rows", "fisher-mask"]
)
def test_without_biases_there_is_nothing_to_tune_or_to_count(name: str) -> None:
    assert refusal(name, without("bias")) == (
        f"method {name}: encoders of type bare have no biases\n"
        "fix: use value-bias, which adds one to each value projection"
    )
    assert why_not(describe("value-bias"), without("bias")) is None


@pytest.mark.parametrize(
    ("name", "gone", "words", "instead"),
    [
        ("bitfit-q", ("q.bias",), "have no b_q", "value-bias, which"),
        ("bitfit-qm2", ("q.bias", "m2.bias"), "have no b_q, b_m2", "value-bias, which"),
        ("random-mask-qm2", ("m2.bias",), "have no b_m2", "value-bias, which"),
        ("lora-4", ("q.weight", "k.weight", "v.weight"), "have no W_q, W_v", "lora-all"),
        ("ia3", ("k.weight", "v.weight"), "have no W_k, W_v", "lora-all"),
        ("adapter-pfeiffer", ("LN2.weight", "LN2.bias"), "have no LN2", "adapter-houlsby"),
    ],
)
def test_a_missing_part_is_named(
    name: str, gone: tuple[str, ...], words: str, instead: str
) -> None:
    message = refusal(name, without(*gone))
    assert message.startswith(f"method {name}: encoders of type bare {words}\nfix: use {instead}")
    method = instead.partition(",")[0]
    assert why_not(describe(method), without(*gone, "v.bias")) is None
