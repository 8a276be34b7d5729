"""Draws, names, articles before nouns: by examples."""

import pytest

from tuning_curves.demo.cultures import cultures
from tuning_curves.demo.draw import Draw
from tuning_curves.demo.names import Names
from tuning_curves.demo.render import with_article
from tuning_curves.util.errors import UsageError

NORTHERN = cultures()[0]


def test_draws_are_fixed():
    """SHA-256 of "a/1#0" and so on: the same on every platform."""
    draw = Draw("a", 1)
    assert [draw.below(1000) for _ in range(3)] == [676, 390, 70]
    assert Draw("a").child(1).below(1000) == 676


def test_draws_are_even():
    draw = Draw("even")
    counts = [0] * 5
    for _ in range(5000):
        counts[draw.below(5)] += 1
    assert all(900 < count < 1100 for count in counts)


def test_shuffled_keeps_all():
    options = list(range(20))
    assert sorted(Draw("s").shuffled(options)) == options
    assert Draw("s").shuffled(options) != options


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("old bell", "an old bell"),
        ("ferry", "a ferry"),
        ("organ builder", "an organ builder"),
        ("80 metres", "an 80 metres"),
        ("18 arches", "an 18 arches"),
        ("1,200 men", "a 1,200 men"),
        ("unicorn", "a unicorn"),
    ],
)
def test_a_or_an(phrase, expected):
    assert with_article(phrase) == expected


def test_names_do_not_come_back():
    names, draw = Names(), Draw("names")
    made = [names.place(draw, NORTHERN) for _ in range(300)]
    assert len(set(made)) == 300


def test_running_out_of_names_says_what_to_do():
    names, draw = Names(), Draw("many")
    with pytest.raises(UsageError, match="run out of names of places") as caught:
        for _ in range(100_000):
            names.place(draw, NORTHERN)
    assert "train_articles" in caught.value.fix
