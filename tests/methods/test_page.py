"""The committed page of methods is the one that the methods make."""

from pathlib import Path

from tuning_curves.methods import list_methods
from tuning_curves.methods.counting import page

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "methods.md"


def test_the_committed_page_is_up_to_date() -> None:
    made = page()
    assert COMMITTED.read_text("utf-8") == made, (
        "run `python -m tuning_curves.methods.counting > docs/methods.md`"
    )
    rows = [line for line in made.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [method.name for method in list_methods()]
    assert len({row.count("|") for row in rows}) == 1  # no field holds the sign of a field's end
