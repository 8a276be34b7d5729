"""Tables, figures and advice are made without torch; what the workflow reads, without more."""

import json
import subprocess
import sys

import pytest

from tuning_curves.analysis.columns import TABLES
from tuning_curves.methods import registry
from tuning_curves.report.figures import FIGURES, drawer

LIGHT = pytest.mark.skipif(
    not hasattr(registry, "describe"), reason="methods are known without torch from `describe` on"
)


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh process has loaded after a statement."""
    code = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@LIGHT
@pytest.mark.parametrize(
    "module",
    ["analysis.tables", "analysis.recommend", "report.build", "report.figures.curves"],
)
def test_no_module_of_the_report_loads_torch(module: str) -> None:
    assert not {"torch", "transformers"} & loaded_by(f"import tuning_curves.{module}")


def test_the_workflow_reads_the_lists_alone() -> None:
    found = loaded_by(
        "from tuning_curves.analysis.columns import TABLES;"
        "from tuning_curves.report.figures import FIGURES"
    )
    assert not {"torch", "matplotlib", "pandas", "numpy"} & found


def test_every_figure_of_the_list_can_be_drawn() -> None:
    assert all(callable(drawer(name)) for name in FIGURES)
    assert len(TABLES) == 12
