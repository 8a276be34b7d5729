"""What each method costs at its chosen rate: time and memory, and its time beside `full`'s.

Seconds are medians over the runs that finished, since a shared machine disturbs single runs and
always upwards. Bytes are the largest of those runs, operations and tokens of a step the median. A
time is compared only with `full` at the same size and budget on the same device.
"""

import numpy as np
import pandas as pd

from tuning_curves.analysis.runs import BYTES, GROUP, MEASURED, finished

REFERENCE = "full"
PER_STEP = "seconds_per_step"
KEPT = ("activation", "gradient")
COUNTED = ["step_tokens", "flops_per_step"]


def summarise_costs(chosen: pd.DataFrame) -> pd.DataFrame:
    """A row a budget, method and size with a run that finished.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    grouped = finished(chosen).groupby(GROUP)
    largest = [*BYTES, *(name for name in MEASURED if name.startswith(KEPT))]
    costs = grouped[["steps", PER_STEP, "train_seconds", *COUNTED]].median()
    costs[largest] = grouped[largest].max()
    costs["device"] = grouped["device"].agg(lambda names: " + ".join(sorted(set(names))))
    costs = costs.reset_index()
    reference = costs.loc[costs["method"] == REFERENCE, ["budget", "n_train", "device", PER_STEP]]
    joined = costs.merge(
        reference, on=["budget", "n_train"], how="left", suffixes=("", "_reference")
    )
    ratio = joined[PER_STEP] / joined[f"{PER_STEP}_reference"]
    same = joined["device"] == joined["device_reference"]
    return joined.assign(step_time_ratio=np.where(same, ratio, np.nan))
