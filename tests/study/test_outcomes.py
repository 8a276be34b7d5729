"""Outcomes of questions, packed for a record and unpacked again."""

import base64
import zlib
from typing import Any

import numpy as np
import pytest

from tuning_curves.study.outcomes import F1_ROUNDING, decode_outcomes, encode_outcomes
from tuning_curves.util.errors import DataError

EXACT = np.array([True, False, True, True, False, False, True, False, True, False, False])
F1 = np.array([1, 0, 1, 1, 0.4, 0.5, 1, 2 / 3, 1, 0, 0.25])
SIZES = [4, 1, 6]


def test_what_was_packed_comes_back() -> None:
    found = decode_outcomes(encode_outcomes(EXACT, F1, SIZES))
    assert found.exact.tolist() == EXACT.tolist()
    assert found.article_sizes.tolist() == SIZES
    assert np.abs(found.f1 - F1).max() <= F1_ROUNDING + 1e-7  # of float32
    assert found.f1[[0, 1]].tolist() == [1.0, 0.0]


def test_packed_form_is_the_one_that_the_record_promises() -> None:
    packed = encode_outcomes(EXACT, F1, SIZES)
    # 1011 0010 and 100 padded: 178 and 128
    assert list(base64.b64decode(packed["exact"])) == [178, 128]
    levels = list(zlib.decompress(base64.b64decode(packed["f1"])))
    assert levels == [255, 0, 255, 255, 102, 128, 255, 170, 255, 0, 64]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"article_sizes": [4, 1, 20]}, "outcomes.exact has 2 bytes, expected 4 for 25 questions"),
        ({"article_sizes": [4, 1, 7]}, "outcomes.f1 has 11 questions, expected 12"),
        ({"article_sizes": []}, "outcomes.article_sizes is [], expected a list of positive counts"),
        ({"article_sizes": None}, "outcomes.article_sizes is None"),
        ({"exact": "not*base64"}, "outcomes.exact is not base64"),
        ({"exact": None}, "outcomes.exact has 0 bytes, expected 2"),
        ({"f1": base64.b64encode(b"torn").decode()}, "outcomes.f1 does not decompress"),
    ],
)
def test_damage_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        decode_outcomes(encode_outcomes(EXACT, F1, SIZES) | change)
    assert message in str(caught.value)


def test_packing_refuses_what_it_could_not_keep() -> None:
    with pytest.raises(DataError, match="11 exact matches, 11 F1 scores, 12 questions in articles"):
        encode_outcomes(EXACT, F1, [5, 7])
    with pytest.raises(DataError, match="F1 score outside of 0 to 1"):
        encode_outcomes(EXACT, np.where(EXACT, np.nan, F1), SIZES)
