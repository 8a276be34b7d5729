"""Numbers in Markdown pages: each stands between marks that say where in `results/` it is from.

    <!-- cell STUDY TABLE COLUMN key=value ... -->+17.9<!-- end -->
    <!-- text STUDY sentences.verdicts -->Judged at reduced scale: ...<!-- end -->
    <!-- best STUDY method,method size,size -->
    (a table)
    <!-- end -->
    <!-- take STUDY STUDY -->
    (a table)
    <!-- end -->
    <!-- verdicts STUDY STUDY -->
    (a table)
    <!-- end -->

`cell` is one value of a table, shown as the table's Markdown file shows it (`low` is the whole
interval); the keys choose its row, among those of the study's own metric unless one is `metric`.
`text` is a sentence of the study's numbers.json, or of those of the synthesis. `best` has one row
per method: its score under its best budget at each size, the steps and minutes of one such
training, and what is stored. `take` has one row per study: with how many examples the synthesis
takes which method; bold where all else is behind, † where one number of steps alone was tried.
`verdicts` counts how many published claims a study bears out.
Marks are comments: a page shows them nowhere.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.analysis.columns import RECOMMENDATION, TABLES, Column
from tuning_curves.analysis.tables import FIX_SYNTHESIS, of_metric, read_table, read_tables
from tuning_curves.report import style, wording
from tuning_curves.report.prose import HERE, VERDICTS, overall
from tuning_curves.report.sheets import SHOW, Sheet, to_markdown
from tuning_curves.report.synthesis.recommendation import take_sheet
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import read_json, write_text

MARK = re.compile(r"<!-- (cell|text|best|take|verdicts) (.*?) -->(.*?)<!-- end -->", re.DOTALL)
FIX = "compare the mark with the columns and rows of that table below results/"


def write_page(page: Path, results: Path) -> None:
    """Write a page anew with the numbers of today's results.

    Raises:
        DataError: a mark that names nothing, or more than one row.
    """
    write_text(page, fill(page.read_text("utf-8"), results, name=page.name))


def fill(text: str, results: Path, *, name: str = "the page") -> str:
    """The text with what belongs between its marks.

    Args:
        results: the folder of all studies' results.
        name: of the page, for errors.
    """
    found = _Results(results)
    makers: dict[str, Callable[..., str]] = {
        "cell": found.cell, "text": found.text, "best": found.best,
        "take": found.take, "verdicts": found.verdicts,
    }  # fmt: skip

    def replace(match: re.Match[str]) -> str:
        kind, words, _ = match.groups()
        try:
            made = makers[kind](*words.split())
        except (KeyError, TypeError, ValueError, OSError) as error:
            line = text.count("\n", 0, match.start()) + 1
            raise DataError(
                f"{name}, line {line}: the mark `{kind} {words}` names nothing that is there "
                f"({error})",
                fix=FIX,
            ) from error
        return f"<!-- {kind} {words} -->{made}<!-- end -->"

    return MARK.sub(replace, text)


class _Results:
    """The archived tables and numbers, each read once."""

    def __init__(self, folder: Path) -> None:
        self.synthesis = folder / "synthesis" / "tables"
        self.tables = cache(lambda study: read_tables(folder / study / "tables"))
        self.numbers = cache(
            lambda study: read_json(folder / study / "numbers.json", what="the numbers of a study")
        )

    def cell(self, study: str, table: str, column: str, *where: str) -> str:
        """One value as its table shows it."""
        declared = {each.name: each for each in TABLES[table]}
        keys = dict(pair.split("=", 1) for pair in where)
        named = "metric" in keys
        rows = self.tables(study)[table] if named else self._of_main_metric(study, table)
        for key, value in keys.items():
            rows = rows[rows[key].map(declared[key].write) == value]
        if len(rows) != 1:
            raise ValueError(f"{len(rows)} rows, expected one")
        return _shown(rows.iloc[0], declared[column])

    def text(self, study: str, path: str) -> str:
        """A sentence of numbers.json; of a list, all of them or the one that is counted."""
        value: Any = self.numbers(study)
        for name in path.split("."):
            value = value[int(name)] if name.isdigit() else value[name]
        return " ".join(value) if isinstance(value, list) else str(value)

    def best(self, study: str, methods: str, sizes: str) -> str:
        """The table of scores under best budgets."""
        chosen = self._of_main_metric(study, "best_budgets")
        costs = self.tables(study)["costs"]
        chosen = chosen.merge(
            costs[["method", "budget", "n_train", "train_seconds", "delta_bytes"]],
            left_on=["method", "best_budget", "n_train"],
            right_on=["method", "budget", "n_train"],
        ).set_index(["method", "n_train"])
        at = [int(size) for size in sizes.split(",")]
        rows = [
            (
                style.label(method),
                *(_score(chosen, method, size) for size in at),
                wording.megabytes(chosen.loc[method, "delta_bytes"].max()) + " MB",
            )
            for method in methods.split(",")
        ]
        headings = ("method", *(f"n = {wording.whole(size)}" for size in at), "to store")
        right = (False, *(True for _ in range(len(at) + 1)))
        return "\n" + to_markdown(Sheet(headings=headings, rows=tuple(rows), right=right))

    def take(self, *studies: str) -> str:
        """The table of what to take."""
        path = self.synthesis / "recommendation.csv"
        if not path.is_file():
            raise ResourceError(f"{path}: not there", fix=FIX_SYNTHESIS)
        table = read_table(path, RECOMMENDATION, fix=FIX_SYNTHESIS)
        table = table[table["study"].isin(studies)]
        if {*table["study"]} != {*studies}:
            raise KeyError(f"of {studies} the synthesis has {sorted({*table['study']})}")
        return "\n" + to_markdown(take_sheet(table, studies))

    def verdicts(self, *studies: str) -> str:
        """The table of how many claims have which verdict, at a study's scale."""
        counts = {s: overall(self.tables(s)["verdicts"]).value_counts() for s in studies}
        known = [v for v in VERDICTS if any(v in count for count in counts.values())]
        rows = tuple(
            (f"`{study}`", *(str(count.get(verdict, 0)) for verdict in known))
            for study, count in counts.items()
        )
        reduced = "paper" not in {self.numbers(study)["scale"] for study in studies}
        here = {verdict: several for verdict, (_, several) in HERE.items() if reduced}
        headings = ("study", *(here.get(verdict, verdict) for verdict in known))
        right = (False, *(True for _ in known))
        return "\n" + to_markdown(Sheet(headings=headings, rows=rows, right=right))

    def _of_main_metric(self, study: str, table: str) -> pd.DataFrame:
        rows = self.tables(study)[table]
        if "metric" not in rows:
            return rows
        return of_metric(rows, self.numbers(study)["task"]["metric_name"])


def _shown(row: pd.Series, column: Column) -> str:
    return SHOW[column.show](*(row[name] for name in column.shown))


def _score(chosen: pd.DataFrame, method: str, size: int) -> str:
    """`41.3 (375 steps, 8 min)`; no minutes where no run was timed alone; a dash without a run."""
    if (method, size) not in chosen.index:
        return wording.NOTHING
    row = chosen.loc[(method, size)]
    score, seconds = wording.points(row["score"]), row["train_seconds"]
    steps = f"{wording.whole(row['steps'])} steps"
    if pd.isna(seconds):
        return f"{score} ({steps})"
    minutes = "< 1" if seconds < 60 else wording.whole(seconds / 60)
    return f"{score} ({steps}, {minutes} min)"
