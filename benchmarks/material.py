"""What rows are measured on: MiniLM's real weights, real data, and windows made once."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.data.fetch_data import fetch_data, open_data
from tuning_curves.study.config import check_study
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import StudyPaths
from tuning_curves.tasks import make_task
from tuning_curves.tasks.question_answering.data import SquadData, content_sha256, read_squad
from tuning_curves.tasks.windows import make_windows
from tuning_curves.util.errors import ResourceError
from tuning_curves.util.yaml_files import read_yaml

if TYPE_CHECKING:
    from benchmarks.peers.ways import Way

BASE = Path("benchmarks/study.yaml")
SQUAD = {"train": "train-v1.1.json", "test": "dev-v1.1.json"}
# As the example trains: its rate, its optimizer's epsilon, no warm-up.
TRAINING = {"batch_size": 16, "warmup": 0.0, "weight_decay": 0.0, "adam_epsilon": 1e-8}


@dataclass(frozen=True)
class Material:
    """A study's configuration to derive others from, and the examples it is about.

    parts: `train` and `test`, as the task has read them.
    """

    config: dict[str, Any]
    parts: Mapping[str, Any]
    root: Path

    def study(self, **changes: Mapping[str, Any]) -> Study:
        """A study with these sections changed key by key."""
        config = copy.deepcopy(self.config)
        for section, values in changes.items():
            config[section] = {**config[section], **values}
        return check_study(config, "the benchmarks' study")

    @property
    def paths(self) -> StudyPaths:
        return StudyPaths(self.study(), self.root)

    @cached_property
    def way(self) -> "Way":
        """How the library's example for the task does the same."""
        from benchmarks.peers.ways import WAYS

        task = self.config["task"]
        return WAYS[task["name"]](self.paths.encoder, self.parts, task.get("labels", ()))


def find_material(root: Path) -> Material:
    """Read SQuAD from data/squad, with whatever content it has, and make its windows if need be.

    Raises:
        ResourceError: SQuAD or the encoder is not there; says what to put where.
    """
    folder = root / "data" / "squad"
    missing = [name for name in SQUAD.values() if not (folder / name).is_file()]
    if missing:
        raise ResourceError(
            f"{folder / missing[0]}: not there; the benchmarks run on real SQuAD v1.1",
            fix=f"put {' and '.join(SQUAD.values())} into {folder}/",
        )
    squad = {split: read_squad(folder / name) for split, name in SQUAD.items()}
    material = Material(_config(root, folder, squad), squad, root)
    prepare(material.paths)
    return material


def _config(root: Path, folder: Path, squad: Mapping[str, SquadData]) -> dict[str, Any]:
    config: dict[str, Any] = read_yaml(root / BASE, "no such study file")
    config["study"] = "benchmarks"
    paths = {split: str(folder / name) for split, name in SQUAD.items()}
    content = {split: content_sha256(data) for split, data in squad.items()}
    config["data"] |= {**paths, "content_sha256": content}
    config["training"] |= TRAINING
    return config


def prepare(paths: StudyPaths) -> None:
    """Fetch the data into the workspace and tokenise it, unless an earlier run has."""
    if not (paths.encoder / "manifest.json").is_file():
        raise ResourceError(
            f"{paths.encoder}: the encoder has not been fetched",
            fix="`make bench` fetches it; by hand: snakemake --cores 1 all --until fetch_encoder",
        )
    task = make_task(paths.study.config.task)
    if not (paths.data / "manifest.json").is_file():
        fetch_data(task, paths.study.config.data, paths.data)
    if not (paths.windows / "manifest.json").is_file():
        data = open_data(task, paths.data)
        settings = paths.study.config.windows.model_dump()
        make_windows(task, data, paths.encoder, paths.windows, **settings)
