"""The rooms' floors (pyproject.toml, [tool.importlinter]), and what no room loads at its import."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[1]


def test_nothing_imports_upward_or_in_a_circle(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        pytest.param(
            ("tuning_curves.study.workflow", "tuning_curves.study.config", "tuning_curves.tasks"),
            ("torch", "transformers", "pandas"),
            id="a study is read without torch",
        ),
        pytest.param(
            ("tuning_curves.analysis.tables", "tuning_curves.report.build"),
            ("torch", "transformers"),
            id="tables and figures are made without torch",
        ),
        pytest.param(
            ("tuning_curves.commands.train", "tuning_curves.training.worker"),
            ("pydantic", "pandas", "snakemake"),
            id="a training process needs no pydantic",
        ),
    ],
)
def test_a_room_loads_no_more_than_it_needs(
    modules: tuple[str, ...], heavy: tuple[str, ...]
) -> None:
    code = f"import sys, {', '.join(modules)}; print(sorted({set(heavy)} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
