"""ModernBERT (Warner et al. 2024): no biases, rotary positions, most layers see near tokens only.

What has no counterpart in BERT has a name of its own: `qkv` is the one matrix of queries, keys and
values; LayerNorms stand ahead of what they feed (`preLN1` of the attention, which the lowest layer
lacks, `preLN2` of the feed-forward part) and one above all layers (`topLN`). `m2` has the rows of
the gates too. In a local layer a token sees those at most half a window away. A trained prefix has
no positions, and every token sees it in every layer. The study's dropout of hidden states is that
of the embeddings and of the feed-forward part; the attention's is that of its weights and output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuning_curves.encoders.families.base import Family, Place

BIASED = "ModernBERT has no biases: with them it would be another family"
SCALED = "scaled rotary positions are not covered"


@dataclass(frozen=True, kw_only=True)
class ModernBert(Family):
    """Where it departs from BERT."""

    def dropouts(self, hidden: float, attention: float) -> dict[str, float]:
        """The embeddings' rate besides."""
        return {**super().dropouts(hidden, attention), "embedding_dropout": hidden}

    def outside_shapes(self, size: Mapping[str, int]) -> dict[Place, tuple[int, ...]]:
        """One table, and a LayerNorm below and above the layers."""
        width = size["width"]
        table = {Place("word", "weight"): (size["vocabulary"], width)}
        return {**table, Place("LN", "weight"): (width,), Place("topLN", "weight"): (width,)}

    def layer_shapes(self, size: Mapping[str, int], layer: int) -> dict[Place, tuple[int, ...]]:
        """Matrices and gains alone."""
        width, inner = size["width"], size["feed_forward"]
        shapes: dict[str, tuple[int, ...]] = {
            "qkv": (3 * width, width),
            "m1": (width, width),
            "preLN2": (width,),
            "m2": (2 * inner, width),
            "m3": (width, inner),
        }
        if layer > 0:
            shapes["preLN1"] = (width,)
        return {Place(part, "weight", layer): shape for part, shape in shapes.items()}

    def embed(self, encoder: Any, tokens: Any, positions: Any, types: Any) -> Any:
        """Tokens alone; positions come in with each layer."""
        return encoder.embeddings(input_ids=tokens)

    def layer_options(
        self, encoder: Any, layer: Any, hidden: Any, packing: Any
    ) -> dict[str, tuple[Any, Any]]:
        """Cosines and sines of the tokens' positions for the layer's kind, made once a row."""
        kind = getattr(layer, "attention_type", None)
        if kind is None:  # a layer that a method has put there
            return {}
        if kind not in packing.derived:
            packing.derived[kind] = encoder.rotary_emb(hidden, packing.positions[None], kind)
        return {"position_embeddings": packing.derived[kind]}

    def finish(self, encoder: Any, hidden: Any) -> Any:
        """The last LayerNorm."""
        return encoder.final_norm(hidden)

    @property
    def _above(self) -> dict[str, str]:
        return {"final_norm": "topLN"}


FAMILY = ModernBert(
    model_types=("modernbert",),
    module="transformers.models.modernbert.modeling_modernbert",
    model="ModernBertModel",
    prefix="model.",
    embeddings="embeddings",
    tables={"word": "tok_embeddings"},
    embeddings_norm="norm",
    layers="layers",
    parts={
        "preLN1": "attn_norm",
        "qkv": "attn.Wqkv",
        "m1": "attn.Wo",
        "preLN2": "mlp_norm",
        "m2": "mlp.Wi",
        "m3": "mlp.Wo",
    },
    attention="attn",
    adapter_slots=("attn.out_drop", "mlp.Wo"),
    plain_heads=False,
    keys={
        "width": "hidden_size",
        "layers": "num_hidden_layers",
        "heads": "num_attention_heads",
        "feed_forward": "intermediate_size",
        "vocabulary": "vocab_size",
        "positions": "max_position_embeddings",
        "hidden_dropout": "mlp_dropout",
        "attention_dropout": "attention_dropout",
        "norm_epsilon": "norm_eps",
        "deviation": "initializer_range",
    },
    defaults={
        "width": 768,
        "layers": 22,
        "heads": 12,
        "feed_forward": 1_152,
        "vocabulary": 50_368,
        "positions": 8_192,
    },
    variants={
        "attention_bias": (False, BIASED),
        "mlp_bias": (False, BIASED),
        "norm_bias": (False, BIASED),
        "rope_scaling": (None, SCALED),
        "rope_parameters.full_attention.rope_type": ("default", SCALED),
        "rope_parameters.sliding_attention.rope_type": ("default", SCALED),
        "quantization_config": (None, "its weights are no plain numbers"),
    },
)
