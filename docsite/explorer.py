"""The explorer of all archived studies, as a page of the site."""

import contextlib
from pathlib import Path

from tuning_curves.report.explorer.data import explorer_data
from tuning_curves.report.explorer.page import make_page
from tuning_curves.study.paths import archived_studies


def page(root: Path) -> str:
    """The page's HTML; without links to records, which the site does not hold."""
    with contextlib.chdir(root):
        return make_page(explorer_data(archived_studies(), beside=None))
