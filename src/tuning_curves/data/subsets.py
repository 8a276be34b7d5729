"""Which questions train, which select the learning rate, and which are asked of a model.

Training subsets are nested: for one seed each is the first n of one permutation of the pool, the
same for every method, so that contrasts are paired. The validation split is made of whole
articles, since questions of one article are not independent. Each use draws from a stream of its
own, so that equal seeds do not tie two uses together.
"""

import numpy as np

from tuning_curves.tasks.question_answering.data import (
    SquadData,
    article_sizes,
    parse_squad,
    to_squad,
)
from tuning_curves.util.errors import UsageError

SELECTION_STREAM, SUBSET_STREAM, SAMPLE_STREAM = 1, 2, 3


def selection_articles(article_sizes: np.ndarray, questions: int, seed: int = 0) -> np.ndarray:
    """Articles to hold out: in a seeded order, until they hold at least `questions` questions.

    Args:
        article_sizes: questions of each article, int [articles].
        questions: the least number of questions to hold out; 0 holds out nothing.

    Returns:
        sorted article numbers, int64.

    Raises:
        UsageError: the split would leave no question to train on.
    """
    sizes = _sizes(article_sizes)
    _check_count(questions, "selection questions")
    order = _generator(SELECTION_STREAM, seed).permutation(len(sizes))
    taken = np.cumsum(sizes[order])
    count = 0 if questions == 0 else int(np.searchsorted(taken, questions)) + 1
    if count > 0 and (count > len(sizes) or taken[count - 1] == taken[-1]):
        raise UsageError(
            f"a validation split of {questions} questions in whole articles leaves none of the"
            f" {int(sizes.sum())} questions to train on",
            fix="ask for a smaller validation split, or use a larger data set",
        )
    return np.sort(order[:count])


def training_pool(article_sizes: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Question numbers outside the articles `held_out`: sorted int64."""
    return np.flatnonzero(~_inside(article_sizes, held_out))


def selection_pool(article_sizes: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Question numbers inside the articles `held_out`: sorted int64."""
    return np.flatnonzero(_inside(article_sizes, held_out))


def split_pools(article_sizes: np.ndarray, questions: int) -> tuple[np.ndarray, np.ndarray]:
    """The questions to train on, and those of the articles held out to choose learning rates on.

    Args:
        questions: the least number of questions to hold out.

    Returns:
        question numbers of either: sorted int64, together all of them.
    """
    held_out = selection_articles(article_sizes, questions)
    return training_pool(article_sizes, held_out), selection_pool(article_sizes, held_out)


def subset(pool: np.ndarray, n: int, seed: int) -> np.ndarray:
    """The first n of the seed's permutation of `pool`, in that order: int64 [n].

    Raises:
        UsageError: n is below 1 or beyond the pool.
    """
    if not 1 <= n <= len(pool):
        raise UsageError(
            f"a training subset of {n} questions was asked for; the pool outside the validation"
            f" split holds {len(pool)}",
            fix=f"keep the study's sizes within 1 and {len(pool)}, or make its validation split"
            " smaller",
        )
    return _generator(SUBSET_STREAM, seed).permutation(np.asarray(pool, np.int64))[:n]


def stratified_sample(
    article_sizes: np.ndarray, questions: int | None, seed: int = 0
) -> np.ndarray:
    """A fixed sample of questions, spread over the articles in proportion to their sizes.

    Shares are rounded by largest remainder (ties go to the earlier article); within an article
    the seed decides.

    Returns:
        sorted question numbers, int64 [questions]; all of them when `questions` is None.

    Raises:
        UsageError: `questions` is below 1 or more than there are.
    """
    sizes = _sizes(article_sizes)
    total = int(sizes.sum())
    if questions is None:
        return np.arange(total, dtype=np.int64)
    if not 1 <= questions <= total:
        raise UsageError(
            f"a sample of {questions} questions was asked for; the data holds {total}",
            fix=f"ask for 1 to {total} questions, or for all",
        )
    first = np.cumsum(sizes) - sizes
    generator = _generator(SAMPLE_STREAM, seed)
    quotas = _largest_remainder(sizes, questions)
    drawn = [
        start + generator.permutation(size)[:quota]
        for start, size, quota in zip(first, sizes, quotas, strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def _largest_remainder(sizes: np.ndarray, questions: int) -> np.ndarray:
    """Whole shares of `questions` in proportion to `sizes`, summing to it: int64 [articles]."""
    quotas, remainders = np.divmod(sizes * questions, sizes.sum())
    missing = questions - int(quotas.sum())
    quotas[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return quotas


def _inside(article_sizes: np.ndarray, articles: np.ndarray) -> np.ndarray:
    """Whether each question belongs to one of the articles: bool [questions]."""
    sizes = _sizes(article_sizes)
    chosen = np.zeros(len(sizes), bool)
    chosen[articles] = True
    return np.repeat(chosen, sizes)


def _sizes(article_sizes: np.ndarray) -> np.ndarray:
    sizes = np.asarray(article_sizes, np.int64)
    if sizes.ndim != 1 or sizes.size == 0 or (sizes < 0).any() or sizes.sum() == 0:
        raise UsageError(f"article sizes {article_sizes!r}, expected counts of questions")
    return sizes


def _check_count(count: int, what: str) -> None:
    if count < 0:
        raise UsageError(f"{count} {what}, expected 0 or more", fix="correct the study's number")


def _generator(stream: int, seed: int) -> np.random.Generator:
    if seed < 0:
        raise UsageError(f"seed {seed}, expected 0 or more", fix="use a seed of 0 or more")
    return np.random.default_rng([stream, seed])


DEV_STREAM = 5  # apart from the streams of `subsets` and `training.schedule`
LEAST_ARTICLES = 3  # one each to train on, to choose the learning rate on, and to measure on


def split_articles(data: SquadData, test_examples: int, source: str) -> dict[str, SquadData]:
    """Articles in a seeded order, until they hold so many questions, are `test`; the rest `train`.

    Both keep the file's order.

    Raises:
        UsageError: too few articles, or no question left to train on; opens with `source`.
    """
    sizes = article_sizes(data)
    order = np.random.default_rng(DEV_STREAM).permutation(len(sizes))
    taken = int(np.searchsorted(np.cumsum(sizes[order]), test_examples)) + 1
    if len(sizes) < LEAST_ARTICLES or taken > len(sizes) - 2:
        raise UsageError(
            f"{source}: {len(sizes)} articles with {sizes.sum()} questions, of which "
            f"{test_examples} in whole articles were asked for as test part: too few are left to "
            "train on and to choose learning rates on",
            fix="lower data.test_from_train, give data.test a file of its own, or divide the file "
            "into more articles: texts that do not belong together are articles of their own",
        )
    chosen = set(order[:taken].tolist())
    articles = to_squad(data)["data"]
    parts = {"train": lambda number: number not in chosen, "test": lambda number: number in chosen}
    return {
        split: parse_squad(
            {"version": "1.1", "data": [a for i, a in enumerate(articles) if inside(i)]}, source
        )
        for split, inside in parts.items()
    }
