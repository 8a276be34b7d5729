"""What a record says of a finished cell: scores, costs, and how far the biases moved."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tuning_curves.util.errors import DataError
from tuning_curves.training.evaluate import Outcomes
from tuning_curves.methods import trained_tensors
from tuning_curves.methods.sparse import plain_name
from tuning_curves.encoders.model import SpanModel
from tuning_curves.study.outcomes import encode_outcomes
from tuning_curves.study.config import Cell
from tuning_curves.training.cost import Stopwatch, tensor_bytes
from tuning_curves.training.loop import Trace
from tuning_curves.training.profile import Probe


def results_of(outcomes: Mapping[str, Outcomes], dev_articles: list[int]) -> dict[str, Any]:
    """Scores of both splits, and dev's outcomes question by question.

    Args:
        dev_articles: how many of dev's questions each article has, in their order.
    """
    scores = {
        split: {
            "exact": int(taken.exact.sum()),
            "f1": float(taken.f1.sum()),
            "total": len(taken.exact),
        }
        for split, taken in outcomes.items()
    }
    dev = outcomes["dev"]
    return {"scores": scores, "outcomes": encode_outcomes(dev.exact, dev.f1, dev_articles)}


def cost_of(
    model: SpanModel, trace: Trace, evaluation: Stopwatch, probe: Probe
) -> dict[str, float | None]:
    """Seconds, bytes and operations, all measured (docs/costs.md)."""
    measured = {key: value for key, value in vars(probe).items() if key != "bias_gradients"}
    return {
        "train_seconds": round(trace.seconds_per_step * trace.step, 3),
        "evaluate_seconds": round(evaluation.seconds, 3),
        "seconds_per_step": round(trace.seconds_per_step, 6),
        "optimizer_bytes": trace.optimizer_bytes,
        "delta_bytes": tensor_bytes(trained_tensors(model)),
        **measured,
    }


def changes(model: SpanModel, before: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How far what is trained of the encoder, whole tensors and entries, is from what it was."""
    trained = trained_tensors(model)
    values = {n: t for n, t in trained.items() if n not in before and t.is_floating_point()}
    entries = {name: t for name, t in values.items() if plain_name(name) in before}
    return entries | {name: trained[name] - before[name] for name in trained if name in before}


def check_frozen(model: SpanModel, before: Mapping[str, Tensor], cell: Cell) -> None:
    """What the method does not train must be, byte for byte, what it was.

    Raises:
        DataError: names the tensor.
    """
    for name, parameter in model.named_parameters():
        plain = plain_name(name)  # of a tensor with chosen entries: the tensor without them
        frozen = not parameter.requires_grad and plain in before
        if frozen and not torch.equal(parameter, before[plain].to(parameter.dtype)):
            raise DataError(
                f"cell {cell.path}: frozen tensor {plain} moved during training",
                fix="this is a defect of the package: please report it",
            )
