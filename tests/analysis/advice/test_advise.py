"""Advice over budgets, in words, as JSON and to be looked up: one set of rules."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.advice import advise
from tuning_curves.analysis.advice.advise import (
    NothingFinished,
    curves_of_runs,
    make_advice,
    tabulate_advice,
    tabulate_standings,
)
from tuning_curves.analysis.advice.arms import Arm, Curves
from tuning_curves.analysis.advice.choice import compare
from tuning_curves.cli import main
from tuning_curves.tasks.ceiling import Limit

from ..simulated import simulate, study_of
from .shapes import SIZES
from .test_choice import CIRCLE, TWO, as_curves, on_seeds

STUDY = Path(__file__).resolve().parents[3] / "benchmarks" / "study.yaml"


def three_methods(seeds: int) -> Curves:
    rng = np.random.default_rng(9)
    study = study_of(["full", "bitfit", "head"], SIZES, seeds=list(range(seeds)))
    level = {"full": 30.0, "bitfit": 29.5, "head": 5.0}
    runs = simulate(rng, study, lambda m, size: level[m] + 5 * np.log2(size / 50))
    return curves_of_runs(runs, runs.frame, study)


def test_advice_is_three_sentences() -> None:
    (advice,) = make_advice(three_methods(3), None)
    best, tied, more = advice["sentences"]
    leader = advice["best"]["method"]
    assert best.startswith(f"With 400 questions {leader} has the best mean, ")
    assert best.endswith("(6.7 min of training), which 1 of 2 others may match.")
    assert tied.startswith("That is ")
    assert more.startswith(f"Labelling twice as many (800) for {leader}: ")
    assert "if the last doubling's gain comes again" in more
    standing = {row["method"]: row["standing"] for row in advice["compared"]}
    assert standing == {"full": "tied", "bitfit": "tied", "head": "behind"}
    assert json.loads(json.dumps(advice)) == advice


def test_advice_with_one_seed_claims_nothing() -> None:
    (advice,) = make_advice(three_methods(1), None)
    assert {row["standing"] for row in advice["compared"]} == {"tied"}
    assert "without an interval (one seed)" in advice["sentences"][0]
    assert advice["notes"][0].startswith("Fewer than 3 seeds decide nothing, so add seeds of: ")
    assert advice["twice_as_many"][0]["low"] is None


@pytest.mark.parametrize(
    ("n", "sizes", "note"),
    [
        (100, [100], None),
        (77, [50, 100], "No run has 77 questions; the next size below it is 50."),
        (1, [50], "No run has 1 questions; the next size above it is 50."),
        (5000, [400], "No run has 5,000 questions; the next size below it is 400."),
    ],
)
def test_between_sizes_there_is_advice_for_both_neighbours(
    n: int, sizes: list[int], note: str | None
) -> None:
    curves = three_methods(3)
    advice = make_advice(curves, n)
    assert [one["n_train"] for one in advice] == sizes
    assert advice[0]["notes"][:1] == ([note] if note else [])
    assert advice[0]["sentences"] == make_advice(curves, sizes[0])[0]["sentences"]


def test_runs_that_all_diverged_advise_nothing() -> None:
    runs, study = on_seeds({"full": {0: 30.0}, "bitfit": {0: 35.0}})
    runs.frame["status"] = "diverged"
    with pytest.raises(NothingFinished, match="no learning rate has enough runs that finished"):
        curves_of_runs(runs, runs.frame, study)


def test_methods_that_are_all_behind_on_different_seeds_are_said_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    limit = Limit(name="questions out of reach", count=1, total=8, metric="exact_match")
    curves = as_curves(CIRCLE)
    limited = Curves(curves.source, curves.frame, curves.study, [limit])
    monkeypatch.setattr(advise, "read_curves", lambda study, metric: limited)
    assert main(["advise", str(STUDY)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "No method can reach more than 87.50\u00a0% exact match: 1 of 8 questions"
    )
    assert "each is behind another one, on seeds that are not the same: it is behind " in out
    assert "Run all methods with the same seeds." in out
    assert "To keep" not in out


def test_one_test_article_is_the_reason_for_no_interval() -> None:
    """Seeds may vary as much as they like: nothing tells how much articles do."""
    scores = {"full": {0: 30.0, 1: 50.0, 2: 40.0}, "bitfit": {0: 20.0, 1: 60.0, 2: 25.0}}
    runs, study = on_seeds(scores)
    one = {
        metric: {run: sums.sum(keepdims=True) for run, sums in of_runs.items()}
        for metric, of_runs in runs.sums.items()
    }
    runs = replace(runs, sums=one, group_sizes=runs.group_sizes.sum(keepdims=True))
    (advice,) = make_advice(curves_of_runs(runs, runs.frame, study), None)
    assert "without an interval (one test article)" in advice["sentences"][0]
    assert "without an interval (one test article)" in advice["sentences"][1]
    assert advice["compared"][1]["why"] == "one test article"


def with_baseline(baseline: float | None = None, limit: float = 0.0) -> dict[str, Any]:
    runs, study = on_seeds(
        {"full": {0: 50.0, 1: 51.0, 2: 52.0}, "bitfit": {0: 30.0, 1: 31.0, 2: 30}}
    )
    known = {} if baseline is None else {"exact_match": baseline / 100}
    out = Limit(name="out of reach", count=round(10 * limit), total=1000, metric="exact_match")
    curves = curves_of_runs(replace(runs, baseline=known), runs.frame, study, {"test": [out]})
    (advice,) = make_advice(curves, None)
    return advice


def test_a_score_that_is_not_above_the_most_frequent_label_is_called_that() -> None:
    advice = with_baseline(baseline=50.5)
    assert advice["at_baseline"] is True
    assert advice["sentences"][0].startswith(
        "With 100 questions nothing is shown to be better than always answering the most frequent "
        "label (50.5 %): the best mean is that of full, 51.0 % exact match ["
    )
    above = with_baseline(baseline=40.0)
    assert above["at_baseline"] is False
    assert above["sentences"][0].startswith("With 100 questions take full: 51.0 % exact match [")


def test_a_score_that_may_be_nothing_is_no_advice_to_take() -> None:
    runs, study = on_seeds({"full": {0: 0.0, 1: 2.0, 2: 4.0}, "bitfit": {0: 0.0, 1: 1.0, 2: 0.0}})
    (advice,) = make_advice(curves_of_runs(runs, runs.frame, study), None)
    assert advice["at_baseline"] is True
    assert advice["sentences"][0].startswith(
        "With 100 questions nothing is shown to be learnt, since 0 % exact match is not excluded: "
        "the best mean is that of full, "
    )
    assert with_baseline()["at_baseline"] is False


@pytest.mark.parametrize(("least", "kept"), [(0.0, False), (58.0, True)])
def test_what_is_not_shown_to_have_learnt_is_not_offered_as_a_model(
    least: float, kept: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"full": {seed: least + 2 * seed for seed in range(3)}}
    monkeypatch.setattr(advise, "read_curves", lambda study, metric: as_curves(scores))
    assert main(["advise", str(STUDY)]) == 0
    out = capsys.readouterr().out
    assert ("nothing is shown to be learnt" in out) is not kept
    assert ("To keep full as a model: " in out) is kept


def test_a_score_at_the_ceiling_is_called_that() -> None:
    advice = with_baseline(limit=49.0)
    assert advice["at_ceiling"] is True
    assert advice["sentences"][2] == (
        "More labels bring full next to nothing: it cannot be told from the most that any method "
        "can reach (51.00 %)."
    )
    assert with_baseline()["at_ceiling"] is False


def timed(minutes: dict[str, float]) -> Curves:
    """Three runs of methods that lie 30 points apart, each trained for so long at every size."""
    study = study_of(list(minutes), [50, 100], seeds=[0, 1, 2])
    runs = simulate(np.random.default_rng(9), study, lambda m, n: 75.0 - 30 * "abc".index(m))
    runs.frame["train_seconds"] = runs.frame["method"].map(minutes) * 60
    return curves_of_runs(runs, runs.frame, study)


def test_minutes_leave_out_what_takes_longer_before_anything_is_compared() -> None:
    curves = timed({"a": 20.0, "b": 2.0, "c": 1.0})
    (whole,) = make_advice(curves, 50)
    (short,) = make_advice(curves, 50, minutes=2)
    assert [one["method"] for one in whole["compared"]] == ["a", "b", "c"]
    assert [one["method"] for one in short["compared"]] == ["b", "c"]
    assert short["best"] == {"method": "b", "budget": "epochs"}
    assert (whole["interval_level"], short["interval_level"]) == (0.975, 0.95)
    assert short["notes"] == ["Left out, since it takes longer: a (20 min)."]
    assert whole["notes"] == []


def test_minutes_that_nothing_keeps_to_name_the_quickest() -> None:
    (advice,) = make_advice(timed({"a": 20.0, "b": 2.0, "c": 1.0}), 50, minutes=0.5)
    assert (advice["compared"], advice["best"], advice["sentences"]) == ([], None, [])
    assert advice["notes"] == ["Nothing trained so quickly: c (1 min), at the least."]


def test_what_nobody_timed_is_left_out_unless_nothing_was_timed() -> None:
    (advice,) = make_advice(timed({"a": np.nan, "b": 2.0, "c": 1.0}), 50, minutes=5)
    assert "Left out, since no run of it was timed: a." in advice["notes"]
    (advice,) = make_advice(timed({"a": np.nan, "b": np.nan, "c": np.nan}), 50, minutes=5)
    assert [one["method"] for one in advice["compared"]] == ["a", "b", "c"]
    assert advice["notes"][0].endswith("minutes leave nothing out.")


def two_budgets() -> Curves:
    """`a` and `b` under two budgets, all as good but for noise; `long` takes ten times as long."""
    study = study_of(["a", "b"], [50, 100], seeds=[0, 1, 2], budgets=TWO)
    costs = {"a": {"delta_bytes": 9e7}, "b": {"delta_bytes": 1e5}}
    runs = simulate(np.random.default_rng(3), study, lambda m, n: 60.0, costs=costs)
    longer = runs.frame["budget"] == "long"
    frame = runs.frame.assign(train_seconds=np.where(longer, 1200.0, 120.0))
    frame["train_seconds"] += np.where(frame["method"] == "a", 6.0, 0.0)
    return curves_of_runs(replace(runs, frame=frame), frame, study)


def test_what_is_tied_and_cheaper_is_named_over_budgets() -> None:
    (advice,) = make_advice(two_budgets(), 100)
    assert len(advice["compared"]) == 4
    assert advice["best"] == {"method": "a", "budget": "long"}
    assert advice["cheaper"] == {
        "minutes": {"method": "b", "budget": "short"},
        "stored_bytes": {"method": "b", "budget": "short"},
    }
    best, tied, _ = advice["sentences"]
    assert best.startswith("With 100 questions a under long has the best mean, ")
    assert "(20 min of training, 90 MB to store), which 3 of 3 other pairs of method and " in best
    assert tied.startswith("Of these the quickest and the smallest to store is b under short, ")
    assert tied.endswith("(2 min instead of 20 min, 0.1 MB instead of 90 MB).")


def test_tabulated_advice_is_what_advise_says_at_twenty_settings() -> None:
    for curves in (timed({"a": 20.0, "b": 2.0, "c": 1.0}), two_budgets()):
        table = json.loads(json.dumps(tabulate_advice(curves)))
        settings = [(n, m) for n in (1, 50, 73, 100, 5000) for m in (0.5, 2.0, 20.0, None)]
        assert len(settings) == 20
        for n, minutes in settings:
            said = json.loads(json.dumps(make_advice(curves, n, minutes)))
            assert looked_up(table, n, minutes) == said


def test_standings_are_of_each_methods_best_budget_by_the_rules_of_advice() -> None:
    curves = two_budgets()
    best = pd.DataFrame({"method": ["a", "b"], "n_train": 100, "budget": ["long", "short"]})
    first, second = tabulate_standings(curves, best)  # none at 50, of which no best is known
    assert (first["method"], first["budget"], first["standing"]) == ("a", "long", "best")
    assert (second["method"], second["standing"], second["pairs"]) == ("b", "tied", 3)
    ahead = compare(curves, Arm("a", "long"), Arm("b", "short"), 100, 0.95)  # two arms: one pair
    assert (second["low"], second["high"]) == pytest.approx((-ahead.high, -ahead.low))
    assert second["difference"] == pytest.approx(second["score"] - first["score"])
    assert (second["delta_bytes"], second["train_seconds"]) == (1e5, 120.0)
    assert {row["learnt"] for row in (first, second)} == {"yes"}


def test_where_all_are_behind_none_is_the_best() -> None:
    curves = as_curves(CIRCLE)
    best = pd.DataFrame({"method": list(CIRCLE), "n_train": 100, "budget": "epochs"})
    assert {row["standing"] for row in tabulate_standings(curves, best)} == {"behind"}


def looked_up(table: dict[str, Any], n: int, minutes: float | None) -> list[dict[str, Any]]:
    """What a reader of the table finds for `n` examples and `minutes`."""
    found = []
    for place in table["places"]:
        if not place["from"] <= n <= (place["to"] or n):
            continue
        rows = [
            row
            for row in table["advice"]
            if row["n_train"] == place["size"]
            and (minutes is None or (row["minutes"] is not None and row["minutes"] <= minutes))
        ]
        item = {key: value for key, value in rows[-1].items() if key != "minutes"}
        opening = [place["says"].replace("{n}", f"{n:,}")] if place["says"] else []
        arms = table["arms"][str(place["size"])]
        found.append({"arms": arms} | item | {"notes": opening + item["notes"]})
    return found
