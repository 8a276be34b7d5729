"""Numbers between marks of a Markdown page are those of the archived results."""

from pathlib import Path

import pytest

from tuning_curves.report.pages import MARK, fill
from tuning_curves.util.errors import DataError, ResourceError

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
ROW = "first=full second= smaller=1000"


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


def test_a_cell_is_shown_as_its_table_shows_it() -> None:
    words = f"cell minilm-slice equal_steps difference {ROW}"
    assert fill(f"gains {mark(words)}.", RESULTS) == f"gains {mark(words, '+17.9')}."
    words = f"cell minilm-slice equal_steps low {ROW}"
    assert mark(words, "[+13.4, +22.4]") == fill(mark(words), RESULTS)


def test_a_sentence_comes_from_the_studys_numbers() -> None:
    found = fill(mark("text minilm-slice sentences.failures"), RESULTS)
    assert "None of the 150 runs diverged." in found


def test_the_table_of_best_budgets_has_score_steps_minutes_and_bytes() -> None:
    lines = fill(mark("best minilm-slice full,adapter-houlsby 1000,4000"), RESULTS).splitlines()
    assert lines[3] == (
        "| full fine-tuning | 41.3 (375 steps, 9 min) | 54.9 (1,500 steps, 38 min) | 90.3 MB |"
    )
    assert lines[4].split(" | ")[2] == "–"  # not trained at 4,000


@pytest.mark.parametrize(
    "words",
    [
        "cell minilm-slice equal_steps difference first=full",  # two rows
        "cell minilm-slice equal_steps difference first=nobody",
        "cell minilm-slice equal_steps speed first=full",
        "cell minilm-slice no_table difference",
        "text minilm-slice sentences.nothing",
        "best minilm-slice full",
    ],
)
def test_a_mark_that_names_nothing_is_told_with_its_line(words: str) -> None:
    with pytest.raises(DataError, match=f"page.md, line 3: the mark `{words}`"):
        fill(f"a\n\n{mark(words)}", RESULTS, name="page.md")


def test_a_study_without_tables_is_told() -> None:
    with pytest.raises(ResourceError, match="nobody"):
        fill(mark("cell nobody curves score method=full"), RESULTS)
