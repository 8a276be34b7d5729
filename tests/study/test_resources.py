from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.families.base import EncoderShape
from tuning_curves.study.paths import StudyPaths
from tuning_curves.study.resources import longer_than_said, memory_mb, minutes, pass_mb

MINILM, BERT_BASE, BERT_LARGE = 90_000_000, 433_000_000, 1_340_000_000  # bytes of weights


def test_memory_covers_what_was_measured_and_grows_with_the_encoder() -> None:
    assert memory_mb(BERT_BASE) == 3_000 + 13 * 433
    assert memory_mb(BERT_BASE) > 5_734  # peak while BERT-base resumed; no windows were kept
    assert memory_mb(MINILM) == 3_000 + 3_072  # what is kept of frozen parts is more than copies
    assert memory_mb(BERT_LARGE) == 3_000 + 13 * 1_340


def test_time_grows_with_the_work_and_the_encoder() -> None:
    assert minutes(1_000_000, BERT_BASE) == 30 + 108
    assert minutes(4_000_000, MINILM) == 30 + 90
    assert minutes(30, MINILM) == 30


def minilm_shape() -> EncoderShape:
    sizes = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12}
    sizes |= {"intermediate_size": 1_536, "vocab_size": 30_522, "max_position_embeddings": 512}
    return find_family("bert").shape(sizes | {"type_vocab_size": 2})


def test_a_pass_takes_memory_by_its_tokens_and_never_more_than_a_step_has(make_study: Any) -> None:
    short, long = (
        make_study(
            {
                "windows": {"max_length": 384, "stride": 128},
                "training": {"batch_size": 4, "pass_tokens": 16_384},
                "execution": {"example_windows": windows},
            }
        )
        for windows in (1, 56)
    )
    assert (short.tokens_together, long.tokens_together) == (4 * 384, 16_384)
    assert pass_mb(short, minilm_shape()) < 500
    peak, without = 4_314, 780  # MB: `full` on four texts of 10,000 words; libraries and 4 copies
    assert peak - without < pass_mb(long, minilm_shape()) < 1.2 * (peak - without)
    whole = make_study({"windows": {"max_length": 384}, "training": {"pass_tokens": 100}})
    assert whole.tokens_together == 384  # a window is not cut


def test_work_counts_windows(make_study: Any) -> None:
    one, many = (make_study({"execution": {"example_windows": n}}) for n in (1, 5))
    assert make_study().chunks == one.chunks
    for planned in one.unique:
        assert many.passes(planned.run) == pytest.approx(5 * one.passes(planned.run), abs=5)
    assert [p.id for p in many.unique] == [p.id for p in one.unique]


def test_longer_examples_than_the_study_says_are_told_with_the_key(
    make_study: Any, tmp_path: Path
) -> None:
    study = make_study()
    assert longer_than_said(study, tmp_path) is None  # no windows yet
    folder = StudyPaths(study, tmp_path).windows / "train"
    folder.mkdir(parents=True)
    np.save(folder / "window_bounds.npy", np.array([0, 1, 3, 4]))
    assert longer_than_said(study, tmp_path) is None
    np.save(folder / "window_bounds.npy", np.array([0, 50, 110]))
    told = longer_than_said(study, tmp_path) or ""
    assert "55.0 windows" in told and "reckons with 1" in told
    assert "execution.example_windows to 55" in told
    assert longer_than_said(make_study({"execution": {"example_windows": 55}}), tmp_path) is None
