"""Tables as text whose bytes do not depend on a number's last bit: rounding, order, line ends."""

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
