"""What it takes to reach a given exact match: training time, and labelled questions.

The targets come from the study itself: shares of the best mean exact match that `full` has at any
size and budget. A method's time is the least mean training time over the sizes and budgets at which
its mean exact match reaches the target; choosing the learning rate is not counted. Its range runs
from the least time of a point that may reach the target (its interval's upper end does) to that of
a point that surely does (its lower end does); the intervals hold one point at a time.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.costs import REFERENCE
from tuning_curves.analysis.evidence import Evidence, score_condition, size_name, too_few
from tuning_curves.analysis.statistics import estimate, generator_for
from tuning_curves.analysis.claims.decide import Condition
from tuning_curves.analysis.runs import GROUP, SEED, finished

SHARES = (0.5, 0.9)


def summarise_reach(curves: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """A row a share and method; empty fields where the method does not reach the target.

    Args:
        curves: from `make_curves`; chosen: the runs at their chosen rates.
    """
    rows = [
        {"share": share, "target_em": share * best, "method": method}
        | reach_time(with_seconds(curves, chosen), method, share * best)
        for share in SHARES
        for best in [best_score(curves)]
        if not np.isnan(best)
        for method in dict.fromkeys(curves["method"])
    ]
    return pd.DataFrame(rows)


def best_score(curves: pd.DataFrame) -> float:
    """The best mean exact match of `full`; NaN where it has none."""
    return float(curves.loc[curves["method"] == REFERENCE, "em"].max())


def with_seconds(curves: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """The curves, with the mean training time of each point and the devices it ran on."""
    grouped = finished(chosen).groupby(GROUP)
    means = grouped["train_seconds"].mean().to_frame()
    means["device"] = grouped["device"].agg(lambda names: " + ".join(sorted(set(names))))
    return curves.dropna(subset="em").merge(means.reset_index(), on=GROUP, how="left")


def reach_time(points: pd.DataFrame, method: str, target: float) -> dict[str, Any]:
    """Least `train_seconds` to the target, its range, and the budget, size and device of it."""
    own = points.loc[points["method"] == method].reset_index(drop=True)
    may = own["em_high"].fillna(own["em"]) >= target
    sure = own["em_low"].fillna(-np.inf) >= target
    reached = own.loc[own["em"] >= target]
    found: dict[str, Any] = {
        "train_seconds": reached["train_seconds"].min(),
        "low": own.loc[may, "train_seconds"].min(),
        "high": own.loc[sure, "train_seconds"].min(),
    }
    place = ["budget", "n_train", "device"]
    if reached.empty:
        return found | {"budget": "", "n_train": np.nan, "device": ""}
    return found | reached.loc[reached["train_seconds"].idxmin(), place].to_dict()


def compare_to_full_data(
    evidence: Evidence, rule: Mapping[str, Any], budget: str
) -> tuple[dict[int, Condition], str]:
    """By size: exact match minus `share` times that with all the data, paired by seed."""
    method = rule["method"]
    sizes = evidence.sizes([method], budget)
    largest = [n for n in sizes if n >= rule["full_data_from"]]
    if not largest:
        return {}, f"the study has no size of {rule['full_data_from']:,} or more"
    done = finished(evidence.chosen)
    own = done[(done["method"] == method) & (done["budget"] == budget)]
    at_full = own[own["n_train"] == largest[-1]].set_index(SEED)["id"]
    found, lacking = {}, ""
    for n in (n for n in sizes if n < largest[0]):
        here = own[own["n_train"] == n].set_index(SEED)["id"]
        seeds = sorted(set(here.index) & set(at_full.index))
        if len(seeds) < evidence.least_pairs:
            lacking = lacking or too_few(len(seeds), evidence.least_pairs, size_name(n))
            continue
        ids = [[side[seed] for seed in seeds] for side in (here, at_full)]
        found[n] = _below_share(evidence, ids, rule, n)
    return found, lacking


def _below_share(
    evidence: Evidence, ids: list[list[str]], rule: Mapping[str, Any], n: int
) -> Condition:
    """`p_for` is of "at most the share", `p_against` of "at least the share"."""
    sums = [evidence.runs.stack(side, "em") for side in ids]
    key = (rule["method"], n, f"{rule['share']}")
    difference = estimate(
        sums[0] - rule["share"] * sums[1],
        evidence.runs.article_sizes,
        draws=evidence.analysis["draws"],
        generator=generator_for(evidence.analysis["seed"], "share", *key),
    )
    return score_condition(difference, {"kind": "above"}, size_name(n), evidence.level)
