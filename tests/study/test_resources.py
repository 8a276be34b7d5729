from tuning_curves.study.resources import memory_mb, minutes

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
