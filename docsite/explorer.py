"""The explorer of all archived studies, as a page of the site."""

import contextlib
from pathlib import Path

from tuning_curves.report.explorer.data import explorer_data
from tuning_curves.report.explorer.page import make_page


def page(root: Path) -> str:
    """The page's HTML; without links to records, which the site does not hold."""
    with contextlib.chdir(root):
        return make_page(explorer_data(archived(), beside=None))


def archived() -> list[Path]:
    """The files of the studies that have tables, as seen from the repository's root."""
    files = sorted(Path("config").glob("*.yaml"))
    return [file for file in files if Path("results", file.stem, "tables").is_dir()]
