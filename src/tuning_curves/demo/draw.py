"""Random draws that are the same on every platform and Python version.

The standard library promises that only for `random()`; here every draw is read off SHA-256 of a
label and a counter. A child stream depends on its labels alone, not on what was drawn before.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A stream of draws, named by its labels."""

    def __init__(self, *labels: str | int) -> None:
        self._label = "/".join(map(str, labels))
        self._count = 0

    def child(self, *labels: str | int) -> "Draw":
        """A stream of its own under this one's name."""
        return Draw(self._label, *labels)

    def below(self, bound: int) -> int:
        """A whole number in 0 to bound - 1; the bias of the remainder is below bound / 2**64."""
        text = f"{self._label}#{self._count}".encode()
        self._count += 1
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % bound

    def between(self, low: int, high: int) -> int:
        """A whole number in low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred draws."""
        return self.below(100) < percent

    def choose(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All options in a new order (Fisher and Yates)."""
        order = list(options)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order
