"""Where a study's numbers come from: each value of device, versions and commit, with its cells."""

import pandas as pd

from tuning_curves.analysis.runs import EXTRA, MEASURED, PROVENANCE

KEYS = [*PROVENANCE, *(name for name in EXTRA if name not in MEASURED)]


def summarise_provenance(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a key and value: how many cells have it. A cell of two budgets counts once."""
    cells = frame.drop_duplicates("id")
    rows = [
        {"key": key, "value": value, "cells": int(count)}
        for key in KEYS
        for value, count in cells[key].value_counts().sort_index().items()
    ]
    return pd.DataFrame(rows, columns=["key", "value", "cells"])
