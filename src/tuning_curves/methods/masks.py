"""Single parameters: as many entries of the encoder as BitFit trains, chosen by other rules.

`random-mask` and `random-rows` are the controls of BitFit's Table 3 (Ben Zaken et al. 2022; code:
`set_uniform_mask`, `set_row_and_column_random_mask`); `fisher-mask` is FISH (Sung, Nair and Raffel
2021). The entries are chosen once, before training, over the encoder's parameters; the head is
always trained whole. `sparse` says how they are trained and stored.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.base import Implementation, count_trained
from tuning_curves.methods.registry import describe
from tuning_curves.methods.sparse import place_sparse
from tuning_curves.methods.table import SELECT_EXAMPLES

__all__ = ["SELECT_EXAMPLES", "allot", "choose_entries", "empirical_fisher", "largest_entries"]


def allot(total: int, sizes: Mapping[str, int]) -> dict[str, int]:
    """Split a total in proportion to sizes by largest remainder; ties go to the first.

    Returns:
        whole numbers that sum to `total`, none above its size.
    """
    whole = sum(sizes.values())
    shares = {name: total * size // whole for name, size in sizes.items()}
    left = total - sum(shares.values())
    by_remainder = sorted(sizes, key=lambda name: -(total * sizes[name] % whole))
    for name in by_remainder[:left]:
        shares[name] += 1
    return shares


def choose_entries(
    model: EncoderModel, total: int, generator: torch.Generator
) -> dict[str, Tensor]:
    """Draw entries of the encoder, without replacement, from each tensor its share by size.

    Returns:
        ascending flat positions by parameter name.
    """
    sizes = {name: p.numel() for name, p in model.encoder.named_parameters()}
    draw = _numpy_generator(generator)
    return {
        name: _positions(draw.choice(sizes[name], share, replace=False, shuffle=False))
        for name, share in allot(total, sizes).items()
    }


def choose_rows(model: EncoderModel, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw from each weight beside a bias as many entries as the bias has.

    A LayerNorm's gain is taken whole. Of a linear layer's matrix, [out, in], one column is taken;
    or, by the toss of a coin and where whole rows give the same number, out / in rows.

    Returns:
        ascending flat positions by parameter name.
    """
    draw = _numpy_generator(generator)
    chosen = {}
    for path, module in model.encoder.named_modules():
        if isinstance(module, nn.LayerNorm):
            chosen[f"{path}.weight"] = torch.arange(module.weight.numel())
        elif isinstance(module, nn.Linear):
            chosen[f"{path}.weight"] = _line(draw, module.out_features, module.in_features)
    return chosen


def _line(draw: np.random.Generator, rows: int, columns: int) -> Tensor:
    """One column of a [rows, columns] matrix, or rows with as many entries."""
    as_rows = draw.integers(2) == 1
    if as_rows and rows % columns == 0:
        taken = draw.choice(rows, rows // columns, replace=False)
        return _positions((taken[:, None] * columns + np.arange(columns)).ravel())
    return _positions(np.arange(rows) * columns + draw.integers(columns))


def empirical_fisher(model: EncoderModel, losses: Iterable[Tensor]) -> dict[str, Tensor]:
    """The sum over examples of the squared gradient of each one's own loss, without dropout.

    Args:
        losses: scalars with their graphs, made while they are asked for.

    Returns:
        float32, shaped as the parameters, by parameter name.
    """
    model.eval()
    parameters = dict(model.encoder.named_parameters())
    asked = {name for name, p in parameters.items() if p.requires_grad}
    model.encoder.requires_grad_(True)
    sums = {name: torch.zeros_like(p, requires_grad=False) for name, p in parameters.items()}
    for loss in losses:
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        for total, gradient in zip(sums.values(), gradients, strict=True):
            total.addcmul_(gradient, gradient)
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in asked)
    return sums


def largest_entries(scores: Mapping[str, Tensor], total: int) -> dict[str, Tensor]:
    """The entries with the largest scores of all tensors together.

    Returns:
        ascending flat positions by name, on the CPU; tensors without any are left out.
    """
    best = {n: s.flatten().topk(min(total, s.numel())) for n, s in scores.items()}
    kept = torch.cat([top.values for top in best.values()]).topk(total).indices.sort().values
    chosen, first = {}, 0
    for name, top in best.items():
        last = first + len(top.values)
        inside = kept[(kept >= first) & (kept < last)] - first
        if len(inside):
            chosen[name] = top.indices[inside].sort().values.int().cpu()
        first = last
    return chosen


def random_mask(name: str) -> Implementation:
    """The method of this name: its entries are drawn from all of the encoder."""

    def initialise(model: EncoderModel, generator: torch.Generator) -> None:
        place_sparse(model, choose_entries(model, _entries_of(name, model), generator))

    return Implementation(initialise=initialise)


def _entries_of(name: str, model: EncoderModel) -> int:
    """How many entries a method trains: as many numbers as the method that it is `like`."""
    like = describe(name).like
    assert like is not None, f"{name} trains no single entries"
    return count_trained(like, model)


def _positions(drawn: np.ndarray) -> Tensor:
    return torch.from_numpy(np.sort(drawn).astype(np.int32))


def _numpy_generator(generator: torch.Generator) -> np.random.Generator:
    """A NumPy generator, which can draw few of many, seeded by one draw of torch's."""
    return np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))


def _place_rows(model: EncoderModel, generator: torch.Generator) -> None:
    place_sparse(model, choose_rows(model, generator))


def _select_by_fisher(model: EncoderModel, losses: Iterable[Tensor]) -> dict[str, Tensor]:
    return largest_entries(empirical_fisher(model, losses), _entries_of("fisher-mask", model))


RANDOM_ROWS = Implementation(initialise=_place_rows)
FISHER_MASK = Implementation(select=_select_by_fisher)
