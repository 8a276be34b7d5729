"""What the explorer shows, as one JSON value: tables as they are archived, words, looks, advice.

Nothing is computed here that a table does not have, but the advice, which `advise` gives. Tables go
in by columns (`{"n_train": [100, ...], ...}`), missing values as null.
"""

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tuning_curves.analysis.advice.advise import NothingFinished, read_curves, tabulate_advice
from tuning_curves.analysis.columns import SYNTHESIS
from tuning_curves.analysis.tables import FIX_SYNTHESIS, read_table, read_tables_of
from tuning_curves.methods import table
from tuning_curves.report import style
from tuning_curves.report.figures.panels import budget_words
from tuning_curves.report.labels import limits_sentence
from tuning_curves.report.numbers import with_and_without_runs
from tuning_curves.report.prose import KINDS
from tuning_curves.study.config import StudyConfig, read_study
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import StudyPaths
from tuning_curves.tasks import make_task
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import MANIFEST

SHOWN = (
    *("curves", "contrasts", "best_contrasts", "ranking", "best_budgets", "training", "costs"),
    *("counts", "biases", "verdicts", "facts"),
)
DARK = {  # colours that a dark ground swallows, and what stands for them there
    table.BLACK: "#FFFFFF",
    table.GREY: "#B4B4B4",
    table.BLUE: "#4DA3E0",
    table.WINE: "#E0719F",
    table.OLIVE: "#B9B94A",
}
READABLE = 0.126  # luminance that stands out on the page's dark ground, by 3 to 1
SHAPES = {  # matplotlib's markers as Vega's symbols, or as paths in a square from -1 to 1; a number
    # in a method's place of a marker (the highest layers) is a diamond
    "o": "circle",
    "s": "square",
    "D": "diamond",
    "^": "triangle-up",
    "v": "triangle-down",
    "<": "triangle-left",
    ">": "triangle-right",
    "P": "cross",
    "d": "M0,-1L0.6,0L0,1L-0.6,0Z",
    "X": "M-1,-0.5L-0.5,-1L0,-0.5L0.5,-1L1,-0.5L0.5,0L1,0.5L0.5,1L0,0.5L-0.5,1L-1,0.5L-0.5,0Z",
    "*": "M0,-1L0.24,-0.31L0.95,-0.31L0.38,0.12L0.59,0.81L0,0.4L-0.59,0.81L-0.38,0.12L-0.95,-0.31"
    "L-0.24,-0.31Z",
    "8": "M-0.41,-1L0.41,-1L1,-0.41L1,0.41L0.41,1L-0.41,1L-1,0.41L-1,-0.41Z",
    "p": "M0,-1L0.95,-0.31L0.59,0.81L-0.59,0.81L-0.95,-0.31Z",
    "h": "M0,-1L0.87,-0.5L0.87,0.5L0,1L-0.87,0.5L-0.87,-0.5Z",
    "H": "M-0.5,-0.87L0.5,-0.87L1,0L0.5,0.87L-0.5,0.87L-1,0Z",
}


def explorer_data(files: Iterable[Path], beside: Path | None) -> dict[str, Any]:
    """All that the page holds.

    Args:
        files: the studies' files, config/<study>.yaml.
        beside: the folder of the page, from which links to records lead; None: there are none.

    Raises:
        ResourceError: a study without its tables.
        DataError: damaged tables or records, or a study that is named twice.
    """
    studies = [study_data(read_study(file), file, beside) for file in files]
    names = [study["name"] for study in studies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{twice[0]}: named twice", fix="name each study once")
    return {
        "studies": studies,
        "kinds": KINDS,
        "synthesis": _synthesis(Path("results"), names),
    }


def study_data(study: Study, file: Path, beside: Path | None) -> dict[str, Any]:
    """A study's part of the page."""
    config, paths = study.config, StudyPaths(study)
    task = make_task(config.task)
    tables = read_tables_of(paths.results.tables, config)
    trained, waiting = with_and_without_runs(tables, config)
    return {
        "name": config.study,
        "file": file.as_posix(),
        "title": config.title,
        "demo": config.scale == "demo",
        "task": config.task["name"],
        "encoder": config.encoder.name,
        "confidence": config.analysis.confidence,
        "examples": task.nouns.examples,
        "metrics": {metric.name: metric.label for metric in task.metrics},
        "budgets": {name: budget_words(config, name) for name in trained.budget_names},
        "methods": _methods(trained),
        "waiting": waiting,
        "records": _link(paths.results.records, beside),
        "commands": _commands(paths, file),
        "tables": {name: by_columns(tables[name]) for name in SHOWN},
        "limits": limits_sentence(tables, config),
        "advice": _advice(study),
    }


def by_columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """A table by columns; whole numbers stay whole, what is missing is None."""
    return {str(name): [_plain(value) for value in frame[name]] for name in frame}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def _methods(config: StudyConfig) -> list[dict[str, Any]]:
    """The study's methods in the order of legends, with their looks."""
    found = []
    for name in style.ordered(config.method_names):
        entry = style.method_style(name)
        found.append({
            "name": name,
            "label": entry.label,
            "equation": entry.equation,
            "colour": entry.colour,
            "dark": DARK.get(entry.colour) or lightened(entry.colour),
            "shape": SHAPES.get(entry.marker, SHAPES["D"]),
            "dash": list(entry.dashes or ()),
            "filled": entry.filled,
        })  # fmt: skip
    return found


def lightened(colour: str) -> str:
    """A colour, `#rrggbb`, as it is, or with as much white as it needs on a dark ground."""
    own = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    mixed = (own + share * (1 - own) for share in np.linspace(0, 1, 11))
    light = next(rgb for rgb in mixed if _luminance(rgb) >= READABLE)
    return "#" + "".join(f"{round(255 * part):02X}" for part in light)


def _luminance(rgb: np.ndarray) -> float:
    """Relative luminance of sRGB parts from 0 to 1 (WCAG 2.2)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _commands(paths: StudyPaths, file: Path) -> list[str]:
    """What trains a point anew, whatever records there are, with `{method}` and the like in it."""
    study, encoder, windows = (shlex.quote(str(p)) for p in (file, paths.encoder, paths.windows))
    return [
        f"snakemake --cores all {shlex.quote(str(paths.windows / MANIFEST))} --configfile {study}",
        f"tuning-curves plan {study} --method {{method}} --size {{n_train}} --budget {{budget}}"
        " --learning-rate {learning_rate} --all > job.json",
        f"tuning-curves train --job job.json --encoder {encoder} --windows {windows}"
        " --workspace again",
    ]


def _link(folder: Path, beside: Path | None) -> str | None:
    """The address of a folder as seen from the page; None where there is none."""
    if beside is None or not folder.is_dir():
        return None
    return f"{Path(os.path.relpath(folder, beside)).as_posix()}/"


def _advice(study: Study) -> Mapping[str, Any]:
    """What `advise` says, or why it says nothing."""
    try:
        return tabulate_advice(read_curves(study))
    except (ResourceError, NothingFinished) as error:
        return {"places": [], "arms": {}, "advice": [], "why": error.message}


def _synthesis(results: Path, names: list[str]) -> dict[str, list[Any]]:
    """The rows of the synthesis that are of these studies; none where it was not made."""
    path = results / "synthesis" / "tables" / "synthesis.csv"
    if not path.is_file():
        return {column.name: [] for column in SYNTHESIS}
    frame = read_table(path, SYNTHESIS, fix=FIX_SYNTHESIS)
    return by_columns(frame[frame["study"].isin(names)])
