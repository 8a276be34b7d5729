"""What a trained run leaves: scores, outcomes, costs, changes, and that nothing else has moved."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods import trained_tensors
from tuning_curves.methods.sparse import plain_name
from tuning_curves.study.job import Run
from tuning_curves.study.outcomes import pack_outcomes
from tuning_curves.study.records import Cost, Score
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.metrics import Mean
from tuning_curves.training.evaluate import Outcomes
from tuning_curves.training.loop import Trace
from tuning_curves.training.profile import StepProfile, Stopwatch, tensor_bytes
from tuning_curves.util.errors import DataError


def results_of(
    outcomes: Mapping[str, Outcomes], task: Task, test_groups: list[int]
) -> dict[str, Any]:
    """A record's scores of both splits, and the test part's outcomes example by example.

    Args:
        test_groups: how many of the test examples each group has, in their order.
    """
    scores = {split: scores_of(found.parts, task) for split, found in outcomes.items()}
    packed = pack_outcomes(outcomes["test"].parts, task.parts, test_groups)
    return {"scores": scores, "outcomes": packed}


def scores_of(parts: Mapping[str, np.ndarray], task: Task) -> Score:
    """The number of examples, the sum of each part that has one, and each metric but means."""
    kinds = {part.name: part.kind for part in task.parts}
    sums = {
        name: float(parts[name].sum()) if kind == "share" else int(parts[name].sum())
        for name, kind in kinds.items()
        if kind != "class"
    }
    values = {
        metric.name: float(metric.value(metric.sums(parts).sum(axis=0)))
        for metric in task.metrics
        if not isinstance(metric, Mean)
    }
    return {"total": len(parts[task.parts[0].name]), **sums, **values}


def cost_of(
    model: EncoderModel,
    trace: Trace,
    evaluation: Stopwatch,
    profile: StepProfile,
    peak: int | None,
) -> Cost:
    """Seconds, bytes and operations, all measured (docs/costs.md)."""
    measured = {key: value for key, value in vars(profile).items() if key != "bias_gradients"}
    return Cost(
        train_seconds=round(trace.seconds_per_step * trace.step, 3),
        evaluate_seconds=round(evaluation.seconds, 3),
        seconds_per_step=round(trace.seconds_per_step, 6),
        peak_memory_bytes=peak,
        optimizer_bytes=trace.optimizer_bytes,
        delta_bytes=tensor_bytes(trained_tensors(model)),
        **measured,
    )


def changes(model: EncoderModel, before: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How far what is trained of the encoder, whole tensors and entries, is from what it was."""
    trained = trained_tensors(model)
    values = {n: t for n, t in trained.items() if n not in before and t.is_floating_point()}
    entries = {name: t for name, t in values.items() if plain_name(name) in before}
    return entries | {name: trained[name] - before[name] for name in trained if name in before}


def check_frozen(model: EncoderModel, before: Mapping[str, Tensor], run: Run) -> None:
    """What the method does not train must be, byte for byte, what it was.

    Raises:
        DataError: names the tensor.
    """
    for name, parameter in model.named_parameters():
        plain = plain_name(name)  # of a tensor with chosen entries: the tensor without them
        frozen = not parameter.requires_grad and plain in before
        if frozen and not torch.equal(parameter, before[plain].to(parameter.dtype)):
            raise DataError(
                f"run {run.path}: frozen tensor {plain} moved during training",
                fix="this is a defect of the package: please report it"
                if run.plugin_sha256 is None
                else "the plug-in's code moves it: `tuning-curves method-check` finds such",
            )
