"""Which biases move, and which get a gradient: means by term and layer, as in BitFit's Figure 1.

`change` is the mean absolute difference of a bias from its pre-trained value after training, and
`first_gradient` the mean absolute gradient of the first batch, before clipping. A record
from before these were measured has no row here.
"""

import numpy as np
import pandas as pd

from tuning_curves.analysis.runs import GROUP, Runs, finished

VALUES = ["change", "first_gradient"]


def summarise_biases(runs: Runs, chosen: pd.DataFrame) -> pd.DataFrame:
    """One row per budget, method, size, term and layer: means over the seeds that finished.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    joined = finished(chosen)[[*GROUP, "id"]].merge(runs.biases, on="id", validate="many_to_many")
    order = {term: place for place, term in enumerate(dict.fromkeys(runs.biases["term"]))}
    means = joined.groupby([*GROUP, "term", "layer"])[VALUES].mean().reset_index()
    return means.sort_values(
        [*GROUP, "term", "layer"],
        key=lambda column: column.map(order) if column.name == "term" else column,
        ignore_index=True,
    )


def by_run(runs: Runs, chosen: pd.DataFrame, method: str, value: str) -> pd.DataFrame:
    """One method's runs with the mean over layers of each term: columns are terms.

    The index is budget, size, seeds and id. A run with a missing value in a term has NaN there.
    """
    own = finished(chosen).loc[chosen["method"] == method]
    key = ["budget", "n_train", "subset_seed", "init_seed", "id"]
    joined = own[key].merge(runs.biases, on="id")
    means = joined.groupby([*key, "term"])[value].agg(lambda layers: layers.mean(skipna=False))
    return means.unstack("term") if len(means) else pd.DataFrame(dtype=np.float64)
