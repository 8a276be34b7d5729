"""One file into a training and a dev part, by whole articles.

Questions of one article are not independent, so no article may be on both sides. Which articles
make the dev part hangs on the file's articles and the number asked for alone.
"""

import numpy as np

from tuning_curves.util.errors import UsageError
from tuning_curves.tasks.question_answering.data import SquadData, article_sizes, parse_squad, to_squad

DEV_STREAM = 5  # apart from the streams of `subsets` and `training.schedule`
LEAST_ARTICLES = 3  # one each to train on, to choose the learning rate on, and to measure on


def split_articles(data: SquadData, dev_questions: int, source: str) -> dict[str, SquadData]:
    """Articles in a seeded order, until they hold so many questions, are `dev`; the rest `train`.

    Both keep the file's order.

    Raises:
        UsageError: too few articles, or no question left to train on; opens with `source`.
    """
    sizes = article_sizes(data)
    order = np.random.default_rng(DEV_STREAM).permutation(len(sizes))
    taken = int(np.searchsorted(np.cumsum(sizes[order]), dev_questions)) + 1
    if len(sizes) < LEAST_ARTICLES or taken > len(sizes) - 2:
        raise UsageError(
            f"{source}: {len(sizes)} articles with {sizes.sum()} questions, of which "
            f"{dev_questions} in whole articles were asked for as dev part: too few are left to "
            "train on and to choose learning rates on",
            fix="lower data.dev_from_train, give data.dev a file of its own, or divide the file "
            "into more articles: texts that do not belong together are articles of their own",
        )
    chosen = set(order[:taken].tolist())
    articles = to_squad(data)["data"]
    parts = {"train": lambda number: number not in chosen, "dev": lambda number: number in chosen}
    return {
        split: parse_squad(
            {"version": "1.1", "data": [a for i, a in enumerate(articles) if inside(i)]}, source
        )
        for split, inside in parts.items()
    }
