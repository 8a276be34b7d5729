"""A method put into a model: which parameters it trains, what it adds, and how that is counted.

What is trained of the encoder follows from the method's entry, by canonical names; the head is
trained by every method.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tuning_curves.encoders.families.base import ABOVE
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.entry import MethodEntry
from tuning_curves.methods.registry import describe
from tuning_curves.methods.requirements import check_applies
from tuning_curves.methods.sparse import plain_name, sparse_indices

PREFIX = "encoder."  # of the encoder's parameters in `EncoderModel`


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """What a method does to a model besides choosing what is trained; nothing by default.

    Attributes:
        extend: puts new modules into a model (in place), uninitialised.
        initialise: draws the new modules' weights, or the single entries to train, from a
            generator.
        select: chooses single entries from the losses of single examples, each a scalar with its
            graph, made on demand: flat positions by parameter name, to be placed by
            `sparse.place_sparse`. None if nothing is chosen by data.
    """

    extend: Callable[[EncoderModel], None] | None = None
    initialise: Callable[[EncoderModel, torch.Generator], None] | None = None
    select: Callable[[EncoderModel, Iterable[Tensor]], dict[str, Tensor]] | None = None


@dataclass(frozen=True, kw_only=True)
class Method(Implementation):
    """One way of tuning: its entry, and what it does to a model."""

    entry: MethodEntry

    @property
    def name(self) -> str:
        """As studies, paths, tables and legends write it."""
        return self.entry.name

    @property
    def pretrained(self) -> bool:
        """Whether what it trains starts from the encoder's own weights."""
        return self.entry.pretrained

    @property
    def packages(self) -> tuple[str, ...]:
        """What its arithmetic needs besides the engine's packages."""
        return self.entry.packages


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Parameters that a method trains, by place.

    Attributes:
        backbone: of the encoder as it was, whole tensors and single entries.
        added: of modules the method adds.
        head: of the head.
        total: of the untouched encoder, with its pooler if that is read, and the head.
    """

    backbone: int
    added: int
    head: int
    total: int

    @property
    def share(self) -> float:
        """Trained parameters outside the head, as a fraction of the untouched encoder."""
        return (self.backbone + self.added) / (self.total - self.head)


def apply_method(method: Method, model: EncoderModel, generator: torch.Generator | None) -> Counts:
    """Put a method into a model, in place: add its modules, freeze all else, count.

    Args:
        generator: draws the head and then the added modules or single entries; None leaves them
            undrawn, as counting on the meta device needs it.

    Raises:
        UsageError: a method that does not apply to the encoder.
    """
    check_applies(method.entry, model.shape())
    own = {name for name, _ in model.named_parameters()}
    total = sum(parameter.numel() for parameter in model.parameters())
    if method.extend is not None:
        method.extend(model)
    counts = {"backbone": 0, "added": 0, "head": 0}
    for name, parameter in model.named_parameters():
        where = _where(plain_name(name), own)
        trained = where != "backbone" or trains(method.entry, model, name)
        parameter.requires_grad_(trained)
        counts[where] += parameter.numel() if trained else 0
    if method.entry.like is not None:
        counts["backbone"] += count_trained(method.entry.like, model)
    if generator is not None:
        model.initialise_head(generator)
        if method.initialise is not None:
            method.initialise(model, generator)
    return Counts(total=total, **counts)


def trains(entry: MethodEntry, model: EncoderModel, name: str) -> bool:
    """Whether a method trains this parameter of the encoder, named as in the model, whole."""
    place = model.family.locate(plain_name(name).removeprefix(PREFIX))
    return entry.trains(place, len(model.layers))


def count_trained(name: str, model: EncoderModel) -> int:
    """How many parameters of a model's encoder the method of this name trains whole."""
    entry = describe(name)
    named = model.encoder.named_parameters(prefix="encoder")
    return sum(p.numel() for own, p in named if trains(entry, model, own))


def _where(name: str, own: set[str]) -> str:
    if name.startswith("head."):
        return "head"
    return "backbone" if name in own else "added"


def count_frozen_layers(model: EncoderModel) -> int:
    """How many of the lowest layers (and the embeddings below them) have nothing to train.

    Zero unless the embeddings are frozen too. What is counted here may run once and be cached; a
    pooler stands above the layers, and is run each time.
    """
    trained = (name for name, p in model.encoder.named_parameters() if p.requires_grad)
    places = [model.family.locate(plain_name(name)) for name in trained]
    layers = [-1 if p.layer is None else p.layer for p in places if p.part not in ABOVE]
    return max(0, min(layers, default=len(model.layers)))


def trained_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors a run changes, by name: its delta. Single entries come with their index."""
    trained = {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
    return trained | sparse_indices(model)
