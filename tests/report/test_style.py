"""One look for each method, told apart in grey."""

import itertools

import pytest

from tuning_curves.methods.registry import base_names, list_names
from tuning_curves.methods.table import TERM_MARKS
from tuning_curves.report import style
from tuning_curves.util.errors import UsageError

TERMS = [f"bitfit-{suffix}" for suffix in TERM_MARKS]
NAMES = (
    *base_names("never"),
    *base_names("may"),
    *(f"adapter-{kind}-{size}" for kind in ("houlsby", "pfeiffer") for size in (2, 8, 48, 64, 256)),
    *(f"top-{layers}" for layers in (1, 2, 4, 6)),
    *("lora-2", "lora-16", "prefix-5", "prefix-30"),
)


def test_every_method_of_the_studies_has_a_style() -> None:
    assert {*list_names(), *(f"{name}-1" for name in base_names("must"))} <= set(NAMES)
    assert {"random-mask-qm2", *TERMS} <= set(NAMES)
    assert all(style.method_style(name).label for name in NAMES)


def test_no_two_methods_look_alike_without_colour() -> None:
    looks = {}
    for name in NAMES:
        found = style.method_style(name)
        looks[name] = (found.marker, found.filled, found.dashes)
    alike = [pair for pair in itertools.combinations(NAMES, 2) if looks[pair[0]] == looks[pair[1]]]
    assert alike == []


def test_labels_and_places_are_unique() -> None:
    styles = [style.method_style(name) for name in NAMES]
    assert len({found.label for found in styles}) == len(NAMES)
    assert len({found.order for found in styles}) == len(NAMES)


def test_the_main_methods_differ_in_lightness() -> None:
    light = sorted(_lightness(style.method_style(n).colour) for n in ("full", "bitfit", "head"))
    assert min(b - a for a, b in itertools.pairwise(light)) > 0.05
    assert max(_lightness(style.method_style(name).colour) for name in NAMES) < 0.75  # on white


def _lightness(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_family_shares_its_hue_and_variants_follow_it() -> None:
    assert (
        style.method_style("adapter-houlsby-8").colour
        == style.method_style("adapter-houlsby").colour
    )
    shuffled = ["head", "adapter-houlsby-64", "bitfit-q", "full", "adapter-houlsby-8", "bitfit"]
    assert style.ordered(shuffled) == [
        "full", "bitfit", "bitfit-q", "adapter-houlsby-8", "adapter-houlsby-64", "head",
    ]  # fmt: skip


def test_marks_alone_tell_the_terms_and_the_depths_apart() -> None:
    for names in (TERMS, ["top-1", "top-2", "top-12"]):
        assert len({style.method_style(name).marker for name in names}) == len(names)


def test_every_method_is_in_one_family() -> None:
    families = style.families(NAMES)
    assert sorted(name for members in families.values() for name in members) == sorted(NAMES)
    assert families["main methods"] == [
        "full", "bitfit", "adapter-houlsby", "adapter-pfeiffer", "head",
    ]  # fmt: skip


def test_labels_carry_sizes() -> None:
    assert style.label("adapter-houlsby-8") == "adapter (Houlsby, 8)"
    assert [style.label(name) for name in ("lora-16", "prefix-30")] == [
        "LoRA (16)",
        "prefix tuning (30)",
    ]
    assert style.label("bitfit-qm2") == "BitFit (q, m2)"
    assert [style.label(f"top-{k}") for k in (1, 2)] == ["top layer", "top 2 layers"]


@pytest.mark.parametrize("name", ["bitfut", "bitfit-z", "top", "top-0", "adapter-houlsby-0"])
def test_an_unknown_method_is_refused_by_name(name: str) -> None:
    with pytest.raises(UsageError, match=f"no style for the method '{name}'"):
        style.method_style(name)
