"""Count what methods train, on the shapes of an encoder's configuration, without weights."""

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PretrainedConfig

from tuning_curves.util.errors import DataError, one_line
from tuning_curves.methods import Counts, Method, apply_method, list_methods, resolve_method
from tuning_curves.encoders.model import SpanModel, check_architecture


def count_methods(config: Path, names: list[str] | None = None) -> list[dict[str, Any]]:
    """A row a method (all, or these): method, trainable counts, total, share (a fraction).

    Raises:
        DataError: not an encoder's configuration.
        UsageError: an unknown method, or an architecture this package does not feed.
    """
    methods = list_methods() if names is None else [resolve_method(name) for name in names]
    blank = empty_model(config)
    rows = []
    for method in methods:
        counts = count_one(method, blank)
        rows.append(
            {
                "method": method.name,
                "trainable_backbone": counts.backbone,
                "trainable_added": counts.added,
                "trainable_head": counts.head,
                "total": counts.total,
                "share": counts.share,
            }
        )
    return rows


def count_one(method: Method, blank: SpanModel) -> Counts:
    """What a method trains in a model of shapes alone, which stays as it is."""
    with torch.device("meta"):
        return apply_method(method, copy.deepcopy(blank), None)


def empty_model(config: Path) -> SpanModel:
    """The model that a config.json describes, on the meta device: shapes without numbers."""
    check_architecture(config)
    try:
        settings = AutoConfig.from_pretrained(config, trust_remote_code=False)
    except (ValueError, OSError, KeyError) as error:
        reason = one_line(error)[:200]
        raise DataError(
            f"{config}: not an encoder's configuration ({reason})",
            fix="give the config.json of a BERT-like encoder",
        ) from None
    return blank_model(settings)


def blank_model(settings: PretrainedConfig) -> SpanModel:
    """The model of a configuration, on the meta device."""
    with torch.device("meta"):
        return SpanModel(AutoModel.from_config(settings, add_pooling_layer=False))
