"""A study that asks for what the processor does slowly is told so."""

from collections.abc import Callable

import pytest
import torch

from tuning_curves.encoders import precision as arithmetic
from tuning_curves.encoders.precision import warn_of_slow_bfloat16

CPU = torch.device("cpu")


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that makes a product in bfloat16 take so many times the time of float32."""

    def take(times: float) -> None:
        seconds = {torch.float32: 1e-3, torch.bfloat16: times * 1e-3}
        monkeypatch.setattr(arithmetic, "_seconds", seconds.get)

    return take


def test_slow_bfloat16_is_named_with_the_way_out(
    taking: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    taking(9.7)
    warn_of_slow_bfloat16(CPU, "bfloat16")
    said = capsys.readouterr().err
    assert "takes 10 times as long" in said
    assert "`precision: float32`" in said


@pytest.mark.parametrize(
    ("times", "precision", "device"),
    [(0.5, "bfloat16", "cpu"), (9.7, "float32", "cpu"), (9.7, "bfloat16", "cuda")],
)
def test_nothing_is_said_where_nothing_is_slow(
    taking: Callable[[float], None],
    capsys: pytest.CaptureFixture[str],
    times: float,
    precision: str,
    device: str,
) -> None:
    taking(times)
    warn_of_slow_bfloat16(torch.device(device), precision)
    assert capsys.readouterr().err == ""


def test_a_products_time_is_measured() -> None:
    assert 0 < arithmetic._seconds(torch.float32) < 1
