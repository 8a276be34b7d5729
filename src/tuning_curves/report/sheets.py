"""Tables for reading: each table of the analysis as Markdown, and the main one.

What is shown of a table, and under which headings, is declared with its columns
(`analysis/columns.py`); here is how each kind of value is shown. Markdown and the paper show the
same cells.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from tuning_curves.analysis.columns import TABLES, Column
from tuning_curves.analysis.costs import at_shared_places
from tuning_curves.analysis.tables import Tables, of_metric
from tuning_curves.report import style, wording
from tuning_curves.report.prose import pairs_of, place_of
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task

MAIN = "scores"  # the main table's name
WIDE = 8  # methods that fit beside each other


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Cells as text, ready to be set; `right` says which columns stand on the right."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]


def _edge(edge: str) -> str:
    return {"": "inside", "only": "only rate"}.get(edge, f"{edge} edge")


def _one_or_pair(first: str, second: str) -> str:
    """A method, or two of which the first one's lead is meant."""
    return f"{style.label(first)} minus {style.label(second)}" if second else style.label(first)


def _both(first: str | float, second: str | float) -> str:
    """What holds for each of two methods, once where it is the same."""
    shown = [value if isinstance(value, str) else wording.whole(value) for value in (first, second)]
    return shown[0] if shown[0] == shown[1] else " / ".join(shown)


def _rise(shorter: float, longer: float) -> str:
    if pd.isna(shorter) or pd.isna(longer):
        return wording.NOTHING
    return f"{wording.whole(shorter)} to {wording.whole(longer)}"


def _long(value: str) -> str:
    """A hash is shown by its head: it is there to be compared."""
    is_hash = len(value) >= 40 and all(digit in "0123456789abcdef" for digit in value)
    return value[:12] if is_hash else value


SHOW: dict[str, Callable[..., str]] = {
    "text": str,
    "whole": wording.whole,
    "points": wording.points,
    "difference": wording.difference,
    "significant": wording.significant,
    "ratio": lambda value: wording.significant(value, 2),
    "percent": wording.percent,
    "share": lambda value: f"{100 * value:g}\N{NO-BREAK SPACE}%",
    "rate": wording.rate,
    "p_value": wording.p_value,
    "power": wording.power,
    "megabytes": wording.megabytes,
    "billions": wording.billions,
    "interval": wording.interval,
    "signed_interval": lambda low, high: wording.interval(low, high, sign=True),
    "size_interval": wording.size_interval,
    "plain_interval": wording.plain_interval,
    "power_interval": wording.power_interval,
    "method": style.label,
    "one_or_pair": _one_or_pair,
    "rise": _rise,
    "both": _both,
    "edge": _edge,
    "term": "b_{}".format,
    "long": _long,
}


ABOUT_DATA = ("baseline", "limits")  # tables with a metric whose rows no training made


def make_sheets(tables: Tables, study: StudyConfig, every_metric: bool = True) -> dict[str, Sheet]:
    """Every table as text, by name: the main one, and those of the analysis.

    Args:
        every_metric: else rows of scores are those of the study's metric alone, which is not named.
    """
    task = make_task(study.task)
    words = {
        "level": wording.percent_level(study.analysis.confidence),
        "metric": task.metric.heading,
        "example": task.nouns.example,
        "examples": task.nouns.examples,
    }
    metrics = {metric.name: metric.heading for metric in task.metrics}
    show = {**SHOW, "metric": lambda name: str(metrics.get(name, name))}
    curves = of_metric(tables["curves"], task.metric.name)
    shown = {
        name: (tables[name], columns)
        if every_metric or name in ABOUT_DATA
        else _of_one(tables[name], columns, task.metric.name)
        for name, columns in TABLES.items()
    }
    sheets = {
        name: view(frame, columns, show, words)
        for name, (frame, columns) in shown.items()
        if any(column.heading for column in columns)  # else it is there for figures alone
    }
    return {
        MAIN: scores(curves),
        "costs_in_short": costs_in_short(tables["costs"], tables["reach"]),
        "contrasts_in_short": contrasts_in_short(tables["contrasts"], study),
        **sheets,
    }


def _of_one(
    frame: pd.DataFrame, columns: tuple[Column, ...], metric: str
) -> tuple[pd.DataFrame, tuple[Column, ...]]:
    """The rows of one metric and the columns without its name; a table without metrics is whole."""
    if "metric" not in frame:
        return frame, columns
    return of_metric(frame, metric), tuple(c for c in columns if c.name != "metric")


def view(
    frame: pd.DataFrame,
    columns: tuple[Column, ...],
    show: Mapping[str, Callable[..., str]],
    words: Mapping[str, str],
) -> Sheet:
    """A table's cells as text; a number that is missing is a dash.

    Args:
        show: how each kind of value is shown; words: what stands in the headings' braces.
    """
    seen = [column for column in columns if column.heading]
    cells = [
        [
            show[column.show](*values)
            for values in zip(*(frame[s] for s in column.shown), strict=True)
        ]
        for column in seen
    ]
    return Sheet(
        headings=tuple(column.heading.format(**words) for column in seen),
        rows=tuple(zip(*cells, strict=True)),
        right=tuple(not column.is_text for column in seen),
    )


def scores(curves: pd.DataFrame) -> Sheet:
    """The study's metric by budget and size (rows) and method (columns).

    With more than `WIDE` methods these are the rows and the sizes the columns. A cell is the mean
    over seeds, `34.8 ± 2.1` with its standard deviation over seeds, or the mean alone where one
    seed has no deviation.
    """
    methods = style.ordered(curves["method"])
    cells = {
        (row.budget, row.n_train, row.method): _score(row.score, row.sd)
        for row in curves.itertuples()
    }
    budgets, sizes = list(dict.fromkeys(curves["budget"])), sorted(curves["n_train"].unique())
    if len(methods) > WIDE:
        lines = [
            (budget, style.label(m), *(cells.get((budget, n, m), wording.NOTHING) for n in sizes))
            for budget in budgets
            for m in methods
            if any((budget, n, m) in cells for n in sizes)
        ]
        names = ("method", *(f"n = {wording.whole(n)}" for n in sizes))
        return _grid(("budget", *names), lines, left=2)
    held = {(budget, n) for budget, n, _ in cells}
    lines = [
        (budget, wording.whole(n), *(cells.get((budget, n, m), wording.NOTHING) for m in methods))
        for budget in budgets
        for n in sizes
        if (budget, n) in held
    ]
    return _grid(("budget", "n", *(style.label(method) for method in methods)), lines, left=1)


COSTS = (  # column of the table of costs, heading, how it is shown
    ("step_time_ratio", "time per step, to full", SHOW["ratio"]),
    ("activation_bytes", "activations (MB)", wording.megabytes),
    ("gradient_bytes", "gradients (MB)", wording.megabytes),
    ("optimizer_bytes", "optimizer (MB)", wording.megabytes),
    ("delta_bytes", "to store (MB)", wording.megabytes),
)


def costs_in_short(costs: pd.DataFrame, reach: pd.DataFrame) -> Sheet:
    """One row per method: medians over `at_shared_places`, and the times to shares of full's best.

    A column of which nothing was measured is left out.
    """
    shared = at_shared_places(costs)
    known = [part for part in COSTS if shared[part[0]].notna().any()]
    medians = shared.groupby("method")[[name for name, *_ in known]].median()
    times = reach.pivot(index="method", columns="share", values="train_seconds")
    shares = [share for share in times if times[share].notna().any()]
    rows = [
        (
            style.label(method),
            *(show(medians.loc[method, name]) for name, _, show in known),
            *(wording.significant(_cell(times, method, share)) for share in shares),
        )
        for method in style.ordered(medians.index)
    ]
    reached = [f"s to {SHOW['share'](share)} of full's best" for share in shares]
    return _grid(("method", *(heading for _, heading, _ in known), *reached), rows, left=1)


def _cell(frame: pd.DataFrame, row: str, column: float) -> float:
    return float(frame.loc[row, column]) if row in frame.index else float("nan")


def contrasts_in_short(contrasts: pd.DataFrame, study: StudyConfig) -> Sheet:
    """One row per contrast and budgets of which the same is said: where which sizes stand."""
    own = of_metric(contrasts, make_task(study.task).metric.name)
    said: dict[tuple[str, ...], list[str]] = {}
    for first, second in pairs_of(own, study):
        pair = own[(own["first"] == first) & (own["second"] == second)]
        for budget in dict.fromkeys(pair["budget"]):
            places = _places(pair[pair["budget"] == budget], study)
            said.setdefault((_one_or_pair(first, second), *places), []).append(budget)
    rows = [(pair, wording.join(budgets), *cells) for (pair, *cells), budgets in said.items()]
    headings = ("difference", "budget", "above 0 at n", "below 0 at n", "undecided at n")
    return _grid(headings, rows, left=len(headings))


def _places(rows: pd.DataFrame, study: StudyConfig) -> list[str]:
    """The sizes above, below and undecided, as text."""
    cells = []
    for names in (("above",), ("below",), ("undecided", "without interval")):
        sizes = [
            row.n_train
            for row in rows.itertuples()
            if place_of(row, study.analysis.confidence) in names
        ]
        cells.append(", ".join(wording.whole(n) for n in sorted(sizes)) or wording.NOTHING)
    return cells


def _grid(headings: tuple[str, ...], rows: list[tuple[str, ...]], left: int) -> Sheet:
    """A sheet whose first `left` columns are text."""
    right = (*[False] * left, *[True] * (len(headings) - left))
    return Sheet(headings=headings, rows=tuple(rows), right=right)


def _score(value: float, deviation: float) -> str:
    if pd.isna(value) or pd.isna(deviation):
        return wording.points(value)
    return f"{wording.points(value)} ± {wording.points(deviation)}"


def to_csv(sheet: Sheet) -> str:
    """The cells as CSV."""
    frame = pd.DataFrame(sheet.rows, columns=list(sheet.headings))
    return frame.to_csv(index=False, lineterminator="\n")


def to_markdown(sheet: Sheet) -> str:
    """A pipe table."""
    rule = ["---:" if right else "---" for right in sheet.right]
    rows = [sheet.headings, rule, *sheet.rows]
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in escaped)
