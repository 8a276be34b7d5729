"""A delta folded into its encoder: a whole checkpoint that `transformers` loads by itself.

What is trained of the encoder's own tensors replaces them; entries, LoRA's products and IA3's
factors are worked into the matrices that they change. A method whose modules have no place among
the encoder's own tensors (adapters, prefixes, other readers) cannot be written so. The checkpoint
is in float32; its head is the task's own class in the library.
"""

import os
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
from tuning_curves.tasks.windows import open_tokenizer
from tuning_curves.trained.restore import restore_models
from tuning_curves.training.delta import Delta
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import write_json

ABOUT = "tuning_curves.json"


def export_checkpoint(delta: Delta, encoder: Path, out: Path) -> None:
    """Write a checkpoint with its tokenizer, and what it is of: whole, or not at all.

    Raises:
        UsageError: a method that does not fold into the encoder, or a folder that is not empty.
        ResourceError, DataError: see `restore_models`.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: exists and is not an empty folder", fix="give a new folder")
    pristine, model = restore_models(delta, encoder)
    if not pristine.family.plain_heads:
        raise UsageError(
            f"the library's classes of {pristine.family.model_types[0]} have a layer of their own "
            "between the encoder and the output, which was not trained: no checkpoint of it",
            fix="use the delta itself, with `tuning-curves predict`",
        )
    fold(model)
    names = dict(pristine.named_parameters()).keys()
    added = sorted(dict(model.named_parameters()).keys() - names)
    if added or len(names) != len(dict(model.named_parameters())):
        raise UsageError(
            f"the method {delta.about.run.method} adds modules that the encoder's own layout has "
            f"no place for ({added[0] if added else 'its layers'}, ...): no checkpoint of it",
            fix="use the delta itself, with `tuning-curves predict`; full, head, biases, layers, "
            "masks, lora, lora-all and ia3 can be exported",
        )
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        _save(model, delta, encoder, partial)
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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


def _save(model: EncoderModel, delta: Delta, encoder: Path, out: Path) -> None:
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(encoder, trust_remote_code=False, local_files_only=True)
    whole = make_task(delta.about.settings.task).library_model(config, model.head)
    whole.base_model.load_state_dict(model.encoder.state_dict())
    with quiet_library():
        whole.save_pretrained(out)
    shutil.copymode(out / "config.json", out / "model.safetensors")  # else its owner's alone
    inputs = ["input_ids", "attention_mask"]
    if "type" in model.family.tables:  # segments are read
        inputs.insert(1, "token_type_ids")
    library_tokenizer(encoder, inputs).save_pretrained(out)
    record = delta.about.record.to_json()
    kept = {key: record[key] for key in ("study", "id", "run", "settings", "scores")}
    write_json(out / ABOUT, {**kept, "encoder": delta.about.encoder})


def library_tokenizer(encoder: Path, inputs: list[str]) -> Any:
    """The library's tokenizer, which cuts as the encoder's tokenizer.json does.

    Of some classes the library makes one of its own; where that is another, the file's is wrapped.

    Args:
        inputs: what the model reads.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    found = AutoTokenizer.from_pretrained(encoder, local_files_only=True, model_input_names=inputs)
    own, made = open_tokenizer(encoder), found.backend_tokenizer
    made.no_truncation()
    made.no_padding()
    if made.to_str() == own.to_str():
        return found
    named = {key: str(token) for key, token in found.special_tokens_map.items()}
    return PreTrainedTokenizerFast(tokenizer_object=own, model_input_names=inputs, **named)
