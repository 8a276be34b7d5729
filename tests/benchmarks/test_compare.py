"""The arithmetic of ratios and of regressions, by numbers a reader can check."""

from typing import Any

import pytest

from benchmarks.clock import Patience, Sample, Work, interleave
from benchmarks.compare import median_interval, rate_of, ratio_of, seconds_of, verdict
from benchmarks.results import changes, merge


def sample(cpu: float, units: float = 1.0, gflop: float = 0.0) -> Sample:
    return Sample(cpu=cpu, wall=2 * cpu, work=Work(units=units, gflop=gflop))


def test_a_ratio_is_the_median_over_rounds_of_times_a_unit() -> None:
    ours = [sample(2.0, units=2), sample(1.0), sample(4.0, units=2)]
    peer = [sample(6.0, units=2), sample(5.0), sample(8.0)]
    ratio = ratio_of(ours, peer)  # 3 / 1, 5 / 1, 8 / 2
    assert (ratio.median, ratio.range, ratio.rounds) == (4.0, (3.0, 5.0), 3)


def test_a_ratio_needs_the_same_rounds() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio_of([sample(1.0), sample(1.0)], [sample(1.0)])


def test_seconds_and_rates_are_medians() -> None:
    samples = [sample(1.0, gflop=10), sample(2.0, gflop=60), sample(9.0, gflop=9)]
    assert seconds_of(samples) == {"cpu": 2.0, "wall": 4.0}
    assert rate_of(samples) == 10.0


@pytest.mark.parametrize(
    ("count", "places"),
    [
        (1, (0, 0)),
        (4, (0, 3)),
        (5, (0, 4)),  # covers 1 - 2 / 32 = 94 %
        (7, (0, 6)),
        (8, (0, 7)),  # the inner pair misses 2 (1 + 8) / 256 = 7.03 %: just too much
        (9, (1, 7)),  # 2 (1 + 9) / 512 = 3.9 %
        (20, (5, 14)),  # 4.1 %: the usual 95 % interval of 20 values
    ],
)
def test_the_interval_of_a_median_is_of_order_statistics(
    count: int, places: tuple[int, int]
) -> None:
    values = [float(value) for value in range(count)]
    assert median_interval(values) == (float(places[0]), float(places[1]))


def row(ratio: float | None, low: float, high: float, machine: str = "here") -> dict[str, Any]:
    return {"name": "a", "ratio": ratio, "ratio_interval": [low, high], "machine": machine}


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (row(4.0, 3.8, 4.2), row(3.5, 3.3, 3.7), "fell"),
        (row(4.0, 3.6, 4.2), row(3.5, 3.3, 3.7), "same"),
        (row(4.0, 3.8, 4.2), row(5.0, 4.5, 5.5), "rose"),
        (None, row(3.5, 3.3, 3.7), "new"),
        (row(None, 0, 0), row(3.5, 3.3, 3.7), "new"),
        (row(4.0, 3.8, 4.2, "there"), row(1.0, 0.9, 1.1), "another machine"),
        (row(4.0, 3.8, 4.2), row(None, 0, 0), "no ratio"),
    ],
)
def test_a_ratio_fell_when_its_interval_lies_below(before: Any, now: Any, said: str) -> None:
    assert verdict(before, now) == said
    assert changes([] if before is None else [before], [now]) == {"a": said}


def test_rows_measured_anew_replace_their_like_in_the_tables_order() -> None:
    old = [{"name": "a", "ratio": 1}, {"name": "b", "ratio": 2}]
    merged = merge(old, [{"name": "c", "ratio": 3}, {"name": "a", "ratio": 4}], ("c", "b", "a"))
    assert [(r["name"], r["ratio"]) for r in merged] == [("c", 3), ("b", 2), ("a", 4)]


def test_contestants_take_turns_and_the_order_turns_round() -> None:
    calls: list[str] = []

    def turn(name: str) -> Any:
        return lambda: calls.append(name) or sample(1.0)

    turns = {name: turn(name) for name in "abc"}
    samples = interleave(turns, Patience(rounds=2, seconds=60))
    assert "".join(calls) == "abc" + "abc" + "cba"
    assert {name: len(each) for name, each in samples.items()} == {"a": 2, "b": 2, "c": 2}


def test_no_round_begins_when_the_time_is_up() -> None:
    samples = interleave({"a": lambda: sample(1.0)}, Patience(rounds=99, seconds=0.0), warm=False)
    assert len(samples["a"]) == 1
