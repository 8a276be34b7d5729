"""Outcomes of questions, packed for a record and unpacked again."""

import base64
import zlib
from typing import Any

import numpy as np
import pytest

from tuning_curves.study.outcomes import ROUNDING, pack_outcomes, unpack_outcomes
from tuning_curves.study.records import PackedOutcomes
from tuning_curves.tasks.base import Part
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.util.errors import DataError

EXACT = np.array([True, False, True, True, False, False, True, False, True, False, False])
F1 = np.array([1, 0, 1, 1, 0.4, 0.5, 1, 2 / 3, 1, 0, 0.25])
SIZES = [4, 1, 6]
PARTS = QuestionAnswering.parts


def packed() -> PackedOutcomes:
    return pack_outcomes({"exact": EXACT, "f1": F1}, PARTS, SIZES)


def test_what_was_packed_comes_back() -> None:
    found = unpack_outcomes(packed(), PARTS)
    assert found.parts["exact"].tolist() == EXACT.tolist()
    assert found.group_sizes.tolist() == SIZES
    assert np.abs(found.parts["f1"] - F1).max() <= ROUNDING + 1e-7  # of float32
    assert found.parts["f1"][[0, 1]].tolist() == [1.0, 0.0]


def test_packed_form_is_the_one_that_the_record_promises() -> None:
    parts = packed().parts
    # 1011 0010 and 100 padded: 178 and 128
    assert list(base64.b64decode(parts["exact"])) == [178, 128]
    levels = list(zlib.decompress(base64.b64decode(parts["f1"])))
    assert levels == [255, 0, 255, 255, 102, 128, 255, 170, 255, 0, 64]


@pytest.mark.parametrize(
    ("sizes", "change", "message"),
    [
        ([4, 1, 20], {}, "outcomes.exact has 2 bytes, expected 4 for 25 examples"),
        ([4, 1, 7], {}, "outcomes.f1 has 11 examples, expected 12"),
        ([], {}, "outcomes.group_sizes is [], expected a list of positive counts"),
        (None, {}, "outcomes.group_sizes is None"),
        (SIZES, {"exact": "not*base64"}, "outcomes.exact is not base64"),
        (SIZES, {"exact": None}, "outcomes.exact has 0 bytes, expected 2"),
        (SIZES, {"f1": base64.b64encode(b"torn").decode()}, "outcomes.f1 does not decompress"),
        (SIZES, {"f2": ""}, "outcomes.parts has ['exact', 'f1', 'f2'], expected ['exact', 'f1']"),
    ],
)
def test_damage_is_named(sizes: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        whole = PackedOutcomes(group_sizes=sizes, parts=packed().parts | change)
        unpack_outcomes(whole, PARTS)
    assert message in str(caught.value)


def test_packing_refuses_what_it_could_not_keep() -> None:
    with pytest.raises(DataError, match="11 of exact, 12 examples in groups"):
        pack_outcomes({"exact": EXACT, "f1": F1}, PARTS, [5, 7])
    with pytest.raises(DataError, match="a value of f1 outside of 0 to 1"):
        pack_outcomes({"exact": EXACT, "f1": np.where(EXACT, np.nan, F1)}, PARTS, SIZES)


COUNT, CLASS = Part(name="words", kind="count"), Part(name="actual", kind="class")


@pytest.mark.parametrize(
    ("most", "width"), [(0, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 4), (2**32 - 1, 4)]
)
def test_whole_numbers_are_kept_exactly_in_the_fewest_bytes(most: int, width: int) -> None:
    values = np.array([0, most, most // 2, 1 if most else 0])
    whole = pack_outcomes({"words": values, "actual": values}, [COUNT, CLASS], [3, 1])
    for name in ("words", "actual"):
        assert len(zlib.decompress(base64.b64decode(whole.parts[name]))) == 4 * width
    found = unpack_outcomes(whole, [COUNT, CLASS]).parts
    assert found["words"].tolist() == found["actual"].tolist() == values.tolist()


def test_whole_numbers_of_two_bytes_have_the_lower_one_first() -> None:
    whole = pack_outcomes({"words": np.array([258, 7])}, [COUNT], [2])
    assert list(zlib.decompress(base64.b64decode(whole.parts["words"]))) == [2, 1, 7, 0]


@pytest.mark.parametrize("wrong", [np.array([1, -1]), np.array([1, 2**32]), np.array([1.0, 2.0])])
def test_what_is_no_whole_number_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(DataError, match="a value of words that is no whole number, 0 to 2"):
        pack_outcomes({"words": wrong}, [COUNT], [2])


def test_whole_numbers_of_another_length_are_refused() -> None:
    whole = pack_outcomes({"words": np.array([1, 300, 2])}, [COUNT], [3])
    torn = PackedOutcomes(group_sizes=[4], parts=whole.parts)
    with pytest.raises(DataError, match="words has 6 bytes, expected 1, 2 or 4 for each of 4 exam"):
        unpack_outcomes(torn, [COUNT])
