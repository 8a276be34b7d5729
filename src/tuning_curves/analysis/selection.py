"""The learning rate of each method, size and budget, chosen on the validation split alone.

The rule, fixed before any run: the rate with the highest score (of the study's metric) on the
validation split, as a mean over the seeds that finished; a tie goes to the smaller rate. A run that
diverged (a loss that is NaN or infinite) is a failed run: it has no score, is counted apart, and a
rate of which fewer than half the runs finished cannot be chosen. Where no rate can be chosen,
nothing is, and the run is missing from curves and contrasts. The test set takes no part; what
choosing on it would have claimed (the oracle) stands beside the choice.

A method's best budget at a size is chosen by the same scores, each budget at its own chosen rate,
from those with seeds enough to decide something; a tie goes to fewer steps.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.runs import GROUP, RUN, SCORES, SECONDS, SEED, Runs, finished
from tuning_curves.study.config import Pilot

LEAST_FINISHED = 0.5
ONLY = "only"  # the place of a choice among one
RATE = [*GROUP, "learning_rate"]


def summarise_rates(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per budget, method, size and rate: finished seeds, mean scores, diverged runs."""
    grouped = finished(frame).groupby(RATE)
    rates = frame.groupby(RATE).size().rename("runs").to_frame()
    rates["seeds"] = grouped.size().reindex(rates.index, fill_value=0)
    rates["validation_score"] = grouped["validation_score"].mean()
    rates["test_score"] = grouped["test_score"].mean()
    rates["diverged"] = rates["runs"] - rates["seeds"]
    return rates.drop(columns="runs").reset_index()


def select_rates(rates: pd.DataFrame, pilot: Pilot | None = None) -> pd.DataFrame:
    """One row per budget, method and size: the chosen rate (NaN where none can be), the oracle's.

    Args:
        rates: what `summarise_rates` gives.
        pilot: where the only rate of a grid was chosen, and of which methods.
    """
    rows = [
        dict(zip(GROUP, key, strict=True)) | _select(grid) for key, grid in rates.groupby(GROUP)
    ]
    found = pd.DataFrame(rows)
    if pilot is None:
        return found.assign(rates_from="")
    there = (found["edge"] == ONLY) & found["method"].isin(pilot.methods)
    return found.assign(rates_from=there.map({True: pilot.study, False: ""}))


def count_edges(selection: pd.DataFrame) -> tuple[int, dict[str, int]]:
    """How many choices lie at an edge of their grid, and how many are alone, by their pilot."""
    at_edge = int(selection["edge"].isin(("low", "high")).sum())
    alone = selection.loc[selection["edge"] == ONLY, "rates_from"]
    return at_edge, {str(pilot): int(n) for pilot, n in alone.value_counts(sort=False).items()}


def _select(grid: pd.DataFrame) -> dict[str, object]:
    chosen, oracle = best_rate(grid, "validation_score"), best_rate(grid, "test_score")
    none = dict.fromkeys(("learning_rate", "validation_score", "test_score"), np.nan)
    choice: Any = none if chosen is None else grid.loc[chosen]
    best: Any = none if oracle is None else grid.loc[oracle]
    return {
        "learning_rate": choice["learning_rate"],
        "grid_size": len(grid),
        "edge": "" if chosen is None else edge_of(choice["learning_rate"], grid["learning_rate"]),
        "validation_score": choice["validation_score"],
        "test_score": choice["test_score"],
        "oracle_learning_rate": best["learning_rate"],
        "oracle_score": best["test_score"],
        "failed": int(grid["diverged"].sum()),
    }


def best_rate(grid: pd.DataFrame, score: str) -> int | None:
    """The index of the eligible rate with the highest score; ties go to the smaller rate."""
    runs = grid["seeds"] + grid["diverged"]
    eligible = grid.loc[(grid["seeds"] > 0) & (grid["seeds"] >= LEAST_FINISHED * runs)]
    if eligible.empty:
        return None
    ordered = eligible.sort_values([score, "learning_rate"], ascending=[False, True])
    return ordered.index[0]


def edge_of(rate: float, grid: pd.Series) -> str:
    """Where a value lies in its grid: at its `low` or `high` edge, the `only` one, or inside ("").

    Rates that failed belong to the grid: beyond a choice beside them, training breaks down.
    """
    if len(grid) == 1:
        return ONLY
    return {grid.min(): "low", grid.max(): "high"}.get(rate, "")


def keep_chosen(frame: pd.DataFrame, selection: pd.DataFrame) -> pd.DataFrame:
    """All runs, failed ones too, of each method and size at its chosen rate, sorted by run."""
    chosen = selection[RATE].dropna(subset="learning_rate")
    return frame.merge(chosen, on=RATE).sort_values(RUN, ignore_index=True)


def choose_budgets(
    selection: pd.DataFrame, chosen: pd.DataFrame, curves: pd.DataFrame, least: int
) -> pd.DataFrame:
    """One row per method and size: the budget with the highest score on the validation split.

    Args:
        least: a budget of fewer seeds, which decides nothing, is chosen only where no other has so
            many.
        selection: from `select_rates`; chosen: the runs, from `keep_chosen`; curves: of the
            study's metric, from `make_curves`, which give the scores on the test set.

    Returns:
        with `steps`, `budgets` (how many of unlike steps there were) and `edge`, the place of these
        steps among them.
    """
    steps = chosen.groupby(GROUP)["steps"].first().reset_index()
    scores = ["learning_rate", "validation_score"]
    known = steps.merge(selection[[*GROUP, *scores]], on=GROUP).dropna(subset=scores)
    known = known.merge(curves[[*GROUP, "seeds", "score", "low", "high"]], on=GROUP, how="left")
    known = known.assign(few=known["seeds"] < least)
    order = ["method", "n_train", "few", "validation_score", "steps"]
    ranked = known.sort_values(order, ascending=[True, True, True, False, True], kind="stable")
    best = ranked.drop_duplicates(["method", "n_train"]).drop(columns=["few", "seeds"])
    tried = ranked.drop_duplicates(["method", "n_train", "steps"]).groupby(["method", "n_train"])
    grids = [
        tried.get_group(key)["steps"] for key in zip(best["method"], best["n_train"], strict=True)
    ]
    edges = [edge_of(taken, grid) for taken, grid in zip(best["steps"], grids, strict=True)]
    return best.assign(budgets=[len(grid) for grid in grids], edge=edges).reset_index(drop=True)


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
