"""A run's state in the middle of training, so that a killed run resumes to the same numbers.

The file carries its own sha256; a torn or altered one, or one of another layout, is refused before
anything is put back, and the run starts anew.
"""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods import trained_tensors
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import write_whole

DIGEST = 32  # bytes of a sha256
LAYOUT = 4  # raised whenever what is saved changes its meaning


def save_checkpoint(
    path: Path,
    model: EncoderModel,
    optimizer: torch.optim.Optimizer,
    progress: dict[str, Any],
) -> None:
    """Write trained tensors, optimizer, random state and progress, whole."""
    state = {
        "layout": LAYOUT,
        "tensors": trained_tensors(model),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "random_cuda": _random_cuda(model),
        "progress": progress,
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getvalue()
    with write_whole(path) as stream:
        stream.write(hashlib.sha256(payload).digest() + payload)


def load_checkpoint(
    path: Path, model: EncoderModel, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Put a saved state back, in place; returns the progress.

    Raises:
        DataError: a torn or altered file, one of another layout, or of a run that trained other
            entries.
    """
    content = path.read_bytes()
    payload = content[DIGEST:]
    if hashlib.sha256(payload).digest() != content[:DIGEST]:
        raise DataError(f"{path}: torn or altered checkpoint", fix=f"delete {path}")
    state = torch.load(io.BytesIO(payload), weights_only=True, map_location="cpu")
    if state.get("layout") != LAYOUT:
        raise DataError(f"{path}: a checkpoint of another layout", fix=f"delete {path}")
    tensors = trained_tensors(model)
    if not _same_entries(tensors, state["tensors"]):
        raise DataError(f"{path}: a checkpoint of other entries", fix=f"delete {path}")
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(state["tensors"][name])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    for random in state["random_cuda"][:1]:
        torch.cuda.set_rng_state(random, _device(model))
    return state["progress"]


def _random_cuda(model: EncoderModel) -> list[Tensor]:
    """The random state of the model's own GPU: a run may resume on another, of fewer or more."""
    device = _device(model)
    return [torch.cuda.get_rng_state(device)] if device.type == "cuda" else []


def _device(model: EncoderModel) -> torch.device:
    return next(model.parameters()).device


def _same_entries(tensors: dict[str, Tensor], saved: dict[str, Tensor]) -> bool:
    """Whether the same tensors are trained, and the same single entries of them."""
    return tensors.keys() == saved.keys() and all(
        tensor.is_floating_point() or torch.equal(tensor.cpu(), saved[name])
        for name, tensor in tensors.items()
    )
