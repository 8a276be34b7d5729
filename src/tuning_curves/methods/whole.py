"""Whole-model tuning and head-tuning: the two ends of the scale."""

from tuning_curves.methods.base import Method, trains_nothing

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
