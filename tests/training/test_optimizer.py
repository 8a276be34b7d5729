import numpy as np
import pytest

from tuning_curves.training.optimizer import batches, rate_factor


def test_linear_rises_over_the_warm_up_and_falls_to_zero() -> None:
    factors = [rate_factor(step, 10, "linear", 0.2) for step in range(10)]
    assert factors[:2] == [pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert factors[2] == 1.0
    assert factors[9] == pytest.approx(1 / 8)
    assert rate_factor(10, 10, "linear", 0.2) == 0.0


def test_linear_without_warm_up_starts_at_the_full_rate() -> None:
    assert rate_factor(0, 10, "linear", 0.0) == 1.0


def test_constant_is_constant() -> None:
    assert {rate_factor(step, 7, "constant", 0.5) for step in range(7)} == {1.0}


def test_every_epoch_reads_every_question_once() -> None:
    taken = list(batches(10, 4, 6, seed=3))
    assert [len(batch) for batch in taken] == [4, 4, 2, 4, 4, 2]
    for epoch in (taken[:3], taken[3:]):
        assert sorted(np.concatenate(epoch)) == list(range(10))
    assert np.concatenate(taken[:3]).tolist() != np.concatenate(taken[3:]).tolist()


def test_steps_may_end_within_an_epoch() -> None:
    assert len(list(batches(10, 4, 4, seed=3))) == 4


def test_the_seed_decides_the_order() -> None:
    def flat(seed: int) -> list[int]:
        return np.concatenate(list(batches(50, 8, 7, seed))).tolist()

    assert flat(1) == flat(1)
    assert flat(1) != flat(2)
