"""Write the synthesis: its table, figure, numbers and paper."""

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.analysis.columns import SYNTHESIS
from tuning_curves.analysis.tables import write_table
from tuning_curves.report import style, wording
from tuning_curves.report.build import compile_typst
from tuning_curves.report.sheets import SHOW, Sheet, to_markdown, view
from tuning_curves.report.synthesis.figure import draw
from tuning_curves.report.synthesis.places import make_table, placed
from tuning_curves.report.synthesis.results import StudyResults, read_results
from tuning_curves.report.synthesis.sentences import make_sentences
from tuning_curves.util.errors import ResourceError
from tuning_curves.util.files import write_json, write_text, write_whole

MAIN = "synthesis.typ"
FEW = 3  # so many tied methods are named; more are counted


def write_synthesis(results: Path, source: Path, out: Path, pdf: Path) -> None:
    """Write `out`/tables/synthesis.csv and .md, `out`/figures, `out`/numbers.json, and the paper.

    Args:
        results: the folder of all studies' results.
        source: the paper's text.

    Raises:
        ResourceError: no study can take part, or the source is missing.
    """
    if not (source / MAIN).is_file():
        raise ResourceError(f"{source}: no {MAIN}", fix="name the folder of the paper's text")
    studies, left_out = read_results(results)
    table = make_table(studies)
    places = [each for study in studies for each in placed(study)]
    sheet = _sheet(table, studies)
    numbers = {
        "sentences": make_sentences(studies, places),
        "studies": [_about(study) for study in studies],
        "left_out": [list(pair) for pair in left_out],
        "scales": sorted({str(study.numbers["scale"]) for study in studies}),
    }
    write_table(out / "tables" / "synthesis.csv", table, SYNTHESIS)
    write_text(out / "tables" / "synthesis.md", to_markdown(sheet))
    write_json(out / "numbers.json", numbers)
    figures = style.save(draw(places), out / "figures" / "synthesis")
    with tempfile.TemporaryDirectory(prefix="tuning-curves-synthesis-") as scratch:
        folder = Path(scratch)
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pdf"))
        write_json(folder / "numbers.json", numbers)
        write_json(folder / "sheets.json", {"synthesis": dataclasses.asdict(sheet)})
        (folder / "figures").mkdir()
        shutil.copyfile(figures[0], folder / "figures" / figures[0].name)
        (made,) = compile_typst(folder / MAIN)
    with write_whole(pdf) as stream:
        stream.write(made)


def _about(study: StudyResults) -> dict[str, Any]:
    """What the text says of one study, from its own numbers."""
    numbers, says = study.numbers, study.numbers["sentences"]
    facts = numbers["facts"]
    return {
        "study": study.name,
        "title": numbers["title"],
        "task": study.task,
        "metric": study.label,
        "encoder": numbers["encoder"],
        "data": numbers["data"],
        "examples": study.examples,
        "sizes": f"{facts['least_size']} to {facts['greatest_size']}",
        "runs": facts["runs"],
        "budgets": numbers["budgets"],
        "methods": len(numbers["methods"]),
        "answer": says["answer"],
        "changes": [
            *says["changes"]["examples"],
            *says["changes"]["steps"],
            *says["best"][:1],
        ],
        "plateau": says["plateau"],
        "verdicts": says["verdicts"],
    }


def _sheet(table: pd.DataFrame, studies: list[StudyResults]) -> Sheet:
    levels = dict.fromkeys(wording.percent_level(study.confidence) for study in studies)
    level = " or ".join(levels)
    show = {**SHOW, "methods": _methods}
    return view(table, SYNTHESIS, show, {"level": level})


def _methods(names: str, methods: int) -> str:
    """A few methods by their labels, or how many of the place's there are."""
    found = names.split()
    if len(found) > FEW:
        return f"{len(found)} of {wording.whole(methods)} methods"
    return ", ".join(style.label(name) for name in found) or wording.NOTHING
