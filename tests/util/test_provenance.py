"""What a log says of the device."""

import pytest

from tuning_curves.util import provenance

INTEL = "processor\t: 0\nmodel name\t: X\nflags\t\t: fpu avx avx2 avx512f avx512_bf16 amx_bf16\n"
OLD = "model name\t: Core\nflags\t\t: fpu sse4_2 avx\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimdhp sve bf16\n"


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (
            INTEL,
            "float32 (AVX, AVX2, AVX-512), bfloat16 (AVX512-BF16, AMX), no units for float16",
        ),
        (OLD, "float32 (AVX), no units for bfloat16, no units for float16"),
        (ARM, "float32 (NEON, SVE), bfloat16 (BF16), float16 (FP16)"),
        ("", "the processor does not tell its number formats"),
    ],
)
def test_a_processors_number_formats_are_named_with_their_units(info: str, words: str) -> None:
    assert provenance._of_flags(info) == words


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (INTEL, "X (AVX-512, AVX512-BF16, AMX)"),
        (OLD, "X (AVX)"),
        (ARM, "X (SVE, BF16)"),
        ("", "X"),
    ],
)
def test_processors_of_one_name_are_told_apart_by_their_units(info: str, words: str) -> None:
    assert provenance.device_with_units("X", provenance._of_flags(info)) == words


def test_older_records_and_gpus_keep_their_bare_name() -> None:
    assert provenance.device_with_units("X", None) == "X"
    assert provenance.device_with_units("X", provenance._of_capability((9, 0))) == "X"


@pytest.mark.parametrize(("info", "units"), [(INTEL, True), (OLD, False), (ARM, True), ("", None)])
def test_a_processor_says_whether_it_has_units_for_bfloat16(
    monkeypatch: pytest.MonkeyPatch, info: str, units: bool | None
) -> None:
    monkeypatch.setattr(provenance, "_cpu_info", lambda: info)
    assert provenance.has_units("bfloat16") is units


@pytest.mark.parametrize(
    ("capability", "words"),
    [
        ((6, 1), "compute capability 6.1: float32"),
        ((7, 5), "compute capability 7.5: float32, float16"),
        ((8, 0), "compute capability 8.0: float32, TF32, bfloat16, float16"),
        ((9, 0), "compute capability 9.0: float32, TF32, bfloat16, float16, float8"),
    ],
)
def test_a_gpus_number_formats_follow_from_its_capability(
    capability: tuple[int, int], words: str
) -> None:
    assert provenance._of_capability(capability) == words
