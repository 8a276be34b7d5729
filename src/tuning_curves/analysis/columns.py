"""The columns of every table, declared once, and how their values are written.

Rounding, order and line ends are fixed, so that bytes do not depend on a number's last bit.
"""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.util.files import write_text

Format = Callable[[Any], str]


def text(value: Any) -> str:
    """As it is."""
    return str(value)


def whole(value: Any) -> str:
    """A whole number: a count, bytes, or a size."""
    return str(round(value))


def points(value: float) -> str:
    """Percent or percent points: two decimals, and no minus before a zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def probability(value: float) -> str:
    """Four decimals; 0.0000 means below 0.00005."""
    return f"{value:.4f}"


def significant(value: float) -> str:
    """Four significant digits: seconds and ratios."""
    return f"{value:.4g}"


def fraction(value: float) -> str:
    """Six significant digits: a share."""
    return f"{value:.6g}"


def rate(value: float) -> str:
    """A learning rate, as short as it can be and exact."""
    return repr(float(value))


def write_table(path: Path, frame: pd.DataFrame, columns: Mapping[str, Format]) -> None:
    """Write these columns as CSV; a missing value is an empty field."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    if not frame.empty:
        for row in frame[list(columns)].itertuples(index=False):
            fields = zip(row, columns.values(), strict=True)
            writer.writerow(["" if pd.isna(value) else show(value) for value, show in fields])
    write_text(path, stream.getvalue())


_GROUP: dict[str, Format] = {"budget": text, "method": text, "n_train": whole}
_PAIR: dict[str, Format] = {"budget": text, "first": text, "second": text}
_DIFFERENCES: dict[str, Format] = {
    **dict.fromkeys(("em_difference", "em_low", "em_high"), points),
    **dict.fromkeys(("p", "p_holm"), probability),
    **dict.fromkeys(("f1_difference", "f1_low", "f1_high"), points),
}

TABLES: dict[str, dict[str, Format]] = {
    "selection": {
        **_GROUP,
        "learning_rate": rate,
        "grid_size": whole,
        "edge": text,
        "validation_em": points,
        "test_em": points,
        "oracle_learning_rate": rate,
        "oracle_em": points,
        "failed": whole,
    },
    "learning_rates": {
        **_GROUP,
        "learning_rate": rate,
        "seeds": whole,
        "validation_em": points,
        "em": points,
        "diverged": whole,
    },
    "curves": {
        **_GROUP,
        "learning_rate": rate,
        "seeds": whole,
        "failed": whole,
        **dict.fromkeys(("em", "em_low", "em_high", "em_sd"), points),
        **dict.fromkeys(("f1", "f1_low", "f1_high", "f1_sd"), points),
    },
    "contrasts": {
        **_PAIR,
        "n_train": whole,
        "pairs": whole,
        **_DIFFERENCES,
    },
    "crossovers": {
        **_PAIR,
        **dict.fromkeys(("n_train", "low", "high"), whole),
        "statement": text,
    },
    "budgets": {
        **dict.fromkeys(("shorter", "longer", "first", "second"), text),
        **dict.fromkeys(("n_train", "shorter_steps", "longer_steps", "pairs"), whole),
        **_DIFFERENCES,
    },
    "costs": {
        "method": text,
        "budget": text,
        "n_train": whole,
        "steps": whole,
        "seconds_per_step": significant,
        "step_time_ratio": significant,
        "train_seconds": significant,
        "peak_memory_bytes": whole,
        "optimizer_bytes": whole,
        "delta_bytes": whole,
        "gradient_bytes": whole,
        "activation_bytes": whole,
        "activation_bytes_one": whole,
        "step_tokens": whole,
        "flops_per_step": whole,
        "device": text,
    },
    "reach": {
        "share": significant,
        "target_em": points,
        "method": text,
        **dict.fromkeys(("train_seconds", "low", "high"), significant),
        "budget": text,
        "n_train": whole,
        "device": text,
    },
    "biases": {
        **_GROUP,
        "term": text,
        "layer": whole,
        **dict.fromkeys(("change", "first_gradient"), significant),
    },
    "counts": {
        "method": text,
        **dict.fromkeys(("trainable_backbone", "trainable_added", "trainable_head"), whole),
        "total": whole,
        "share": fraction,
    },
    "provenance": {"key": text, "value": text, "runs": whole},
    "verdicts": {
        **dict.fromkeys(("claim", "budget", "verdict"), text),
        **dict.fromkeys(("estimate", "low", "high"), significant),
        **dict.fromkeys(("unit", "scale", "reason", "statement", "source"), text),
    },
}


COLUMNS: dict[str, tuple[str, ...]] = {
    "selection": (
        "budget", "method", "n_train", "learning_rate", "grid_size", "edge", "validation_em",
        "test_em", "oracle_learning_rate", "oracle_em", "failed",
    ),
    "learning_rates": (
        "budget", "method", "n_train", "learning_rate", "seeds", "validation_em", "em", "diverged",
    ),
    "curves": (
        "budget", "method", "n_train", "learning_rate", "seeds", "failed", "em", "em_low",
        "em_high", "em_sd", "f1", "f1_low", "f1_high", "f1_sd",
    ),
    "contrasts": (
        "budget", "first", "second", "n_train", "pairs", "em_difference", "em_low", "em_high",
        "p", "p_holm", "f1_difference", "f1_low", "f1_high",
    ),
    "crossovers": ("budget", "first", "second", "n_train", "low", "high", "statement"),
    "budgets": (
        "shorter", "longer", "first", "second", "n_train", "shorter_steps", "longer_steps",
        "pairs", "em_difference", "em_low", "em_high", "p", "p_holm", "f1_difference", "f1_low",
        "f1_high",
    ),
    "costs": (
        "method", "budget", "n_train", "steps", "seconds_per_step", "step_time_ratio",
        "train_seconds", "peak_memory_bytes", "optimizer_bytes", "delta_bytes", "gradient_bytes",
        "activation_bytes", "activation_bytes_one", "step_tokens", "flops_per_step", "device",
    ),
    "reach": (
        "share", "target_em", "method", "train_seconds", "low", "high", "budget", "n_train",
        "device",
    ),
    "biases": ("budget", "method", "n_train", "term", "layer", "change", "first_gradient"),
    "counts": (
        "method", "trainable_backbone", "trainable_added", "trainable_head", "total", "share",
    ),
    "provenance": ("key", "value", "runs"),
    "verdicts": (
        "claim", "budget", "verdict", "estimate", "low", "high", "unit", "scale", "reason",
        "statement", "source",
    ),
}  # fmt: skip
TEXT = (
    "budget", "shorter", "longer", "method", "first", "second", "edge", "statement", "key",
    "value", "claim", "verdict", "scale", "reason", "unit", "source", "term", "device",
)  # fmt: skip
