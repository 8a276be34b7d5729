"""When losses fall, and which trainings ended before that, in sentences."""

from typing import Any

import pandas as pd

from tuning_curves.analysis.columns import names
from tuning_curves.report.plateau import plateau_sentences


def training(budget: str, method: str, n: int, losses: dict[int, float]) -> list[tuple[Any, ...]]:
    return [(budget, method, n, step, loss, None, 3) for step, loss in losses.items()]


def table(*trainings: list[tuple[Any, ...]]) -> dict[str, pd.DataFrame]:
    rows = [row for training in trainings for row in training]
    return {"training": pd.DataFrame(rows, columns=names("training"))}


def test_half_of_the_fall_is_that_of_the_longest_training() -> None:
    tables = table(
        training("short", "bitfit", 100, {20: 5.0, 40: 4.0}),
        training("long", "bitfit", 100, {50: 5.0, 100: 4.0, 150: 3.0, 200: 1.0}),
        training("short", "full", 100, {20: 4.0, 40: 1.5}),
        training("long", "full", 100, {50: 4.0, 100: 1.0, 150: 0.0, 200: 0.5}),
    )
    assert plateau_sentences(tables) == [
        "At n = 100 the loss has made half of its fall by step 100 of 200 with full fine-tuning "
        "and step 150 of 200 with BitFit.",
        "Shorter trainings that ended before half of the fall of the longest one, on their "
        "plateau: BitFit at n = 100 after 40 steps.",
    ]


def test_trainings_of_one_length_have_no_shorter_ones() -> None:
    losses = {10: 5.0, 20: 2.0}
    tables = table(training("a", "full", 50, losses), training("b", "full", 50, losses))
    assert plateau_sentences(tables) == [
        "At n = 50 the loss has made half of its fall by step 20 of 20 with full fine-tuning."
    ]


def test_without_losses_nothing_is_said() -> None:
    assert plateau_sentences(table([])) == []
