"""The trained model again, from an untouched encoder and a delta."""

import copy
from pathlib import Path

from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.methods import apply_method, resolve_method
from tuning_curves.methods.plugins import check_plugin
from tuning_curves.methods.sparse import place_sparse
from tuning_curves.tasks import make_task
from tuning_curves.training.delta import Delta, put_delta
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import sha256_of_file


def restore_models(delta: Delta, encoder: Path) -> tuple[EncoderModel, EncoderModel]:
    """The untouched encoder, and the model as it was after the run's last step; in float32.

    Raises:
        ResourceError: a file of the encoder that is not there.
        DataError: another encoder than the delta's, or tensors that do not fit the method.
        UsageError: a plug-in's method, whose file is not at hand.
    """
    check_plugin(delta.about.run.method, delta.about.run.plugin_sha256)
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
    place_sparse(model, delta.positions)
    put_delta(model, delta)
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
