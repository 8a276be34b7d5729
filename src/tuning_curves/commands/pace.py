"""How fast a machine trains: a few steps of full fine-tuning on a person's own examples, timed."""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuning_curves.data.section import Content
from tuning_curves.data.subsets import split_pools
from tuning_curves.encoders.fetch_encoder import fetch_encoder
from tuning_curves.study.config import check_study
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.tasks import make_task
from tuning_curves.tasks.dataset import Dataset
from tuning_curves.tasks.windows import make_windows
from tuning_curves.training.worker import run_job

STEPS = 6  # the first one is slower, and left out of the mean
EXAMPLES = 400  # of either part, so that little is cut into windows


def measure(config: Mapping[str, Any], data: Mapping[str, Dataset], encoder: Path | None) -> float:
    """Operations that one process does a second while it trains, as the engine counts them.

    Args:
        config: a study; its methods, sizes, budgets and seeds do not matter.
        data: both parts, as the study reads them.
        encoder: the folder of the fetched encoder; None where the study's own is a folder here.
    """
    few = {split: _few(part, split) for split, part in data.items()}
    study = _tiny(config, few)
    with (
        tempfile.TemporaryDirectory(prefix="pace-") as folder,
        Path(os.devnull).open("w", encoding="utf-8") as nobody,
        contextlib.redirect_stderr(nobody),
    ):
        root = Path(folder)
        if encoder is None:
            encoder = root / "encoder"
            fetch_encoder(study.config.encoder, encoder)
        windows = study.config.windows.model_dump()
        make_windows(make_task(study.config.task), few, encoder, root / "windows", **windows)
        paths = WorkerPaths(encoder=encoder, windows=root / "windows", workspace=root / "work")
        run_job(study.job(study.unique), paths, "auto")
        planned = study.unique[0]
        cost = read_record(paths.records / planned.record, planned, study.settings).cost
    assert cost.flops_per_step is not None, "measured on the first step"
    return cost.flops_per_step / cost.seconds_per_step


def _few(part: Dataset, split: str) -> Dataset:
    """Whole groups from the beginning, until they hold enough; three at least."""
    wanted = int((part.group_sizes.cumsum() < EXAMPLES).sum()) + 1
    return part.select(range(min(max(wanted, 3), len(part.group_sizes))), split)


def _tiny(config: Mapping[str, Any], data: Mapping[str, Dataset]) -> Study:
    """The study of one training, pinned to these few examples."""
    pool, _ = split_pools(data["train"].group_sizes, 1)
    few = {
        "methods": [{"name": "full", "learning_rates": [1e-5]}],
        "sizes": [min(config["training"]["batch_size"], len(pool))],
        "budgets": [{"name": "pace", "epochs": 1, "min_steps": STEPS}],
        "seeds": [0],
        "evaluation": {"test_examples": 1, "validation_examples": 1},
        "analysis": {**config["analysis"], "contrasts": []},
        "data": {
            **config["data"],
            "held_out_examples": 1,
            "content_sha256": Content(
                **{split: part.content_sha256() for split, part in data.items()}
            ).model_dump(),
        },
    }
    return check_study({**config, **few}, "the study")
