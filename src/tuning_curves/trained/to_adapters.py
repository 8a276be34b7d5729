"""Bottleneck adapters in the files of AdapterHub's library `adapters` (Poth et al. 2023).

The library is not needed to write them: an adapter is a JSON file with its place and form in the
layers and a safetensors file with its tensors, and a head likewise. The library has no place for
LayerNorms that are trained beside an adapter (Houlsby et al. 2019), nor a head that averages
states: these are files of their own, `layernorms.safetensors` and `mean_head.safetensors`.
"""

from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.registry import parse_name
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.labels import number_labels
from tuning_curves.trained.library import USE_DELTA
from tuning_curves.training.delta import Delta
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import write_json

VERSION = "adapters.1.3.0"  # whose files these are
NAME = "tuning-curves"  # of the adapter and its head
LIKE_BERT = ("attention.output", "output")
PLACES = {  # where the library has the two adapters of a layer: behind attention, and feed-forward
    "bert": LIKE_BERT,
    "roberta": LIKE_BERT,
    "xlm-roberta": LIKE_BERT,
    "electra": LIKE_BERT,
    "distilbert": ("attention_adapters", "output_adapters"),
}
HEADS = {  # by the states that are read: the library's kind of head
    "question-answering": "question_answering",
    "text-classification": "classification",
    "token-classification": "tagging",
}


def write_adapter(
    delta: Delta, pristine: EncoderModel, model: EncoderModel, encoder: Path, out: Path
) -> None:
    """Write the adapter's and its head's configurations and tensors.

    Raises:
        UsageError: another method, or an encoder that the library has no adapters for.
    """
    method, _ = parse_name(delta.about.run.method)
    if method not in CONFIGS:
        raise UsageError(
            f"the library `adapters` is for bottleneck adapters, and {delta.about.run.method} "
            "has none",
            fix=f"`--format transformers` or `--format peft`, or {USE_DELTA}",
        )
    kind = model.encoder.config.model_type
    if kind not in PLACES:
        raise UsageError(
            f"the library `adapters` has no adapters for encoders of type {kind} "
            f"(it has them for {', '.join(PLACES)})",
            fix=USE_DELTA,
        )
    tensors, size = _adapters(model, method, kind)
    config = {**CONFIGS[method], "reduction_factor": _reduction(model.setting("width"), size)}
    write_json(out / "adapter_config.json", _described(model, {"config": config}))
    save_file(tensors, out / "adapter.safetensors", metadata={"format": "pt"})
    _write_head(make_task(delta.about.settings.task), model, out)
    norms = _norms(delta, model)
    if norms:
        save_file(norms, out / "layernorms.safetensors", metadata={"format": "pt"})


_ALWAYS: dict[str, Any] = {
    "architecture": None,
    "output_adapter": True,
    "original_ln_after": True,
    "residual_before_ln": True,
    "adapter_residual_before_ln": False,
    "ln_before": False,
    "ln_after": False,
    "is_parallel": False,
    "scaling": 1.0,
    "use_gating": False,
    "inv_adapter": None,
    "inv_adapter_reduction_factor": None,
    "cross_adapter": False,
    "dropout": 0.0,
    "phm_layer": False,
    "leave_out": [],
}
CONFIGS = {  # h + A(h) before the sum and its LayerNorm; LN(z + A(LN(z))): see `methods.adapters`
    "adapter-houlsby": {
        **_ALWAYS,
        "mh_adapter": True,
        "original_ln_before": False,
        "non_linearity": "gelu",
    },
    "adapter-pfeiffer": {
        **_ALWAYS,
        "mh_adapter": False,
        "original_ln_before": True,
        "non_linearity": "relu",
    },
}


def _adapters(model: EncoderModel, method: str, kind: str) -> tuple[dict[str, Tensor], int]:
    """The tensors by the library's names, and how many numbers a bottleneck has."""
    family, places = model.family, PLACES[kind]
    slots = family.adapter_slots if method == "adapter-houlsby" else (family.parts["LN2"],)
    found: dict[str, Tensor] = {}
    size = 0
    for number, layer in enumerate(model.layers):
        for slot, place in zip(slots, places[-len(slots) :], strict=True):
            adapter: Any = layer.get_submodule(slot).adapter
            path = f"{_prefix(model)}.{family.layers}.{number}.{place}.adapters.{NAME}"
            for name, linear in (("adapter_down.0", adapter.down), ("adapter_up", adapter.up)):
                found |= _copied(linear, f"{path}.{name}")
            size = adapter.down.out_features
    return found, size


def _prefix(model: EncoderModel) -> str:
    return model.encoder.base_model_prefix


def _copied(linear: nn.Linear, path: str) -> dict[str, Tensor]:
    return {f"{path}.{name}": t.detach().clone() for name, t in linear.named_parameters()}


def _reduction(width: int, size: int) -> float:
    """What the library divides the width by, and rounds down, to have a bottleneck of this size."""
    return width // size if width % size == 0 else width / (size + 0.5)


def _described(model: EncoderModel, config: dict[str, Any]) -> dict[str, Any]:
    """A configuration with what the library wants to know of the model beside it."""
    return {
        **config,
        "hidden_size": model.setting("width"),
        "model_class": type(model.encoder).__name__.replace("Model", "AdapterModel"),
        "model_name": "",
        "model_type": model.encoder.config.model_type,
        "name": NAME,
        "version": VERSION,
    }


def _write_head(task: Task, model: EncoderModel, out: Path) -> None:
    if task.pooling == "mean":
        tensors = {name: t.detach().clone() for name, t in model.head.named_parameters()}
        save_file(tensors, out / "mean_head.safetensors", metadata={"format": "pt"})
        return
    labels = getattr(task, "labels", ("LABEL_0", "LABEL_1"))
    config: dict[str, Any] = {
        "head_type": HEADS[task.name],
        "num_labels": task.outputs,
        "layers": 1,
        "activation_function": None,
        "label2id": number_labels(labels),
        "dropout_prob": None,
    }
    if task.pooling in ("first", "pooler"):
        config |= {"use_pooler": task.pooling == "pooler", "bias": True}
    write_json(out / "head_config.json", _described(model, {"config": config}))
    tensors = _copied(model.head, f"heads.{NAME}.1")
    save_file(tensors, out / "model_head.safetensors", metadata={"format": "pt"})


def _norms(delta: Delta, model: EncoderModel) -> dict[str, Tensor]:
    """What was trained of the encoder itself, by the library's names."""
    return {
        name.replace("encoder.", f"{_prefix(model)}.", 1): tensor
        for name, tensor in delta.tensors.items()
        if not name.startswith("head.") and ".adapter." not in name
    }
