"""Operations fall into kinds by their names."""

import pytest

from benchmarks.profiles import REST, kind_of, table


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("aten::addmm", "matrix products"),
        ("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "attention"),
        ("aten::native_layer_norm_backward", "LayerNorm"),
        ("aten::_fused_adamw_", "optimizer and clipping"),
        ("aten::bernoulli_", "dropout and random numbers"),
        ("aten::copy_", "copies and sums"),
        ("autograd::engine::evaluate_function: AddmmBackward0", REST),
    ],
)
def test_kinds(operation: str, kind: str) -> None:
    assert kind_of(operation) == kind


def test_the_table_has_a_row_a_kind_and_sums() -> None:
    lines = table({"a": {"GELU": 1.0, REST: 2.0}, "b": {"GELU": 0.5}}).splitlines()
    assert lines[0] == "| ms an example | a | b |"
    assert "| GELU | 1.0 | 0.5 |" in lines
    assert lines[-1] == "| together | 3.0 | 0.5 |"
