"""What the budget changes: paired differences between two budgets at one size.

A row without a second method is what a method gains: its score under the longer budget minus
that under the shorter one, seed by seed and article by article, each at its own chosen rate. A row
with two methods is what happens to the lead of the first over the second, the difference of their
gains. Sizes at which both budgets come to the same number of steps have no row: there they are
one set of runs; runs that several pairs of budgets share are compared once, under the first pair.
p-values are corrected after Holm over the sizes of one pair of budgets and one method or pair of
methods.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from tuning_curves.analysis.comparisons import columns_of, correct_holm
from tuning_curves.analysis.curves import METRICS
from tuning_curves.analysis.statistics import estimate, generator_for
from tuning_curves.analysis.runs import SEED, Runs, finished

ALONE = ""  # stands for the second method where a row is about one
SIDES = ("shorter", "longer")
STEPS = ["shorter_steps", "longer_steps"]


def compare_budgets(runs: Runs, chosen: pd.DataFrame, study: Mapping[str, Any]) -> pd.DataFrame:
    """A row a pair of budgets, method or contrast, and size; methods come before contrasts.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
        study: `budgets`, `methods` and `analysis` are used.
    """
    names = [budget["name"] for budget in study["budgets"]]
    analysis = study["analysis"]
    methods = [method["name"] for method in study["methods"]]
    subjects = [(name, ALONE) for name in methods]
    subjects += [(first, second) for first, second in analysis["contrasts"]]
    frames = []
    for one, other in itertools.combinations(names, 2):
        gains = {name: find_gains(chosen, name, one, other) for name in methods}
        for first, second in subjects:
            family = pd.DataFrame(_rows(runs, gains, first, second, analysis))
            if not family.empty:
                frames.append(family.assign(p_holm=correct_holm(family["p"].to_numpy())))
    if not frames:
        return pd.DataFrame()
    rows = pd.concat(frames).drop_duplicates(["first", "second", "runs"], ignore_index=True)
    return rows.drop(columns="runs")


def find_gains(cells: pd.DataFrame, method: str, one: str, other: str) -> pd.DataFrame:
    """A method's pairs of runs of one seed and size that two budgets train for unequal steps.

    Returns:
        `n_train`, the seeds, and of either side (`shorter`, `longer`) its budget, steps and id.
    """
    done = finished(cells)
    own = done.loc[
        (done["method"] == method) & done["budget"].isin((one, other)),
        ["budget", "n_train", *SEED, "steps", "id"],
    ]
    pairs = own.merge(own, on=["n_train", *SEED], suffixes=("_shorter", "_longer"))
    pairs = pairs[pairs["steps_shorter"] < pairs["steps_longer"]]
    names = {f"budget_{side}": side for side in SIDES}
    names |= {f"{part}_{side}": f"{side}_{part}" for side in SIDES for part in ("steps", "id")}
    return pairs.rename(columns=names).sort_values(["n_train", *SEED], ignore_index=True)


def _rows(
    runs: Runs,
    gains: Mapping[str, pd.DataFrame],
    first: str,
    second: str,
    analysis: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """A row a size of one method's gain, or of the difference of two methods'."""
    keys = ["n_train", *SEED, *SIDES, *STEPS]
    pairs = gains[first]
    if second != ALONE:
        pairs = pairs.merge(gains[second], on=keys, suffixes=("", "_second"))
    for place, own in pairs.groupby(["shorter", "longer", "n_train"], sort=False):
        shorter, longer, n = cast(tuple[str, str, int], place)
        row: dict[str, Any] = {"shorter": shorter, "longer": longer}
        row |= {"first": first, "second": second, "n_train": n, "pairs": len(own)}
        row |= {name: int(own[name].iloc[0]) for name in STEPS}
        row["runs"] = tuple(own.filter(like="_id").to_numpy().ravel())
        differences = {}
        for metric in METRICS:
            sums = _gain(runs, own, metric)
            if second != ALONE:
                sums = sums - _gain(runs, own, metric, "_second")
            key = (first, second, n, row["shorter_steps"], row["longer_steps"])
            generator = generator_for(analysis["seed"], "budgets", metric, *key)
            differences[metric] = estimate(
                sums, runs.article_sizes, draws=analysis["draws"], generator=generator
            )
        row |= columns_of(differences, analysis["level"])
        yield row


def _gain(runs: Runs, pairs: pd.DataFrame, metric: str, suffix: str = "") -> np.ndarray:
    """Longer minus shorter: sums over articles, [pairs, A]."""
    longer, shorter = (list(pairs[f"{side}_id{suffix}"]) for side in reversed(SIDES))
    return runs.stack(longer, metric) - runs.stack(shorter, metric)
