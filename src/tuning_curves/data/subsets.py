"""Which examples train, which choose the learning rate, and which are tested.

Training subsets are nested: for one seed each is the first n of one permutation of the pool, the
same for every method, so that contrasts are paired. The validation split is made of whole
groups, since examples of one group are not independent. Each use draws from a stream of its
own (`util.streams`), so that equal seeds do not tie two uses together.
"""

import numpy as np

from tuning_curves.tasks.dataset import Dataset
from tuning_curves.util import streams
from tuning_curves.util.errors import UsageError


def validation_groups(group_sizes: np.ndarray, examples: int, seed: int = 0) -> np.ndarray:
    """Groups to hold out: in a seeded order, until they hold at least `examples` examples.

    Args:
        group_sizes: examples of each group, int [groups].
        examples: the least number of examples to hold out; 0 holds out nothing.

    Returns:
        sorted group numbers, int64.

    Raises:
        UsageError: the split would leave no example to train on.
    """
    sizes = _sizes(group_sizes)
    _check_count(examples, "validation examples")
    order = streams.stream(streams.VALIDATION, seed).permutation(len(sizes))
    taken = np.cumsum(sizes[order])
    count = 0 if examples == 0 else int(np.searchsorted(taken, examples)) + 1
    if count > 0 and (count > len(sizes) or taken[count - 1] == taken[-1]):
        raise UsageError(
            f"a validation split of {examples} examples in whole groups leaves none of the"
            f" {int(sizes.sum())} examples to train on",
            fix="ask for a smaller validation split, or use a larger data set",
        )
    return np.sort(order[:count])


def training_pool(group_sizes: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Example numbers outside the groups `held_out`: sorted int64."""
    return np.flatnonzero(~_inside(group_sizes, held_out))


def validation_pool(group_sizes: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Example numbers inside the groups `held_out`: sorted int64."""
    return np.flatnonzero(_inside(group_sizes, held_out))


def split_pools(group_sizes: np.ndarray, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """The examples to train on, and those of the groups held out to choose learning rates on.

    Args:
        examples: the least number of examples to hold out.

    Returns:
        example numbers of either: sorted int64, together all of them.
    """
    held_out = validation_groups(group_sizes, examples)
    return training_pool(group_sizes, held_out), validation_pool(group_sizes, held_out)


def subset(pool: np.ndarray, n: int, seed: int) -> np.ndarray:
    """The first n of the seed's permutation of `pool`, in that order: int64 [n].

    Raises:
        UsageError: n is below 1 or beyond the pool.
    """
    if not 1 <= n <= len(pool):
        raise UsageError(
            f"a training subset of {n} examples was asked for; the pool outside the validation"
            f" split holds {len(pool)}",
            fix=f"keep the study's sizes within 1 and {len(pool)}, or make its validation split"
            " smaller",
        )
    return streams.stream(streams.SUBSET, seed).permutation(np.asarray(pool, np.int64))[:n]


def stratified_sample(group_sizes: np.ndarray, examples: int | None, seed: int = 0) -> np.ndarray:
    """A fixed sample of examples, spread over the groups in proportion to their sizes.

    Shares are rounded by largest remainder (ties go to the earlier group); within a group
    the seed decides. Where there are more groups than examples are asked for, that would take the
    largest groups or, of equal ones, the first of the file, whose order may tell of the labels:
    there a seeded order of the groups is cut at equal distances.

    Returns:
        sorted example numbers, int64 [examples]; all of them when `examples` is None.

    Raises:
        UsageError: `examples` is below 1 or more than there are.
    """
    sizes = _sizes(group_sizes)
    total = int(sizes.sum())
    if examples is None:
        return np.arange(total, dtype=np.int64)
    if not 1 <= examples <= total:
        raise UsageError(
            f"a sample of {examples} examples was asked for; the data holds {total}",
            fix=f"ask for 1 to {total} examples, or for all",
        )
    first = np.cumsum(sizes) - sizes
    generator = streams.stream(streams.SAMPLE, seed)
    if len(sizes) > examples:
        quotas = _at_equal_distances(sizes, examples, generator.permutation(len(sizes)))
    else:
        quotas = _largest_remainder(sizes, examples)
    drawn = [
        start + generator.permutation(size)[:quota]
        for start, size, quota in zip(first, sizes, quotas, strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def _largest_remainder(sizes: np.ndarray, examples: int) -> np.ndarray:
    """Whole shares of `examples` in proportion to `sizes`, summing to it: int64 [groups]."""
    quotas, remainders = np.divmod(sizes * examples, sizes.sum())
    missing = examples - int(quotas.sum())
    quotas[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return quotas


def _at_equal_distances(sizes: np.ndarray, examples: int, order: np.ndarray) -> np.ndarray:
    """Shares below one apart from those in proportion, by systematic sampling: int64 [groups]."""
    quotas = np.empty_like(sizes)
    quotas[order] = np.diff(np.cumsum(sizes[order]) * examples // sizes.sum(), prepend=0)
    return quotas


def _inside(group_sizes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Whether each example belongs to one of the groups: bool [examples]."""
    sizes = _sizes(group_sizes)
    chosen = np.zeros(len(sizes), bool)
    chosen[groups] = True
    return np.repeat(chosen, sizes)


def _sizes(group_sizes: np.ndarray) -> np.ndarray:
    sizes = np.asarray(group_sizes, np.int64)
    if sizes.ndim != 1 or sizes.size == 0 or (sizes < 0).any() or sizes.sum() == 0:
        raise UsageError(f"group sizes {group_sizes!r}, expected counts of examples")
    return sizes


def _check_count(count: int, what: str) -> None:
    if count < 0:
        raise UsageError(f"{count} {what}, expected 0 or more", fix="correct the study's number")


LEAST_GROUPS = 3  # one each to train on, to choose the learning rate on, and to measure on


def split_groups(data: Dataset, test_examples: int, source: str) -> dict[str, Dataset]:
    """Groups in a seeded order, until they hold so many examples, are `test`; the rest `train`.

    Both keep the file's order.

    Raises:
        UsageError: too few groups, or no example left to train on; opens with `source`.
    """
    sizes = data.group_sizes
    order = streams.test_split_stream().permutation(len(sizes))
    taken = int(np.searchsorted(np.cumsum(sizes[order]), test_examples)) + 1
    if len(sizes) < LEAST_GROUPS or taken > len(sizes) - 2:
        raise UsageError(
            f"{source}: {len(sizes)} groups with {sizes.sum()} examples, of which "
            f"{test_examples} in whole groups were asked for as test part: too few are left to "
            "train on and to choose learning rates on",
            fix="lower data.test_from_train, give data.test a file of its own, or divide the file "
            "into more groups: texts that do not belong together are groups of their own",
        )
    test = set(order[:taken].tolist())
    train = set(range(len(sizes))) - test
    return {"train": data.select(train, source), "test": data.select(test, source)}
