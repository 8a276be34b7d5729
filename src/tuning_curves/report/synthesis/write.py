"""Write the synthesis: its tables, figure, numbers and paper."""

import dataclasses
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.analysis.columns import OVERALL, Column
from tuning_curves.analysis.tables import write_table
from tuning_curves.report import style, wording
from tuning_curves.report.paper import compile_typst
from tuning_curves.report.sheets import SHOW, Sheet, to_markdown, view
from tuning_curves.report.synthesis.figure import draw
from tuning_curves.report.synthesis.next_hours import hours_sentences, plan_hours
from tuning_curves.report.synthesis.places import make_table, placed
from tuning_curves.report.synthesis.recommendation import (
    answer_sentences,
    recommend,
    take_sheet,
)
from tuning_curves.report.synthesis.results import StudyResults, read_results
from tuning_curves.report.synthesis.sentences import make_sentences
from tuning_curves.util.errors import ResourceError
from tuning_curves.util.files import write_json, write_text, write_whole

MAIN = "synthesis.typ"
FEW = 3  # so many tied methods are named; more are counted


def write_synthesis(results: Path, source: Path, out: Path, pdf: Path) -> None:
    """Write the tables, figures and numbers.json below `out`, and the paper.

    Args:
        results: the folder of all studies' results.
        source: the paper's text.

    Raises:
        ResourceError: no study can take part, or the source is missing.
    """
    if not (source / MAIN).is_file():
        raise ResourceError(f"{source}: no {MAIN}", fix="name the folder of the paper's text")
    studies, left_out = read_results(results)
    places = [each for study in studies for each in placed(study)]
    tables = {
        "recommendation": recommend(studies),
        "synthesis": make_table(studies),
        "next_hours": plan_hours(places),
    }
    sheets = {name: _sheet(table, OVERALL[name], studies) for name, table in tables.items()}
    numbers = {
        "sentences": {
            "take": list(answer_sentences(tables["recommendation"])),
            "hours": list(hours_sentences(tables["next_hours"])),
            **make_sentences(studies, places),
        },
        "studies": [_about(study) for study in studies],
        "left_out": [list(pair) for pair in left_out],
        "scales": sorted({str(study.numbers["scale"]) for study in studies}),
    }
    for name, table in tables.items():
        write_table(out / "tables" / f"{name}.csv", table, OVERALL[name])
        write_text(out / "tables" / f"{name}.md", to_markdown(sheets[name]))
    write_json(out / "numbers.json", numbers)
    figures = style.save(draw(places), out / "figures" / "synthesis")
    with tempfile.TemporaryDirectory(prefix="tuning-curves-synthesis-") as scratch:
        folder = Path(scratch)
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pdf"))
        write_json(folder / "numbers.json", numbers)
        sheets["take"] = take_sheet(tables["recommendation"], (study.name for study in studies))
        write_json(
            folder / "sheets.json",
            {name: dataclasses.asdict(sheet) for name, sheet in sheets.items()},
        )
        (folder / "figures").mkdir()
        shutil.copyfile(figures[0], folder / "figures" / figures[0].name)
        (made,) = compile_typst(folder / MAIN)
    with write_whole(pdf) as stream:
        stream.write(made)


def _about(study: StudyResults) -> dict[str, Any]:
    """What the text says of one study, from its own numbers."""
    numbers, facts = study.numbers, study.numbers["facts"]
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
        "take": numbers["sentences"]["take"],
        "verdicts": numbers["sentences"]["verdicts"],
    }


def _sheet(table: pd.DataFrame, columns: tuple[Column, ...], studies: list[StudyResults]) -> Sheet:
    levels = dict.fromkeys(wording.percent_level(study.confidence) for study in studies)
    show: dict[str, Callable[..., str]] = {
        **SHOW,
        "methods": _methods,
        "taken": _label,
        "several": _several,
    }
    return view(table, columns, show, {"level": " or ".join(levels)})


def _label(name: str) -> str:
    return style.label(name) if name else wording.NOTHING


def _methods(names: str, methods: int) -> str:
    """A few methods by their labels, or how many of the place's there are."""
    found = names.split()
    if len(found) > FEW:
        return f"{len(found)} of {wording.whole(methods)} methods"
    return _several(names)


def _several(names: str) -> str:
    """A few methods by their labels, or how many there are."""
    found = names.split()
    if len(found) > FEW:
        return wording.plural(len(found), "method")
    return ", ".join(style.label(name) for name in found) or wording.NOTHING
