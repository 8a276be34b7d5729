"""Every method of the table works for classification of texts and words, from files to records."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning_curves.data.fetch_data import fetch_data, open_data
from tuning_curves.methods.registry import list_names
from tuning_curves.study.config import check_study
from tuning_curves.study.outcomes import unpack_outcomes
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import Record, read_record
from tuning_curves.tasks import make_task
from tuning_curves.tasks.windows import make_windows
from tuning_curves.training.worker import run_job

THINGS = ("bell", "ferry", "lamp", "market", "ship", "tower", "bridge", "coal")
SECTIONS = {
    "texts": {
        "name": "text-classification",
        "labels": ["bad", "good", "odd"],
        "pooling": "mean",
        "main_metric": "matthews",
    },
    "pairs": {
        "name": "text-classification",
        "labels": ["bad", "good", "odd"],
        "pooling": "first",
        "main_metric": "macro_f1",
    },
    "words": {
        "name": "token-classification",
        "labels": ["O", "B-THING", "I-THING"],
        "main_metric": "entity_f1",
    },
}
WITHOUT = ("value-bias",)  # for encoders that have no such bias


def rows(kind: str, topics: list[str]) -> list[dict[str, Any]]:
    """Five examples on each topic, which is their group."""
    return [
        {"group": topic, **_row(kind, f"every {thing} of {topic} burns", number)}
        for topic in topics
        for number, thing in enumerate(THINGS[:5])
    ]


def _row(kind: str, text: str, number: int) -> dict[str, Any]:
    if kind == "words":
        words = text.split()
        return {"words": words, "labels": ["O", "B-THING", "I-THING", "I-THING", "O"]}
    pair = {"text_pair": f"how {text}"} if kind == "pairs" else {}
    return {"text": text, **pair, "label": SECTIONS[kind]["labels"][number % 3]}


def train(
    kind: str, methods: list[str], config: dict[str, Any], root: Path, steps: int
) -> dict[str, Record]:
    """A record for each method, by name."""
    data = {"name": kind, "source": "path", "format": {"kind": "jsonl"}, "held_out_examples": 5}
    for split, topics in (("train", ["whale", "sea", "oil", "winter"]), ("test", ["island"])):
        lines = "".join(json.dumps(row) + "\n" for row in rows(kind, topics))
        (root / f"{split}.jsonl").write_text(lines, "utf-8")
        data[split] = str(root / f"{split}.jsonl")
    overlap = {"stride": 4} if kind == "words" else {}
    study = check_study(
        config
        | {
            "task": SECTIONS[kind],
            "data": data,
            "windows": {"max_length": 16, **overlap},
            "methods": [{"name": name, "learning_rates": [5e-3]} for name in methods],
            "sizes": [12],
            "budgets": [{"name": "few", "epochs": 1, "min_steps": steps}],
            "analysis": config["analysis"] | {"contrasts": []},
        },
        kind,
    )
    task = make_task(study.config.task)
    fetch_data(task, study.config.data, root / "data")
    encoder, settings = Path(study.config.encoder.path), study.config.windows.model_dump()
    make_windows(task, open_data(task, root / "data"), encoder, root / "windows", **settings)
    paths = WorkerPaths(encoder=root / "encoder", windows=root / "windows", workspace=root / "w")
    from tuning_curves.encoders.fetch_encoder import fetch_encoder

    fetch_encoder(study.config.encoder, root / "encoder")
    assert run_job(study.job(study.unique), paths, "cpu").trained == len(methods)
    return {
        p.run.method: read_record(paths.records / p.record, p, study.settings) for p in study.unique
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["texts", "words"])
def test_every_method_leaves_a_record(
    kind: str, tiny_config: dict[str, Any], tmp_path: Path
) -> None:
    names = [name for name in list_names() if name not in WITHOUT]
    records = train(kind, names, tiny_config, tmp_path, steps=2)
    task = make_task(SECTIONS[kind])
    for name, record in records.items():
        assert record.scores is not None and record.outcomes is not None, name
        outcomes = unpack_outcomes(record.outcomes, task.parts)
        assert outcomes.group_sizes.tolist() == [5]
        totals = task.metric.sums(outcomes.parts).sum(0)
        stored = record.scores["test"][task.metric.name]
        assert float(task.metric.value(totals)) == pytest.approx(stored, abs=1e-12), name
        assert record.parameters.head == 33 * len(SECTIONS[kind]["labels"])
    assert len({json.dumps(record.losses) for record in records.values()}) > len(names) / 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["texts", "pairs", "words"])
def test_what_can_be_learnt_is_learnt(
    kind: str, tiny_config: dict[str, Any], tmp_path: Path
) -> None:
    record = train(kind, ["full"], tiny_config, tmp_path, steps=60 if kind == "words" else 150)[
        "full"
    ]
    assert record.losses[-1][1] < record.losses[0][1] / 5
    assert record.scores is not None
    if kind == "words":  # what a word is shows in any sentence
        assert record.scores["test"]["correct"] == record.scores["test"]["words"] == 25
        assert record.scores["test"]["entity_f1"] == 1.0
    else:
        assert record.scores["test"]["correct"] >= 4
        assert np.isfinite(record.scores["validation"][record.settings.task["main_metric"]])
