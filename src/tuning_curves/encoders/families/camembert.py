"""CamemBERT (Martin et al. 2020): RoBERTa of French."""

from dataclasses import replace

from tuning_curves.encoders.families.roberta import FAMILY as ROBERTA

FAMILY = replace(
    ROBERTA,
    model_types=("camembert",),
    module="transformers.models.camembert.modeling_camembert",
    model="CamembertModel",
    defaults={**ROBERTA.defaults, "vocabulary": 30_522},
)
