"""How much a proposed study compares, from the most that is worth its hours to the least.

What is compared is cut to the hours by seeds, methods and rates first, and by steps late: BitFit
needs them more than full fine-tuning does (docs/decisions.md). Four sizes are kept as long as half
of the steps are, since `advise` needs them to look ahead. Operations are reckoned as docs/costs.md
counts them.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tuning_curves.encoders.families.base import EncoderShape
from tuning_curves.methods.registry import describe
from tuning_curves.methods.requirements import why_not
from tuning_curves.study.config import Budget
from tuning_curves.study.facts import QA, TEXTS, DataFacts, EncoderFacts, Given
from tuning_curves.study.grid import steps_of
from tuning_curves.study.sections import MOST_HELD, MOST_TEST, batch_of, windows
from tuning_curves.util.errors import UsageError, plural

STEPS, STEPS_OF_WORDS = {QA: 1_500, TEXTS: 600}, 500  # of the longer budget, as in our own studies
EPOCHS = 3
RATES = {  # of an encoder of BERT-base's size, where docs/methods.md begins; small ones want more
    "full": (1e-5, 3e-5),
    "bitfit": (4e-4, 1e-3),
    "value-bias": (4e-4, 1e-3),
    "adapter-houlsby": (1e-4, 3e-4),
    "lora": (1e-4, 5e-4),
    "lora-all": (1e-4, 5e-4),
    "head": (1e-3, 3e-3),
}
METHODS = ("full", "bitfit", "adapter-houlsby", "lora", "head")
INSTEAD = {"bitfit": "value-bias", "lora": "lora-all"}
SMALL, MEDIUM = 30e6, 60e6  # numbers in the layers' matrices
FORWARD = 2  # operations a number and token
UNCERTAIN, RUN_SECONDS = 1.25, 1.0  # what reading and starting add; and each run
TRAIN = {"full": 6, "bitfit": 4, "value-bias": 4, "head": 0}
TRAIN_ADDED = 4.4  # of all others, with what they add
CHUNK_SECONDS = 150


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much a study compares."""

    seeds: int
    methods: tuple[str, ...]
    rates: int
    sizes: int
    largest: int
    steps: int


def extents(given: Given) -> list[Extent]:
    """From the most that is worth its hours to the least that decides anything.

    Raises:
        UsageError: too little is left to train on.
    """
    facts, pool, shape = given.data, given.parts["train"], given.encoder.shape
    if pool < 8:
        raise UsageError(
            f"{facts.train}: {plural(pool, 'example')} left to train on, expected 8 or more",
            fix="label more examples first, or give a test file with --test",
        )
    batch, steps = batch_of(facts.task), STEPS.get(facts.task, STEPS_OF_WORDS)
    names = tuple(one for name in METHODS if (one := _applying(name, shape)) is not None)
    most = Extent(seeds=10, methods=names, rates=2, sizes=4, largest=_round_down(pool), steps=steps)
    few = tuple(name for name in names if name.split("-")[0] != "lora")
    main = tuple(name for name in few if not name.startswith("adapter"))
    cheap = min(most.largest, _round_down(steps * batch // EPOCHS))
    cuts: list[dict[str, Any]] = [
        {"seeds": 5}, {"seeds": 3}, {"methods": few}, {"largest": cheap}, {"methods": main},
        {"rates": 1}, {"steps": steps * 3 // 4}, {"steps": steps // 2}, {"sizes": 3},
        {"steps": steps // 4}, {"steps": steps // 8},
    ]  # fmt: skip
    ladder = [most]
    for cut in cuts:
        ladder.append(replace(ladder[-1], **cut))
    return ladder


def _applying(name: str, shape: EncoderShape) -> str | None:
    """The method, or what stands for it in an encoder that it does not apply to, if anything."""
    for one in (name, INSTEAD.get(name)):
        if one is not None and why_not(describe(one), shape) is None:
            return one
    return None


def _round_down(n: int) -> int:
    """The largest number of two digits and noughts up to n."""
    unit = 10 ** max(0, len(str(n)) - 2)
    return n // unit * unit


def sizes_of(extent: Extent) -> list[int]:
    """The largest size and its halves; quarters where it is far above what few examples are."""
    factor = 2 if extent.largest < 800 else 4
    sizes = (extent.largest // factor**k for k in range(extent.sizes))
    return sorted({n for n in sizes if n >= 2})


def budgets_of(extent: Extent) -> list[dict[str, Any]]:
    """Equal steps at every size, and equal epochs."""
    return [
        {"name": "steps", "epochs": 1, "min_steps": extent.steps},
        {"name": "epochs", "epochs": EPOCHS, "min_steps": 0},
    ]


def methods_of(given: Given, extent: Extent) -> list[dict[str, Any]]:
    """The methods with their rates."""
    return [
        {"name": name, "learning_rates": _rates(given, name, extent)} for name in extent.methods
    ]


def _rates(given: Given, name: str, extent: Extent) -> list[float]:
    """Two rates, or the one that this project's own studies of rates would choose.

    Of texts and questions a small encoder did best at the lower one, of words at the higher one.
    """
    factor = rate_factor(given.encoder.matrices)
    rates = [float(f"{rate * factor:.1g}") for rate in RATES[name]]
    if extent.rates > 1 or name == "head":
        return rates
    return rates[:1] if factor > 1 and given.data.task in (QA, TEXTS) else rates[-1:]


def rate_factor(matrices: int) -> int:
    """How much larger rates are than those of BERT-base."""
    return 10 if matrices < SMALL else 3 if matrices < MEDIUM else 1


def runs_of(given: Given, extent: Extent) -> list[tuple[str, int, int]]:
    """Method, size and steps of each training of one seed, those of each rate beside each other."""
    batch = batch_of(given.data.task)
    budgets = [Budget(**budget) for budget in budgets_of(extent)]
    points = {
        (name, n, steps_of(n, budget, batch))
        for name in extent.methods
        for n in sizes_of(extent)
        for budget in budgets
    }
    rates = {name: 2 if name == "head" else extent.rates for name in extent.methods}
    return [point for point in sorted(points) for _ in range(rates[point[0]])]


def seconds_of(given: Given, extent: Extent) -> float:
    """Time of the whole study on all workers."""
    parts, batch = given.parts, batch_of(given.data.task)
    scored = min(parts["test"], MOST_TEST) + min(parts["validation"], MOST_HELD)
    whole: float = FORWARD * (parts["train"] + scored)  # what is frozen runs once
    runs = runs_of(given, extent)
    for name, _, steps in runs:
        trained = TRAIN.get(name, TRAIN_ADDED) * steps * batch
        whole += extent.seeds * (trained + FORWARD * scored * (name != "head"))
    seconds = whole * operations(given.data, given.encoder) / given.machine.flops
    return (UNCERTAIN * seconds + RUN_SECONDS * extent.seeds * len(runs)) / given.machine.workers


def operations(facts: DataFacts, encoder: EncoderFacts) -> float:
    """Multiplications of an example in the layers: its tokens on each number, and attention."""
    longest = windows(facts, encoder)["max_length"]
    tokens = facts.tokens.astype(float)
    if facts.task == TEXTS:
        tokens = np.minimum(tokens, longest)
    attention = encoder.shape.layers * encoder.shape.width * tokens * np.minimum(tokens, longest)
    return float(np.mean(tokens * encoder.matrices + 2 * attention))


def example_windows(given: Given) -> int:
    """Windows that an example has on the mean, in whole ones."""
    cut = windows(given.data, given.encoder)
    if "stride" not in cut:
        return 1
    further = np.maximum(given.data.tokens - cut["max_length"], 0)
    return round(float(np.mean(1 + np.ceil(further / (cut["max_length"] - cut["stride"])))))


def execution(given: Given) -> dict[str, int]:
    """A study's section `execution`: forward passes that one process makes in some minutes.

    They are over windows, of which the study says how many a long example has.
    """
    passes = CHUNK_SECONDS * given.machine.flops
    passes /= FORWARD * operations(given.data, given.encoder)
    long = example_windows(given)
    chunks = {"chunk_passes": max(1_000, _round_down(int(passes * long)))}
    return chunks | ({"example_windows": long} if long > 1 else {})
