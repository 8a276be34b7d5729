"""What is measured must not have been trained on: articles and contexts stand once.

Whole articles are set aside to choose learning rates on and to measure on, and intervals are
drawn over articles. An article that stands in two places, under its title or as a paragraph of
another one, may be on both sides, and would make the results better than they are.
"""

from collections.abc import Mapping

from tuning_curves.tasks.question_answering.data import SquadData
from tuning_curves.util.errors import DataError, quoted

FIX_TITLE = (
    "write all paragraphs of an article under one entry of its title, give other articles titles "
    "of their own, and keep whole articles on one side"
)
FIX_CONTEXT = "keep a paragraph in one article, and an article on one side"


def check_leakage(splits: Mapping[str, SquadData], name: str) -> None:
    """Check that no title and no context belongs to two articles, in one split or in two.

    Args:
        splits: the parts of one data set.
        name: the data set's, which opens the message.

    Raises:
        DataError: two articles share a title or a context; the message names both places.
    """
    titles: dict[str, str] = {}  # title -> split
    contexts: dict[str, tuple[str, str]] = {}  # context -> split and title
    for split, data in splits.items():
        for title in data.titles:
            if title in titles:
                where = f"one in {titles[title]} and one in {split}"
                where = f"both in {split}" if titles[title] == split else where
                raise DataError(
                    f"{name}: two articles have the title {quoted(title)}, {where}", fix=FIX_TITLE
                )
            titles[title] = split
        for context, article in zip(data.contexts, data.paragraph_article, strict=True):
            here = (split, data.titles[article])
            there = contexts.setdefault(context, here)
            if there != here:
                raise DataError(
                    f"{name}: the context {quoted(context)} stands in two articles, "
                    f"{_place(there)} and {_place(here)}",
                    fix=FIX_CONTEXT,
                )


def _place(place: tuple[str, str]) -> str:
    split, title = place
    return f"{quoted(title)} ({split})"
