"""The rooms' floors (pyproject.toml, [tool.importlinter]), and what no room loads at its import.

A process that has loaded something keeps it, so that a single one imports room after room, the
lightest first: what it lacks at the end of a step no import up to there has loaded.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[1]

LIGHT = {  # statements, and what they must not load
    "from tuning_curves.analysis.columns import TABLES; "
    "from tuning_curves.report.figures import FIGURES": {"torch", "matplotlib", "pandas", "numpy"},
    "from tuning_curves.cli import make_parser; make_parser().format_help()": {
        "torch", "transformers", "pandas", "matplotlib", "datasets", "snakemake",
    },
    "import tuning_curves.study.workflow, tuning_curves.study.config, tuning_curves.tasks": {
        "torch", "transformers", "pandas",
    },
    "import tuning_curves.methods.counting, tuning_curves.report.style": {
        "torch", "transformers", "peft",
    },
    "import tuning_curves.analysis.tables": {"torch", "transformers"},
    "import tuning_curves.analysis.advice.advise": {"torch", "transformers"},
    "import tuning_curves.report.figures.curves": {"torch", "transformers"},
    "import tuning_curves.report.paper": {"torch", "transformers"},
}  # fmt: skip
TRAINING = {
    "import tuning_curves.commands.train, tuning_curves.training.worker": {
        "pydantic", "pandas", "snakemake", "peft",
    },
    "sys.modules['peft'] = None; "  # as where it is not installed
    "from tuning_curves.methods import resolve_method; resolve_method('lora-4')": {
        "pydantic", "pandas", "snakemake",
    },
}  # fmt: skip


def test_nothing_imports_upward_or_in_a_circle(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(LIGHT, id="studies, tables, figures and advice need no torch"),
        pytest.param(
            TRAINING,
            id="a training process needs no pydantic and starts without peft",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_room_loads_no_more_than_it_needs(steps: dict[str, set[str]]) -> None:
    loaded = "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    code = "\n".join(["import json, sys", *(f"{step}\n{loaded}" for step in steps)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    after = [set(json.loads(line)) for line in done.stdout.splitlines()]
    for (step, heavy), found in zip(steps.items(), after, strict=True):
        assert not heavy & found, step
