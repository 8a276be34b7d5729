"""What files of a word a line share: sentences that end at blank lines, and documents."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Sentence:
    """Words and labels under construction."""

    where: str = ""
    words: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def add(self, word: str, label: str, where: str) -> None:
        """One word more."""
        self.where = self.where or where
        self.words.append(word)
        self.labels.append(label)

    def row(self, group: str | None) -> tuple[str, dict[str, object]]:
        """The finished sentence, with the place where it begins."""
        row: dict[str, object] = {"words": self.words, "labels": self.labels}
        return self.where, row if group is None else {**row, "group": group}


def numbered(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Lines with their places; a carriage return before a line's end belongs to it."""
    for number, line in enumerate(text.split("\n"), 1):  # words may hold Unicode's own line ends
        yield f"{name}: line {number}", line.removesuffix("\r")
