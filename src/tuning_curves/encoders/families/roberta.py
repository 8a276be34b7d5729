"""RoBERTa (Liu et al. 2019): BERT's layers; positions begin behind the number of the padding token.

A text that spells the padding token is no case for it: the library would number that token's place
as padding, and here it has a place like any other.
"""

from dataclasses import replace

from tuning_curves.encoders.families.bert import FAMILY as BERT

FAMILY = replace(
    BERT,
    model_types=("roberta",),
    module="transformers.models.roberta.modeling_roberta",
    model="RobertaModel",
    prefix="roberta.",
    keys={**BERT.keys, "padding": "pad_token_id"},
    defaults={**BERT.defaults, "vocabulary": 50_265, "padding": 1},
)
