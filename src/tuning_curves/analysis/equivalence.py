"""Two one-sided tests: is a difference so small that two methods count as equally good?

A difference that is not significant is no sign of equality; these tests reject "at least
`margin` apart" (Schuirmann, 1987). The margin is set before the runs. Equivalent at `alpha` is
the same as the interval of level 1 - 2 alpha lying within plus and minus the margin.
"""

from tuning_curves.analysis.statistics import Estimate
from tuning_curves.util.errors import UsageError


def equivalence_p(difference: Estimate, margin: float) -> float:
    """The p-value of "the difference is at least `margin` percent points, one way or the other".

    NaN where the difference has no standard error.

    Raises:
        UsageError: a margin that is not above 0.
    """
    _check_margin(margin)
    at_most, _ = difference.tails(-margin)
    _, at_least = difference.tails(margin)
    return max(at_most, at_least)


def not_worse_p(difference: Estimate, margin: float) -> float:
    """The p-value of "the first method is worse than the second by at least `margin` points"."""
    _check_margin(margin)
    return difference.tails(-margin)[0]


def _check_margin(margin: float) -> None:
    if not margin > 0:
        raise UsageError(
            f"the margin of equivalence is {margin!r}, expected more than 0 percent points",
            fix="state the largest difference that does not matter, such as 1.0",
        )
