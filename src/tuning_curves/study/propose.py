"""A study for a person's own file: what is known of data, encoder and machine in, a study out.

Pure: nothing is read and nothing is timed here. Each choice has its reason, which the study's file
has as a comment (`draft`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuning_curves.study.facts import QA, TEXTS, DataFacts, Given
from tuning_curves.study.ladder import (
    EPOCHS,
    Extent,
    budgets_of,
    example_windows,
    execution,
    extents,
    methods_of,
    rate_factor,
    runs_of,
    seconds_of,
    sizes_of,
)
from tuning_curves.study.sections import (
    MOST_HELD,
    MOST_TEST,
    USEFUL,
    batch_of,
    data_section,
    task_section,
    training,
    windows,
)
from tuning_curves.tasks.ceiling import USUAL_UNKNOWN
from tuning_curves.util.errors import plural

FEW_GROUPS = 10
MOST_PER_WORD = 1.8  # tokens; MiniLM reads English with 1.2 to 1.5, Spanish with 1.9, German 2.5


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A study's mapping, by dotted key the reasons, what else to know, and its time.

    Attributes:
        seconds: of the whole study on all workers.
    """

    config: Mapping[str, Any]
    reasons: Mapping[str, str]
    notes: Sequence[str]
    seconds: float
    runs: int
    extent: Extent = field(repr=False)


def propose(given: Given, hours: float) -> Proposal:
    """The study that compares the most within so many hours, or the least that decides anything.

    Raises:
        UsageError: nothing is left to train on.
    """
    ladder = extents(given)
    fits = (extent for extent in ladder if seconds_of(given, extent) <= hours * 3600)
    extent = next(fits, ladder[-1])
    seconds = seconds_of(given, extent)
    task, of_task = task_section(given.data.task, given.data.labels, given.encoder)
    return Proposal(
        config={**_opening(given.data), "task": task, **_sections(given, extent)},
        reasons=of_task | _of_data(given) | _of_long(given) | _of_extent(given, extent, ladder[0]),
        notes=[*_notes(given), *_too_long(seconds, hours)],
        seconds=seconds,
        runs=len(runs_of(given, extent)) * extent.seeds,
        extent=extent,
    )


def _opening(data: DataFacts) -> dict[str, Any]:
    title = f"Which part to tune for {data.name}, by the number of labelled examples"
    return {"study": data.name, "title": title, "scale": "reduced"}


def _sections(given: Given, extent: Extent) -> dict[str, Any]:
    """All but the task's section."""
    test, validation = given.parts["test"], given.parts["validation"]
    return {
        "encoder": dict(given.encoder.section),
        "data": data_section(given.data, given.splits),
        "windows": windows(given.data, given.encoder),
        "methods": methods_of(given, extent),
        "sizes": sizes_of(extent),
        "budgets": budgets_of(extent),
        "seeds": list(range(extent.seeds)),
        "training": training(given.data.task, given.machine.device),
        "evaluation": {
            "test_examples": "all" if test <= MOST_TEST else MOST_TEST,
            "validation_examples": "all" if validation <= MOST_HELD else MOST_HELD,
        },
        "analysis": {
            "contrasts": [[name, "full"] for name in extent.methods if name != "full"],
            "n_bootstrap": 10_000,
            "seed": 0,
            "confidence": 0.95,
        },
        "execution": execution(given),
    }


# Reasons, by dotted key


def _of_data(given: Given) -> dict[str, str]:
    data, parts = given.data, given.parts
    whole = "whole groups of" if data.grouped else "of"
    return {
        "scale": "your own data says whether a finding carries over; it replicates nothing",
        "data.format": "as the file is written",
        "data.duplicates": _on_repeats(data),
        "data.test_from_train": f"{whole} the file's {data.examples:,} examples; they measure",
        "data.held_out_examples": f"{whole} the training examples; they choose the learning rates",
        "windows": _on_windows(given),
        "training.attention_dropout": "a declared deviation: see the paper",
        "training.precision": "any processor does float32 well; bfloat16 is quicker where there "
        "are units for it",
        "evaluation": f"there are {parts['test']:,} to test and {parts['validation']:,} to "
        "validate on",
        "execution.chunk_passes": "some minutes of one process; no number depends on it",
    }


def _of_long(given: Given) -> dict[str, str]:
    if example_windows(given) == 1:
        return {}
    return {"execution.example_windows": "a text fills so many windows on the mean"}


def _of_extent(given: Given, extent: Extent, most: Extent) -> dict[str, str]:
    steps = f"{extent.steps} steps of {batch_of(given.data.task)} at every size: what more "
    steps += "examples bring"
    if extent.steps < most.steps:
        steps += f" ({most.steps} do not fit the hours; BitFit suffers most of it)"
    cut = "cut to the hours" if extent != most else "as many as are worth their time"
    return {
        "methods": _on_rates(given, extent),
        "sizes": f"of {given.parts['train']:,} examples that are left to train on; from four sizes "
        "on `advise` can reckon what more labels bring",
        "budgets.steps": steps,
        "budgets.epochs": f"each example {EPOCHS} times: with few of them, few steps",
        "seeds": f"{cut}; fewer than three decide next to nothing",
    }


def _on_rates(given: Given, extent: Extent) -> str:
    factor = rate_factor(given.encoder.matrices)
    told = "Rates of docs/methods.md"
    if factor > 1:
        told = f"Rates are {factor} times those that docs/methods.md has for BERT-base"
    if extent.rates == 1:
        return (
            f"{told}; one each, since the hours do not hold a search: whether it is the best one, "
            "the study cannot tell."
        )
    return (
        f"{told}; the better one is chosen for each method, size and budget on the validation "
        "part. A rate at the edge of its grid is flagged in tables/selection.csv: widen it then."
    )


def _on_repeats(facts: DataFacts) -> str:
    if not facts.repeats:
        return "no text stands twice; if one comes to, it must not be trained on and measured on"
    return (
        f"{plural(facts.repeats, 'example')} with a text that stands elsewhere too must not be "
        "trained on and measured on"
    )


def _on_windows(given: Given) -> str:
    facts = given.data
    chosen = windows(facts, given.encoder)["max_length"]
    how = "counted with the encoder's tokenizer" if facts.counted else "reckoned from characters"
    middle, long = (int(q) for q in np.quantile(facts.tokens, (0.5, 0.99)))
    told = f"half of the texts have {middle:,} tokens or fewer, 99 of 100 {long:,} ({how})"
    if facts.task == QA:
        return f"as BERT reads passages; {told}"
    cut = float(np.mean(facts.tokens > chosen))
    if facts.task == TEXTS and cut > 0.01:
        told += f"; {cut:.0%} are cut, since the encoder reads no more"
    return told


# What else to know


def _notes(given: Given) -> list[str]:
    """What a person should know of the data."""
    facts, parts, notes = given.data, given.parts, []
    if facts.examples + (facts.test_examples or 0) < USEFUL:
        notes.append(
            f"{facts.examples:,} examples are few: {parts['test']:,} measure, and differences "
            f"between methods will mostly stay undecided; {USEFUL} or more are a useful study"
        )
    rare = {label: n for label, n in facts.labels.items() if n < 3}
    if rare:
        listed = ", ".join(f"{label} ({n})" for label, n in list(rare.items())[:8])
        notes.append(
            f"{plural(len(rare), 'label has', 'labels have')} fewer than 3 examples, too few to be "
            f"trained on and measured: {listed}"
        )
    if facts.grouped and len(facts.group_sizes) < FEW_GROUPS:
        notes.append(
            f"{len(facts.group_sizes)} groups are few: intervals are drawn over them, and will be "
            f"wide; {FEW_GROUPS} or more are better"
        )
    return [*notes, *_language(facts)]


def _language(facts: DataFacts) -> list[str]:
    """Whether the encoder may be one of another language."""
    found = []
    if facts.unknown > USUAL_UNKNOWN:
        found.append(
            f"does not know {facts.unknown:.1%} of the texts' tokens (MiniLM in English: 0.03%)"
        )
    if facts.per_word is not None and facts.per_word > MOST_PER_WORD:
        found.append(
            f"cuts words into {facts.per_word:.1f} tokens each (MiniLM in English: 1.2 to 1.5)"
        )
    if not found:
        return []
    return [
        f"the encoder {' and '.join(found)}: if it is of another language than the texts, name one "
        "of theirs with --encoder"
    ]


def _too_long(seconds: float, hours: float) -> list[str]:
    if seconds <= hours * 3600:
        return []
    return [
        f"the least that decides anything takes about {in_words(seconds)}, more than the "
        f"{hours:g} hours asked for: a smaller encoder or a GPU does it sooner"
    ]


def in_words(seconds: float) -> str:
    """A time, rounded as an estimate is."""
    minutes = seconds / 60
    if minutes < 1.5:
        return "a minute"
    if minutes < 90:
        return f"{minutes:.0f} minutes"
    hours = minutes / 60
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"
