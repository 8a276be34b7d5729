"""The notebook runs, prints what it shows, and draws the table's numbers."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from docsite.links import NOTEBOOK
from docsite.notebook import page, read_cells

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def no_window() -> Iterator[None]:
    before = mpl.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(before)


def test_it_runs_and_prints_what_it_shows(no_window: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir((ROOT / NOTEBOOK).parent)
    known: dict[str, Any] = {}
    for cell in read_cells(ROOT / NOTEBOOK):
        if cell["cell_type"] == "code":
            stream = io.StringIO()
            with contextlib.redirect_stdout(stream):
                exec("".join(cell["source"]), known)
            shown = ["".join(output["text"]) for output in cell["outputs"] if "text" in output]
            assert stream.getvalue() == "".join(shown)
    curves = pd.read_csv(ROOT / "results" / "sentiment" / "tables" / "curves.csv")
    means = curves[(curves["metric"] == "accuracy") & (curves["budget"] == "steps-600")]
    for name, line in zip(means["method"].unique(), known["axes"].lines, strict=False):
        np.testing.assert_array_equal(line.get_ydata(), means[means["method"] == name]["score"])
    runs = known["runs"].groupby(["method", "n_train"])["accuracy"].mean()
    expected = means.set_index(["method", "n_train"])["score"]
    np.testing.assert_allclose(runs.sort_index(), expected.sort_index(), atol=0.005)


def test_its_page_has_its_text_code_outputs_and_figure() -> None:
    made = page(ROOT / NOTEBOOK)
    assert made.startswith("# Your own figure from the tables\n")
    assert "```python\ncurves = pd.read_csv(" in made
    assert "540 records" in made
    assert made.count("](data:image/png;base64,") == 1
