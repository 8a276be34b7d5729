"""The workflow on a real Slurm: jobs and a node die, the records are those of a local run."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.study.config import read_study
from tuning_curves.study.grid import Chunk
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.workflow import StudyWorkflow
from tuning_curves.training.worker import run_job

from ..conftest import records_below
from .conftest import Slurm

pytestmark = [pytest.mark.workflow, pytest.mark.cluster]
STUDY = ("train", "--configfile", "config/tiny.yaml")
PROFILE = ("--workflow-profile", "workflow/profiles/slurm")
# This Slurm has no accounts and no accounting; it is asked often, so that the test is short.
SITE = ("--slurm-no-account", "--slurm-status-command", "squeue", "--latency-wait", "5")
SITE += ("--slurm-init-seconds-before-status-checks", "2")
SITE += ("--set-resources", "train_chunk:checkpoint_seconds=0")


@pytest.fixture
def long_study(tiny_study: Path) -> Path:
    """Three methods, a chunk of two runs each; a run takes seconds, so that it can be hit."""
    config = yaml.safe_load(tiny_study.read_text("utf-8"))
    config["methods"] = [
        {"name": "bitfit", "learning_rates": [1e-2]},
        {"name": "full", "learning_rates": [1e-3]},
        {"name": "layernorm", "learning_rates": [1e-2]},
    ]
    config["sizes"] = [8]
    config["budgets"] = [{"name": "floor", "epochs": 3, "min_steps": 150}]
    config["execution"]["chunk_passes"] = 30_000  # a run is counted with all of SQuAD's test set
    tiny_study.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    return tiny_study


def test_jobs_and_a_node_die_and_the_records_are_those_of_a_local_run(
    checkout: Path, long_study: Path, slurm: Slurm, tmp_path: Path
) -> None:
    work = StudyWorkflow(read_study(long_study), checkout)
    run, hit = submit(slurm, checkout), set()

    hit.add(cancelled := next_under_way(work, hit, slurm, run))
    assert request_of(slurm, cancelled) == "6072M 30:00 gres:gpu:1"
    slurm.ask("scancel", number_of(slurm, cancelled))

    hit.add(killed := next_under_way(work, hit, slurm, run))
    for process in slurm.training(killed):
        process.kill()

    hit.add(crashed := next_under_way(work, hit, slurm, run))
    number = number_of(slurm, crashed)
    slurm.crash_node()
    slurm.boot_node()
    slurm.wait("its way back into the queue", lambda: number in slurm.held_back())
    slurm.hasten()
    slurm.wait("the requeued job", lambda: number_of(slurm, crashed) == number)

    slurm.wait("the end", lambda: run.poll() is not None)
    assert run.returncode == 0, slurm.logs()
    assert hit == work.chunks.keys()
    for chunk in hit:
        log = work.paths.log(f"train/{chunk}")
        assert "resumes after step" in log.read_text("utf-8"), slurm.logs()
    made = records_below(work.store.workspace)
    assert made == trained_here(work, tmp_path / "local")


def submit(slurm: Slurm, checkout: Path) -> "subprocess.Popen[bytes]":
    """Start the workflow through the profile."""
    environment = {"PYTHONPATH": str(checkout / "src"), "HF_HUB_OFFLINE": "1"}
    output = slurm.folder / "snakemake.log"
    command = ("snakemake", *STUDY, *PROFILE, *SITE)
    return slurm.start(*command, cwd=checkout, output=output, environment=environment)


def next_under_way(
    work: StudyWorkflow, hit: set[str], slurm: Slurm, run: "subprocess.Popen[bytes]"
) -> str:
    """Wait for a chunk, not one of `hit`, with a run in the middle of its training."""
    found: list[str] = []

    def begun() -> bool:
        assert run.poll() is None, slurm.logs()
        rest = [chunk for name, chunk in work.chunks.items() if name not in hit]
        found.extend(chunk.id for chunk in rest if has_checkpoint(work, chunk))
        return bool(found)

    slurm.wait(f"a training besides {hit}", begun)
    return found[0]


def has_checkpoint(work: StudyWorkflow, chunk: Chunk) -> bool:
    """Whether a run of the chunk is in the middle of its training."""
    folder = work.paths.workspace / "checkpoints"
    return any((folder / f"{planned.id}.checkpoint").exists() for planned in chunk.runs)


def number_of(slurm: Slurm, chunk: str) -> str:
    """The number of the chunk's running job in Slurm; empty where none runs."""
    rows = slurm.ask("squeue", "--noheader", "--format=%i %k", "--states=RUNNING").splitlines()
    return next((row.split()[0] for row in rows if row.endswith(chunk)), "")


def request_of(slurm: Slurm, chunk: str) -> str:
    """Memory, time limit and GPUs that the chunk's job asked for."""
    number = number_of(slurm, chunk)
    columns = "--Format=MinMemory,TimeLimit,tres-per-job"
    return " ".join(slurm.ask("squeue", "--noheader", f"--jobs={number}", columns).split())


def trained_here(work: StudyWorkflow, workspace: Path) -> dict[str, dict[str, Any]]:
    """The study's records, trained without interruption in this process."""
    study, theirs = work.study, work.paths
    paths = WorkerPaths(encoder=theirs.encoder, windows=theirs.windows, workspace=workspace)
    run_job(study.job(study.unique), paths, "cpu")
    records = records_below(paths.records)
    assert len(records) == 6
    return records
