"""How far bias terms move: the numbers of the paper's Figure 1 (Ben Zaken et al. 2022)."""

import math
from collections.abc import Mapping

from torch import Tensor

from tuning_curves.encoders.families.base import TERMS
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.base import PREFIX
from tuning_curves.methods.sparse import plain_name


def bias_terms(tensors: Mapping[str, Tensor], model: EncoderModel) -> dict[str, list[float | None]]:
    """The mean absolute value of each bias term in each layer.

    Args:
        tensors: by name in the model, such as a run's gradients or the changes of its delta. Of
            a term with chosen entries, those alone.

    Returns:
        by canonical term, lowest layer first, to six digits; None for a layer without the term or
        with a value that is no number, and no entry for a term of no layer.
    """
    found: dict[str, list[float | None]] = {}
    for name, tensor in tensors.items():
        place = model.family.locate(plain_name(name).removeprefix(PREFIX))
        if place.layer is not None and place.part in TERMS and place.kind == "bias":
            row = found.setdefault(place.part, [None] * len(model.layers))
            mean = float(tensor.float().abs().mean())
            row[place.layer] = float(f"{mean:.6g}") if math.isfinite(mean) else None
    return {term: found[term] for term in TERMS if term in found}
