"""The collected runs, read back: a row a cell and budget, each run's sums over articles, biases.

Intervals need no single question, only each article's sum; so outcomes shrink to those while
they are read, and thousands of runs stay small.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tuning_curves.util.errors import DataError, ResourceError

CELL = ["budget", "method", "n_train", "learning_rate", "subset_seed", "init_seed"]
GROUP = ["budget", "method", "n_train"]
SEED = ["subset_seed", "init_seed"]
SCORES = ["em", "f1", "selection_em", "selection_f1"]
COUNTS = ["trainable_backbone", "trainable_added", "trainable_head", "total", "share"]
SECONDS = ["train_seconds", "evaluate_seconds", "seconds_per_step"]
BYTES = ["peak_memory_bytes", "delta_bytes", "optimizer_bytes"]
PROVENANCE = ["device", "precision", "commit"]
COLUMNS = [
    *CELL,
    *["id", "status", "steps", "dev_exact", "dev_total"],
    *[*SCORES, *COUNTS, *SECONDS, *BYTES, *PROVENANCE],
]
# Measured on a cell's first step; records from before the probe lack some of them.
MEASURED = [
    *["activation_bytes", "activation_bytes_one", "gradient_bytes"],
    *["step_tokens", "flops_per_step"],
]
# Beyond the columns that every table uses; missing values are allowed in all of them.
EXTRA = [
    *[*MEASURED, "dirty", "threads", "code_sha256"],
    *["python", "torch", "transformers", "tokenizers", "numpy"],
]
BIASES = ["id", "term", "layer", "change", "first_gradient"]
FIX = "collect again: `tuning-curves collect`"


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Collected runs of one study.

    `frame` has the columns `COLUMNS` and `EXTRA`, sorted by `CELL`. `sums[metric][id]` is float
    [A]: the run's sum of exact matches (`em`) or of F1 (`f1`) over each article's questions.
    `biases` has the columns `BIASES`: how far each bias term moved, and its first gradient.
    """

    frame: pd.DataFrame
    biases: pd.DataFrame
    article_sizes: np.ndarray  # int64 [A]
    sums: Mapping[str, Mapping[str, np.ndarray]]

    def stack(self, ids: list[str], metric: str) -> np.ndarray:
        """The runs' sums over articles, [len(ids), A]."""
        return np.stack([self.sums[metric][identity] for identity in ids])


def read_runs(folder: Path) -> Runs:
    """Read runs.csv, biases.csv and outcomes.npz.

    Raises:
        ResourceError: a file that is missing.
        DataError: a column that is missing, a cell twice, or outcomes that disagree.
    """
    frame = _read_frame(folder / "runs.csv")
    finished = frame.loc[frame["status"] == "finished"].drop_duplicates("id")
    sizes, sums = _read_sums(folder / "outcomes.npz", finished)
    biases = _read_csv(folder / "biases.csv", BIASES, text=["id", "term"])
    return Runs(frame=frame, biases=biases, article_sizes=sizes, sums=sums)


def finished(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs that finished; a diverged run has no scores."""
    return frame.loc[frame["status"] == "finished"]


def _read_frame(path: Path) -> pd.DataFrame:
    names = [name for name in EXTRA if name not in MEASURED]
    text = ["budget", "method", "id", "status", *PROVENANCE, *names]
    frame = _read_csv(path, [*COLUMNS, *EXTRA], text=text)
    frame = frame.sort_values(CELL, ignore_index=True)
    twice = frame.loc[frame.duplicated(CELL), "id"]
    if len(twice):
        raise DataError(f"{path}: the cell {twice.iloc[0]} is there twice", fix=FIX)
    return frame


def _read_csv(path: Path, columns: list[str], *, text: list[str]) -> pd.DataFrame:
    """A table with these columns at least; those of `text` as text, the others as numbers."""
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(text, "str"))
    except FileNotFoundError:
        raise ResourceError(f"{path}: the table is missing", fix=FIX) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path}: not a table ({error})", fix=FIX) from None
    missing = [name for name in columns if name not in frame]
    if missing:
        raise DataError(f"{path}: the column {missing[0]!r} is missing", fix=FIX)
    return frame


def _read_sums(
    path: Path, finished_runs: pd.DataFrame
) -> tuple[np.ndarray, dict[str, dict[str, np.ndarray]]]:
    sums: dict[str, dict[str, np.ndarray]] = {"em": {}, "f1": {}}
    if finished_runs.empty and path.exists():  # no outcomes say how the questions lie in articles
        return np.zeros(0, np.int64), sums
    names = {"em": "exact", "f1": "f1"}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            sizes = arrays["article_sizes"].astype(np.int64)
            starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
            for identity, f1 in zip(finished_runs["id"], finished_runs["f1"], strict=True):
                for metric, name in names.items():
                    scores = arrays[f"{identity}/{name}"]
                    _check_length(path, identity, len(scores), int(sizes.sum()))
                    sums[metric][identity] = np.add.reduceat(scores.astype(np.float64), starts)
                sums["f1"][identity] *= _true_share(sums["f1"][identity], f1 / 100 * sizes.sum())
    except FileNotFoundError:
        raise ResourceError(f"{path}: the runs' outcomes are missing", fix=FIX) from None
    except KeyError as error:
        raise DataError(f"{path}: lacks an array ({error.args[0]})", fix=FIX) from None
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise DataError(f"{path}: not readable ({error})", fix=FIX) from None
    _check_counts(path, finished_runs, sums["em"])
    return sizes, sums


def _check_length(path: Path, identity: str, found: int, expected: int) -> None:
    if found != expected:
        raise DataError(
            f"{path}: cell {identity} has outcomes of {found} questions, expected {expected}",
            fix=FIX,
        )


def _true_share(sums: np.ndarray, total: float) -> float:
    """What brings sums of F1 kept to 1/255 to the run's own total: without it, 0.5 reads 0.502."""
    return total / sums.sum() if sums.sum() > 0 else 1.0


def _check_counts(path: Path, runs: pd.DataFrame, sums: Mapping[str, np.ndarray]) -> None:
    """The table's count of exact matches must be the outcomes'."""
    for identity, stated in zip(runs["id"], runs["dev_exact"], strict=True):
        found = int(sums[identity].sum())
        if found != stated:
            raise DataError(
                f"{path}: cell {identity} has {found} exact matches, runs.csv says {stated:g}",
                fix=FIX,
            )
