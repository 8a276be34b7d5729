"""Numbers between marks of a Markdown page are those of the archived results."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from tuning_curves.analysis.columns import RECOMMENDATION
from tuning_curves.analysis.tables import write_table
from tuning_curves.report.pages import MARK, fill
from tuning_curves.util.errors import DataError, ResourceError

from .conftest import invented_tables, study_of, write_results

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
ROW = "budget=floor first=bitfit second=full n_train=250"


def mark(words: str, between: str = "?") -> str:
    return f"<!-- {words} -->{between}<!-- end -->"


@pytest.mark.parametrize("page", ["README.md"])
def test_pages_numbers_are_those_of_the_results(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert fill(text, RESULTS, name=page) == text
    assert len(MARK.findall(text)) >= 6


def test_no_line_of_a_page_begins_with_a_mark_of_its_sentence() -> None:
    """A line that begins with a comment ends a paragraph of Markdown."""
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert not [line for line in lines if line.lstrip().startswith(("<!-- cell", "<!-- text"))]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results with one invented study, of which the adapter is not trained at 500."""
    folder = tmp_path_factory.mktemp("results")
    study = study_of(sizes=(250, 500))
    tables = invented_tables(study)
    trained = tables["best_budgets"]
    adapter = (trained["method"] == "adapter-houlsby") & (trained["n_train"] == 500)
    tables["best_budgets"] = trained[~adapter]
    write_results(tables, study, folder / "invented")
    return folder


def test_a_cell_is_shown_as_its_table_shows_it(results: Path) -> None:
    words = f"cell invented contrasts difference {ROW}"
    assert fill(f"gains {mark(words)}.", results) == f"gains {mark(words, '+1.6')}."
    words = f"cell invented contrasts difference {ROW} metric=f1"
    assert fill(mark(words), results) == mark(words, "+1.6")
    words = f"cell invented contrasts low {ROW}"
    assert mark(words, "[−0.4, +3.6]") == fill(mark(words), results)


def test_a_sentence_comes_from_the_studys_numbers(results: Path) -> None:
    found = fill(mark("text invented sentences.seeds"), results)
    assert "A point of a curve is the mean over 3 seeds." in found


def test_the_table_of_best_budgets_has_score_steps_minutes_and_bytes(results: Path) -> None:
    words = "best invented full,adapter-houlsby,head 250,500"
    _, _, _, full, adapter, head, _ = fill(mark(words), results).splitlines()
    scores = "21.9 (150 steps, 2 min) | 31.0 (150 steps, 3 min)"
    assert full == f"| full fine-tuning | {scores} | 90.3 MB |"
    assert adapter.split(" | ")[2] == "–"
    assert "(150 steps, < 1 min)" in head


def test_the_table_of_what_to_take_has_its_sizes_and_how_sure_they_are(tmp_path: Path) -> None:
    rows = [
        {"study": "a", "task": "text-classification", "n_train": n, "method": method}
        | {"certainty": certainty, "tried": tried}
        for n, method, certainty, tried in (
            (100, "", "nothing is decided", "25"),
            (400, "bitfit", "smallest within 2 points", "150"),
            (1000, "full", "others are tied", "375, 1,500"),
            (4000, "full", "all else is behind", "1,500"),
        )
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in RECOMMENDATION])
    write_table(tmp_path / "synthesis/tables/recommendation.csv", frame, RECOMMENDATION)
    _, heading, _, row, _ = fill(mark("take a"), tmp_path).splitlines()
    assert heading == "| task | full fine-tuning | BitFit | none |"
    assert row == "| Text classification (`a`) | 1,000, **4,000**† | 400† | 100 |"
    with pytest.raises(ResourceError, match=r"recommendation\.csv: not there"):
        fill(mark("take a"), tmp_path / "elsewhere")
    with pytest.raises(DataError, match="the synthesis has \\['a'\\]"):
        fill(mark("take a b"), tmp_path)


def test_the_table_of_verdicts_counts_each_claim_once(results: Path) -> None:
    _, heading, _, row, _ = fill(mark("verdicts invented"), results).splitlines()
    counts = [int(cell) for cell in row.strip("| ").split(" | ")[1:]]
    with (results / "invented/tables/verdicts.csv").open(encoding="utf-8") as stream:
        claims = {line["claim"] for line in csv.DictReader(stream)}
    assert sum(counts) == len(claims) > 1
    assert row.startswith("| `invented` |") and heading.startswith("| study | hold here |")


@pytest.mark.parametrize(
    "words",
    [
        "cell invented contrasts difference first=bitfit",  # two rows
        "cell invented contrasts difference first=nobody",
        "cell invented contrasts speed first=full",
        "cell invented no_table difference",
        "text invented sentences.nothing",
        "best invented full",
    ],
)
def test_a_mark_that_names_nothing_is_told_with_its_line(words: str, results: Path) -> None:
    with pytest.raises(DataError, match=f"page.md, line 3: the mark `{words}`"):
        fill(f"a\n\n{mark(words)}", results, name="page.md")


def test_a_study_without_tables_is_told() -> None:
    with pytest.raises(ResourceError, match="nobody"):
        fill(mark("cell nobody curves score method=full"), RESULTS)
