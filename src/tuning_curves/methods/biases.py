"""BitFit: only bias terms move (Ben Zaken, Goldberg and Ravfogel 2022).

The paper's equations 1 to 5 name eight bias terms in a layer. `TERMS` maps those names to the
library's modules; the table is the one place where the two meet. All biases also include that of
the embeddings' LayerNorm, as in the authors' code; the pooler has no part in question answering.
"""

import math
from collections.abc import Callable, Mapping

from torch import Tensor

from tuning_curves.methods.base import LAYER, Method
from tuning_curves.methods.sparse import plain_name

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


ALSO = {  # what the authors' code trains besides, since it matches parts of names
    "m3": "By exact name: the authors' `output` also trains b_m1.",
    "LN2": "By exact name: the authors' `output_layernorm` also trains b_LN1.",
}


def trains_bias(name: str, layers: int) -> bool:
    """Whether this is a bias of the encoder (the embeddings' LayerNorm included)."""
    return name.endswith(".bias")


def trains_terms(*terms: str) -> Callable[[str, int], bool]:
    """A predicate: whether a parameter is one of these bias terms, in any layer."""
    wanted = {f"{TERMS[term]}.bias" for term in terms}

    def trains(name: str, layers: int) -> bool:
        match = LAYER.match(name)
        return match is not None and match[2] in wanted

    return trains


def bias_terms(tensors: Mapping[str, Tensor], layers: int) -> dict[str, list[float | None]]:
    """The mean absolute value of each bias term in each layer, as in the paper's Figure 1.

    Args:
        tensors: by name in the model, such as a run's gradients or the changes of its delta. Of
            a term with chosen entries, those alone.

    Returns:
        by term, lowest layer first, to six digits; None for a layer without the term or with a
        value that is no number, and no entry for a term of no layer.
    """
    found: dict[str, list[float | None]] = {}
    terms = {f"{module}.bias": term for term, module in TERMS.items()}
    for name, tensor in tensors.items():
        match = LAYER.match(plain_name(name).removeprefix("encoder."))
        if match is not None and match[2] in terms:
            row = found.setdefault(terms[match[2]], [None] * layers)
            mean = float(tensor.float().abs().mean())
            row[int(match[1])] = float(f"{mean:.6g}") if math.isfinite(mean) else None
    return {term: found[term] for term in TERMS if term in found}


BITFIT = Method(
    name="bitfit",
    family="biases",
    trains=trains_bias,
    equation="b_q, b_k, b_v, b_m1, b_LN1, b_m2, b_m3, b_LN2 of each layer, the embeddings' b_LN",
    source=SOURCE,
    rates=(1e-4, 4e-4, 7e-4, 1e-3),
    rates_source="replications of BitFit",
    deviations="No pooler, whose bias the authors train too.",
)


def _subset(name: str, *terms: str) -> Method:
    return Method(
        name=f"bitfit-{name}",
        family="biases",
        trains=trains_terms(*terms),
        equation=" and ".join(f"b_{term}" for term in terms) + " of each layer",
        source=SOURCE,
        rates=BITFIT.rates,
        rates_source=BITFIT.rates_source,
        deviations=" ".join([BITFIT.deviations, *(ALSO[term] for term in terms if term in ALSO)]),
    )


BITFIT_TERMS = {
    "qm2": _subset("qm2", "q", "m2"),
    **{term.lower(): _subset(term.lower(), term) for term in TERMS},
}
