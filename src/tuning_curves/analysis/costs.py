"""What each method costs at its chosen rate: time and memory, and its time beside `full`'s.

Seconds are medians over the runs that finished, since a shared machine disturbs single runs and
always upwards; runs that were made beside other work by declaration have none (`runs`). Bytes are
the largest of those runs, operations and tokens of a step the median. A time is compared only with
`full` at the same size and budget on the same device.
"""

from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.runs import (
    BYTES,
    COUNTS,
    GROUP,
    MEASURED,
    ORIGIN,
    finished,
)
from tuning_curves.util.errors import DataError

REFERENCE = "full"
BESIDE = " + "  # between the names of devices of which each made some of the runs
PER_STEP = "seconds_per_step"
KEPT = ("activation", "gradient")
COUNTED = ["step_tokens", "flops_per_step"]


def summarise_costs(chosen: pd.DataFrame) -> pd.DataFrame:
    """One row per budget, method and size with a run that finished.

    Args:
        chosen: the runs at their chosen rates, from `keep_chosen`.
    """
    grouped = finished(chosen).groupby(GROUP)
    largest = [*BYTES, *(name for name in MEASURED if name.startswith(KEPT))]
    costs = grouped[["steps", PER_STEP, "train_seconds", *COUNTED]].median()
    costs[largest] = grouped[largest].max()
    costs["device"] = grouped["device"].agg(lambda names: BESIDE.join(sorted(set(names))))
    costs = costs.reset_index()
    reference = costs.loc[costs["method"] == REFERENCE, ["budget", "n_train", "device", PER_STEP]]
    joined = costs.merge(
        reference, on=["budget", "n_train"], how="left", suffixes=("", "_reference")
    )
    ratio = joined[PER_STEP] / joined[f"{PER_STEP}_reference"]
    same = joined["device"] == joined["device_reference"]
    same &= ~joined["device"].str.contains(BESIDE, regex=False)  # a median over both is of neither
    return joined.assign(step_time_ratio=np.where(same, ratio, np.nan))


def at_shared_places(costs: pd.DataFrame) -> pd.DataFrame:
    """The rows of the sizes and budgets at which every method has some; all, where there is none.

    What a step keeps grows with the length of its texts, which differs from size to size: medians
    over sizes that one method has and another lacks would compare the sizes.
    """
    counts = costs.groupby(["budget", "n_train"])["method"].transform("nunique")
    shared = costs[counts == costs["method"].nunique()]
    return costs if shared.empty else shared


def count_parameters(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per method: trained parameters of encoder, added modules and head; total; share.

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
            fix="delete the older of these records and train their runs again",
        )
    return counts.reset_index(drop=True)


def summarise_provenance(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per key and value: how many runs have it. A run of two budgets counts once."""
    runs = frame.drop_duplicates("id")
    rows = [
        {"key": key, "value": value, "runs": int(count)}
        for key in ORIGIN
        for value, count in runs[key].value_counts().sort_index().items()
    ]
    return pd.DataFrame(rows, columns=["key", "value", "runs"])


SHARES = (0.5, 0.9)
APART = 4.0  # times: farther apart, two trainings leave the time between them undecided
DECIDED, NOT_REACHED = "decided", "not reached"


def summarise_reach(curves: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """One row per share and method; empty fields where the method does not reach the target.

    Args:
        curves: of the study's metric, from `make_curves`; chosen: the runs at their chosen rates.
    """
    best = best_score(curves)
    if np.isnan(best):
        return pd.DataFrame()
    points = with_seconds(curves, chosen)
    rows = [
        {"share": share, "target": share * best, "method": method}
        | reach_time(points, method, share * best)
        for share in SHARES
        for method in dict.fromkeys(curves["method"])
    ]
    return pd.DataFrame(rows)


def best_score(curves: pd.DataFrame) -> float:
    """The best mean score of `full`; NaN where it has none, or none of which a share is less."""
    best = float(curves.loc[curves["method"] == REFERENCE, "score"].max())
    return best if best >= 0 else np.nan


def with_seconds(curves: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """The curves, with the mean training time of each point and the devices it ran on."""
    grouped = finished(chosen).groupby(GROUP)
    means = grouped["train_seconds"].mean().to_frame()
    means["device"] = grouped["device"].agg(lambda names: BESIDE.join(sorted(set(names))))
    return curves.dropna(subset="score").merge(means.reset_index(), on=GROUP, how="left")


def reach_time(points: pd.DataFrame, method: str, target: float) -> dict[str, Any]:
    """When a method has a target: after the last training that missed it, by the first that has it.

    A training (a size under a budget) surely missed the target where its interval lies below, and
    surely has it where its interval does not reach below; one without an interval does neither.
    Only a training with as many examples as the first that has it can show that less time is too
    little: one with fewer may have missed it for want of examples.

    Returns:
        `train_seconds`, the least time of a training whose mean score has the target, with its
        `budget` and `n_train`; `low`, the longest time that surely is too short, and `high`, the
        least that surely is enough (NaN where there is none); the `device` of these; `statement`:
        "decided" where the two are at most `APART` times apart, "not reached" where no mean score
        has the target, else "undecided: " and why.
    """
    own = points.loc[points["method"] == method].sort_values("train_seconds", ignore_index=True)
    nowhere = not (own["score"] >= target).any()
    own = own.dropna(subset="train_seconds")
    reached, sure = (own.loc[own[score] >= target] for score in ("score", "low"))
    if reached.empty:
        none = dict.fromkeys(("train_seconds", "low", "high", "n_train"), np.nan)
        statement = NOT_REACHED if nowhere else "undecided: no training that has it was timed"
        return none | {"budget": "", "device": "", "statement": statement}
    first = reached.iloc[0]
    enough = first if sure.empty else sure.iloc[0]
    doubtful = own.loc[~(own["high"] < target), "train_seconds"].min()
    missed = own.loc[
        (own["train_seconds"] < doubtful) & (own["n_train"] >= enough["n_train"])
    ].tail(1)
    used = pd.concat([missed, reached.head(1), sure.head(1)])
    low, high = missed["train_seconds"].max(), sure["train_seconds"].min()
    return {
        "train_seconds": first["train_seconds"], "low": low, "high": high,
        "budget": first["budget"], "n_train": first["n_train"],
        "device": BESIDE.join(sorted({n for names in used["device"] for n in names.split(BESIDE)})),
        "statement": _statement(low, high),
    }  # fmt: skip


def _statement(low: float, high: float) -> str:
    """Whether a time is known, and what is wrong where it is not."""
    if np.isnan(high):
        return "undecided: no training surely has it"
    if np.isnan(low):
        return "undecided: no shorter one with as many examples surely missed it"
    if high > APART * low:
        return f"undecided: between trainings {high / low:.1f} times apart"
    return DECIDED
