"""A loopback hub with an encoder and a data set, and the command line as its client."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.tasks.question_answering.data import SquadData

from ..conftest import hub_rows
from .server import Hub

REVISION = "0123456789abcdef0123456789abcdef01234567"
ENCODER = {"name": "tiny", "source": "hub", "repository": "lab/tiny", "revision": REVISION}
DATA = {
    "name": "tiny",
    "source": "hub",
    "repository": "lab/questions",
    "revision": REVISION,
    "train": "train",
    "test": "validation",
    "held_out_examples": 5,
}
TASK = {"name": "question-answering", "n_best": 20, "max_answer_tokens": 30}
HURRIED = Path(__file__).parent / "hurried"  # waits between attempts are short
SPLITS = ("train", "validation")


@pytest.fixture(scope="session")
def dataset_repository(
    tiny_squad: SquadData, tiny_test: SquadData, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data set repository as the hub holds SQuAD: parquet files, one row a question."""
    import pandas as pd

    folder = tmp_path_factory.mktemp("questions")
    (folder / "plain_text").mkdir()
    for split, data in zip(SPLITS, (tiny_squad, tiny_test), strict=True):
        pd.DataFrame(hub_rows(data)).to_parquet(
            folder / f"plain_text/{split}-00000-of-00001.parquet"
        )
    listed = "".join(f"  - split: {s}\n    path: plain_text/{s}-*\n" for s in SPLITS)
    (folder / "README.md").write_text(
        f"---\nconfigs:\n- config_name: plain_text\n  default: true\n  data_files:\n{listed}---\n"
    )
    return folder


@pytest.fixture
def hub(tiny_encoder: Path, dataset_repository: Path) -> Iterator[Hub]:
    served = Hub()
    served.add("models", "lab/tiny", tiny_encoder, REVISION)
    served.add("datasets", "lab/questions", dataset_repository, REVISION)
    yield served
    served.close()


def environment(url: str, home: Path, **extra: str) -> dict[str, str]:
    """Of a process that takes `url` for the hub and keeps its cache below `home`."""
    return {
        **{name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"},
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",  # the real hub's second protocol, for large files
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": os.pathsep.join([str(HURRIED), os.environ.get("PYTHONPATH", "")]),
        **extra,
    }


def serve_pins(checkout: Path, study: str, encoder: Path, rows: Path) -> Hub:
    """A hub with these two folders under the names and revisions that a study pins."""
    config = yaml.safe_load((checkout / "config" / f"{study}.yaml").read_text("utf-8"))
    served = Hub()
    for kind, section, content in (
        ("models", config["encoder"], encoder),
        ("datasets", config["data"], rows),
    ):
        served.add(kind, section["repository"], content, section["revision"])
    return served


def run_study(
    hub: Hub, checkout: Path, study: str, overrides: dict[str, str], home: Path
) -> list[dict[str, Any]]:
    """Run a study of a checkout whole, through a hub, from nothing to the paper; its records."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    command += ["--configfile", f"config/{study}.yaml", "--config"]
    command += [f"{key}={value}" for key, value in overrides.items()]
    variables = environment(
        hub.url,
        home,
        PYTHONPATH=str(checkout / "src"),
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    done = subprocess.run(
        command, cwd=checkout, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (checkout / "results" / study / "paper.pdf").read_bytes().startswith(b"%PDF")
    found = (checkout / "runs" / study / "records").rglob("*.json")
    return [json.loads(path.read_text("utf-8")) for path in found]


def command(what: str, spec: dict[str, Any], out: Path) -> list[str]:
    fetch = [sys.executable, "-m", "tuning_curves", "fetch", what]
    task = ["--task", json.dumps(TASK)] if what == "data" else []
    return [*fetch, "--spec", json.dumps(spec), *task, "--out", str(out)]


Fetch = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fetch(hub: Hub, tmp_path: Path) -> Fetch:
    """Runs `tuning-curves fetch` into `tmp_path/out`, in a process of its own."""

    def run(
        what: str,
        spec: dict[str, Any],
        *,
        out: str = "out",
        url: str = hub.url,
        largest_file: int | None = None,
        **extra: str,
    ) -> subprocess.CompletedProcess[str]:
        limit = [] if largest_file is None else ["prlimit", f"--fsize={largest_file}"]
        done = subprocess.run(
            [*limit, *command(what, spec, tmp_path / out)],
            env=environment(url, tmp_path / "home", **extra),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run
