"""Write a study's figures, its tables for reading, and the numbers that its paper takes."""

from pathlib import Path

from tuning_curves.analysis.tables import read_tables_of
from tuning_curves.report.figures import FIGURES, drawer
from tuning_curves.report.figures.figure2 import REFERENCE
from tuning_curves.report.numbers import make_numbers
from tuning_curves.report.sheets import MAIN as MAIN_TABLE
from tuning_curves.report.sheets import make_sheets, to_csv, to_markdown
from tuning_curves.report.style import save
from tuning_curves.study.config import StudyConfig
from tuning_curves.util.files import write_json, write_text


def write_figures(tables: Path, study: StudyConfig, out: Path) -> list[Path]:
    """Draw every figure as SVG and PDF.

    Args:
        tables: folder with the analysis' CSV files.
        study: the checked study.
        out: folder of the figures.
    """
    frames = read_tables_of(tables, study)
    return [path for name in FIGURES for path in save(drawer(name)(frames, study), out / name)]


def write_report_tables(tables: Path, study: StudyConfig, out: Path) -> list[Path]:
    """Write `<name>.md` for every table, and the main one also as CSV."""
    sheets = make_sheets(read_tables_of(tables, study), study)
    texts = {out / f"{MAIN_TABLE}.csv": to_csv(sheets[MAIN_TABLE])}
    for name, sheet in sheets.items():
        texts[out / f"{name}.md"] = to_markdown(sheet)
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def write_numbers(tables: Path, study: StudyConfig, out: Path) -> Path:
    """Write numbers.json, from which the paper takes every number and every finding."""
    write_json(out, make_numbers(read_tables_of(tables, study), study, REFERENCE))
    return out
