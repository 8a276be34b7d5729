"""Subsets: nested, drawn by their seed alone, and apart from the validation split."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning_curves.data.subsets import (
    stratified_sample,
    subset,
    training_pool,
    validation_groups,
    validation_pool,
)
from tuning_curves.util.errors import UsageError

SIZES = np.array([30, 50, 10, 5, 25, 40])  # 160 questions
SIZE_LISTS = st.lists(st.integers(0, 60), min_size=1, max_size=12).filter(any)


def test_a_smaller_subset_is_the_beginning_of_a_larger_one() -> None:
    pool = np.arange(100, 900, 2)
    largest = subset(pool, 400, seed=3)
    for n in (1, 5, 250):
        assert np.array_equal(subset(pool, n, seed=3), largest[:n])
    assert sorted(largest) == list(pool)


def test_the_seed_decides_a_subset_and_nothing_else_does() -> None:
    pool = np.arange(1000)
    np.random.seed(1)  # noqa: NPY002 - the global state must not matter
    first = subset(pool, 50, seed=0)
    np.random.seed(2)  # noqa: NPY002
    assert np.array_equal(subset(pool, 50, seed=0), first)
    assert not np.array_equal(subset(pool, 50, seed=1), first)
    assert len(set(first)) == 50
    assert first.dtype == np.int64


def test_a_subset_is_not_sorted_nor_taken_from_one_place() -> None:
    """The mean of 200 of 0..999 is 499.5 with a deviation of 18.3: within four of them."""
    drawn = subset(np.arange(1000), 200, seed=0)
    assert abs(drawn.mean() - 499.5) < 73
    assert not np.array_equal(drawn, np.sort(drawn))


@pytest.mark.parametrize("n", [0, -1, 11])
def test_a_subset_beyond_the_pool_is_refused(n: int) -> None:
    with pytest.raises(UsageError) as caught:
        subset(np.arange(10), n, seed=0)
    assert str(caught.value) == (
        f"a training subset of {n} examples was asked for; the pool outside the validation split "
        "holds 10\nfix: keep the study's sizes within 1 and 10, or make its validation split "
        "smaller"
    )


@pytest.mark.parametrize(
    "draw",
    [
        lambda: subset(np.arange(10), 2, seed=-1),
        lambda: validation_groups(SIZES, 20, seed=-1),
        lambda: stratified_sample(SIZES, 20, seed=-1),
    ],
)
def test_a_negative_seed_is_refused(draw: Callable[[], object]) -> None:
    with pytest.raises(UsageError, match="seed -1, expected 0 or more"):
        draw()


@settings(max_examples=60)
@given(SIZE_LISTS, st.integers(1, 100), st.integers(0, 5))
def test_validation_and_training_share_no_group(sizes: list[int], wanted: int, seed: int) -> None:
    try:
        held_out = validation_groups(np.array(sizes), wanted, seed)
    except UsageError as error:
        assert "leaves none of the" in str(error)
        return
    validation = validation_pool(np.array(sizes), held_out)
    training = training_pool(np.array(sizes), held_out)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    assert sorted([*validation, *training]) == list(range(sum(sizes)))
    assert not set(owner[validation]) & set(owner[training])
    assert len(validation) >= wanted
    assert len(training) >= 1
    assert np.array_equal(held_out, np.unique(held_out))


def test_the_validation_split_stops_when_it_has_enough() -> None:
    """Without the article taken last it would be too small: one of those held out is needed."""
    for seed in range(10):
        held_out = validation_groups(SIZES, 60, seed)
        total = SIZES[held_out].sum()
        assert total >= 60
        assert (total - SIZES[held_out] < 60).any()


def test_the_seed_decides_the_validation_split() -> None:
    splits = {tuple(validation_groups(SIZES, 60, seed)) for seed in range(20)}
    assert len(splits) > 5
    assert np.array_equal(validation_groups(SIZES, 60, 4), validation_groups(SIZES, 60, 4))


def test_no_validation_examples_hold_out_nothing() -> None:
    held_out = validation_groups(SIZES, 0)
    assert len(held_out) == 0
    assert np.array_equal(training_pool(SIZES, held_out), np.arange(160))
    assert len(validation_pool(SIZES, held_out)) == 0


def test_pools_by_hand() -> None:
    held_out = np.array([1, 3])
    assert validation_pool(np.array([2, 3, 1, 1]), held_out).tolist() == [2, 3, 4, 6]
    assert training_pool(np.array([2, 3, 1, 1]), held_out).tolist() == [0, 1, 5]


@pytest.mark.parametrize("questions", [160, 161, 10_000])
def test_a_validation_split_that_takes_all_is_refused(questions: int) -> None:
    with pytest.raises(UsageError) as caught:
        validation_groups(SIZES, questions)
    assert str(caught.value) == (
        f"a validation split of {questions} examples in whole groups leaves none of the 160 "
        "examples to train on\n"
        "fix: ask for a smaller validation split, or use a larger data set"
    )


def test_a_negative_validation_split_is_refused() -> None:
    with pytest.raises(UsageError, match="-5 validation examples, expected 0 or more"):
        validation_groups(SIZES, -5)


@pytest.mark.parametrize("sizes", [[], [0, 0], [3, -1], [[1, 2]]])
def test_sizes_that_are_no_counts_are_refused(sizes: list[int]) -> None:
    with pytest.raises(UsageError, match="expected counts of examples"):
        stratified_sample(np.array(sizes), 1)


@settings(max_examples=60)
@given(SIZE_LISTS, st.data())
def test_a_sample_is_spread_in_proportion(sizes: list[int], data: st.DataObject) -> None:
    """Each article's share is its exact share, rounded down or up."""
    total = sum(sizes)
    wanted = data.draw(st.integers(1, total))
    drawn = stratified_sample(np.array(sizes), wanted, seed=data.draw(st.integers(0, 3)))
    assert len(drawn) == len(set(drawn.tolist())) == wanted
    assert np.array_equal(drawn, np.sort(drawn))
    owner = np.repeat(np.arange(len(sizes)), sizes)
    shares = np.bincount(owner[drawn], minlength=len(sizes))
    exact = wanted * np.array(sizes) / total
    assert (np.abs(shares - exact) < 1).all()


def test_shares_by_hand() -> None:
    """10 of 20 + 30 + 7: 3.51, 5.26 and 1.23, so 3, 5, 1, and one more for the largest rest."""
    drawn = stratified_sample(np.array([20, 30, 7]), 10)
    assert np.histogram(drawn, [0, 20, 50, 57])[0].tolist() == [4, 5, 1]


def test_a_tie_goes_to_the_earlier_article() -> None:
    drawn = stratified_sample(np.array([5, 5, 5, 5]), 6)
    assert [number // 5 for number in drawn] == [0, 0, 1, 1, 2, 3]


def test_a_sample_of_more_groups_than_it_has_examples_comes_from_the_whole_file() -> None:
    """Not its first texts, which may be all of one label, and not its largest groups alone."""
    alone = stratified_sample(np.ones(1000, int), 500)
    assert 200 < (alone < 500).sum() < 300  # 250 expected, with a standard deviation of 8
    mixed = np.repeat([1, 3], 500)  # 2,000 examples, 1,500 of them in groups of three
    counts = [(stratified_sample(mixed, 100, seed) < 500).sum() for seed in range(50)]
    assert 22 < np.mean(counts) < 28  # 25 expected


def test_the_seed_decides_which_questions_are_sampled() -> None:
    first = stratified_sample(SIZES, 40, seed=0)
    assert np.array_equal(stratified_sample(SIZES, 40, seed=0), first)
    assert not np.array_equal(stratified_sample(SIZES, 40, seed=1), first)


def test_all_questions_on_request() -> None:
    assert np.array_equal(stratified_sample(SIZES, None), np.arange(160))
    assert np.array_equal(stratified_sample(SIZES, 160), np.arange(160))


@pytest.mark.parametrize("questions", [0, -1, 161])
def test_a_sample_beyond_the_data_is_refused(questions: int) -> None:
    with pytest.raises(UsageError) as caught:
        stratified_sample(SIZES, questions)
    assert str(caught.value) == (
        f"a sample of {questions} examples was asked for; the data holds 160\n"
        "fix: ask for 1 to 160 examples, or for all"
    )


def test_equal_seeds_do_not_tie_two_uses_together() -> None:
    """A subset of one article's questions is not what a sample of the same size draws."""
    sizes = np.array([1000])
    drawn = subset(np.arange(1000), 100, seed=0)
    sampled = stratified_sample(sizes, 100, seed=0)
    assert len(set(drawn) & set(sampled)) < 30  # 10 expected by chance
