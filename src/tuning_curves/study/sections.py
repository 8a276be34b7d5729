"""Sections of a proposed study that follow from data and encoder, whatever the hours are."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tuning_curves.data.subsets import LEAST_GROUPS, validation_groups
from tuning_curves.study.facts import QA, TEXTS, DataFacts, EncoderFacts
from tuning_curves.tasks.token_classification.tags import is_bio
from tuning_curves.util import streams
from tuning_curves.util.errors import UsageError, plural

BATCH, BATCH_OF_QUESTIONS = 16, 8  # examples of a step
TEST, MOST_TEST, HELD, MOST_HELD = 0.3, 1_000, 0.15, 500  # shares of a file, and the most of them
USEFUL = 150  # examples; with fewer little is decided
LEAST_EXAMPLES = 30  # with fewer nothing can be asked
LOPSIDED = 0.65  # the most frequent label's share from which accuracy says little
SHOWN = 12  # labels named in a comment


def split_file(facts: DataFacts) -> dict[str, int]:
    """How many examples are set aside to measure on (without a test file) and to choose rates on.

    Whole groups are taken, so that a large one may take more; fewer are then asked for.

    Returns:
        `held_out_examples` and, without a test file, `test_from_train`.

    Raises:
        UsageError: too few examples or groups to set any aside.
    """
    if facts.examples < LEAST_EXAMPLES:
        raise UsageError(
            f"{facts.train}: {plural(facts.examples, 'example')}, expected {LEAST_EXAMPLES} or "
            f"more: some measure, some choose the learning rates, the rest trains ({USEFUL} or "
            "more let something be decided)",
            fix="label more examples first",
        )
    _check_groups(facts)
    for part in (1.0, 0.7, 0.5, 0.3, 0.2, 0.1):
        asked = _asked(facts, part)
        if _left(facts, asked) * 3 >= facts.examples:
            return asked
    raise UsageError(
        f"{facts.train}: the largest of {len(facts.group_sizes)} groups has "
        f"{facts.group_sizes.max():,} of {facts.examples:,} examples: too little is left to train "
        "on when whole groups are set aside",
        fix="divide it into more groups, or give a test file with --test",
    )


def _check_groups(facts: DataFacts) -> None:
    least = LEAST_GROUPS if facts.test is None else LEAST_GROUPS - 1
    if len(facts.group_sizes) < least:
        raise UsageError(
            f"{facts.train}: {plural(len(facts.group_sizes), 'group')}, expected {least} or more: "
            "whole groups measure, choose the learning rates and train",
            fix="divide the file into more groups (titles, documents or the column of --group), or "
            "leave --group out where examples do not belong together",
        )


def _asked(facts: DataFacts, part: float) -> dict[str, int]:
    n = facts.examples
    asked = {"held_out_examples": max(1, int(part * min(MOST_HELD, HELD * n)))}
    if facts.test is None:
        asked["test_from_train"] = max(1, int(part * min(MOST_TEST, TEST * n)))
    return asked


def _left(facts: DataFacts, asked: Mapping[str, int]) -> int:
    """Examples that are left to train on; 0 where the file cannot be divided so."""
    sizes = facts.group_sizes
    if "test_from_train" in asked:
        order = streams.test_split_stream().permutation(len(sizes))
        taken = int(np.searchsorted(np.cumsum(sizes[order]), asked["test_from_train"])) + 1
        if taken > len(sizes) - 2:
            return 0
        sizes = sizes[np.sort(order[taken:])]
    try:
        held = validation_groups(sizes, asked["held_out_examples"])
    except UsageError:
        return 0
    return int(sizes.sum() - sizes[held].sum())


def data_section(facts: DataFacts, splits: Mapping[str, int]) -> dict[str, Any]:
    """A study's section `data`; hashes are computed whenever the study is read."""
    section: dict[str, Any] = {"name": facts.name, "source": "path", "train": facts.train}
    if facts.test is not None:
        section["test"] = facts.test
    if facts.format is not None:
        section["format"] = dict(facts.format)
    return section | {"duplicates": "drop"} | dict(sorted(splits.items(), reverse=True))


def windows(facts: DataFacts, encoder: EncoderFacts) -> dict[str, int]:
    """A study's section `windows`: long enough for 99 of 100 texts, or as BERT reads passages."""
    if facts.task == QA:
        length = min(384, encoder.positions)
        return {"max_length": length, "stride": length // 3}
    asked = 32 * math.ceil(float(np.quantile(facts.tokens, 0.99)) / 32)
    length = min(max(32, asked), 512, encoder.positions)
    return {"max_length": length} | ({} if facts.task == TEXTS else {"stride": length // 4})


def batch_of(task: str) -> int:
    """Examples of a step: passages are long."""
    return BATCH_OF_QUESTIONS if task == QA else BATCH


def training(task: str, device: str) -> dict[str, Any]:
    """A study's section `training`."""
    return {
        "batch_size": batch_of(task),
        "schedule": "linear",
        "warmup": 0.1,
        "weight_decay": 0.0,
        "adam_epsilon": 1e-6,
        "clip_norm": 1.0,
        "hidden_dropout": 0.1,
        "attention_dropout": 0.0,
        "precision": "bfloat16" if device == "cuda" else "float32",
    }


def task_section(
    task: str, labels: Mapping[str, int], encoder: EncoderFacts
) -> tuple[dict[str, Any], dict[str, str]]:
    """A study's section `task`, with reasons by dotted key."""
    if task == QA:
        reason = "how spans are decoded, as BERT's"
        return {"name": QA, "n_best": 20, "max_answer_tokens": 30}, {"task.n_best": reason}
    section: dict[str, Any] = {"name": task, "labels": list(labels)}
    counts = ", ".join(f"{label} {count:,}" for label, count in list(labels.items())[:SHOWN])
    more = f", and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    reasons = {"task.labels": f"as the file has them: {counts}{more}"}
    if task == TEXTS:
        section["pooling"], reasons["task.pooling"] = encoder.pooling
    section["main_metric"], reasons["task.main_metric"] = _metric(task, labels)
    return section, reasons


def _metric(task: str, labels: Mapping[str, int]) -> tuple[str, str]:
    share = max(labels.values()) / sum(labels.values())
    if task != TEXTS:
        if is_bio(list(labels)):
            return "entity_f1", f"labels mark entities; {share:.0%} of words have the same label"
        return "accuracy", "each word counts the same"
    if share > LOPSIDED:
        return "macro_f1", f"{share:.0%} have one label, so that accuracy would say little"
    return "accuracy", f"the most frequent label has {share:.0%} of the texts"
