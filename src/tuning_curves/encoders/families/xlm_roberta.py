"""XLM-RoBERTa (Conneau et al. 2020): RoBERTa of a hundred languages."""

from dataclasses import replace

from tuning_curves.encoders.families.roberta import FAMILY as ROBERTA

FAMILY = replace(
    ROBERTA,
    model_types=("xlm-roberta",),
    module="transformers.models.xlm_roberta.modeling_xlm_roberta",
    model="XLMRobertaModel",
    defaults={**ROBERTA.defaults, "vocabulary": 30_522},
)
