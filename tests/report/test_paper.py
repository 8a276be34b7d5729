"""The paper compiles from tables, a study and its source, to the same bytes each time."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest

from tuning_curves.analysis.tables import read_tables_of
from tuning_curves.report import paper
from tuning_curves.report.figures import FIGURES, drawer
from tuning_curves.report.paper import assemble, compile_typst, letters_of_other_scripts
from tuning_curves.report.style import save
from tuning_curves.study.config import StudyConfig
from tuning_curves.util.errors import DataError, ResourceError

from .conftest import write_results

typst = pytest.importorskip("typst")

SOURCE = Path(__file__).resolve().parents[2] / "paper"


@pytest.fixture
def make_results(make_tables: Any, reduced_results: Path, tmp_path: Path) -> Any:
    """Write what a paper needs of a study's results from invented tables; returns their folder.

    Its figures are those of another study: `test_figures` draws them at every scale.
    """

    def make(study: StudyConfig, tables: dict[str, pd.DataFrame] | None = None) -> Path:
        results = tmp_path / "results"
        write_results(tables or make_tables(study), study, results)
        figures = shutil.ignore_patterns("*.pdf")
        shutil.copytree(
            reduced_results / "figures", results / "figures", ignore=figures, dirs_exist_ok=True
        )
        return results

    return make


def pages(pdf: bytes) -> int:
    """Pages of a PDF whose page objects are not compressed away, as Typst writes them."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def banners(main: Path) -> list[str]:
    """The words of the banners on the first page."""
    found = typst.query(main, "<banner>", field="value", root=main.parent, ignore_system_fonts=True)
    return json.loads(found)


@pytest.mark.slow
def test_a_reduced_study_compiles_to_the_same_bytes_twice(
    make_study: Any, reduced_results: Path, tmp_path: Path
) -> None:
    study = make_study(sizes=(100, 1000))
    first, second = (
        paper.compile_paper(SOURCE, reduced_results, study, tmp_path / name).read_bytes()
        for name in ("first.pdf", "second.pdf")
    )
    assert pages(first) >= 4
    assert first == second
    assert b"CreationDate" not in first
    main = assemble(SOURCE, reduced_results, study, tmp_path / "build")
    assert banners(main) == ["REDUCED SCALE"]
    assert len(compile_typst(main, "png", 20)) == pages(first)


@pytest.mark.slow
def test_a_demo_with_one_seed_says_demo_on_its_face(
    make_study: Any, make_results: Any, tmp_path: Path
) -> None:
    study = make_study(
        scale="demo", seeds=(0,), methods=("full", "bitfit"), budgets=("floor",), sizes=(50, 200)
    )
    results = make_results(study)
    main = assemble(SOURCE, results, study, tmp_path / "build")
    assert banners(main) == ["DEMO"]
    (pdf,) = compile_typst(main)
    assert pages(pdf) >= 4


@pytest.mark.slow
def test_the_papers_own_scale_has_no_banner_and_verdicts_have_a_table(
    make_study: Any, make_results: Any, tmp_path: Path
) -> None:
    study = make_study(scale="paper", methods=("full", "bitfit"), sizes=(500, 8000))
    main = assemble(SOURCE, make_results(study), study, tmp_path / "build")
    assert banners(main) == []
    compile_typst(main)
    assert "<table-verdicts>" in [table.get("label") for table in tables_of(main)]


@pytest.mark.slow
@pytest.mark.parametrize("methods", [("head",), ("adapter-pfeiffer", "full")])
def test_a_study_without_bitfit_compiles(
    methods: tuple[str, ...], make_study: Any, make_results: Any, tmp_path: Path
) -> None:
    study = make_study(methods=methods, sizes=(100,), budgets=("epochs",))
    results = make_results(study)
    frames = read_tables_of(results / "tables", study)
    for name in FIGURES:
        save(drawer(name)(frames, study), results / "figures" / name, ["svg"])
    assert paper.compile_paper(SOURCE, results, study, tmp_path / "paper.pdf").stat().st_size > 0


@pytest.mark.slow
def test_a_study_without_seconds_says_that_none_were_measured(
    make_study: Any, make_tables: Any, make_results: Any, tmp_path: Path
) -> None:
    study = make_study(sizes=(100, 1000))
    tables = make_tables(study)
    tables["costs"][["seconds_per_step", "step_time_ratio", "train_seconds"]] = np.nan
    tables["reach"][["train_seconds", "low", "high"]] = np.nan
    main = assemble(SOURCE, make_results(study, tables), study, tmp_path / "paper")
    for label, field, said in (
        ("<untimed>", None, "No run was timed on quiet cores"),
        ("<table-costs-in-short>", "caption", "(each of them in ). MB are 10"),
    ):
        found = typst.query(main, label, field=field, root=main.parent, ignore_system_fonts=True)
        assert said in re.sub(r"\s+", " ", "".join(texts(json.loads(found))))


@pytest.mark.slow
def test_a_study_that_decides_no_claim_compiles(
    make_study: Any, make_tables: Any, make_results: Any, tmp_path: Path
) -> None:
    study = make_study(sizes=(100,))
    tables = make_tables(study)
    tables["verdicts"]["verdict"] = "undecided"
    main = assemble(SOURCE, make_results(study, tables), study, tmp_path / "paper")
    labels = [table.get("label") for table in tables_of(main)]
    assert "<table-verdicts>" in labels
    assert "<claims-decided>" not in labels


def tables_of(main: Path) -> list[dict[str, Any]]:
    """The tables of a laid-out paper."""
    found = typst.query(
        main, "figure.where(kind: table)", root=main.parent, ignore_system_fonts=True
    )
    return json.loads(found)


@pytest.mark.slow
def test_shares_of_a_study_with_the_pooler_say_so(
    make_study: Any, make_results: Any, tmp_path: Path
) -> None:
    task = {"name": "text-classification", "labels": ["a", "b"], "main_metric": "accuracy"}
    for pooling, said in (("mean", "without"), ("pooler", "with its")):
        study = make_study(task=task | {"pooling": pooling}, sizes=(100, 1000))
        main = assemble(SOURCE, make_results(study), study, tmp_path / pooling)
        found = typst.query(main, "<table-methods>", field="caption", root=main.parent)
        assert f"encoder ({said} pooler)" in re.sub(r"\s+", " ", "".join(texts(json.loads(found))))


def texts(content: Any) -> Iterator[str]:
    """The words of a piece of Typst's content, in order."""
    if isinstance(content, list):
        for one in content:
            yield from texts(one)
    elif isinstance(content, dict):
        if "text" in content and isinstance(content["text"], str):
            yield content["text"]
        elif content.get("func") == "space":
            yield " "
        for key in ("children", "body"):
            yield from texts(content.get(key))


@pytest.mark.slow
def test_missing_results_are_named(make_study: Any, reduced_results: Path, tmp_path: Path) -> None:
    study = make_study(sizes=(100, 1000))
    results = Path(shutil.copytree(reduced_results, tmp_path / "results"))
    (results / "numbers.json").unlink()
    (results / "figures" / "costs.svg").unlink()
    with pytest.raises(ResourceError, match=r"no numbers\.json, figures/costs\.svg"):
        paper.compile_paper(SOURCE, results, study, tmp_path / "paper.pdf")
    assert not (tmp_path / "paper.pdf").exists()


@pytest.mark.slow
def test_a_source_that_does_not_compile_is_named(
    make_study: Any, reduced_results: Path, tmp_path: Path
) -> None:
    study = make_study(sizes=(100, 1000))
    source = tmp_path / "source"
    shutil.copytree(SOURCE, source)
    (source / "main.typ").write_text("= Title\n\n#nothing\n", "utf-8")
    with pytest.raises(DataError, match=r"main\.typ:3:1.*unknown variable: nothing"):
        paper.compile_paper(source, reduced_results, study, tmp_path / "paper.pdf")
    with pytest.raises(ResourceError, match=r"no main\.typ"):
        paper.compile_paper(tmp_path / "nowhere", reduced_results, study, tmp_path / "paper.pdf")


@pytest.mark.slow
def test_a_task_without_words_of_its_own_has_the_general_ones(
    make_study: Any, reduced_results: Path, tmp_path: Path
) -> None:
    study = make_study(sizes=(100, 1000))
    source = Path(shutil.copytree(SOURCE, tmp_path / "source"))
    (own,) = (source / "tasks").glob("question-answering/passages.typ")
    own.unlink()
    main = assemble(source, reduced_results, study, tmp_path / "without")
    (without,) = compile_typst(main)
    own.write_text("#let passages = (loss: [Any loss.])\n", "utf-8")
    (other,) = compile_typst(assemble(source, reduced_results, study, tmp_path / "with"))
    assert other != without
    own.write_text("#let passages = (losses: [Any loss.])\n", "utf-8")
    main = assemble(source, reduced_results, study, tmp_path / "unknown")
    with pytest.raises(DataError, match="no section asks for a task's losses"):
        compile_typst(main)


def test_no_number_of_a_result_stands_in_the_text() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.typ")))
    assert "@preview" not in text
    assert re.findall(r"\d+\.\d+\s*(?:points|%|±)", text) == []


def test_every_citation_has_an_entry_and_every_entry_is_cited() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.typ")))
    entries = set(re.findall(r"^@\w+\{(\w+),", (SOURCE / "references.bib").read_text(), re.M))
    cited = {name for name in entries if f"@{name}" in text or f"<{name}>" in text}
    assert cited == entries


def test_only_letters_that_typst_has_no_font_for_ask_for_the_machines_fonts() -> None:
    assert letters_of_other_scripts("Größe, µs, ε ≤ 1, Настройка, b₁, ℒ, 𝑛, − → ×, “a”") == set()
    assert letters_of_other_scripts("n = 100, 编码器, हिन्दी") >= set("编码器ह")


def test_letters_that_no_font_has_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typst draws a box and says nothing; matplotlib brings a font with Georgian and without 汉."""
    font = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
    assert paper.without_a_font("ქ汉", [font]) == {"汉"}
    monkeypatch.setattr(paper, "_fonts_of_the_machine", lambda: [font])
    (tmp_path / "main.typ").write_text('#json("study.json").title', "utf-8")
    for title, words in (
        ("ქართული", ""),
        ("汉字", "no font here has 2 letters of the paper (字, 汉)"),
    ):
        (tmp_path / "study.json").write_text(json.dumps({"title": title}, ensure_ascii=False))
        compile_typst(tmp_path / "main.typ")
        said = capsys.readouterr().err
        assert words in said
        assert bool(said) is bool(words)
