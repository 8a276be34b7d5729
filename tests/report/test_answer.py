"""Which part to tune, in sentences that say no more than the table of ranks."""

from typing import Any

import pandas as pd
import pytest

from tuning_curves.analysis.columns import names
from tuning_curves.report.answer import answer_sentences


def row(budget: str, n: int, method: str, best: str, **values: Any) -> dict[str, Any]:
    """Ten points below the best, decided."""
    own = {"pairs": 0} if method == best else {
        "pairs": 3, "difference": -10.0, "low": -12.0, "high": -8.0, "p_holm": 0.001,
    }  # fmt: skip
    place = {"budget": budget, "n_train": n, "method": method, "best": best}
    return dict.fromkeys(names("ranking")) | place | own | values


def tables(*rows: dict[str, Any]) -> dict[str, pd.DataFrame]:
    numbers = ["n_train", "pairs", "difference", "low", "high", "p", "p_holm"]
    ranking = pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))
    steps = {("epochs", 100): 39, ("epochs", 1000): 375, ("floor", 100): 150, ("floor", 1000): 375}
    costs = [(budget, n, number) for (budget, n), number in steps.items()]
    return {
        "ranking": ranking,
        "contrasts": pd.DataFrame(columns=names("contrasts")).assign(pairs=0.0, p_holm=1.0),
        "costs": pd.DataFrame(costs, columns=["budget", "n_train", "steps"]),
    }


def test_who_is_behind_tied_and_best(make_study: Any) -> None:
    tie = {"high": 1.0, "p_holm": 0.3}
    found = answer_sentences(
        tables(
            row("epochs", 100, "full", "full"),
            row("epochs", 100, "bitfit", "full", **tie),
            row("epochs", 1000, "full", "full"),
            row("epochs", 1000, "bitfit", "full"),
            row("epochs", 1000, "head", "full"),
            row("floor", 100, "full", "full"),
            row("floor", 100, "bitfit", "full"),
            row("floor", 100, "head", "full", **tie),
            row("floor", 1000, "full", "full"),  # the same steps as under epochs: counted once
            row("floor", 1000, "bitfit", "full"),
            row("floor", 1000, "head", "full"),
        ),
        make_study(methods=("full", "bitfit", "head")),
    )
    assert found == [
        "At no size and budget shown to be behind the best method: full fine-tuning (trained at "
        "3).",
        "Shown to be behind the best method: BitFit at 2 of 3 and head only at 1 of 2 places, each "
        "a size under a budget.",
        "Under epochs, with 100 questions no method is shown to be better than another; with 1,000 "
        "questions full fine-tuning has the best test mean, and BitFit and head only are behind.",
        "Under floor, with 100 questions full fine-tuning has the best test mean, head only is "
        "tied with it, and BitFit is behind; with 1,000 questions full fine-tuning has the best "
        "test mean, and BitFit and head only are behind.",
    ]


def test_two_pairs_decide_nothing_and_one_method_has_no_rival(make_study: Any) -> None:
    study = make_study(methods=("full", "bitfit"))
    rows = [row("epochs", 100, "full", "full"), row("epochs", 100, "bitfit", "full", pairs=2)]
    assert answer_sentences(tables(*rows), study) == [
        "At no size and budget is a method shown to be behind another one.",
    ]
    assert answer_sentences(tables(rows[0]), study) == []


def test_a_method_of_two_seeds_above_the_best_mean_is_told(make_study: Any) -> None:
    two = {"pairs": 2, "difference": 3.0, "low": -9.0, "high": 15.0, "p_holm": 0.4}
    rows = [
        row(budget, n, method, "full", **(two if method == "lora" else {}))
        for budget, n in (("epochs", 1000), ("epochs", 100), ("floor", 100))
        for method in ("full", "bitfit", "lora")
    ]
    last = answer_sentences(tables(*rows), make_study(methods=("full", "bitfit", "lora")))[-1]
    assert last == (
        "A best mean is one of 3 seeds or more; above it lies, with fewer and undecided, LoRA at "
        "n = 100 and 1,000."
    )


def test_a_method_of_two_seeds_is_not_counted_among_those_never_behind(make_study: Any) -> None:
    found = answer_sentences(
        tables(
            row("epochs", 100, "full", "full"),
            row("epochs", 100, "head", "full"),
            row("epochs", 100, "bitfit", "full", pairs=2),
        ),
        make_study(methods=("full", "bitfit", "head")),
    )
    assert found[:2] == [
        "At no size and budget shown to be behind the best method: full fine-tuning (trained at "
        "1).",
        "Shown to be behind the best method: head only at 1 of 1 places, each a size under a "
        "budget.",
    ]


def test_many_methods_are_counted(make_study: Any) -> None:
    behind = ("bitfit", "head", "lora", "ia3", "prefix")
    rows = [row("epochs", 100, name, "full") for name in ("full", *behind)]
    last = answer_sentences(tables(*rows), make_study(methods=("full", *behind)))[-1]
    assert "has the best test mean, and 5 of 6 methods are behind." in last


def test_what_is_tied_with_the_best_and_below_another_is_told(make_study: Any) -> None:
    """All pairs of a place share a correction, a contrast is corrected over its sizes alone."""
    tie = {"high": 1.0, "p_holm": 0.3}
    made = tables(
        row("epochs", 100, "bitfit", "bitfit"),
        row("epochs", 100, "full", "bitfit", **tie),
        row("epochs", 100, "lora", "bitfit", **tie),
        row("epochs", 100, "head", "bitfit"),
    )
    made["contrasts"] = pd.DataFrame([
        {"first": "lora", "second": "full", "metric": "exact_match", "pairs": 3.0,
         "difference": -9.0, "low": -17.0, "high": -1.0, "p_holm": 0.04},
        {"first": "bitfit", "second": "full", "metric": "exact_match", "pairs": 3.0,
         "difference": 1.0, "low": -1.0, "high": 3.0, "p_holm": 0.4},
    ])  # fmt: skip
    found = answer_sentences(made, make_study(methods=("full", "bitfit", "lora", "head")))
    assert found[:2] == [
        "At no size and budget shown to be behind the best method: full fine-tuning (trained at 1) "
        "and BitFit (trained at 1).",
        "LoRA is nowhere shown to be behind the best method, and yet below full fine-tuning where "
        "the two alone are compared.",
    ]


@pytest.mark.parametrize(
    ("behind", "said"), [(("ia3", "prefix"), "2 are"), (("ia3",), "1 is"), ((), "none is")]
)
def test_of_many_methods_the_main_ones_are_named_and_the_others_counted(
    make_study: Any, behind: tuple[str, ...], said: str
) -> None:
    names = ("full", "bitfit", "head", "lora", "lora-all", "ia3", "prefix", "layernorm", "top-1")
    tie = {"high": 1.0, "p_holm": 0.3}
    rows = [
        row("epochs", 100, name, "full", **({} if name in (*behind, "head") else tie))
        for name in names
    ]
    found = answer_sentences(tables(*rows), make_study(methods=names))
    assert found[0].endswith("full fine-tuning (trained at 1) and BitFit (trained at 1).")
    assert found[2] == f"Of 6 other methods {said} shown to be behind it somewhere."
