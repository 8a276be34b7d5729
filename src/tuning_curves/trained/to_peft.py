"""A delta as an adapter that `peft` loads onto the untouched encoder.

`lora`, `lora-all` and `ia3` are peft's own methods, and LayerNorms alone its LN tuning. It has none
for biases, or for a head alone: they are written with a LoRA of one matrix whose product is zero.
`bias: all` makes peft keep every bias of the encoder; the head goes whole among the modules to
save, and so do LayerNorms that are trained beside biases.
"""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tuning_curves.encoders.model import EncoderModel, quiet_library
from tuning_curves.methods.extent import IA3_PARTS, LINEAR, LORA_PARTS, RANK
from tuning_curves.methods.peft_layers import ADAPTER, ALPHA, import_peft
from tuning_curves.methods.registry import parse_name
from tuning_curves.tasks import make_task
from tuning_curves.trained.library import USE_DELTA, library_model
from tuning_curves.training.delta import Delta
from tuning_curves.util.errors import UsageError

OWN = ("lora", "lora-all", "ia3")  # methods that peft has
KINDS = {  # what peft calls tasks; its class for questions hands no token types on (0.21)
    "text-classification": "SEQ_CLS",
    "token-classification": "TOKEN_CLS",
}
WRAPPED = re.compile(r"\.(base_layer|modules_to_save\.default|ln_tuning_layers\.default)\b")


def write_adapter(
    delta: Delta, pristine: EncoderModel, model: EncoderModel, encoder: Path, out: Path
) -> None:
    """Write adapter_config.json, adapter_model.safetensors and the task's config.json.

    Raises:
        UsageError: a method that peft has not, or an encoder for which the library's class of the
            task has further layers.
        ResourceError: peft is not installed.
    """
    norms = [name for name, part in pristine.encoder.named_modules() if _is_norm(part)]
    trained = [name for name in delta.tensors if not name.startswith("head.")]
    _check_method(delta.about.run.method, trained, norms)
    peft = import_peft()
    task = make_task(delta.about.settings.task)
    whole = library_model(task, model, encoder)
    whole.base_model.load_state_dict(pristine.encoder.state_dict())
    config = _config(peft, delta.about.run.method, whole, model, _gains(trained, norms))
    config.task_type = KINDS.get(task.name)
    with quiet_library(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LN tuning's own, of LayerNorms
        _save_config(whole, out)
        wrapped = peft.get_peft_model(whole, config)
        _fill(wrapped, model, f"base_model.model.{whole.base_model_prefix}.")
        made = wrapped.peft_config[ADAPTER]
        made.base_model_name_or_path = delta.about.settings.encoder.name
        wrapped.save_pretrained(out)


def _save_config(whole: Any, out: Path) -> None:
    """Write config.json; of a class of our own it names the model's as well as its own."""
    from transformers.dynamic_module_utils import custom_object_save

    if whole.is_remote_code():
        custom_object_save(whole, out, config=whole.config)
    whole.config.save_pretrained(out)


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.LayerNorm)


def _check_method(method: str, trained: Sequence[str], norms: Sequence[str]) -> None:
    """Refuse what is neither peft's own nor biases and LayerNorms."""
    whole = tuple(f"encoder.{name}." for name in norms)
    if parse_name(method)[0] in OWN:
        return
    if all(name.endswith(".bias") or name.startswith(whole) for name in trained):
        return
    other = "adapters" if method.startswith("adapter-") else "transformers"
    raise UsageError(
        f"peft has nothing that holds what {method} trains",
        fix=f"`--format {other}`, or {USE_DELTA}; {', '.join(OWN)}, LayerNorms, biases and a head "
        "alone can be written so",
    )


def _gains(trained: Sequence[str], norms: Sequence[str]) -> list[str] | None:
    """The LayerNorms whose gains are trained; None where nothing but LayerNorms is."""
    gains = [name for name in norms if f"encoder.{name}.weight" in trained]
    return None if gains and len(trained) == 2 * len(gains) else gains


def _config(
    peft: Any, method: str, whole: Any, model: EncoderModel, gains: Sequence[str] | None
) -> Any:
    """peft's settings of a method; `gains` as `_gains` has them."""
    prefix, (name, size) = whole.base_model_prefix, parse_name(method)
    head = next(part for part, module in whole.named_children() if isinstance(module, nn.Linear))

    def matching(*parts: str) -> str:
        return rf"{prefix}\.{model.family.pattern(*parts)}"

    if name == "ia3":
        return peft.IA3Config(
            target_modules=matching(*IA3_PARTS, "m3"),
            feedforward_modules=matching("m3"),
            modules_to_save=[head],
        )
    if name in OWN:
        return peft.LoraConfig(
            r=RANK if size is None else size,
            lora_alpha=ALPHA,
            target_modules=matching(*(LORA_PARTS if name == "lora" else LINEAR)),
            modules_to_save=[head],
        )
    if gains is None:
        norms = [
            f"{prefix}.{path}" for path, part in whole.base_model.named_modules() if _is_norm(part)
        ]
        return peft.LNTuningConfig(target_modules=norms, modules_to_save=[head])
    return peft.LoraConfig(
        r=1,
        lora_alpha=1,
        bias="all",
        target_modules=matching("q", "qkv").replace(r"\d+", "0"),
        modules_to_save=[head, *(f"{prefix}.{path}" for path in gains)],
    )


@torch.no_grad()
def _fill(wrapped: Any, model: EncoderModel, prefix: str) -> None:
    """Put what was trained where peft has it; a LoRA that the method has not becomes zero."""
    own = {WRAPPED.sub("", name): p for name, p in model.encoder.named_parameters()}
    for name, parameter in wrapped.named_parameters():
        plain = WRAPPED.sub("", name).removeprefix(prefix)
        if plain in own:
            parameter.copy_(own[plain].view_as(parameter))
        elif ".lora_" in name:
            parameter.zero_()
