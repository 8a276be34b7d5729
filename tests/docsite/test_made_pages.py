"""Pages that are made say what the code declares, and what is written by hand agrees with it."""

import argparse
import re
from pathlib import Path

import pytest

from docsite import claims, columns, commands, keys, statuses
from docsite.writing import first_sentence, table
from tuning_curves.analysis.claims.facts import FactRule
from tuning_curves.analysis.claims.kinds import KINDS
from tuning_curves.analysis.claims.published import PUBLISHED, read_claims
from tuning_curves.analysis.columns import TABLES, Column
from tuning_curves.cli import COMMANDS, EPILOG
from tuning_curves.study.config import StudyConfig

ROOT = Path(__file__).resolve().parents[2]


def sections(page: str) -> dict[str, str]:
    """A page's parts by their headings of the second level."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cells(section: str) -> list[list[str]]:
    """The rows of a section's table, without its headings."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]


def test_every_command_has_all_its_options() -> None:
    page = commands.page()
    found = {each.name: each.parser for each in commands.commands()}
    assert list(found) == list(COMMANDS)
    for name, section in sections(page).items():
        parser = found[name.split("`")[1].removeprefix("tuning-curves ")]
        asked = [a for a in parser._actions if not isinstance(a, argparse._HelpAction)]
        assert len(cells(section)) == len(asked)
        for action in asked:
            for option in action.option_strings:
                assert option in section, name
    assert "| `--outputs N` |  | `2` | logits |" in page


def test_every_column_of_every_table_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    added = Column(name="luck", heading="how lucky")
    monkeypatch.setitem(TABLES, "curves", (*TABLES["curves"], added))
    found = sections(columns.page())
    for name, declared in TABLES.items():
        rows = cells(found[f"{name}.csv"])
        assert [row[0].strip(" `") for row in rows] == [column.name for column in declared]
    assert cells(found["curves.csv"])[-1] == [" `luck` ", " `whole` ", " how lucky "]
    assert ["`high`", "`points`", "with `low`"] in [
        [cell.strip() for cell in row] for row in cells(found["curves.csv"])
    ]


def test_every_claim_fact_and_kind_of_rule_is_there() -> None:
    page, published = claims.page(), read_claims(PUBLISHED)
    headings = re.findall(r"^### `(.+)`$", page, flags=re.MULTILINE)
    assert headings == [entry.id for entry in (*published.claims, *published.facts)]
    kinds = [row[0].strip(" `") for row in cells(sections(page)["Kinds of rule"])]
    assert len(kinds) == len(KINDS) + len(FactRule.__subclasses__())
    assert {entry.rule.kind for entry in (*published.claims, *published.facts)} <= set(kinds)


def test_kinds_of_rule_are_those_that_the_page_on_verdicts_explains() -> None:
    text = (ROOT / "docs" / "verdicts.md").read_text("utf-8")
    rules = sections(text)["Rules"].partition("### ")[0]
    explained = re.findall(r"^\| `([a-z-]+)` \|", rules, flags=re.MULTILINE)
    kinds = [row[0].strip(" `") for row in cells(sections(claims.page())["Kinds of rule"])]
    assert sorted(explained) == sorted(kinds)


def test_exit_statuses_are_the_same_on_every_page_and_in_the_help() -> None:
    found = set(statuses.statuses())
    rows = cells(sections((ROOT / "docs" / "faults.md").read_text("utf-8"))["Exit status"])
    assert {int(number) for row in rows for number in row[0].split(",")} == found
    assert set(map(int, re.findall(r"\d+", EPILOG))) <= found


def test_every_key_of_a_study_is_explained_and_no_other() -> None:
    typed = {key for section in keys.sections() for key in section.keys}
    table_of_keys = sections((ROOT / "config" / "README.md").read_text("utf-8"))["Keys"]
    explained = {key for quoted in re.findall(r"`([^`]+)`", table_of_keys)
                 for key in re.findall(r"[a-z_0-9]+", quoted)}  # fmt: skip
    assert typed - explained == set()
    named = [re.findall(r"`([^`]+)`", row[0]) for row in cells(table_of_keys)]
    last = {key.rpartition(".")[2] for row in named for key in row}
    assert last - typed == set()


def test_a_key_says_whether_it_is_required_and_what_it_takes() -> None:
    page = keys.page()
    for row in (
        "| `batch_size` | yes | a whole number at least 1 |",
        "| `hidden_dropout` | yes | a number at least 0 and below 1 |",
        "| `duplicates` | no: `refuse` if left out | `refuse`, `drop`, `keep` |",
        "| `revision` | yes | a commit: 40 digits from 0 to f |",
        "| `test_examples` | yes | `all`, or a whole number at least 1 |",
    ):
        assert row in page
    assert [row[0].strip(" `") for row in cells(sections(page)["The file {#keys-file}"])] == list(
        StudyConfig.model_fields
    )
    anchors = re.findall(r"\{#([\w-]+)\}", page)
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r"\(#([\w-]+)\)", page)) <= set(anchors)


def test_a_bar_in_a_cell_ends_no_cell_and_what_has_no_docstring_is_told() -> None:
    assert table(("a", "b"), [("x | y", "two\nlines")]).splitlines()[2] == "| x \\| y | two lines |"
    assert first_sentence("One thing (of 2.5): this.\n\nMore.") == "One thing (of 2.5): this."
    with pytest.raises(ValueError, match="no docstring"):
        first_sentence(None)
