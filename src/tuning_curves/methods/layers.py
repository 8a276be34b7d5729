"""Whole layers by depth, and whole parts by type: selective tuning.

`top-k` trains the k highest Transformer layers; what lies below them is frozen, embeddings
included, so that it runs once and is cached. `layernorm` and `attention` train one kind of part in
every layer.
"""

from tuning_curves.methods.base import LAYER, Method, trains_nothing
from tuning_curves.util.errors import UsageError

FULL = Method(
    name="full",
    family="whole model",
    trains=lambda name, layers: True,
    equation="every parameter of the encoder",
    source="Devlin et al. 2019, sections 3.2 and 4.2",
    rates=(1e-5, 2e-5, 3e-5, 5e-5),
    rates_source="replications of BitFit",
    deviations="No pooler. Attention dropout is off unless a study sets it.",
)

ATTENTION = {
    f"attention.{part}.{kind}"
    for part in ("self.query", "self.key", "self.value", "output.dense")
    for kind in ("weight", "bias")
}


def top_layers(count: int | None = None) -> Method:
    """The method `top-<count>`."""
    highest = 1 if count is None else count

    def trains(name: str, layers: int) -> bool:
        if not 1 <= highest <= layers:
            raise UsageError(
                f"method top-{highest}: {highest} of the highest layers, expected 1 to {layers}: "
                f"the encoder has {layers} layers",
                fix=f"choose one of top-1 to top-{layers}",
            )
        match = LAYER.match(name)
        return match is not None and int(match[1]) >= layers - highest

    return Method(
        name=f"top-{highest}",
        family="by depth",
        trains=trains,
        equation="every parameter of the highest "
        + ("layer" if highest == 1 else f"{highest} layers"),
        source="Lee et al. 2019 (arXiv 1911.03090)",
        rates=FULL.rates,
        deviations="What lies below is cached in half precision and runs without dropout.",
    )


def trains_layernorm(name: str, layers: int) -> bool:
    """Whether this is a gain or bias of a LayerNorm (the embeddings' included)."""
    return name.split(".")[-2] == "LayerNorm"


def _trains_attention(name: str, layers: int) -> bool:
    match = LAYER.match(name)
    return match is not None and match[2] in ATTENTION


LAYERNORM = Method(
    name="layernorm",
    family="by type",
    trains=trains_layernorm,
    equation="gain and bias of every LayerNorm, the embeddings' included",
    source="Houlsby et al. 2019 (a control)",
    rates=(1e-4, 3e-4, 1e-3),
)

ATTENTION_ONLY = Method(
    name="attention",
    family="by type",
    trains=_trains_attention,
    equation="W_q, W_k, W_v, W_m1 of each layer with their biases",
    source="Touvron et al. 2022 (arXiv 2203.09795), for vision",
    rates=FULL.rates,
    deviations="The source's encoders read images.",
)

HEAD = Method(
    name="head",
    family="head",
    trains=trains_nothing,
    equation="the span head alone",
    source="Devlin et al. 2019, section 5.3 (the encoder as fixed features)",
    rates=(1e-3, 3e-3, 1e-2),
    deviations="The top layer's output alone, and a linear head; the source's best features join "
    "four layers under a BiLSTM. The encoder's output is cached in half precision, without "
    "dropout.",
)
