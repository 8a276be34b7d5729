"""Runs that belong together: the one way in which runs are paired.

Runs of one seed saw the same training examples, and all runs answer the same test examples, so
whatever is compared is compared seed by seed: two methods, two budgets, two sizes, two costs. A
seed whose run failed or is missing on any side makes no pair.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from tuning_curves.analysis.runs import SEED, Runs, finished


def match_runs(
    sides: Sequence[pd.DataFrame], on: Iterable[str] = (), carry: Iterable[str] = ()
) -> pd.DataFrame:
    """One row per place and seed at which every side has a finished run.

    Args:
        sides: rows of runs, each with at most one run per place and seed.
        on: columns of the place, beside the seeds.
        carry: columns that are kept of each side.

    Returns:
        the place, the seeds, and of side k `id_k` and what is carried, `<name>_k`; sorted.
    """
    keys = [*on, *SEED]
    joined: pd.DataFrame | None = None
    for number, side in enumerate(sides):
        names = {name: f"{name}_{number}" for name in ("id", *carry)}
        own = finished(side[[*keys, *names, "status"]])  # few columns are filtered sooner than all
        own = own.drop(columns="status").rename(columns=names)
        joined = own if joined is None else joined.merge(own, on=keys, validate="one_to_one")
    assert joined is not None, "at least one side"
    return joined.sort_values(keys, ignore_index=True)


def of_method(frame: pd.DataFrame, method: str) -> pd.DataFrame:
    """A method's rows."""
    return frame.loc[frame["method"] == method]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Two methods' runs of the same seeds at one size."""

    seeds: list[tuple[int, int]]  # (subset_seed, init_seed)
    first: list[str]  # ids
    second: list[str]

    @classmethod
    def of(cls, matched: pd.DataFrame) -> "Pairs":
        """From `match_runs` of the first method's runs and the second's."""
        return cls(
            seeds=list(zip(matched["subset_seed"], matched["init_seed"], strict=True)),
            first=list(matched["id_0"]),
            second=list(matched["id_1"]),
        )

    def differences(self, runs: Runs, metric: str) -> np.ndarray:
        """First minus second: sums over groups, [pairs, G]."""
        return runs.stack(self.first, metric) - runs.stack(self.second, metric)


def find_pairs(runs: pd.DataFrame, first: str, second: str) -> dict[tuple[str, int], Pairs]:
    """The pairs of two methods, by budget and size; where there is none, no entry."""
    of_pairs = runs[["budget", "method", "n_train", *SEED, "id", "status"]]
    sides = [of_method(of_pairs, method) for method in (first, second)]
    found: dict[tuple[str, int], Pairs] = {}
    for key, group in match_runs(sides, ["budget", "n_train"]).groupby(["budget", "n_train"]):
        budget, n = cast(tuple[str, int], key)
        found[budget, n] = Pairs.of(group)
    return found
