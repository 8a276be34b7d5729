"""How many parameters each method trains: one row a method, the same in all of its runs."""

import pandas as pd

from tuning_curves.analysis.runs import COUNTS
from tuning_curves.util.errors import DataError


def count_parameters(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a method: trained parameters of encoder, added modules and head; total; share.

    Raises:
        DataError: runs of one method that disagree, as after a change of its code.
    """
    counts = frame[["method", *COUNTS]].drop_duplicates()
    twice = counts.loc[counts["method"].duplicated(), "method"]
    if len(twice):
        rows = counts.loc[counts["method"] == twice.iloc[0], COUNTS[:4]]
        raise DataError(
            f"runs of {twice.iloc[0]} disagree on their parameter counts: "
            f"{rows.iloc[0].to_dict()} and {rows.iloc[1].to_dict()}",
            fix="delete the older of these records and train their cells again",
        )
    return counts.reset_index(drop=True)
