"""ELECTRA (Clark et al. 2020): BERT's layers; small ones have narrower embeddings and a projection.

The discriminator is what is tuned; a generator's checkpoint has the same parts.
"""

from dataclasses import replace

from tuning_curves.encoders.families.bert import FAMILY as BERT

FAMILY = replace(
    BERT,
    model_types=("electra",),
    module="transformers.models.electra.modeling_electra",
    model="ElectraModel",
    prefix="electra.",
    projection="embeddings_project",
    pooler=None,
    keys={**BERT.keys, "embedding_width": "embedding_size"},
    defaults={
        **BERT.defaults,
        "width": 256,
        "embedding_width": 128,
        "heads": 4,
        "feed_forward": 1_024,
    },
)
