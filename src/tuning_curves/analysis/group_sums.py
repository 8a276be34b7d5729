"""Each group's sum of a metric: all that intervals need of a run's outcomes.

For a mean it is the sum of its part over the group's examples, and the metric is their total over
the number N of examples. A metric that is no mean has no such sums: Matthews' correlation of a
group is not what the group adds to it. It gets pseudo-sums that have the two properties on which
`statistics` rests.

Let f be the run's value, a smooth function of the totals T of the metric's sums (`tasks.metrics`),
n_g and t_g the examples and sums of group g, and psi_g = f'(T) t_g the derivative of f in the
group's direction. To first order, a sample with weights w_g on its groups, 1 on average, has

    f(sum w_g t_g)  ~  f + sum (w_g - 1) psi_g,

so that f varies as the total of the psi_g does: the delta method, or infinitesimal jackknife. Now

    y_g = f n_g + N psi_g

sums to N f, because the psi_g sum to 0 (f knows shares alone; Euler). And the ratio that
`statistics` forms in a sample, sum w_g y_g over sum w_g n_g, has the linear part
sum (w_g - 1) (y_g - f n_g) / N = sum (w_g - 1) psi_g: the metric's own. So errors, pairs, contrasts
and bootstrap draws take pseudo-sums as they take sums. Of a mean, t_g / N has psi_g =
(t_g - f n_g) / N, and y_g is t_g itself.

It is a linearisation: what the metric's curvature adds, and a bias of the order 1 / N, are left
out. docs/coverage.md has what that costs.
"""

from collections.abc import Mapping

import numpy as np

from tuning_curves.study.outcomes import Outcomes
from tuning_curves.tasks.metrics import Mean, Metric


def sum_groups(outcomes: Outcomes, metric: Metric, score: Mapping[str, float]) -> np.ndarray:
    """A metric's sum, or pseudo-sum, over each group: float64 [G].

    Args:
        score: the run's own, by which rounded shares are corrected.
    """
    if isinstance(metric, Mean):
        return _plain(outcomes, metric.part, score)
    sums = add_by_group(metric.sums(outcomes.parts), outcomes.group_sizes)
    return pseudo_sums(metric, sums, outcomes.group_sizes)


def _plain(outcomes: Outcomes, part: str, score: Mapping[str, float]) -> np.ndarray:
    """A part's sums, brought to the run's own total.

    Shares are kept to 1/255: without that, 0.5 would read 0.502.
    """
    values = outcomes.parts[part]
    sums = add_by_group(values.astype(np.float64), outcomes.group_sizes)
    if values.dtype == np.float32 and sums.sum() > 0:
        sums *= score[part] / sums.sum()
    return sums


def add_by_group(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Sums [G, ...] over the examples [E, ...] of each group, which lie side by side."""
    if len(sizes) == len(values):
        return values  # each example is its own group
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return np.add.reduceat(values, starts)


def pseudo_sums(metric: Metric, sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """y_g of the module's text, [G], from a run's sums [G, M] and its groups' sizes [G]."""
    totals = sums.sum(axis=0)
    return float(metric.value(totals)) * sizes + sizes.sum() * metric.influence(totals, sums)
