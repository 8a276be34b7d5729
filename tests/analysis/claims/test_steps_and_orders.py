"""Claims about steps, about the order of several methods and shares, on scores set by hand."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.claims.published import Claims, read_claims
from tuning_curves.analysis.claims.steps import compare_spread, flip_condition
from tuning_curves.analysis.claims.verdicts import evidence_of, make_verdicts
from tuning_curves.analysis.runs import BIASES, Runs
from tuning_curves.analysis.selection import keep_chosen, select_rates, summarise_rates
from tuning_curves.analysis.statistics import Estimate
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

from ..simulated import row_of, study_of

CLAIMS = read_claims(Path(__file__).parents[3] / "config" / "claims.yaml")
SENTENCES = {
    "name": "text-classification", "labels": ["a", "b"], "pooling": "mean",
    "main_metric": "accuracy",
}  # fmt: skip
BUDGETS = [
    {"name": "long", "epochs": 1, "min_steps": 600},
    {"name": "short", "epochs": 1, "min_steps": 100},
]
SEEDS = 5
Score = Callable[[str, str, int], float]  # of budget, method and size, in percent


def one_claim(claim: str) -> Claims:
    return CLAIMS.model_copy(
        update={"claims": tuple(known for known in CLAIMS.claims if known.id == claim)}
    )


def study(methods: list[str], sizes: list[int], **more: Any) -> StudyConfig:
    more = {"task": SENTENCES, "budgets": BUDGETS, "seeds": list(range(SEEDS))} | more
    return study_of(methods, sizes, **more)


def make(
    of: StudyConfig, score: Score, spread: Mapping[str, float] | None = None, noise: float = 0.003
) -> Runs:
    """Runs that score what `score` says; by budget, seeds vary by `spread` points (0.5)."""
    rng = np.random.default_rng(3)
    task = make_task(of.task)
    sizes = np.full(20, 50)
    rows: list[dict[str, Any]] = []
    sums: dict[str, dict[str, np.ndarray]] = {metric.name: {} for metric in task.metrics}
    ranks = np.linspace(-1, 1, len(of.seeds))
    for budget in of.budget_names:
        for method in of.method_names:
            for n in of.sizes:
                turns = rng.permutation(ranks)
                for seed, turn in zip(of.seeds, turns, strict=True):
                    own = score(budget, method, n) + (spread or {}).get(budget, 0.5) * turn
                    right = sizes * (own / 100 + noise * rng.standard_normal(len(sizes)))
                    identity = f"{budget}-{method}-{n}-{seed}"
                    for known in sums.values():
                        known[identity] = right
                    rows.append(row_of(method, n, seed, identity, budget, own))
    return Runs(
        frame=pd.DataFrame(rows), biases=pd.DataFrame(columns=BIASES), group_sizes=sizes,
        sums=sums, metrics=task.metrics,
    )  # fmt: skip


def judge(claim: str, of: StudyConfig, runs: Runs) -> pd.DataFrame:
    claims = one_claim(claim)
    selection = select_rates(summarise_rates(runs.frame))
    evidence = evidence_of(runs, keep_chosen(runs.frame, selection), selection, of, claims)
    return make_verdicts(evidence, claims)


def flat(**scores: float) -> Score:
    """One score for each method, everywhere; a method's `-` is written `_`."""
    return lambda budget, method, n: scores[method.replace("-", "_")]


def by_budget(long: Score, short: Score) -> Score:
    return lambda budget, method, n: (long if budget == "long" else short)(budget, method, n)


ORDERS: list[tuple[str, list[int], Score, str]] = [
    ("bitfit-competitive-on-sentences", [32, 512], flat(full=80, bitfit=79.5), "replicated"),
    ("bitfit-competitive-on-sentences", [32, 512], flat(full=80, bitfit=75), "not replicated"),
    ("bitfit-competitive-on-sentences", [32, 512], flat(full=80, bitfit=78), "undecided"),
    ("full-above-bitfit-on-few-sentences", [100, 500], flat(full=80, bitfit=75), "replicated"),
    ("full-above-bitfit-on-few-sentences", [100, 500], flat(full=75, bitfit=80), "not replicated"),
    ("full-above-bitfit-on-few-sentences", [100, 500], flat(full=80, bitfit=80), "undecided"),
    ("value-bias-above-query-bias", [32, 500], flat(bitfit_v=70, bitfit_q=65), "replicated"),
    ("value-bias-above-query-bias", [32, 500], flat(bitfit_v=65, bitfit_q=70), "not replicated"),
    ("value-bias-above-query-bias", [32, 500], flat(bitfit_v=70, bitfit_q=70), "undecided"),
    ("value-bias-above-key-bias", [32, 500], flat(bitfit_v=70, bitfit_k=65), "replicated"),
    ("value-bias-above-key-bias", [32, 500], flat(bitfit_v=65, bitfit_k=70), "not replicated"),
    ("value-bias-above-key-bias", [32, 500], flat(bitfit_v=70, bitfit_k=70), "undecided"),
    ("key-bias-is-head-tuning", [32, 500], flat(bitfit_k=60, head=60), "replicated"),
    ("key-bias-is-head-tuning", [32, 500], flat(bitfit_k=64, head=60), "not replicated"),
    ("key-bias-is-head-tuning", [32, 500], flat(bitfit_k=61, head=60), "undecided"),
    ("adapters-at-least-as-good-on-few", [32], flat(adapter_houlsby=82, full=80), "replicated"),
    ("adapters-at-least-as-good-on-few", [32], flat(adapter_houlsby=77, full=80), "not replicated"),
    ("adapters-at-least-as-good-on-few", [32], flat(adapter_houlsby=79, full=80), "undecided"),
    ("lora-on-all-layers", [32, 500], flat(lora_all=82, lora=80), "replicated"),
    ("lora-on-all-layers", [32, 500], flat(lora_all=77, lora=80), "not replicated"),
    ("lora-on-all-layers", [32, 500], flat(lora_all=79, lora=80), "undecided"),
    ("layernorm-comes-near", [32, 500], flat(layernorm=80, full=80), "replicated"),
    ("layernorm-comes-near", [32, 500], flat(layernorm=76, full=80), "not replicated"),
    ("layernorm-comes-near", [32, 500], flat(layernorm=78, full=80), "undecided"),
    ("full-above-layernorm", [32, 500], flat(layernorm=76, full=80), "replicated"),
    ("full-above-layernorm", [32, 500], flat(layernorm=84, full=80), "not replicated"),
    ("full-above-layernorm", [32, 500], flat(layernorm=80, full=80), "undecided"),
    ("a-quarter-of-the-layers", [32, 500], flat(top_2=75, full=80), "replicated"),
    ("a-quarter-of-the-layers", [32, 500], flat(top_2=68, full=80), "not replicated"),
    ("a-quarter-of-the-layers", [32, 500], flat(top_2=72, full=80), "undecided"),
    ("pre-training-is-worth-four-times-the-labels", [128, 512], flat(full=80, scratch=60),
     "replicated"),
    ("pre-training-is-worth-four-times-the-labels", [128, 512], flat(full=60, scratch=80),
     "not replicated"),
    ("pre-training-is-worth-four-times-the-labels", [128, 512], flat(full=80, scratch=80),
     "undecided"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "sizes", "score", "verdict"), ORDERS)
def test_orders_of_methods(claim: str, sizes: list[int], score: Score, verdict: str) -> None:
    (rule,) = (known.rule for known in one_claim(claim).claims)
    of = study(rule.methods, sizes)
    rows = judge(claim, of, make(of, score))
    assert rows["verdict"].tolist() == [verdict, verdict], rows["reason"].tolist()


STEPS: list[tuple[str, Score, str]] = [
    ("steps-flip-the-order",
     by_budget(flat(full=70, bitfit=75), flat(full=70, bitfit=60)), "replicated"),
    ("steps-flip-the-order",
     by_budget(flat(full=75, bitfit=70), flat(full=70, bitfit=60)), "not replicated"),
    ("steps-flip-the-order",
     by_budget(flat(full=75, bitfit=70), flat(full=60, bitfit=70)), "not replicated"),
    ("steps-flip-the-order",
     by_budget(flat(full=70, bitfit=70), flat(full=70, bitfit=60)), "undecided"),
    ("steps-favour-bitfit",
     by_budget(flat(full=75, bitfit=72), flat(full=70, bitfit=60)), "replicated"),
    ("steps-favour-bitfit",
     by_budget(flat(full=80, bitfit=62), flat(full=70, bitfit=60)), "not replicated"),
    ("steps-favour-bitfit",
     by_budget(flat(full=80, bitfit=70), flat(full=70, bitfit=60)), "undecided"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "score", "verdict"), STEPS)
def test_fewest_and_most_steps_at_equal_n(claim: str, score: Score, verdict: str) -> None:
    of = study(["full", "bitfit"], [128, 512])
    (row,) = judge(claim, of, make(of, score)).itertuples()
    assert (row.budget, row.verdict) == ("", verdict), row.reason


def test_a_flip_says_both_differences_and_how_many_steps() -> None:
    of = study(["full", "bitfit"], [128])
    score = by_budget(flat(full=70, bitfit=75), flat(full=70, bitfit=60))
    (row,) = judge("steps-flip-the-order", of, make(of, score, noise=1e-4)).itertuples()
    assert row.reason.startswith("so at n = 128 (100 and 600 steps): -10.0, then +5.0 points")
    assert row.estimate == pytest.approx(5.0, abs=0.05)


def test_budgets_that_are_too_much_alike_are_not_compared() -> None:
    budgets = [{"name": "a", "epochs": 1, "min_steps": 100}, {"name": "b", "epochs": 1,
               "min_steps": 250}]  # fmt: skip
    of = study(["full", "bitfit"], [128], budgets=budgets)
    (row,) = judge("steps-flip-the-order", of, make(of, flat(full=70, bitfit=60))).itertuples()
    assert row.reason.endswith("at which two budgets differ 3 times in steps")


@pytest.mark.parametrize(
    ("long", "short", "verdict"),
    [(0.2, 8, "replicated"), (8, 0.2, "not replicated"), (2, 2.5, "undecided")],
)
def test_scores_vary_less_with_more_steps(long: float, short: float, verdict: str) -> None:
    of = study(["full"], [128, 512], seeds=list(range(12)))
    runs = make(of, flat(full=70), spread={"long": long, "short": short})
    (row,) = judge("more-steps-are-steadier", of, runs).itertuples()
    assert row.verdict == verdict, row.reason


def test_spread_is_the_mean_distance_from_the_median() -> None:
    found = compare_spread(np.array([1.0, 2, 3, 4, 10]), np.array([2.0, 2, 2, 2, 2]))
    assert found.value == pytest.approx((2 + 1 + 0 + 1 + 7) / 5)
    assert found.freedom == 4
    assert np.isnan(compare_spread(np.arange(4.0), np.arange(4.0)).error)


OTHERS = ["full", "adapter-houlsby", "prefix", "lora"]


@pytest.mark.parametrize(
    ("others", "bitfit", "verdict", "reason"),
    [
        (OTHERS, 70, "replicated", "holds at 8 places from n = 500 against full"),
        (OTHERS, 85, "not replicated", "contradicted at n = 500 against prefix"),
        (OTHERS, 82, "undecided", "the data leave it open at n = 500 against prefix"),
        (["full", "lora"], 70, "undecided", "does not train adapter-houlsby and prefix"),
        (["full", "lora", "prefix"], 85, "not replicated", "contradicted at"),
    ],
)
def test_worst_of_all(others: list[str], bitfit: float, verdict: str, reason: str) -> None:
    of = study(["bitfit", *others], [500, 1000], budgets=BUDGETS[:1])
    score = flat(bitfit=bitfit, full=90, adapter_houlsby=90, prefix=82, lora=90)
    (row,) = judge("bitfit-is-worst-on-few-sentences", of, make(of, score)).itertuples()
    assert (row.verdict, reason in row.reason) == (verdict, True), row.reason


def test_worst_of_all_is_judged_where_all_are_trained() -> None:
    """A budget without the others would keep the claim open for ever."""
    of = study(["bitfit", *OTHERS], [500, 1000])
    some = dict.fromkeys(OTHERS[1:], ("long",))
    methods = [m.model_copy(update={"budgets": some.get(m.name)}) for m in of.methods]
    of = of.model_copy(update={"methods": tuple(methods)})
    score = flat(bitfit=70, full=90, adapter_houlsby=90, prefix=82, lora=90)
    rows = judge("bitfit-is-worst-on-few-sentences", of, make(of, score))
    assert [*zip(rows["budget"], rows["verdict"], strict=True)] == [("long", "replicated")]


@pytest.mark.parametrize(("score", "verdict"), [(72, "not replicated"), (79, "replicated")])
def test_a_share_is_counted_from_the_most_frequent_label(score: float, verdict: str) -> None:
    """72 of 80 are 90 %; above a floor of 50 they are 73 %, and 79 are 97 %."""
    of = study(["top-2", "full"], [128], budgets=BUDGETS[:1])
    runs = dataclasses.replace(
        make(of, flat(top_2=score, full=80)), baseline={of.task["main_metric"]: 0.5}
    )
    (row,) = judge("a-quarter-of-the-layers", of, runs).itertuples()
    assert row.verdict == verdict, row.reason
    assert row.estimate == pytest.approx(score - 50 - 0.9 * 30, abs=0.5)


@pytest.mark.parametrize(
    ("claim", "second", "difference", "verdict"),
    [
        ("key-bias-is-head-tuning", "head", 0, "replicated"),
        ("key-bias-is-head-tuning", "head", 4, "not replicated"),
        ("layernorm-comes-near", "full", -1, "replicated"),
        ("layernorm-comes-near", "full", -4, "not replicated"),
    ],
)
def test_what_never_varies_is_decided_by_its_value(
    claim: str, second: str, difference: float, verdict: str
) -> None:
    """Two methods of equal answers, seed by seed, have no error and are as good as each other."""
    (rule,) = (known.rule for known in one_claim(claim).claims)
    first = rule.methods[0]
    of = study([first, second], [128], budgets=BUDGETS[:1])
    scores = {first: 60 + difference, second: 60}
    runs = make(of, lambda budget, method, n: scores[method], spread={"long": 0}, noise=0)
    (row,) = judge(claim, of, runs).itertuples()
    assert row.verdict == verdict, row.reason


def test_the_nearest_size_stands_for_four_times_as_many() -> None:
    claim = "pre-training-is-worth-four-times-the-labels"
    of = study(["full", "scratch"], [60, 250, 1000], budgets=BUDGETS[:1])
    (row,) = judge(claim, of, make(of, flat(full=80, scratch=60))).itertuples()
    assert row.reason.startswith("holds at n = 60 against 250, n = 250 against 1,000;")
    of = study(["full", "scratch"], [60, 500], budgets=BUDGETS[:1])
    (row,) = judge(claim, of, make(of, flat(full=80, scratch=60))).itertuples()
    assert (row.verdict, "4 times as many" in row.reason) == ("undecided", True)


def test_a_flip_takes_the_weaker_of_two_tests_and_doubles_the_stronger_against_it() -> None:
    few = Estimate(value=-3.0, error=1.0, freedom=10)
    many = Estimate(value=1.0, error=1.0, freedom=10)
    found = flip_condition(few, many, "n = 1", 0.95)
    assert found.p_for == pytest.approx(many.tails(0.0)[0])
    assert found.p_against == pytest.approx(min(1.0, 2 * many.tails(0.0)[1]))
