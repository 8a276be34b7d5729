"""The tables of a study and their columns, from `analysis/columns.py`."""

from collections.abc import Iterable

from docsite.writing import code, first_sentence, plain, table
from tuning_curves.analysis.columns import OVERALL, TABLES, Column

OPENING = """\
# Tables and their columns

`results/<study>/tables/` holds most tables twice: `<table>.csv` for programs, with the columns
below, and `<table>.md` for reading, with the headings below. An empty field is a number that is
missing: not measured, or not to be had. `tuning-curves analyse` writes the first, `tuning-curves
report tables` the second. [The tutorial](../tutorial.md) reads some of them, and
[the notebook](../notebook.md) loads one with pandas.

A heading "–" means that the column stands in the CSV file alone, and *with* that it is shown
together with another one. {metric}, {example} and {level} stand for the study's own words.
"""
OVERALL_NOTE = "Over all studies, in `results/synthesis/tables/`.\n\n"
Columns = tuple[Column, ...]


def page() -> str:
    """The page, in Markdown: how values are written, then a section for each table."""
    tables = [*TABLES.values(), *OVERALL.values()]
    sections = [_section(f"{name}.csv", columns) for name, columns in TABLES.items()]
    sections += [_section(f"{name}.csv", own, OVERALL_NOTE) for name, own in OVERALL.items()]
    return "\n".join([OPENING, _kinds(tables), *sections])


def _kinds(tables: Iterable[Columns]) -> str:
    writers = {column.write.__name__: column.write for columns in tables for column in columns}
    rows = [(code(name), first_sentence(write.__doc__)) for name, write in writers.items()]
    return "## How values are written\n\n" + table(("kind", "in the CSV file"), rows)


def _section(name: str, columns: Columns, note: str = "") -> str:
    shown_with = {
        part: column.name for column in columns for part in column.shown if column.heading
    }
    rows = [
        (code(column.name), code(column.write.__name__), _heading(column, shown_with))
        for column in columns
    ]
    return f"## {name}\n\n{note}" + table(("column", "kind", "heading for reading"), rows)


def _heading(column: Column, shown_with: dict[str, str]) -> str:
    if column.heading:
        return plain(column.heading)
    return f"with {code(shown_with[column.name])}" if column.name in shown_with else "–"
