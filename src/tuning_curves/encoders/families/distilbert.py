"""DistilBERT (Sanh et al. 2019): half of BERT's layers, no token types and no pooler.

Whether positions began as sinusoids (`sinusoidal_pos_embds`) is of no matter: the table is in the
checkpoint, and trained like any other.
"""

from tuning_curves.encoders.families.base import Family

FAMILY = Family(
    model_types=("distilbert",),
    module="transformers.models.distilbert.modeling_distilbert",
    model="DistilBertModel",
    prefix="distilbert.",
    embeddings="embeddings",
    tables={"word": "word_embeddings", "position": "position_embeddings"},
    embeddings_norm="LayerNorm",
    layers="transformer.layer",
    parts={
        "q": "attention.q_lin",
        "k": "attention.k_lin",
        "v": "attention.v_lin",
        "m1": "attention.out_lin",
        "LN1": "sa_layer_norm",
        "m2": "ffn.lin1",
        "m3": "ffn.lin2",
        "LN2": "output_layer_norm",
    },
    attention="attention",
    adapter_slots=("attention.out_lin", "ffn.dropout"),
    keys={
        "width": "dim",
        "layers": "n_layers",
        "heads": "n_heads",
        "feed_forward": "hidden_dim",
        "vocabulary": "vocab_size",
        "positions": "max_position_embeddings",
        "hidden_dropout": "dropout",
        "attention_dropout": "attention_dropout",
        "deviation": "initializer_range",
    },
    defaults={
        "width": 768,
        "layers": 6,
        "heads": 12,
        "feed_forward": 3_072,
        "vocabulary": 30_522,
        "positions": 512,
        "norm_epsilon": 1e-12,
    },
    variants={"quantization_config": (None, "its weights are no plain numbers")},
)
