"""What the field trains of the library's model, by the package's names of methods."""

from pathlib import Path
from typing import Any

from benchmarks.peers.example import freeze, load_model

METHODS = ("full", "bitfit", "head", "top-2", "lora")


def tuned_model(encoder: Path, method: str) -> Any:
    """The library's model for question answering, as `tune` prepares it."""
    return tune(load_model(encoder), method)


def tune(model: Any, method: str) -> Any:
    """Freeze all that a method does not train; LoRA by `peft` with its own defaults.

    Args:
        method: one of `METHODS`; `lora` for question answering alone.
    """
    if method == "full":
        return model
    if method == "lora":
        return with_lora(model)
    layers = model.config.num_hidden_layers
    top = tuple(f"bert.encoder.layer.{number}." for number in range(layers - 2, layers))
    trains = {
        "bitfit": lambda name: name.endswith(".bias"),
        "head": lambda name: False,
        "top-2": lambda name: name.startswith(top),
    }
    return freeze(model, trains[method])


def with_lora(model: Any) -> Any:
    """Rank 8 on query and value, as `peft` does it for BERT, beside a trained head."""
    from peft import LoraConfig, TaskType, get_peft_model

    return get_peft_model(model, LoraConfig(task_type=TaskType.QUESTION_ANS, r=8, lora_alpha=8))
