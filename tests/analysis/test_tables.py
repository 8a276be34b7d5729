"""Every table of a study, from runs with known numbers: columns, order, bytes."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis import columns as formats
from tuning_curves.analysis.claims.published import read_claims
from tuning_curves.analysis.columns import TABLES
from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.tables import order_rows, write_table, write_tables

from .simulated import as_study

CLAIMS = read_claims(Path(__file__).parents[2] / "config" / "claims.yaml")
Row = Callable[..., dict[str, Any]]
ANALYSIS = {
    "contrasts": [["head", "full"], ["bitfit", "full"]],
    "n_bootstrap": 200,
    "seed": 0,
    "confidence": 0.95,
}
SECTIONS: dict[str, Any] = {
    "methods": [
        {"name": "full", "learning_rates": [1e-4, 2e-4]},
        {"name": "bitfit", "learning_rates": [1e-2]},
        {"name": "head", "learning_rates": [1e-2], "sizes": [100]},
    ],
    "sizes": [100, 1000],
    "budgets": [{"name": name, "epochs": 3, "min_steps": 0} for name in ("floor", "epochs")],
    "analysis": ANALYSIS,
}
STUDY = as_study(SECTIONS)
GROUPS = [4, 6, 10, 5, 15]
CHANCE = {("full", 100): 0.2, ("full", 1000): 0.7, ("bitfit", 100): 0.4, ("bitfit", 1000): 0.5}


@pytest.fixture(scope="module")
def runs(run_row: Row, collect_runs: Callable[..., Runs]) -> Runs:
    """Two budgets, three methods, three seeds; `head` only at 100; full at 2e-4 failed once."""
    rng = np.random.default_rng(3)
    rows, exact = [], {}
    for budget in ("epochs", "floor"):
        for method in STUDY.methods:
            for n in STUDY.sizes_of(method):
                for rate in method.learning_rates:
                    for seed in range(3):
                        failed = (budget, n, rate, seed) == ("floor", 1000, 2e-4, 2)
                        row = run_row(
                            method.name, n, rate, seed,
                            budget=budget, status="diverged" if failed else "finished",
                            trainable_backbone={"full": 90, "bitfit": 9, "head": 0}[method.name],
                        )  # fmt: skip
                        if not failed:
                            right = rng.random(40) < CHANCE.get((method.name, n), 0.1)
                            exact[row["id"]] = right.astype(int).tolist()
                            row["validation_score"] = 30.0 - 1e4 * rate
                        rows.append(row)
    return collect_runs(rows, exact, GROUPS)


@pytest.fixture(scope="module")
def written(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all tables, to be read only."""
    folder = tmp_path_factory.mktemp("written")
    write_tables(runs, STUDY, CLAIMS, folder)
    return folder


@pytest.fixture(scope="module")
def tables(written: Path) -> dict[str, list[dict[str, str]]]:
    return {name: rows_of(written / f"{name}.csv") for name in TABLES}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_columns_are_the_promised_ones(written: Path) -> None:
    heads = {name: (written / f"{name}.csv").read_text().splitlines()[0] for name in TABLES}
    assert heads == {
        "selection": "budget,method,n_train,learning_rate,grid_size,edge,validation_score,"
        "test_score,oracle_learning_rate,oracle_score,failed,rates_from",
        "learning_rates": "budget,method,n_train,learning_rate,seeds,validation_score,test_score,"
        "diverged",
        "curves": "budget,method,n_train,learning_rate,seeds,failed,metric,score,low,high,sd",
        "advice": "n_train,method,budget,steps,seeds,score,learnt,standing,pairs,difference,low,"
        "high,delta_bytes,train_seconds",
        "further_seeds": "budget,first,second,n_train,pairs,metric,difference,half,half_5,half_10,"
        "half_20,needed,seed_seconds,seed_steps",
        "forecast": "budget,method,n_train,metric,score,low,high",
        "contrasts": "budget,first,second,n_train,pairs,metric,difference,low,high,p,p_holm",
        "ranking": "budget,method,n_train,best,pairs,metric,difference,low,high,p,p_holm",
        "best_budgets": "method,n_train,best_budget,steps,learning_rate,budgets,edge,"
        "validation_score,score,low,high",
        "best_contrasts": "first,second,n_train,first_budget,second_budget,first_steps,"
        "second_steps,pairs,metric,difference,low,high,p,p_holm",
        "crossovers": "budget,first,second,n_train,low,high,statement,smaller,larger,sizes,above,"
        "below,turns",
        "budgets": "shorter,longer,first,second,n_train,shorter_steps,longer_steps,pairs,"
        "metric,difference,low,high,p,p_holm",
        "costs": "method,budget,n_train,steps,seconds_per_step,step_time_ratio,train_seconds,"
        "peak_memory_bytes,optimizer_bytes,delta_bytes,gradient_bytes,activation_bytes,"
        "activation_bytes_one,step_tokens,flops_per_step,device",
        "reach": "share,target,method,train_seconds,low,high,budget,n_train,device,statement",
        "biases": "budget,method,n_train,term,layer,change,first_gradient",
        "counts": "method,trainable_backbone,trainable_added,trainable_head,total,share",
        "provenance": "key,value,runs",
        "sizes": "budget,method,smaller,larger,smaller_steps,larger_steps,pairs,metric,difference,"
        "low,high,p,p_holm",
        "training": "budget,method,n_train,step,loss,validation_score,seeds",
        "equal_steps": "steps,first,second,smaller,larger,pairs,metric,difference,low,high,p,"
        "p_holm",
        "labels": "label,examples,share",
        "baseline": "metric,score",
        "limits": "part,name,number,total,share,metric,ceiling",
        "facts": "fact,value,low,high,unit,of,agreement,statement,source",
        "verdicts": "claim,budget,verdict,estimate,low,high,unit,scale,reason,statement,kind,"
        "source,rates",
    }


def test_rows_follow_the_studys_order(tables: dict[str, list[dict[str, str]]]) -> None:
    found = [(row["budget"], row["method"], row["n_train"]) for row in tables["curves"]][::2]
    one = [
        ("full", "100"),
        ("full", "1000"),
        ("bitfit", "100"),
        ("bitfit", "1000"),
        ("head", "100"),
    ]
    assert [row["metric"] for row in tables["curves"]] == ["exact_match", "f1"] * 10
    assert found == [(budget, *rest) for budget in ("floor", "epochs") for rest in one]
    pairs = [(row["budget"], row["first"], row["n_train"]) for row in tables["contrasts"]][::2]
    three = [("head", "100"), ("bitfit", "100"), ("bitfit", "1000")]
    assert pairs == [(budget, *rest) for budget in ("floor", "epochs") for rest in three]
    assert [row["method"] for row in tables["counts"]] == ["full", "bitfit", "head"]


def test_numbers_agree_between_tables(runs: Runs, tables: dict[str, list[dict[str, str]]]) -> None:
    frame = runs.frame
    full = frame.query("budget == 'floor' and method == 'full' and n_train == 1000")
    curve = next(r for r in tables["curves"] if (r["method"], r["n_train"]) == ("full", "1000"))
    assert curve["learning_rate"] == "0.0001"  # 29 against 28 on the validation split
    kept = full.loc[full["learning_rate"] == 1e-4, "test_score"]
    assert curve["score"] == f"{kept.mean():.2f}"
    assert curve["sd"] == f"{kept.std():.2f}"
    contrast = next(
        r for r in tables["contrasts"] if (r["first"], r["n_train"]) == ("bitfit", "1000")
    )
    other = frame.query("budget == 'floor' and method == 'bitfit' and n_train == 1000")
    other = other["test_score"]
    assert contrast["difference"] == f"{other.mean() - kept.mean():.2f}"
    assert contrast["pairs"] == "3"


def test_failed_runs_are_counted(tables: dict[str, list[dict[str, str]]]) -> None:
    failed = {
        (row["budget"], row["n_train"]): row["failed"]
        for row in tables["selection"]
        if row["method"] == "full"
    }
    assert failed[("floor", "1000")] == "1"
    assert failed[("floor", "100")] == failed[("epochs", "1000")] == "0"
    rates = [row for row in tables["learning_rates"] if row["diverged"] == "1"]
    assert [(row["learning_rate"], row["seeds"]) for row in rates] == [("0.0002", "2")]


def test_a_crossover_needs_two_sizes(tables: dict[str, list[dict[str, str]]]) -> None:
    assert [(row["budget"], row["first"]) for row in tables["crossovers"]] == [
        ("floor", "bitfit"),
        ("epochs", "bitfit"),
        ("best of each", "bitfit"),
    ]
    for row in tables["crossovers"]:
        assert (row["sizes"], row["statement"], row["n_train"]) == ("2", "undecided", "")


@pytest.mark.slow
def test_a_second_run_and_shuffled_rows_give_the_same_bytes(
    runs: Runs, written: Path, tmp_path: Path
) -> None:
    write_tables(runs, STUDY, CLAIMS, tmp_path / "two")
    order = np.random.default_rng(1).permutation(len(runs.frame))
    shuffled = replace(runs, frame=runs.frame.iloc[order])
    write_tables(shuffled, STUDY, CLAIMS, tmp_path / "three")
    assert bytes_of(written) == bytes_of(tmp_path / "two") == bytes_of(tmp_path / "three")
    assert all(b"\r" not in content for content in bytes_of(written).values())


def test_the_analysis_seed_and_level_matter(runs: Runs, written: Path, tmp_path: Path) -> None:
    wide = as_study(SECTIONS | {"analysis": ANALYSIS | {"confidence": 0.99}})
    write_tables(runs, wide, CLAIMS, tmp_path)
    first, second = (rows_of(folder / "curves.csv")[0] for folder in (written, tmp_path))
    assert float(second["low"]) < float(first["low"])
    assert second["score"] == first["score"]


def test_a_numbers_bytes_do_not_depend_on_its_neighbours(
    runs: Runs, written: Path, tmp_path: Path
) -> None:
    without = replace(runs, frame=runs.frame.query("method != 'head'"))
    write_tables(without, STUDY, CLAIMS, tmp_path)
    before, after = (
        (folder / "curves.csv").read_text().splitlines() for folder in (written, tmp_path)
    )
    assert after == [line for line in before if ",head," not in line]


def test_one_seed_leaves_intervals_empty(runs: Runs, tmp_path: Path) -> None:
    alone = replace(runs, frame=runs.frame.query("subset_seed == 0"))
    write_tables(alone, STUDY, CLAIMS, tmp_path / "tables")
    curve = rows_of(tmp_path / "tables" / "curves.csv")[0]
    assert [curve[key] for key in ("low", "high", "sd")] == [""] * 3
    assert curve["score"] != ""
    contrast = rows_of(tmp_path / "tables" / "contrasts.csv")[0]
    assert [contrast[key] for key in ("low", "p", "p_holm")] == [""] * 3
    crossover = rows_of(tmp_path / "tables" / "crossovers.csv")[0]
    assert [crossover[key] for key in ("low", "high", "statement")] == ["", "", "undecided"]


def test_where_every_run_failed_the_run_is_missing(runs: Runs, tmp_path: Path) -> None:
    table = runs.frame.copy()
    lost = (table["method"] == "bitfit") & (table["n_train"] == 100) & (table["budget"] == "floor")
    table.loc[lost, "status"] = "diverged"
    write_tables(replace(runs, frame=table), STUDY, CLAIMS, tmp_path / "tables")
    key = {"budget": "floor", "method": "bitfit", "n_train": "100"}
    selection = rows_of(tmp_path / "tables" / "selection.csv")
    (row,) = [row for row in selection if key.items() <= row.items()]
    assert (row["learning_rate"], row["test_score"], row["failed"]) == ("", "", "3")
    for name in ("curves", "costs"):
        rows = rows_of(tmp_path / "tables" / f"{name}.csv")
        assert not [row for row in rows if key.items() <= row.items()]


def test_formats_by_example() -> None:
    assert [formats.points(v) for v in (12.345678, -0.001, 100.0)] == ["12.35", "0.00", "100.00"]
    assert formats.probability(0.00004) == "0.0000"
    assert [formats.significant(v) for v in (0.91234567, 1234.56, 2.0)] == ["0.9123", "1235", "2"]
    assert [formats.rate(v) for v in (1.5e-4, 3e-5, 0.01)] == ["0.00015", "3e-05", "0.01"]
    assert formats.whole(180529580.0) == "180529580"
    assert formats.fraction(25728 / 22565376) == "0.00114015"


def test_a_table_without_rows_keeps_its_head(tmp_path: Path) -> None:
    columns = tuple(c for c in TABLES["contrasts"] if c.name in ("budget", "p"))
    write_table(tmp_path / "none.csv", pd.DataFrame(), columns)
    assert (tmp_path / "none.csv").read_text() == "budget,p\n"
    assert order_rows(pd.DataFrame(), STUDY).empty
