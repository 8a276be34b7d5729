"""The trained model again, from an untouched encoder and a delta."""

import copy
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.methods import apply_method, resolve_method, trained_tensors
from tuning_curves.methods.sparse import place_sparse, plain_name
from tuning_curves.tasks import make_task
from tuning_curves.training.delta import FIX, Delta
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import sha256_of_file


def restore_models(delta: Delta, encoder: Path) -> tuple[EncoderModel, EncoderModel]:
    """The untouched encoder, and the model as it was after the run's last step; in float32.

    Raises:
        ResourceError: a file of the encoder that is not there.
        DataError: another encoder than the delta's, or tensors that do not fit the method.
    """
    check_encoder(delta, encoder)
    task = make_task(delta.about.settings.task)
    pristine = load_encoder(
        encoder,
        outputs=task.outputs,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        pooling=task.pooling,
    )
    pristine.eval().requires_grad_(False)
    model = copy.deepcopy(pristine)
    apply_method(resolve_method(delta.about.run.method), model, None)
    place_sparse(model, _positions(delta.tensors))
    _put(model, delta)
    return pristine, model.eval()


def check_encoder(delta: Delta, encoder: Path) -> None:
    """Make sure that a folder holds the files that the delta was trained on."""
    for name, expected in delta.about.encoder.items():
        path = encoder / name
        if not path.is_file():
            raise ResourceError(
                f"{path}: no such file (the delta was trained on an encoder that has it)",
                fix="give the encoder's folder, such as resources/encoders/<name>-<pin>",
            )
        found = sha256_of_file(path)
        if found != expected:
            raise DataError(
                f"{path}: sha256 {found}, but the delta was trained on "
                f"{delta.about.settings.encoder.name!r}, whose {name} has {expected}",
                fix="give the encoder that the delta was trained on",
            )


def _positions(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Chosen entries' positions, by parameter name relative to the encoder."""
    return {
        plain_name(name).removeprefix("encoder."): tensor
        for name, tensor in tensors.items()
        if not tensor.is_floating_point()
    }


@torch.no_grad()
def _put(model: EncoderModel, delta: Delta) -> None:
    own = trained_tensors(model)
    expected = {name: tuple(tensor.shape) for name, tensor in own.items()}
    found = {name: tuple(tensor.shape) for name, tensor in delta.tensors.items()}
    if found != expected:
        first = min(name for name in {**found, **expected} if found.get(name) != expected.get(name))
        raise DataError(
            f"{delta.path}: not what {delta.about.run.method} trains: tensor {first!r} has the "
            f"shape {found.get(first)}, expected {expected.get(first)}",
            fix=FIX,
        )
    for name, tensor in own.items():
        tensor.copy_(delta.tensors[name])
