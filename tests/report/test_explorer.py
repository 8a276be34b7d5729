"""The explorer's data and page: what the tables have, and nothing that loads."""

import csv
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.cli import main
from tuning_curves.methods.table import TABLE
from tuning_curves.report import style
from tuning_curves.report.explorer.data import DARK, SHAPES, by_columns, explorer_data
from tuning_curves.report.explorer.data import study_data as data_of
from tuning_curves.report.explorer.page import STATIC, as_script, library, make_page
from tuning_curves.study.config import read_study
from tuning_curves.study.grid import Study
from tuning_curves.util.errors import ResourceError

from .conftest import write_results

ROOT = Path(__file__).resolve().parents[2]
NAME = "pos-ewt"
FILE = Path(f"config/{NAME}.yaml")


@pytest.fixture(scope="module")
def archived() -> dict[str, Any]:
    """The page's data of an archived study."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return explorer_data([FILE], Path("results"))


def test_tables_are_those_of_the_archive(archived: dict[str, Any]) -> None:
    (study,) = archived["studies"]
    for name in ("curves", "contrasts", "costs", "verdicts"):
        path = ROOT / "results" / NAME / "tables" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        columns = study["tables"][name]
        assert list(columns) == list(rows[0])
        for column, values in columns.items():
            assert [_as_text(v) for v in values] == [_as_text(row[column]) for row in rows]


def test_only_what_has_runs_can_be_chosen_and_the_rest_is_named(archived: dict[str, Any]) -> None:
    (study,) = archived["studies"]
    config = read_study(FILE).config
    curves = study["tables"]["curves"]
    assert {method["name"] for method in study["methods"]} == set(curves["method"])
    assert set(study["budgets"]) == set(curves["budget"])
    others = {*config.method_names} - set(curves["method"])
    assert {style.label(name) for name in others} == set(study["waiting"])


def _as_text(value: Any) -> str:
    """Equal for a number and its text."""
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return "" if value is None else str(value)


def test_the_synthesis_has_the_rows_of_the_pages_studies(archived: dict[str, Any]) -> None:
    assert set(archived["synthesis"]["study"]) == {NAME}
    assert len(archived["synthesis"]["n_train"]) > 5


def test_the_data_says_where_records_lie_and_how_a_point_is_trained_anew(
    archived: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (study,) = archived["studies"]
    assert study["records"] == f"{NAME}/records/"
    make, plan, train = study["commands"]
    assert make.startswith("snakemake --cores all runs/windows/")
    assert train.startswith("tuning-curves train --job job.json")
    place = {"method": "bitfit", "n_train": 250, "budget": "epochs", "learning_rate": 0.03}
    command = shlex.split(plan.format(**place).partition(" > ")[0])
    monkeypatch.chdir(ROOT)
    assert main(command[1:]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert len(runs) == 5  # one a seed
    assert {(run["method"], run["n_train"]) for run in runs} == {("bitfit", 250)}


def test_a_demo_is_marked_and_a_study_without_records_has_no_advice(
    make_study: Any, make_tables: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = make_study(scale="demo")
    write_results(make_tables(config), config, tmp_path / "results" / config.study)
    data = data_of(Study(config), Path("config/invented.yaml"), Path("results"))
    assert data["demo"] is True
    assert data["records"] is None
    assert data["advice"]["advice"] == []
    assert data["advice"]["why"] == "no run of invented has a record"


def test_a_study_without_tables_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / FILE, tmp_path / "study.yaml")
    assert main(["explore", "study.yaml"]) == 4
    said = capsys.readouterr().err
    assert "curves.csv" in said
    assert "tuning-curves analyse" in said


def test_a_study_named_twice_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["explore", str(FILE), str(FILE), "--out", "never.html"]) == 3
    assert f"{NAME}: named twice" in capsys.readouterr().err
    assert not Path("never.html").exists()


def test_data_cannot_end_its_element() -> None:
    value = {"title": "a </script><script>alert(1)</script> & <!-- b"}
    text = as_script(value)
    assert "<" not in text
    assert json.loads(text) == value


def test_the_page_is_one_file_that_loads_nothing_and_has_equal_bytes(
    archived: dict[str, Any],
) -> None:
    page = make_page(archived)
    assert page == make_page(archived)
    assert len(page.encode("utf-8")) < 5_000_000
    assert "default-src 'none'" in page
    ours = (STATIC / "index.html").read_text("utf-8") + (STATIC / "explorer.css").read_text("utf-8")
    assert re.findall(r"""(?:src|href)=["'](?!data:|#)|@import|url\(""", ours) == []
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    assert json.loads(found[1]) == json.loads(json.dumps(archived))


def test_without_its_library_there_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ResourceError, match="vl-convert-python") as caught:
        library.__wrapped__()
    assert caught.value.fix == "pip install -r requirements.txt"


def test_every_mark_of_a_method_can_be_drawn_and_is_seen_on_a_dark_ground() -> None:
    for entry in TABLE:
        assert entry.marker in SHAPES, entry.name
        assert contrast(DARK.get(entry.colour, entry.colour), "#15171b") >= 3, entry.name
    assert len(set(SHAPES.values())) == len(SHAPES)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_missing_values_are_null_and_whole_numbers_whole(make_study: Any, make_tables: Any) -> None:
    ranking = by_columns(make_tables(make_study())["ranking"])
    assert None in ranking["difference"]
    assert ranking["n_train"][0] == 100
    assert isinstance(ranking["n_train"][0], int)
