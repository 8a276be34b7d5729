"""How trainings went: the loss and the validation score against the step, as means over seeds.

A record keeps the mean loss of each stretch of steps, and the validation score at a few points; an
older record has no such points. A training whose loss ends where it began says nothing about its
method: its schedule ended on the plateau.
"""

import pandas as pd

from tuning_curves.analysis.runs import GROUP, Runs, finished


def summarise_training(runs: Runs, chosen: pd.DataFrame) -> pd.DataFrame:
    """One row per budget, method, size and step at which something was measured.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`; one that diverged takes no part.

    Returns:
        `loss` in nats, the mean over the stretch of steps that ends there; `validation_score` in
        percent; means over the `seeds` that were measured there. NaN where none was.
    """
    measured = finished(chosen)[[*GROUP, "id"]].merge(runs.training, on="id")
    places = measured.groupby([*GROUP, "step"])
    means = places[["loss", "validation_score"]].mean()
    return means.assign(seeds=places["id"].nunique()).reset_index()
