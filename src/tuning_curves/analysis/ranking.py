"""Which method is best at a size under a budget, and which ones cannot be told from it.

The best one has the highest mean score on the test set among the methods with enough seeds for a
difference to count (among all, where none has), over the seeds that these share, where they are
enough. Every other method is set against it by the paired difference that contrasts use: what is
decided to be below stands apart, all else is tied with the best.

Which one is the best is seen on the test set and not chosen beforehand, so Holm's correction is
over all pairs of the place's methods, of which those with the best one are a selection. (Corrected
over these alone, a method among fifteen that are equal is called behind in 11 to 14 % of simulated
studies where seeds vary little and in 31 to 52 % where they vary much, with five and three seeds;
over all pairs, in 1 to 2 % and in 14 to 31 %.) The correction saves the differences' signs, not
their size: the best mean is too high by what chance it had, the winner's curse.
"""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pandas as pd

from tuning_curves.analysis.comparisons import (
    columns_of,
    correct_holm,
    difference_of,
    runs_to_rank,
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
    rows: list[dict[str, Any]] = []
    for place, own in finished(chosen).groupby(PLACE):
        budget, n = cast(tuple[str, int], place)
        of = dict(list(own.groupby("method")))
        order = [name for name in study.method_names if name in of]
        scores = own.set_index("id")["test_score"]
        ids = runs_to_rank({name: of[name] for name in order})
        best = max(ids, key=lambda name: scores[ids[name]].mean())
        rows += _rows(runs, own, {"budget": budget, "n_train": n, "best": best}, order, study)
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    p = frame.groupby(PLACE, sort=False)["p"]
    return frame.assign(p_holm=p.transform(lambda own: correct_all_pairs(own.to_numpy(float))))


def correct_all_pairs(p: np.ndarray) -> np.ndarray:
    """Holm's correction of the p-values of all methods against the best one, over all their pairs.

    The pairs without the best one are not looked at: theirs count as larger, so that no p-value is
    below what Holm's own steps over all pairs would give. NaN, as of the best one itself, stands
    outside.
    """
    methods = 1 + int(np.sum(~np.isnan(p)))
    return correct_holm(p, methods * (methods - 1) // 2)


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
