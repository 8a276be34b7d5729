"""Scaling and shifting (Lian et al. 2022): all biases, and gains on all that layers compute."""

from tuning_curves.methods.extent import trains_bias_and_norm
from tuning_curves.methods.plugins import PluginMethod

MATRICES = ("q", "k", "v", "m1", "m2", "m3")


def extend(model):
    import torch

    for layer in model.layers:
        for part in MATRICES:
            matrix = layer.get_submodule(model.family.parts[part])
            matrix.gain = torch.nn.Parameter(torch.ones(matrix.out_features))
            matrix.register_forward_hook(lambda module, _, output: output * module.gain)


METHOD = PluginMethod(
    name="scale-shift",
    label="scale and shift",
    equation="g ⊙ (W x + b), a new gain g and the bias b of every matrix W; every LayerNorm",
    source="Lian et al. 2022 (arXiv 2210.08823)",
    trains=trains_bias_and_norm,
    adds=lambda shape: shape.layers * (5 * shape.width + shape.feed_forward),
    extend=extend,
    needs=[f"{part}.bias" for part in MATRICES],
    deviations="Gains start at 1; the source draws them around 1, and its encoders read images.",
)
