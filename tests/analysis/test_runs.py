"""Reading collected runs back: what is damaged is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning_curves.analysis.runs import finished, read_runs
from tuning_curves.analysis.tables import check_identities
from tuning_curves.util.errors import DataError, ResourceError

Row = Callable[..., dict[str, Any]]
ARTICLES = [1, 3]


@pytest.fixture
def collected(run_row: Row, write_collected: Callable[..., Path]) -> Path:
    rows = [
        run_row("full", 200, 1e-4, 0, id="b", f1=75.0),
        run_row("full", 100, 1e-4, 0, id="a", f1=62.5),
        run_row("full", 100, 1e-4, 1, id="c", status="diverged"),
    ]
    return write_collected(rows, {"a": [1, 0, 0, 0], "b": [0, 1, 1, 0]}, ARTICLES)


def test_rows_are_sorted_and_outcomes_summed_by_article(collected: Path) -> None:
    runs = read_runs(collected)
    assert runs.frame["id"].tolist() == ["a", "c", "b"]
    assert finished(runs.frame)["id"].tolist() == ["a", "b"]
    assert runs.article_sizes.tolist() == ARTICLES
    assert runs.stack(["a", "b"], "em").tolist() == [[1, 0], [0, 2]]
    assert runs.stack(["b"], "f1")[0] == pytest.approx([0.5, 2.5])


def test_f1_is_brought_back_to_the_runs_own_total(run_row: Row, write_collected: Any) -> None:
    """Four times 128/255 reads 50.2 percent; the run had 50."""
    folder = write_collected([run_row("full", 100, 1e-4, 0, id="a", f1=50.0)], {"a": [0] * 4}, [4])
    with np.load(folder / "outcomes.npz") as arrays:
        kept = dict(arrays) | {"a/f1": np.full(4, 128 / 255, dtype=np.float32)}
    np.savez(folder / "outcomes.npz", **kept)
    assert read_runs(folder).sums["f1"]["a"] == pytest.approx([2.0])


def refused(folder: Path, message: str) -> None:
    with pytest.raises((DataError, ResourceError)) as caught:
        read_runs(folder)
    assert message in str(caught.value)
    assert "collect again" in str(caught.value)


def test_missing_files_are_named(collected: Path) -> None:
    (collected / "outcomes.npz").rename(collected / "away.npz")
    refused(collected, "outcomes.npz: the runs' outcomes are missing")
    (collected / "runs.csv").unlink()
    refused(collected, "runs.csv: the table is missing")


def test_a_missing_column_is_named(collected: Path) -> None:
    table = collected / "runs.csv"
    table.write_text(table.read_text().replace("validation_em", "selected", 1))
    refused(collected, "runs.csv: the column 'validation_em' is missing")


def test_a_run_twice_is_refused(collected: Path) -> None:
    table = collected / "runs.csv"
    table.write_text(table.read_text() + table.read_text().splitlines()[1] + "\n")
    refused(collected, "runs.csv: the run b is there twice")


def test_outcomes_that_disagree_are_refused(collected: Path) -> None:
    path = collected / "outcomes.npz"
    with np.load(path) as arrays:
        kept = dict(arrays)
    np.savez(path, **(kept | {"a/exact": np.array([1, 1, 0, 0], dtype=bool)}))
    refused(collected, "run a has 2 exact matches, runs.csv says 1")
    np.savez(path, **(kept | {"a/exact": np.array([1, 0, 0], dtype=bool)}))
    refused(collected, "run a has outcomes of 3 questions, expected 4")
    np.savez(path, **{key: value for key, value in kept.items() if key != "a/exact"})
    refused(collected, "a/exact")
    path.write_bytes(path.read_bytes()[:40])
    refused(collected, "outcomes.npz: not readable")


def test_an_empty_table_is_refused(collected: Path) -> None:
    (collected / "runs.csv").write_text("")
    refused(collected, "runs.csv: not a table")


def test_runs_of_another_study_are_refused(collected: Path) -> None:
    frame = read_runs(collected).frame
    check_identities(frame, {"a", "b", "c"}, "mine", collected)
    with pytest.raises(DataError, match=r"the run b \(and 0 more\) is no run of the study other"):
        check_identities(frame, {"a", "c"}, "other", collected)
