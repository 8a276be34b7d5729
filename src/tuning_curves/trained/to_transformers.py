"""A delta folded into its encoder: a whole checkpoint that `transformers` loads by itself.

What is trained of the encoder's own tensors replaces them; entries, LoRA's products and IA3's
factors are worked into the matrices that they change. A method whose modules have no place among
the encoder's own tensors (adapters, prefixes, other readers) cannot be written so. The checkpoint
is in float32; its head is the task's own class in the library or, where that has none with a linear
map alone, the one beside the checkpoint (`pooled_classifier.py`).
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from tuning_curves.encoders.model import EncoderModel, quiet_library
from tuning_curves.methods.peft_layers import ADAPTER
from tuning_curves.tasks import make_task
from tuning_curves.trained.library import USE_DELTA, library_model
from tuning_curves.training.delta import Delta
from tuning_curves.util.errors import UsageError


def write_checkpoint(
    delta: Delta, pristine: EncoderModel, model: EncoderModel, encoder: Path, out: Path
) -> None:
    """Write config.json and model.safetensors into a folder; `model` is folded in place.

    Raises:
        UsageError: a method that does not fold into the encoder, or an encoder for which the
            library's class of the task has further layers.
    """
    task = make_task(delta.about.settings.task)
    whole = library_model(task, model, encoder)
    fold(model)
    names = dict(pristine.named_parameters()).keys()
    added = sorted(dict(model.named_parameters()).keys() - names)
    if added or len(names) != len(dict(model.named_parameters())):
        method = delta.about.run.method
        bottleneck = method.startswith("adapter-")
        raise UsageError(
            f"the method {method} adds modules that the encoder's own layout has "
            f"no place for ({added[0] if added else 'its layers'}, ...): no checkpoint of it",
            fix=f"`--format adapters`, or {USE_DELTA}" if bottleneck else USE_DELTA,
        )
    whole.base_model.load_state_dict(model.encoder.state_dict())
    with quiet_library():
        whole.save_pretrained(out)
    shutil.copymode(out / "config.json", out / "model.safetensors")  # else its owner's alone


@torch.no_grad()
def fold(model: EncoderModel) -> None:
    """Work entries, LoRA and IA3 into the tensors that they change, in place."""
    for module in list(model.modules()):
        for name in list(getattr(module, "parametrizations", {})):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    for parent, name, layer in list(_tuner_layers(model)):
        if hasattr(layer, "ia3_l"):  # kept as vectors here, as a row or column by peft
            shape = (1, -1) if layer.is_feedforward else (-1, 1)
            layer.ia3_l[ADAPTER].data = layer.ia3_l[ADAPTER].data.reshape(shape)
        layer.merge()
        setattr(parent, name, layer.get_base_layer())


def _tuner_layers(model: EncoderModel) -> Iterator[tuple[nn.Module, str, Any]]:
    """peft's layers, each with its parent and its name in it."""
    for parent in model.modules():
        for name, layer in parent.named_children():
            if hasattr(layer, "lora_A") or hasattr(layer, "ia3_l"):
                yield parent, name, layer
