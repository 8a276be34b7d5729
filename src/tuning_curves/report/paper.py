"""Compile the paper with Typst: its source, the results and the study, in one folder.

Typst reads only what lies below its root, so everything is copied into a scratch folder first. No
package, no network and no date takes part, and no font of the machine unless a text has letters of
a script that Typst's own fonts lack: otherwise equal inputs give equal bytes.
"""

import dataclasses
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

from tuning_curves.analysis.tables import read_tables_of
from tuning_curves.report.figures import FIGURES
from tuning_curves.report.figures.figure2 import REFERENCE
from tuning_curves.report.sheets import make_sheets
from tuning_curves.study.config import StudyConfig
from tuning_curves.util.errors import DataError, ResourceError, plural
from tuning_curves.util.files import write_json, write_text, write_whole
from tuning_curves.util.log import say

MAIN = "main.typ"
SYMBOLS = range(0x1D00, 0x2D00)  # with the blocks of letters for phonetics and signs around them
FIRST_OTHER = 0x0530  # Armenian; before it stand Latin, Greek and Cyrillic
SHOWN = 8  # letters named in a warning
FIX = "run `tuning-curves report figures` and `tuning-curves report tables` for this study"


def assemble(source: Path, results: Path, study: StudyConfig, folder: Path) -> Path:
    """Lay out in `folder` what the paper is made of, and return its main file.

    Beside the source: `study.json`, `numbers.json`, `sheets.json` (every table as text, by name:
    headings, rows, right), `figures/*.svg`, and `own.typ`, which takes the words of the study's
    task from `tasks/<its name>/passages.typ`, or none where the source has no such file.

    Raises:
        ResourceError: the source or a result is missing; all that is missing is named.
    """
    if not (source / MAIN).is_file():
        raise ResourceError(
            f"{source}: no {MAIN} (expected the paper's source)", fix="name its folder"
        )
    wanted = ["numbers.json", *(f"figures/{name}.svg" for name in FIGURES)]
    missing = [name for name in wanted if not (results / name).is_file()]
    if missing:
        raise ResourceError(f"{results}: no {', '.join(missing)}", fix=FIX)
    papers = shutil.ignore_patterns("*.pdf")  # those that were compiled from it
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=papers)
    shutil.copytree(REFERENCE.parent, folder / "reference", dirs_exist_ok=True)
    for name in wanted:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(results / name, folder / name)
    sheets = make_sheets(read_tables_of(results / "tables", study), study, every_metric=False)
    write_json(folder / "sheets.json", {k: dataclasses.asdict(v) for k, v in sheets.items()})
    write_json(folder / "study.json", study.to_json())
    passages = f"tasks/{study.task['name']}/passages.typ"
    known = (source / passages).is_file()
    own = f'#import "{passages}": passages' if known else "#let passages = (:)"
    write_text(folder / "own.typ", f"{own}\n")
    return folder / MAIN


def compile_typst(
    main: Path, kind: Literal["pdf", "png"] = "pdf", ppi: float | None = None
) -> list[bytes]:
    """Compile an assembled paper; `png` gives one item a page, `pdf` one in all.

    Raises:
        ResourceError: the typst package is not installed.
        DataError: the source does not compile; the message is Typst's.
    """
    try:
        import typst
    except ImportError:
        raise ResourceError(
            "the paper needs the typst package", fix="pip install -r requirements.txt"
        ) from None
    texts = "".join(path.read_text("utf-8") for path in main.parent.glob("*.json"))
    others = letters_of_other_scripts(texts)
    if others and (lacking := without_a_font(others, _fonts_of_the_machine())):
        shown = ", ".join(sorted(lacking)[:SHOWN]) + (", …" if len(lacking) > SHOWN else "")
        say(
            f"warning: no font here has {plural(len(lacking), 'letter')} of the paper ({shown}), "
            "which stand as boxes: install one that does, such as Noto's of that script"
        )
    try:
        made = typst.compile(
            main, root=main.parent, format=kind, ppi=ppi, ignore_system_fonts=not others
        )
    except typst.TypstError as error:
        raise DataError(
            f"the paper does not compile: {_place(error.diagnostic)}{error}",
            fix="correct its source",
        ) from None
    return made if isinstance(made, list) else [made]


def letters_of_other_scripts(text: str) -> set[str]:
    """The letters for which Typst brings no font: a font of the machine has to have them."""
    return {
        each
        for each in set(text)
        if ord(each) >= FIRST_OTHER
        and ord(each) not in SYMBOLS
        and each.isalpha()
        and not unicodedata.name(each, "").startswith("MATHEMATICAL")
    }


def without_a_font(letters: Collection[str], fonts: Iterable[str]) -> set[str]:
    """Those of the letters that no font of these files has: Typst draws boxes and says nothing."""
    from matplotlib.ft2font import FT2Font

    lacking = set(letters)
    for path in fonts:
        if lacking:
            known = FT2Font(path).get_charmap()
            lacking = {letter for letter in lacking if ord(letter) not in known}
    return lacking


def _fonts_of_the_machine() -> list[str]:
    """The files of its fonts, which Typst finds too."""
    from matplotlib.font_manager import findSystemFonts

    return findSystemFonts()


def _place(diagnostic: str) -> str:
    """Where Typst stopped, `main.typ:3:1: `, from its diagnostic; "" where it does not say."""
    found = re.search(r"([^/\s]+\.typ:\d+:\d+)", diagnostic)
    return f"{found[1]}: " if found else ""


def compile_paper(source: Path, results: Path, study: StudyConfig, out_pdf: Path) -> Path:
    """Compile a study's paper into one PDF, written whole or not at all.

    Args:
        source: the folder with main.typ, its sections and bibliography.
        results: the study's results: `tables/*.csv`, `numbers.json`, `figures/*.svg`.
    """
    with tempfile.TemporaryDirectory(prefix="tuning-curves-paper-") as scratch:
        main = assemble(source, results, study, Path(scratch))
        (pdf,) = compile_typst(main)
    with write_whole(out_pdf) as stream:
        stream.write(pdf)
    return out_pdf
