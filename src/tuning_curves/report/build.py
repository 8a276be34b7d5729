"""The steps of the report, as the workflow calls them: figures, tables, numbers, paper."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuning_curves.util.files import write_json, write_text
from tuning_curves.report.paper import compile_paper
from tuning_curves.report.figures import FIGURES
from tuning_curves.report.figures.figure2 import REFERENCE
from tuning_curves.report.numbers import make_numbers
from tuning_curves.report.read import read_tables_of
from tuning_curves.report.style import save
from tuning_curves.report.tables import make_sheets, to_csv, to_latex, to_markdown

__all__ = ["compile_paper", "write_figures", "write_numbers", "write_report_tables"]


def write_figures(tables: Path, study: Mapping[str, Any], out: Path) -> list[Path]:
    """Draw every figure as SVG and PDF.

    Args:
        tables: folder with the analysis' CSV files.
        study: the checked study.
        out: folder of the figures.
    """
    frames = read_tables_of(tables, study)
    return [
        path for name, draw in FIGURES.items() for path in save(draw(frames, study), out / name)
    ]


def write_report_tables(tables: Path, study: Mapping[str, Any], out: Path) -> list[Path]:
    """Write `<name>.md` and `<name>.tex` for every table, and exact_match also as CSV."""
    sheets = make_sheets(read_tables_of(tables, study), study)
    texts = {out / "exact_match.csv": to_csv(sheets["exact_match"])}
    for name, sheet in sheets.items():
        texts[out / f"{name}.md"] = to_markdown(sheet)
        texts[out / f"{name}.tex"] = to_latex(sheet)
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def write_numbers(
    tables: Path, study: Mapping[str, Any], out: Path, reference: Path = REFERENCE
) -> Path:
    """Write numbers.json, from which the paper takes every number and every finding."""
    write_json(out, make_numbers(read_tables_of(tables, study), study, reference))
    return out
