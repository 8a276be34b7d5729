"""Two one-sided tests, by the t distribution's own table."""

import numpy as np
import pytest
from scipy import stats

from tuning_curves.analysis.statistics import Estimate, equivalence_p, not_worse_p
from tuning_curves.util.errors import UsageError


def test_p_is_the_larger_of_two_one_sided_ones() -> None:
    # difference 0.4, error 0.5, 10 degrees: t = 2.8 above -1, t = 1.2 below +1
    difference = Estimate(value=0.4, error=0.5, freedom=10)
    assert equivalence_p(difference, 1.0) == pytest.approx(stats.t.sf(1.2, 10))
    assert not_worse_p(difference, 1.0) == pytest.approx(stats.t.sf(2.8, 10))


def test_equivalent_at_five_percent_is_a_ninety_percent_interval_within_the_margin() -> None:
    for value in np.linspace(-1.2, 1.2, 41):
        difference = Estimate(value=float(value), error=0.3, freedom=7)
        low, high = difference.interval(0.90)
        assert (equivalence_p(difference, 1.0) < 0.05) == (low > -1.0 and high < 1.0)


def test_no_difference_seen_is_not_equivalence() -> None:
    wide = Estimate(value=0.0, error=3.0, freedom=5)
    assert wide.p_value() == 1.0
    assert equivalence_p(wide, 1.0) > 0.3


def test_without_an_error_there_is_no_p() -> None:
    assert np.isnan(equivalence_p(Estimate(value=0.0, error=np.nan), 1.0))


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan")])
def test_a_margin_must_be_positive(margin: float) -> None:
    with pytest.raises(UsageError, match="expected more than 0 percent points"):
        equivalence_p(Estimate(value=0.0, error=1.0, freedom=5), margin)
