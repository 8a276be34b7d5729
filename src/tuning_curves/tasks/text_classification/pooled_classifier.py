"""A text classifier with nothing but a linear map above one state of its encoder.

The state is that of the `first` token, the `mean` of all tokens (the special ones included), or
what the encoder's own `pooler` makes of the first one. The library's own classes have further
layers in between for most encoders, and none averages. This file goes with each checkpoint of such
a model, needs torch and transformers alone, and is loaded with `trust_remote_code=True`.
"""

from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class PooledClassifierConfig(PretrainedConfig):
    """The encoder's configuration inside one of its own, so that no other class takes it."""

    model_type = "pooled-classifier"

    def __init__(
        self, encoder: dict[str, Any] | None = None, pooling: str = "mean", **options: Any
    ) -> None:
        """Args:
        encoder: its configuration, with its `model_type`.
        pooling: `first`, `mean` or `pooler`.
        options: the library's own, such as `id2label`.
        """
        super().__init__(**options)
        self.encoder = encoder or {}
        self.pooling = pooling


class PooledForSequenceClassification(PreTrainedModel):
    """Logits [texts, labels] from one state of each text."""

    config_class = PooledClassifierConfig
    base_model_prefix = "backbone"

    def __init__(self, config: PooledClassifierConfig) -> None:
        super().__init__(config)
        stated = dict(config.encoder)
        inner = AutoConfig.for_model(stated.pop("model_type"), **stated)
        self.backbone = AutoModel.from_config(inner)
        if config.pooling != "pooler" and hasattr(self.backbone, "pooler"):
            self.backbone.pooler = None
        outputs: Any = config.num_labels
        self.classifier = nn.Linear(inner.hidden_size, outputs)
        self.post_init()

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **inputs: Any,
    ) -> SequenceClassifierOutput:
        """Args:
        input_ids, attention_mask: [texts, tokens].
        labels: [texts]; a loss is given where they are.
        inputs: what else the encoder reads (`token_type_ids`); None is not handed on.
        """
        given = {name: value for name, value in inputs.items() if value is not None}
        given["return_dict"] = True
        out = self.backbone(input_ids=input_ids, attention_mask=attention_mask, **given)
        logits = self.classifier(self._pool(out, attention_mask))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def _pool(self, out: Any, mask: torch.Tensor | None) -> torch.Tensor:
        """[texts, width]."""
        states = out.last_hidden_state
        if self.config.pooling == "pooler":
            return out.pooler_output
        if self.config.pooling == "first":
            return states[:, 0]
        if mask is None:
            return states.mean(1)
        weights = mask[..., None].to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1)


PooledClassifierConfig.register_for_auto_class()
PooledForSequenceClassification.register_for_auto_class("AutoModelForSequenceClassification")
