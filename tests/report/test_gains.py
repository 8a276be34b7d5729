"""What more examples bring, in sentences."""

from typing import Any

import pandas as pd

from tuning_curves.report.gains import equal_steps_sentences, gain_sentences


def row(budget: str, method: str, sizes: tuple[int, int], p: float, **values: Any) -> dict:
    """A gain of ten points [8, 12]."""
    steps = (20, 20) if budget == "floor" else (10, 40)
    return {
        "budget": budget, "method": method, "smaller": sizes[0], "larger": sizes[1],
        "smaller_steps": steps[0], "larger_steps": steps[1], "pairs": 3, "metric": "exact_match",
        "difference": 10.0, "low": 8.0, "high": 12.0, "p": p, "p_holm": p, **values,
    }  # fmt: skip


def test_a_budgets_widest_pair_of_sizes_is_told_with_what_it_decides(make_study: Any) -> None:
    rows = [
        row("epochs", "full", (100, 200), 0.01),
        row("epochs", "full", (100, 1000), 0.01),
        row("epochs", "bitfit", (100, 1000), 0.2, low=-1.0),
        row("epochs", "head", (100, 200), 0.01),  # has no run at 1,000
        row("floor", "full", (100, 1000), 0.01, pairs=2),
        row("floor", "bitfit", (100, 1000), 0.01, low=float("nan"), high=float("nan")),
    ]
    assert gain_sentences({"sizes": pd.DataFrame(rows)}, make_study()) == [
        "From 100 to 1,000 questions under epochs, with more steps, exact match changes by these "
        "points: full fine-tuning +10.0 [+8.0, +12.0] and BitFit +10.0 [−1.0, +12.0] (undecided).",
        "From 100 to 1,000 questions under floor, with as many steps, exact match changes by these "
        "points: full fine-tuning +10.0 [+8.0, +12.0] (undecided) and BitFit +10.0 (no interval).",
    ]


def test_without_two_sizes_there_is_nothing_to_tell(make_study: Any) -> None:
    assert gain_sentences({"sizes": pd.DataFrame(columns=["metric", "budget"])}, make_study()) == []


def equal(steps: int, first: str, second: str, sizes: tuple[int, int], **values: Any) -> dict:
    """As `row`, at equal steps; a second method makes it the change of a contrast."""
    own = row("floor", first, sizes, 0.01, **values)
    return own | {"steps": steps, "first": first, "second": second}


def test_at_equal_steps_both_methods_of_the_first_contrast_are_told(make_study: Any) -> None:
    rows = [
        equal(600, "full", "", (100, 1000)),
        equal(600, "bitfit", "", (100, 1000), difference=-2.0, low=-5.0, high=1.0, p_holm=0.4),
        equal(600, "head", "", (100, 1000)),  # of no contrast
        equal(600, "full", "", (100, 200), difference=1.0),  # not the widest pair of sizes
        equal(600, "bitfit", "full", (100, 1000), difference=-12.0),  # told with the changes
        equal(150, "full", "", (100, 200), pairs=2),
        equal(150, "bitfit", "", (100, 200)),
        equal(150, "bitfit", "full", (100, 200)),
        equal(90, "full", "", (100, 200)),  # BitFit has no such steps
    ]
    assert equal_steps_sentences({"equal_steps": pd.DataFrame(rows)}, make_study()) == [
        "From 100 to 200 questions at 150 steps, exact match changes by these points: "
        "full fine-tuning +10.0 [+8.0, +12.0] (undecided) and BitFit +10.0 [+8.0, +12.0].",
        "From 100 to 1,000 questions at 600 steps, exact match changes by these points: "
        "full fine-tuning +10.0 [+8.0, +12.0] and BitFit −2.0 "
        "[−5.0, +1.0] (undecided).",
    ]
    nothing = {"equal_steps": pd.DataFrame(columns=["metric", "steps"])}
    assert equal_steps_sentences(nothing, make_study()) == []
