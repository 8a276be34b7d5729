"""Whole-model tuning and head-tuning: the two ends of the scale."""

from tuning_curves.methods.base import Method

FULL = Method(
    name="full",
    family="whole model",
    trains=lambda name: True,
    equation="every parameter of the encoder",
    source="Devlin et al. 2019, sections 3.2 and 4.2",
)

HEAD = Method(
    name="head",
    family="head",
    trains=lambda name: False,
    equation="the span head alone",
    source="Devlin et al. 2019, section 5.3 (the encoder as fixed features)",
)
