"""What the budget changes: paired differences between two budgets at one size.

A row without a second method is what a method gains: its score under the longer budget minus
that under the shorter one, seed by seed and article by article, each at its own chosen rate. A row
with two methods is what happens to the lead of the first over the second, the difference of their
gains. Sizes at which both budgets come to the same number of steps have no row: there they are
one set of runs. p-values are corrected after Holm over the sizes of one pair of budgets and one
method or pair of methods.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from tuning_curves.analysis.contrasts import correct_holm
from tuning_curves.analysis.curves import METRICS
from tuning_curves.analysis.intervals import estimate, generator_for
from tuning_curves.analysis.runs import SEED, Runs, finished

ALONE = ""  # stands for the second method where a row is about one
SIDES = ("shorter", "longer")
PLACE = ["shorter", "longer", "first", "second"]
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
    rows: list[dict[str, Any]] = []
    for one, other in itertools.combinations(names, 2):
        gains = {name: find_gains(chosen, name, one, other) for name in methods}
        for first, second in subjects:
            rows += _rows(runs, gains, first, second, analysis)
    if not rows:
        return pd.DataFrame(rows)
    frame = pd.DataFrame(rows)
    family = frame.groupby(PLACE)["p"]
    return frame.assign(p_holm=family.transform(lambda p: correct_holm(p.to_numpy())))


def find_gains(cells: pd.DataFrame, method: str, one: str, other: str) -> pd.DataFrame:
    """A method's pairs of runs of one seed and size that two budgets train for unequal steps.

    Returns:
        `n_train`, the seeds, and of either side (`shorter`, `longer`) its budget, steps and id.
    """
    done = finished(cells)
    own = done.loc[done["method"] == method, ["budget", "n_train", *SEED, "steps", "id"]]
    left, right = (own[own["budget"] == name] for name in (one, other))
    joined = left.merge(right, on=["n_train", *SEED], suffixes=("_one", "_other"))
    joined = joined[joined["steps_one"] != joined["steps_other"]]
    turned = (joined["steps_one"] > joined["steps_other"]).to_numpy()
    pairs = joined[["n_train", *SEED]].copy()
    for side, when_turned in zip(SIDES, ("_other", "_one"), strict=True):
        as_listed = "_one" if when_turned == "_other" else "_other"
        for name, column in (("", "budget"), ("_steps", "steps"), ("_id", "id")):
            pairs[side + name] = np.where(
                turned, joined[column + when_turned], joined[column + as_listed]
            )
    return pairs.sort_values(["n_train", *SEED], ignore_index=True)


def _rows(
    runs: Runs,
    gains: Mapping[str, pd.DataFrame],
    first: str,
    second: str,
    analysis: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """A row a size of one method's gain, or of the difference of two methods' gains."""
    keys = ["n_train", *SEED, *SIDES, *STEPS]
    pairs = gains[first]
    if second != ALONE:
        pairs = pairs.merge(gains[second], on=keys, suffixes=("", "_second"))
    for key, own in pairs.groupby(["shorter", "longer", "n_train"], sort=False):
        shorter, longer, n = cast(tuple[str, str, int], key)
        row: dict[str, Any] = {"shorter": shorter, "longer": longer}
        row |= {"first": first, "second": second, "n_train": n, "pairs": len(own)}
        row |= {name: int(own[name].iloc[0]) for name in STEPS}
        for metric in METRICS:
            sums = _gain(runs, own, metric)
            if second != ALONE:
                sums = sums - _gain(runs, own, metric, "_second")
            generator = generator_for(
                analysis["seed"], "budgets", metric, shorter, longer, first, second, n
            )
            found = estimate(sums, runs.article_sizes, draws=analysis["draws"], generator=generator)
            low, high = found.interval(analysis["level"])
            row |= {f"{metric}_difference": found.value}
            row |= {f"{metric}_low": low, f"{metric}_high": high}
            if metric == "em":
                row["p"] = found.p_value()
        yield row


def _gain(runs: Runs, pairs: pd.DataFrame, metric: str, suffix: str = "") -> np.ndarray:
    """Longer minus shorter: sums over articles, [pairs, A]."""
    longer, shorter = (list(pairs[f"{side}_id{suffix}"]) for side in reversed(SIDES))
    return runs.stack(longer, metric) - runs.stack(shorter, metric)
