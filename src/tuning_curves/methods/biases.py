"""BitFit: only bias terms move (Ben Zaken, Goldberg and Ravfogel 2022).

The paper's equations 1 to 5 name eight bias terms in a layer. `TERMS` maps those names to the
library's modules; the table is the one place where the two meet. All biases also include that of
the embeddings' LayerNorm, as in the authors' code; the pooler has no part in question answering.
"""

from collections.abc import Callable

from tuning_curves.methods.base import LAYER, Method

SOURCE = "Ben Zaken et al. 2022, section 3, equations 1 to 5"

TERMS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "m1": "attention.output.dense",
    "LN1": "attention.output.LayerNorm",
    "m2": "intermediate.dense",
    "m3": "output.dense",
    "LN2": "output.LayerNorm",
}


def trains_bias(name: str) -> bool:
    """Whether this is a bias of the encoder (the embeddings' LayerNorm included)."""
    return name.endswith(".bias")


def trains_terms(*terms: str) -> Callable[[str], bool]:
    """A predicate: whether a parameter is one of these bias terms, in any layer."""
    wanted = {f"{TERMS[term]}.bias" for term in terms}

    def trains(name: str) -> bool:
        match = LAYER.match(name)
        return match is not None and match[2] in wanted

    return trains


BITFIT = Method(
    name="bitfit",
    family="biases",
    trains=trains_bias,
    equation="b_q, b_k, b_v, b_m1, b_LN1, b_m2, b_m3, b_LN2 of each layer, the embeddings' b_LN",
    source=SOURCE,
)
