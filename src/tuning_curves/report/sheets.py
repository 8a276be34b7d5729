"""Tables for reading: each table of the analysis as Markdown and LaTeX, and the main one.

What a reader sees of a table (which columns, in which words, with how many digits) is said once,
in `VIEWS`; Markdown, LaTeX and the paper show the same cells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from tuning_curves.analysis.tables import Tables
from tuning_curves.report import style, wording
from tuning_curves.study.config import StudyConfig

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "±": r"$\pm$", wording.MINUS: "$-$",
    wording.NOTHING: "--", "\N{NO-BREAK SPACE}": "~",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as it is read: its sources are handed to `show` together."""

    heading: str
    sources: tuple[str, ...]
    show: Callable[..., str]
    right: bool = True


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Cells as text, ready to be set; `right` says which columns stand on the right."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]


def _text(heading: str, source: str, show: Callable[..., str] = str) -> Column:
    return Column(heading=heading, sources=(source,), show=show, right=False)


def _number(heading: str, source: str, show: Callable[..., str] = wording.whole) -> Column:
    return Column(heading=heading, sources=(source,), show=show)


def _interval(low: str, high: str, *, sign: bool = False) -> Column:
    def show(below: float, above: float) -> str:
        return wording.interval(below, above, sign=sign)

    return Column(heading="{level} interval", sources=(low, high), show=show)


def _edge(edge: str) -> str:
    return {"": "inside", "only": "only rate"}.get(edge, f"{edge} edge")


def _one_or_pair(first: str, second: str) -> str:
    """A method, or two of which the first one's lead is meant."""
    return f"{style.label(first)} minus {style.label(second)}" if second else style.label(first)


def _rise(shorter: float, longer: float) -> str:
    return f"{wording.whole(shorter)} to {wording.whole(longer)}"


def _long(value: str) -> str:
    """A hash is shown by its head: it is there to be compared."""
    is_hash = len(value) >= 40 and all(digit in "0123456789abcdef" for digit in value)
    return value[:12] if is_hash else value


BUDGET = _text("budget", "budget")
METHOD = _text("method", "method", style.label)
PAIR = (_text("first", "first", style.label), _text("second", "second", style.label))
SIZE = _number("n", "n_train")
DIFFERENCES = (
    _number("pairs", "pairs"),
    _number("EM", "em_difference", wording.difference),
    _interval("em_low", "em_high", sign=True),
    _number("p", "p", wording.p_value),
    _number("p (Holm)", "p_holm", wording.p_value),
    _number("F1", "f1_difference", wording.difference),
    _interval("f1_low", "f1_high", sign=True),
)

VIEWS: dict[str, tuple[Column, ...]] = {
    "selection": (
        BUDGET, METHOD, SIZE,
        _number("rate", "learning_rate", wording.rate),
        _number("of", "grid_size"),
        _text("place in the grid", "edge", _edge),
        _number("validation EM", "validation_em", wording.points),
        _number("test EM", "test_em", wording.points),
        _number("rate best on test", "oracle_learning_rate", wording.rate),
        _number("its test EM", "oracle_em", wording.points),
        _number("failed", "failed"),
    ),
    "learning_rates": (
        BUDGET, METHOD, SIZE,
        _number("rate", "learning_rate", wording.rate),
        _number("seeds", "seeds"),
        _number("validation EM", "validation_em", wording.points),
        _number("test EM", "em", wording.points),
        _number("diverged", "diverged"),
    ),
    "curves": (
        BUDGET, METHOD, SIZE,
        _number("rate", "learning_rate", wording.rate),
        _number("seeds", "seeds"),
        _number("failed", "failed"),
        _number("EM", "em", wording.points),
        _interval("em_low", "em_high"),
        _number("SD", "em_sd", wording.points),
        _number("F1", "f1", wording.points),
        _interval("f1_low", "f1_high"),
        _number("SD", "f1_sd", wording.points),
    ),
    "contrasts": (
        BUDGET, *PAIR, SIZE,
        *DIFFERENCES,
    ),
    "crossovers": (
        BUDGET, *PAIR,
        _number("crossing at n", "n_train"),
        Column(
            heading="{level} interval", sources=("low", "high"),
            show=wording.size_interval,
        ),
        _text("statement", "statement"),
    ),
    "budgets": (
        _text("from", "shorter"),
        _text("to", "longer"),
        Column(
            heading="method or pair", sources=("first", "second"),
            show=_one_or_pair, right=False,
        ),
        SIZE,
        Column(heading="steps", sources=("shorter_steps", "longer_steps"), show=_rise),
        *DIFFERENCES,
    ),
    "costs": (
        METHOD, BUDGET, SIZE,
        _number("steps", "steps"),
        _number("s a step", "seconds_per_step", wording.significant),
        _number("to full", "step_time_ratio", lambda value: wording.significant(value, 2)),
        _number("training (s)", "train_seconds", wording.significant),
        _number("peak memory (MB)", "peak_memory_bytes", wording.megabytes),
        _number("optimizer (MB)", "optimizer_bytes", wording.megabytes),
        _number("gradients (MB)", "gradient_bytes", wording.megabytes),
        _number("activations (MB)", "activation_bytes", wording.megabytes),
        _number("of one question (MB)", "activation_bytes_one", wording.megabytes),
        _number("to store (MB)", "delta_bytes", wording.megabytes),
        _number("GFLOP a step", "flops_per_step", wording.billions),
    ),
    "reach": (
        _number("share", "share", lambda value: f"{100 * value:g}\N{NO-BREAK SPACE}%"),
        _number("EM", "target_em", wording.points),
        METHOD,
        _number("training (s)", "train_seconds", wording.significant),
        Column(heading="from", sources=("low",), show=wording.significant),
        Column(heading="to", sources=("high",), show=wording.significant),
        BUDGET, SIZE,
        _text("device", "device"),
    ),
    "biases": (
        BUDGET, METHOD, SIZE,
        _text("term", "term", "b_{}".format),
        _number("layer", "layer"),
        _number("change", "change", wording.significant),
        _number("first gradient", "first_gradient", wording.power),
    ),
    "counts": (
        METHOD,
        _number("encoder", "trainable_backbone"),
        _number("added", "trainable_added"),
        _number("head", "trainable_head"),
        _number("encoder and head in all", "total"),
        _number("share (%)", "share", wording.percent),
    ),
    "provenance": (_text("what", "key"), _text("value", "value", _long), _number("cells", "cells")),
    "verdicts": (
        _text("claim", "statement"),
        BUDGET,
        _text("verdict", "verdict"),
        _number("estimate", "estimate", wording.significant),
        Column(
            heading="{level} interval", sources=("low", "high"),
            show=wording.plain_interval,
        ),
        _text("unit", "unit"),
        _text("scale", "scale"),
        _text("reason", "reason"),
    ),
}  # fmt: skip


WIDE = 8  # methods that fit beside each other


def make_sheets(tables: Tables, study: StudyConfig) -> dict[str, Sheet]:
    """Every table as text, by name: those of the analysis, and `exact_match`."""
    level = wording.percent_level(study["analysis"]["confidence"])
    sheets = {name: view(frame, VIEWS[name], level) for name, frame in tables.items()}
    return {"exact_match": exact_match(tables["curves"]), **sheets}


def view(frame: pd.DataFrame, columns: Sequence[Column], level: str) -> Sheet:
    """A table's cells as text; a number that is missing is a dash."""
    shown = [
        [column.show(*values) for values in zip(*(frame[s] for s in column.sources), strict=True)]
        for column in columns
    ]
    return Sheet(
        headings=tuple(column.heading.format(level=level) for column in columns),
        rows=tuple(zip(*shown, strict=True)),
        right=tuple(column.right for column in columns),
    )


def exact_match(curves: pd.DataFrame) -> Sheet:
    """Exact match by budget and size (rows) and method (columns).

    With more than `WIDE` methods these are the rows and the sizes the columns. A cell is the mean
    over seeds, `34.8 ± 2.1` with its standard deviation over seeds, or the mean alone where one
    seed has no deviation.
    """
    methods = style.ordered(curves["method"])
    cells = {
        (row.budget, row.n_train, row.method): _score(row.em, row.em_sd)
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


def to_latex(sheet: Sheet) -> str:
    """A `tabular` with booktabs' rules; every cell is escaped."""
    columns = "".join("r" if right else "l" for right in sheet.right)
    lines = [
        "% needs \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        _latex_row(sheet.headings),
        "\\midrule",
        *map(_latex_row, sheet.rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(escape_latex, cells)) + r" \\"


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return "".join(LATEX.get(character, character) for character in text)
