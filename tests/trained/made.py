"""Deltas that were not trained: a method's tensors moved at random, for every task and encoder."""

from pathlib import Path
from typing import Any

import torch

from tuning_curves.encoders.model import load_encoder
from tuning_curves.methods import apply_method, resolve_method, trained_tensors
from tuning_curves.study.job import ENGINE, Run, Settings, identity
from tuning_curves.study.records import Record
from tuning_curves.tasks import make_task
from tuning_curves.training.delta import About, write_delta
from tuning_curves.util.files import sha256_of_file

LABELS = ["bad", "good", "odd"]
TEXTS: dict[str, Any] = {"name": "text-classification", "labels": LABELS, "main_metric": "accuracy"}
TASKS: dict[str, dict[str, Any]] = {
    "questions": {"name": "question-answering", "n_best": 20, "max_answer_tokens": 30},
    "mean": {**TEXTS, "pooling": "mean"},
    "first": {**TEXTS, "pooling": "first"},
    "pooler": {**TEXTS, "pooling": "pooler"},
    "words": {
        "name": "token-classification",
        "labels": ["O", "B-THING", "I-THING"],
        "main_metric": "entity_f1",
    },
}
FILES = ("config.json", "model.safetensors", "tokenizer.json")
COST: dict[str, Any] = {
    **{"train_seconds": 1.0, "evaluate_seconds": 1.0, "seconds_per_step": 0.1},
    **{"peak_memory_bytes": None, "optimizer_bytes": 1, "delta_bytes": 1, "gradient_bytes": 1},
    **{"step_tokens": 1, "flops_per_step": 1, "activation_bytes": 1, "activation_bytes_one": 1},
}
WINDOWS = {"max_length": 160, "stride": 16}


def make_delta(path: Path, task: str, method: str, encoder: Path) -> Path:
    """A delta of this method for one of `TASKS`, on an encoder's folder."""
    made = make_task(TASKS[task])
    model = load_encoder(
        encoder,
        outputs=made.outputs,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        pooling=made.pooling,
    )
    generator = torch.Generator().manual_seed(3)
    counts = apply_method(resolve_method(method), model, generator)
    tensors = trained_tensors(model)
    for tensor in tensors.values():
        if tensor.is_floating_point():
            tensor.add_(torch.randn(tensor.shape, generator=generator), alpha=0.1)
    parameters = {**vars(counts), "share": counts.share}
    record = make_record(TASKS[task], method, sha256_of_file(encoder / FILES[1]), parameters)
    about = About(record=record, encoder={name: sha256_of_file(encoder / name) for name in FILES})
    write_delta(path, about, tensors)
    return path


def make_record(
    task: dict[str, Any], method: str, pin: str, parameters: dict[str, Any] | None = None
) -> Record:
    """A record of a run that never was."""
    overlap = {"stride": None} if task["name"] == "text-classification" else {}
    settings = {
        "engine": ENGINE,
        "task": task,
        "encoder": {"name": "tiny", "pin": pin, "files": "nowhere"},
        "data": {"name": "things", "pin": {"train": "0" * 64, "test": "1" * 64}},
        "windows": WINDOWS | overlap,
        "training": {
            "batch_size": 8,
            "schedule": "linear",
            "warmup": 0.1,
            "weight_decay": 0.0,
            "adam_epsilon": 1e-6,
            "clip_norm": 1.0,
            "hidden_dropout": 0.1,
            "attention_dropout": 0.0,
            "precision": "float32",
        },
        "evaluation": {"test_examples": "all", "validation_examples": "all"},
    }
    settings["data"]["held_out_examples"] = 5
    run = {"method": method, "n_train": 12, "steps": 30, "learning_rate": 0.01}
    run |= {"subset_seed": 0, "init_seed": 0}
    counts = {"backbone": 0, "added": 0, "head": 0, "total": 1, "share": 0.0}
    scores = {"exact": 3, "f1": 4.5, "correct": 4}
    scores |= {metric.name: 0.4 for metric in make_task(task).metrics if metric.name not in scores}
    record = {
        "id": identity(Settings.from_json(settings), Run(**run)),
        "study": "made",
        "run": run,
        "settings": settings,
        "status": "finished",
        "failure": None,
        "scores": {split: {**scores, "total": 10} for split in ("test", "validation")},
        "outcomes": None,
        "parameters": parameters or counts,
        "cost": COST,
        "biases": {"change": {}, "first_gradient": {}},
        "losses": [[30, 0.5]],
        "validation_curve": [],
        "provenance": {
            "versions": {"torch": "2.13.0"},
            "device": "a processor",
            "threads": 1,
            "precision": "float32",
            "commit": None,
            "dirty": None,
            "code_sha256": "2" * 64,
            "started": "2026-01-01T00:00:00+00:00",
            "niceness": 0,
        },
    }
    return Record.from_json(record)
