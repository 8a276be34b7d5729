"""What counts as one sample of training: a subset of questions, not a run.

Runs that saw the same subset and differ in the start of the head and the order of batches are not
independent of each other. Their outcomes are averaged, question by question, before any interval is
taken, so that the number of samples is the number of subsets. A study whose runs each have a subset
of their own stays as it is.
"""

from dataclasses import replace

import pandas as pd

from tuning_curves.analysis.runs import SCORES, SECONDS, SEED, Runs, finished
from tuning_curves.analysis.selection import RATE


def unite_subsets(runs: Runs, chosen: pd.DataFrame) -> tuple[Runs, pd.DataFrame]:
    """Average the runs of one subset into one row, whose id names them all.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.

    Returns:
        runs with the averages' sums, and the rows; `init_seed` is -1 throughout if any are united.
    """
    done = finished(chosen)
    key = [*RATE, SEED[0]]
    if not done.duplicated(key).any():
        return runs, chosen
    sums = {metric: dict(known) for metric, known in runs.sums.items()}
    rows, biases = [], [runs.biases]
    for _, own in done.groupby(key):
        ids = list(own["id"])
        identity = "+".join(ids)
        for metric, known in sums.items():
            known[identity] = runs.stack(ids, metric).mean(axis=0)
        means = {name: own[name].mean() for name in (*SCORES, *SECONDS)}
        rows.append(own.head(1).assign(id=identity, **means))
        biases.append(_average_biases(runs.biases, ids, identity))
    failed = chosen.loc[~chosen.index.isin(done.index)]
    united = pd.concat([*rows, failed]).assign(**{SEED[1]: -1})
    known = pd.concat(biases, ignore_index=True).drop_duplicates(["id", "term", "layer"])
    return replace(runs, sums=sums, biases=known), united.sort_values(key, ignore_index=True)


def _average_biases(biases: pd.DataFrame, ids: list[str], identity: str) -> pd.DataFrame:
    """The united runs' biases: means by term and layer."""
    own = biases[biases["id"].isin(ids)]
    means = own.groupby(["term", "layer"], sort=False)[["change", "first_gradient"]].mean()
    return means.reset_index().assign(id=identity)[list(biases.columns)]
