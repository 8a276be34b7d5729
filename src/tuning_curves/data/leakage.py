"""What is measured must not have been trained on: groups and their texts stand once.

Whole groups are set aside to choose learning rates on and to measure on, and intervals are
drawn over groups. A group that stands in two places, under its name or as a text of another one,
may be on both sides, and would make the results better than they are. Names and texts are compared
whatever their white space and Unicode form.
"""

import unicodedata
from collections.abc import Mapping

from tuning_curves.tasks.base import Nouns
from tuning_curves.tasks.dataset import Dataset
from tuning_curves.util.errors import DataError, quoted

FIX_NAME = (
    "write all texts of a group under one entry of its name, give other groups names of their own, "
    "and keep whole groups on one side"
)
FIX_TEXT = (
    "keep a text in one group, and a group on one side; `data.duplicates: drop` leaves such a text "
    "out of the training part"
)


def check_leakage(
    splits: Mapping[str, Dataset], name: str, nouns: Nouns, *, texts_too: bool = True
) -> None:
    """Check that no name and no text belongs to two groups, in one part or in two.

    Args:
        splits: the parts of one data set.
        name: the data set's, which opens the message.
        nouns: what the task calls its groups.
        texts_too: False where the study has texts that stand twice dropped or kept.

    Raises:
        DataError: two groups share a name or a text; the message names both places.
    """
    _check_names(splits, name, nouns)
    texts: dict[str, tuple[str, int]] = {}  # text -> part and group
    for split, data in splits.items() if texts_too else ():
        for text, group in data.texts():
            there = texts.setdefault(plain(text), (split, group))
            if there != (split, group):
                places = [
                    _place(part, splits[part].group_names[g]) for part, g in (there, (split, group))
                ]
                raise DataError(
                    f"{name}: the text {quoted(text)} stands in two {nouns.groups}, "
                    f"{' and '.join(places)}",
                    fix=_in_words(FIX_TEXT, nouns),
                )


def _check_names(splits: Mapping[str, Dataset], name: str, nouns: Nouns) -> None:
    names: dict[str, str] = {}  # name -> part
    for split, data in splits.items():
        for group in filter(None, data.group_names):
            there = names.get(plain(group))
            if there is not None:
                where = f"one in {there} and one in {split}"
                where = f"both in {split}" if there == split else where
                raise DataError(
                    f"{name}: two {nouns.groups} have the name {quoted(group)}, {where}",
                    fix=_in_words(FIX_NAME, nouns),
                )
            names[plain(group)] = split


def plain(text: str) -> str:
    """A text in Unicode's composed form, with one blank for each stretch of white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def count_alike(splits: Mapping[str, Dataset]) -> int:
    """Training texts that stand in the test part too, but for white space or Unicode form."""
    tested = {plain(text) for text, _ in splits["test"].texts()}
    return sum(plain(text) in tested for text, _ in splits["train"].texts())


def _in_words(fix: str, nouns: Nouns) -> str:
    return fix.replace("groups", nouns.groups).replace("a group", f"one {nouns.group}")


def _place(split: str, group: str) -> str:
    return f"{quoted(group)} ({split})" if group else f"one of {split}"
