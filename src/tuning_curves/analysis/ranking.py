"""Which method is best at a size under a budget, and which ones cannot be told from it.

The best one has the highest mean score on the test set among the methods with enough seeds for a
difference to count (among all, where none has). Every other method is set against it by the
paired difference that contrasts use, and its p-values are corrected after Holm over the methods of
a place: what is decided to be below stands apart, all else is tied with the best.
"""

from collections.abc import Iterator
from typing import Any, cast

import pandas as pd

from tuning_curves.analysis.comparisons import (
    LEAST_PAIRS,
    columns_of,
    correct_families,
    difference_of,
)
from tuning_curves.analysis.pairs import find_pairs
from tuning_curves.analysis.runs import Runs, finished
from tuning_curves.study.config import StudyConfig

PLACE = ["budget", "n_train"]


def rank_methods(runs: Runs, chosen: pd.DataFrame, study: StudyConfig) -> pd.DataFrame:
    """One row per budget, size and method, of the study's metric: the method minus the best one.

    The best one's own row has no difference; a method without a run of one of its seeds has none
    either.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    rows = []
    for place, own in finished(chosen).groupby(PLACE):
        budget, n = cast(tuple[str, int], place)
        scores = own.groupby("method")["test_score"].agg(["mean", "size"])
        order = [name for name in study.method_names if name in scores.index]
        enough = scores["size"] >= LEAST_PAIRS
        best = str(scores.loc[order, "mean"].where(enough | ~enough.any()).idxmax())
        rows += list(_rows(runs, own, {"budget": budget, "n_train": n, "best": best}, order, study))
    return correct_families(pd.DataFrame(rows), PLACE)


def _rows(
    runs: Runs, own: pd.DataFrame, place: dict[str, Any], methods: list[str], study: StudyConfig
) -> Iterator[dict[str, Any]]:
    """The rows of one place."""
    for method in methods:
        row = place | {"method": method, "pairs": 0, "metric": runs.metric.name}
        at = (place["budget"], place["n_train"])
        pairs = find_pairs(own, method, place["best"]).get(at) if method != place["best"] else None
        if pairs is None:
            yield row | dict.fromkeys(("difference", "low", "high", "p"))
            continue
        difference = difference_of(runs, pairs, runs.metric, study.analysis)
        found = columns_of(difference, runs.metric, study.analysis.confidence)
        yield row | found | {"pairs": len(pairs.seeds)}
