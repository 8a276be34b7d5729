import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.util.files import sha256_of_file, write_text
from tuning_curves.util.locks import try_lock

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "workflow", "config", "src", "paper", "environment.yml", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project's own files in an empty folder, as a fresh clone has them; no archive."""
    return make_checkout(tmp_path / "checkout")


def make_checkout(folder: Path) -> Path:
    """Copy the project's own files into a new folder."""
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy(source, folder / part)
    return folder


@pytest.fixture
def tiny_study(checkout: Path, tiny_encoder: Path, tiny_data: dict[str, Any]) -> Path:
    """`config/tiny.yaml` in the checkout: three methods, two sizes, two seeds, a tiny encoder."""
    return write_study(checkout, tiny_encoder, tiny_data)


def write_study(checkout: Path, tiny_encoder: Path, tiny_data: dict[str, Any]) -> Path:
    """Write the tiny study into a checkout; returns its file."""
    config = yaml.safe_load((ROOT / "benchmarks" / "study.yaml").read_text("utf-8"))
    config |= {"study": "tiny", "title": "Tiny", "scale": "demo"}
    config["encoder"] = {
        "name": "tiny",
        "source": "path",
        "path": str(tiny_encoder),
        "weights_sha256": sha256_of_file(tiny_encoder / "model.safetensors"),
    }
    config["data"] = tiny_data
    config["windows"] = {"max_length": 96, "stride": 24}
    config["methods"] = [
        {"name": "full", "learning_rates": [1e-3, 3e-3]},
        {"name": "bitfit", "learning_rates": [1e-2]},
        {"name": "head", "learning_rates": [1e-2]},
    ]
    config["sizes"], config["seeds"] = [4, 8], [0, 1]
    config["budgets"][1]["min_steps"] = 8
    config["training"] |= {"batch_size": 4, "precision": "float32"}
    config["evaluation"] |= {"test_examples": "all", "validation_examples": "all"}
    config["analysis"] |= {"contrasts": [["bitfit", "full"]], "n_bootstrap": 200}
    config["execution"]["chunk_passes"] = 250_000  # two chunks: starting one takes seconds
    path = checkout / "config" / "tiny.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    return path


@pytest.fixture(scope="session")
def whole_run(
    tiny_encoder: Path, tiny_data: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A checkout in which the tiny study ran from nothing to the paper, without interruption.

    To be read only, and made once: the processes of pytest-xdist share it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, said = shared / "whole-run" / "checkout", shared / "whole-run" / "said.txt"
    with try_lock(shared / "whole-run" / "made.lock", wait=True):
        if not said.exists():
            shutil.rmtree(folder, ignore_errors=True)
            write_study(make_checkout(folder), tiny_encoder, tiny_data)
            done = run_snakemake(folder, *CONFIG)
            write_text(said, done.stdout + done.stderr)
    return folder


@pytest.fixture
def trained(whole_run: Path, tmp_path: Path) -> Path:
    """A copy of `whole_run` that a test may change, times of files and all."""
    return Path(shutil.copytree(whole_run, tmp_path / "checkout"))


Run = Callable[..., subprocess.CompletedProcess[str]]
CONFIG = ("--cores", "2", "--configfile", "config/tiny.yaml")


@pytest.fixture
def snakemake(tmp_path: Path) -> Run:
    """Runs Snakemake in the test's checkout (`checkout` or `trained`) with its own package."""
    return functools.partial(run_snakemake, tmp_path / "checkout")


def run_snakemake(
    checkout: Path, *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a checkout."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout / "src"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def records_of(checkout: Path, where: str = "runs") -> dict[str, dict[str, Any]]:
    """Records below runs/ or results/, by path, without clocks and machines."""
    return records_below(checkout / where / "tiny" / "records")


def records_below(folder: Path) -> dict[str, dict[str, Any]]:
    """Records below a folder, as above."""
    found = {}
    for path in sorted(folder.rglob("*.json")):
        record = json.loads(path.read_text("utf-8"))
        found[str(path.relative_to(folder))] = {
            key: value for key, value in record.items() if key not in ("cost", "provenance")
        }
    return found
