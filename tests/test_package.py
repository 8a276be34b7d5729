"""The package as it is installed: what it needs is declared, what it reads is in it."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "src", "config")
BUILD = "from setuptools.build_meta import build_wheel; print(build_wheel('.'))"
READ = {  # what the package opens at run time
    "analysis/claims/claims.yaml",
    "demo/domains/bridges.json",
    "demo/names.json",
    "py.typed",
    "report/explorer/static/explorer.css",
    "report/explorer/static/index.html",
    "report/explorer/static/views.js",
    "report/reference/bitfit_figure2_digitised.csv",
    "report/reference/padding_loss.csv",
    "report/reference/published.csv",
    "report/reference/replications.csv",
    "tasks/question_answering/squad_metric/squad_metric.py",
    "tasks/text_classification/classification_metric/classification_metric.py",
    "tasks/token_classification/tagging_metric/tagging_metric.py",
}
WITH_ANOTHER = {"pydantic-core"}  # comes with pydantic, at the version that it asks for


@pytest.fixture(scope="session")
def wheel(made_once: Any) -> Path:
    """The wheel that pip builds of a checkout; no network, no environment of its own."""
    (built,) = made_once("wheel", build_wheel).glob("*.whl")
    return built


def build_wheel(folder: Path) -> None:
    """Build it of a copy of the checkout in `folder`."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, folder / part)
    command = [sys.executable, "-c", BUILD]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_carries_every_module_and_all_that_they_read(wheel: Path) -> None:
    names = {
        name.removeprefix("tuning_curves/")
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith("tuning_curves/")
    }
    package = ROOT / "src" / "tuning_curves"
    modules = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    assert modules - names == set()
    assert READ - names == set()
    kinds = {path.suffix for path in package.rglob("*.*") if path.is_file()} - {".pyc"}
    others = {p.relative_to(package).as_posix() for k in kinds for p in package.rglob(f"*{k}")}
    assert others - names == set()  # nothing of the package stays behind


def test_the_wheels_claims_are_the_projects(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel).read("tuning_curves/analysis/claims/claims.yaml")
    assert packed == (ROOT / "config" / "claims.yaml").read_bytes()


def test_the_installed_wheel_works_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    shutil.copy(ROOT / "config" / "demo.yaml", tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    code = (
        "import sys, tuning_curves\n"
        "from tuning_curves.cli import main\n"
        "from tuning_curves.analysis.claims.published import PUBLISHED, read_claims\n"
        "from tuning_curves.report.figures.figure2 import REFERENCE\n"
        f"assert tuning_curves.__file__.startswith({str(tmp_path)!r}), tuning_curves.__file__\n"
        "assert read_claims(PUBLISHED).claims and REFERENCE.is_file()\n"
        "sys.exit(main(['status', 'demo.yaml']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "missing" in done.stdout


def test_what_the_package_imports_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    imported = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    names = {"yaml": "pyyaml", "vl_convert": "vl-convert-python"}
    others = imported - set(sys.stdlib_module_names) - {"tuning_curves"}
    ours = {canonicalize_name(names.get(name, name)) for name in others}
    assert {name for name in ours if name not in declared} - WITH_ANOTHER == set()
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    locked = {canonicalize_name(line) for line in lines if line and line[0] not in "#-"}
    assert declared - locked == set()


def test_the_lock_lies_in_the_declared_ranges() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    locked = {canonicalize_name(name): version for name, version in pairs}
    declared = [*project["dependencies"], *project["optional-dependencies"]["workflow"]]
    for requirement in map(Requirement, declared):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])
