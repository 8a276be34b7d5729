"""BERT (Devlin et al. 2019), whatever its size, as `transformers` builds it."""

from tuning_curves.encoders.families.base import Family

FAMILY = Family(
    model_types=("bert",),
    module="transformers.models.bert.modeling_bert",
    model="BertModel",
    prefix="bert.",
    embeddings="embeddings",
    tables={
        "word": "word_embeddings",
        "position": "position_embeddings",
        "type": "token_type_embeddings",
    },
    embeddings_norm="LayerNorm",
    layers="encoder.layer",
    parts={
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "m1": "attention.output.dense",
        "LN1": "attention.output.LayerNorm",
        "m2": "intermediate.dense",
        "m3": "output.dense",
        "LN2": "output.LayerNorm",
    },
    attention="attention.self",
    adapter_slots=("attention.output.dropout", "output.dropout"),
    pooler="pooler",
    keys={
        "width": "hidden_size",
        "layers": "num_hidden_layers",
        "heads": "num_attention_heads",
        "feed_forward": "intermediate_size",
        "vocabulary": "vocab_size",
        "positions": "max_position_embeddings",
        "types": "type_vocab_size",
        "hidden_dropout": "hidden_dropout_prob",
        "attention_dropout": "attention_probs_dropout_prob",
        "norm_epsilon": "layer_norm_eps",
        "deviation": "initializer_range",
    },
    defaults={
        "width": 768,
        "layers": 12,
        "heads": 12,
        "feed_forward": 3_072,
        "vocabulary": 30_522,
        "positions": 512,
        "types": 2,
    },
    variants={
        "is_decoder": (False, "each token would see only those before it"),
        "add_cross_attention": (False, "it waits for a second encoder's output"),
        "position_embedding_type": ("absolute", "relative positions are not covered"),
        "quantization_config": (None, "its weights are no plain numbers"),
    },
)
